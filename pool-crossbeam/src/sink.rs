//! A sink that keeps everything, without a lock.

use std::fmt;
use std::sync::Arc;

use crossbeam_deque::{Injector, Steal};
use pool_core::{Completed, ResultSink, SinkClosed};

/// Keeps every outcome until it is taken, in a lock-free queue: no worker waits for another, nor
/// for the one who takes.
///
/// Unlike [`Collect`](pool_core::Collect), an outcome is there to take as soon as its job has ended.
///
/// # Examples
///
/// ```
/// use pool_core::ThreadPoolBuilder;
/// use pool_crossbeam::{CrossbeamCollect, CrossbeamQueue};
///
/// let results = CrossbeamCollect::new();
/// let pool = ThreadPoolBuilder::with_queue(CrossbeamQueue::new()).sink(results.clone()).build()?;
/// pool.execute(|| 6 * 7)?;
/// pool.wait_idle()?;
/// assert_eq!(results.pop().unwrap().outcome?, 42);
/// assert!(results.pop().is_none());
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
pub struct CrossbeamCollect<R>(Arc<Injector<Completed<R>>>);

impl<R> CrossbeamCollect<R> {
    /// An empty collection.
    #[must_use]
    pub fn new() -> Self {
        Self(Arc::new(Injector::new()))
    }

    /// Takes the oldest outcome. It does not wait for one.
    #[must_use]
    pub fn pop(&self) -> Option<Completed<R>> {
        loop {
            match self.0.steal() {
                Steal::Success(done) => return Some(done),
                Steal::Empty => return None,
                Steal::Retry => std::hint::spin_loop(),
            }
        }
    }

    /// Takes everything that is there.
    #[must_use]
    pub fn take(&self) -> Vec<Completed<R>> {
        std::iter::from_fn(|| self.pop()).collect()
    }
}

impl<R> Default for CrossbeamCollect<R> {
    fn default() -> Self {
        Self::new()
    }
}

/// A clone shares the collection.
impl<R> Clone for CrossbeamCollect<R> {
    fn clone(&self) -> Self {
        Self(Arc::clone(&self.0))
    }
}

impl<R> ResultSink<R> for CrossbeamCollect<R> {
    fn put(&mut self, done: Completed<R>) -> Result<(), SinkClosed<R>> {
        self.0.push(done);
        Ok(())
    }
}

impl<R> fmt::Debug for CrossbeamCollect<R> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("CrossbeamCollect").field("len", &self.0.len()).finish()
    }
}
