//! What the present thread is: the worker that it belongs to.

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
