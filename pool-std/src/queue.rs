//! The queue whose jobs from outside lie in a locked deque.

use pool_core::{LocalQueue, PushError, WorkQueue};

use crate::stealing::{LockedInjector, StealingLocal, StealingQueue};

/// An unbounded queue: one store for the jobs from outside and a deque for each worker, each behind a
/// lock of its own that is held for some nanoseconds.
///
/// A worker moves jobs from outside to its own deque some at a time, so the lock that all share is
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
pub struct StdQueue<J>(StealingQueue<J, LockedInjector<J>>);

/// One worker's end of a [`StdQueue`].
#[derive(Debug)]
pub struct StdLocal<J>(StealingLocal<J, LockedInjector<J>>);

impl<J> StdQueue<J> {
    /// An empty queue.
    #[must_use]
    pub fn new() -> Self {
        Self(StealingQueue::new(LockedInjector::new()))
    }
}

impl<J> Default for StdQueue<J> {
    fn default() -> Self {
        Self::new()
    }
}

impl<J: Send + 'static> WorkQueue<J> for StdQueue<J> {
    type Local = StdLocal<J>;

    fn local(&self, worker: usize) -> StdLocal<J> {
        StdLocal(self.0.local(worker))
    }

    #[inline]
    fn push(&self, job: J) -> Result<(), PushError<J>> {
        self.0.push(job)
    }

    fn push_batch(&self, jobs: &mut impl Iterator<Item = J>) -> Result<(), PushError<J>> {
        self.0.push_batch(jobs)
    }

    fn len(&self) -> usize {
        self.0.len()
    }

    fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    fn retain(&self, keep: impl FnMut(&mut J) -> bool) {
        self.0.retain(keep);
    }
}

impl<J: Send + 'static> LocalQueue<J> for StdLocal<J> {
    #[inline]
    fn push(&mut self, job: J) {
        self.0.push(job);
    }

    #[inline]
    fn pop(&mut self) -> Option<J> {
        self.0.pop()
    }

    fn steal(&mut self) -> Option<J> {
        self.0.steal()
    }
}
