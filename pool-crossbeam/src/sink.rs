//! A sink that keeps everything, without a lock between the workers.

use std::fmt;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use crossbeam_deque::{Injector, Steal};
use pool_core::{Completed, ResultSink, SinkClosed};

/// Keeps every outcome until it is taken, in a lock-free queue for each worker: no worker waits for
/// another, nor for the one who takes.
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
pub struct CrossbeamCollect<R> {
    lanes: Arc<Mutex<Vec<Lane<R>>>>,
    /// This clone's, once it has an outcome to put there.
    own: Option<Lane<R>>,
}

/// Where one clone puts its outcomes.
type Lane<R> = Arc<Injector<Completed<R>>>;

impl<R> CrossbeamCollect<R> {
    /// An empty collection.
    #[must_use]
    pub fn new() -> Self {
        Self { lanes: Arc::default(), own: None }
    }

    /// Takes an outcome, of each worker's the oldest first. It does not wait for one.
    #[must_use]
    pub fn pop(&self) -> Option<Completed<R>> {
        self.lanes().iter().find_map(pop)
    }

    /// Takes everything that is there.
    #[must_use]
    pub fn take(&self) -> Vec<Completed<R>> {
        let mut lanes = self.lanes();
        let taken = lanes.iter().flat_map(|lane| std::iter::from_fn(|| pop(lane))).collect();
        // Nobody puts anything more into a lane that only this list knows.
        lanes.retain(|lane| Arc::strong_count(lane) > 1 || !lane.is_empty());
        taken
    }

    /// The lanes of all clones. The lock is for those who take; a worker needs it once.
    fn lanes(&self) -> MutexGuard<'_, Vec<Lane<R>>> {
        self.lanes.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Takes the oldest outcome of a lane.
fn pop<R>(lane: &Lane<R>) -> Option<Completed<R>> {
    loop {
        match lane.steal() {
            Steal::Success(done) => return Some(done),
            Steal::Empty => return None,
            Steal::Retry => std::hint::spin_loop(),
        }
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
        Self { lanes: Arc::clone(&self.lanes), own: None }
    }
}

impl<R> ResultSink<R> for CrossbeamCollect<R> {
    fn put(&mut self, done: Completed<R>) -> Result<(), SinkClosed<R>> {
        let lanes = &self.lanes;
        let own = self.own.get_or_insert_with(|| {
            let lane = Lane::default();
            lanes.lock().unwrap_or_else(PoisonError::into_inner).push(Arc::clone(&lane));
            lane
        });
        own.push(done);
        Ok(())
    }
}

impl<R> fmt::Debug for CrossbeamCollect<R> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let len: usize = self.lanes().iter().map(|lane| lane.len()).sum();
        f.debug_struct("CrossbeamCollect").field("len", &len).finish()
    }
}
