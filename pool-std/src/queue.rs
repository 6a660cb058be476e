//! The shared half of the queue.

use std::fmt;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, PoisonError, RwLock};

use pool_core::{PushError, WorkQueue};

use crate::local::StdLocal;
use crate::shard::Shard;

/// An unbounded queue: one deque for the jobs from outside and one for each worker, each behind a
/// lock of its own that is held for some nanoseconds.
///
/// A worker moves jobs from the shared deque to its own in batches, so the lock that all share is
/// taken once for many jobs; other workers steal from its own deque when they have nothing else.
///
/// **Order**: first in, first out, as far as several workers allow it. With one worker, jobs from
/// outside start exactly in the order in which they were submitted, and so do the jobs that jobs
/// submit.
///
/// # Examples
///
/// ```
/// use pool_core::ThreadPoolBuilder;
/// use pool_std::StdQueue;
///
/// let pool = ThreadPoolBuilder::with_queue(StdQueue::new()).build()?;
/// pool.execute(|| println!("hello"))?;
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Debug)]
pub struct StdQueue<J> {
    pub(crate) shared: Arc<Shared<J>>,
}

/// What the queue and its workers' ends share.
pub(crate) struct Shared<J> {
    /// Jobs from outside.
    pub(crate) injector: Shard<J>,
    /// The workers' own deques, by index. Grows when a new index asks for its end.
    locals: RwLock<Vec<Arc<Shard<J>>>>,
    /// How many those are, for a look without the lock.
    workers: AtomicUsize,
}

impl<J> StdQueue<J> {
    /// An empty queue.
    #[must_use]
    pub fn new() -> Self {
        let shared = Shared {
            injector: Shard::new(),
            locals: RwLock::default(),
            workers: AtomicUsize::new(0),
        };
        Self { shared: Arc::new(shared) }
    }
}

impl<J> Default for StdQueue<J> {
    fn default() -> Self {
        Self::new()
    }
}

impl<J> Shared<J> {
    /// The deque of one worker.
    fn own(&self, worker: usize) -> Arc<Shard<J>> {
        let mut locals = self.locals.write().unwrap_or_else(PoisonError::into_inner);
        while locals.len() <= worker {
            locals.push(Arc::new(Shard::new()));
        }
        self.workers.store(locals.len(), Ordering::Release);
        Arc::clone(&locals[worker])
    }

    /// How many workers have a deque.
    pub(crate) fn workers(&self) -> usize {
        self.workers.load(Ordering::Acquire)
    }

    /// All workers' deques.
    pub(crate) fn locals(&self) -> Vec<Arc<Shard<J>>> {
        self.locals.read().unwrap_or_else(PoisonError::into_inner).clone()
    }
}

impl<J: Send + 'static> WorkQueue<J> for StdQueue<J> {
    type Local = StdLocal<J>;

    fn local(&self, worker: usize) -> StdLocal<J> {
        StdLocal::new(Arc::clone(&self.shared), self.shared.own(worker), worker)
    }

    #[inline]
    fn push(&self, job: J) -> Result<(), PushError<J>> {
        self.shared.injector.push(job);
        Ok(())
    }

    fn push_batch(&self, jobs: &mut impl Iterator<Item = J>) -> Result<(), PushError<J>> {
        self.shared.injector.extend(jobs);
        Ok(())
    }

    fn len(&self) -> usize {
        // The injector first: a worker that takes jobs from it shows them before they are gone
        // there, so none is overlooked in between.
        let injected = self.shared.injector.len();
        let locals = self.shared.locals.read().unwrap_or_else(PoisonError::into_inner);
        injected + locals.iter().map(|local| local.len()).sum::<usize>()
    }
}

impl<J> fmt::Debug for Shared<J> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Shared").field("injected", &self.injector.len()).finish_non_exhaustive()
    }
}
