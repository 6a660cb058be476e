//! A sink that keeps all outcomes.

use std::sync::{Arc, Mutex, PoisonError};

use super::{Completed, ResultSink, SinkClosed};

/// The maximum number of outcomes that a clone hands over at once.
const BATCH: usize = 256;

/// A sink that keeps every outcome until it is taken.
///
/// Each worker gathers its outcomes by itself and hands them over in batches, at the latest before it waits
/// for work. So after [`wait_idle`](crate::Handle::wait_idle) or [`shutdown`](crate::Pool::shutdown) all of
/// them can be [taken](Self::take).
///
/// # Examples
///
/// ```
/// use drainpool::{Collect, ThreadPoolBuilder};
///
/// let results = Collect::new();
/// let pool = ThreadPoolBuilder::new().sink(results.clone()).build()?;
/// for n in 0..10 {
///     pool.execute(move || n)?;
/// }
/// pool.wait_idle()?;
/// let mut numbers: Vec<i32> =
///     results.take().into_iter().map(|done| done.outcome.unwrap()).collect();
/// numbers.sort();
/// assert_eq!(numbers, (0..10).collect::<Vec<_>>());
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Debug)]
pub struct Collect<R> {
    shared: Arc<Mutex<Vec<Completed<R>>>>,
    /// This clone's outcomes that are not handed over yet.
    batch: Vec<Completed<R>>,
}

impl<R> Collect<R> {
    /// Returns an empty collection.
    #[must_use]
    pub fn new() -> Self {
        Self { shared: Arc::default(), batch: Vec::new() }
    }

    /// Takes the outcomes that were handed over up to now, in no particular order.
    #[must_use]
    pub fn take(&self) -> Vec<Completed<R>> {
        std::mem::take(&mut *self.shared.lock().unwrap_or_else(PoisonError::into_inner))
    }
}

impl<R> Default for Collect<R> {
    fn default() -> Self {
        Self::new()
    }
}

/// A clone shares the collection; what the original has not handed over stays with the original.
impl<R> Clone for Collect<R> {
    fn clone(&self) -> Self {
        Self { shared: Arc::clone(&self.shared), batch: Vec::new() }
    }
}

impl<R> ResultSink for Collect<R> {
    type Result = R;

    fn put(&mut self, done: Completed<R>) -> Result<(), SinkClosed<R>> {
        self.batch.push(done);
        if self.batch.len() >= BATCH {
            self.flush();
        }
        Ok(())
    }

    fn flush(&mut self) -> u64 {
        if !self.batch.is_empty() {
            let mut shared = self.shared.lock().unwrap_or_else(PoisonError::into_inner);
            shared.append(&mut self.batch);
        }
        0
    }
}
