//! What the present thread is: the worker that it belongs to, and that worker's state.

use std::sync::Arc;

use crate::id::PoolId;
use crate::parts::context;

/// Returns the worker that the present thread is: its index, its name and its pool. Returns `None` on a
/// thread that is no worker.
///
/// A thread is a worker from its [start hook](crate::ThreadPoolBuilder::on_thread_start) to its
/// [stop hook](crate::ThreadPoolBuilder::on_thread_stop), both included. The destructors of its thread-locals
/// run after that, on a thread that is none.
///
/// The worker is that of the thread, whatever the thread runs: a job that a worker of another pool runs
/// because it [waits](crate::JobHandle::join) for it sees that other worker. Compare
/// [`pool`](CurrentWorker::pool) with [`Handle::id`](crate::Handle::id) where this matters. A job that runs on
/// a thread outside, as with [`WhenFull::RunHere`](crate::WhenFull::RunHere), sees `None`.
///
/// It takes no lock and allocates nothing.
///
/// # Examples
///
/// ```
/// use drainpool::{ThreadPoolBuilder, current_worker};
///
/// assert!(current_worker().is_none());
/// let pool = ThreadPoolBuilder::new().num_threads(2).build()?;
/// let worker = pool.spawn(current_worker)?.join()?.expect("a worker runs it");
/// assert!(worker.index() < 2);
/// assert_eq!(pool.thread_name(worker.index()), Some(worker.name()));
/// assert_eq!(worker.pool(), pool.id());
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[must_use]
pub fn current_worker() -> Option<CurrentWorker> {
    let (pool, index, name) = context::own_worker()?;
    Some(CurrentWorker { pool, index, name })
}

/// Calls `f` with the state of the worker that the present thread is, and returns what `f` returns. Returns
/// `None`, without a call, on a thread that is no worker, and if the worker's state has another type than `T`. Name the type where
/// the state is made: an inferred `Cell<i32>` is no `Cell<u32>`.
///
/// A pool's workers have a state if its builder was given a maker, with
/// [`worker_state`](crate::ThreadPoolBuilder::worker_state). It is there from the end of the maker to the drop
/// of the state, so for jobs, for the maker and the drop of handlers, but not for the hooks.
///
/// The state is shared by all that the thread runs, and a job that [waits](crate::JobHandle::join) for another
/// may run it on its own thread, within `f` too. So `f` gets a shared reference: what changes belongs in a
/// [`Cell`](std::cell::Cell) or a [`RefCell`](std::cell::RefCell), and is not to be borrowed over a wait. After
/// a job that panicked the worker goes on with the same state.
///
/// As with [`current_worker`], the worker is that of the thread: a job that a worker of another pool runs
/// because it waits for it sees that worker's state, and one that runs on a thread outside, as with
/// [`WhenFull::RunHere`](crate::WhenFull::RunHere), sees none.
///
/// It takes no lock and allocates nothing. A panic of `f` goes to the caller.
///
/// # Examples
///
/// ```
/// use std::cell::Cell;
/// use drainpool::{ThreadPoolBuilder, with_worker_state};
///
/// let builder = ThreadPoolBuilder::new().num_threads(1);
/// let pool = builder.worker_state(|_worker| Cell::new(0_u32)).build()?;
/// let count = || with_worker_state(|jobs: &Cell<u32>| jobs.replace(jobs.get() + 1));
/// assert_eq!(pool.spawn(count)?.join()?, Some(0));
/// assert_eq!(pool.spawn(count)?.join()?, Some(1));
/// assert_eq!(count(), None, "this thread is no worker");
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
pub fn with_worker_state<T: 'static, R>(f: impl FnOnce(&T) -> R) -> Option<R> {
    Some(f(&*context::state::<T>()?))
}

/// A worker, as [`current_worker`] finds it.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct CurrentWorker {
    pool: PoolId,
    index: usize,
    name: Arc<str>,
}

impl CurrentWorker {
    /// The worker's index, from 0.
    #[must_use]
    pub fn index(&self) -> usize {
        self.index
    }

    /// The name of the worker's thread.
    #[must_use]
    pub fn name(&self) -> &str {
        &self.name
    }

    /// The id of the pool to which the worker belongs.
    #[must_use]
    pub fn pool(&self) -> PoolId {
        self.pool
    }
}
