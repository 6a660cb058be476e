//! A channel: the simplest queue of a pool.

use std::collections::VecDeque;
use std::fmt;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use pool_core::{LocalQueue, PushError, WorkQueue};

/// The maximum number of jobs for which a drained queue keeps room.
const IDLE_ROOM: usize = 64;

/// An unbounded channel: one deque behind one lock, for the jobs from outside and for nested ones. Each
/// worker's end is the channel once more, so there is nothing to steal.
///
/// The model of a queue, to read first: it does all that [`WorkQueue`] asks for. With more than a few
/// workers, or with short jobs, the workers wait for each other at its lock: take
/// [`StdQueue`](crate::StdQueue) instead.
///
/// **Order**: first in, first out, whatever the number of workers and wherever a job comes from.
///
/// # Examples
///
/// ```
/// use drainpool::{ChannelQueue, ThreadPoolBuilder};
///
/// let pool = ThreadPoolBuilder::new().queue(ChannelQueue::new()).build()?;
/// pool.execute(|| println!("hello"))?;
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
pub struct ChannelQueue<J>(Arc<Mutex<VecDeque<J>>>);

impl<J> ChannelQueue<J> {
    /// Returns an empty queue.
    #[must_use]
    pub fn new() -> Self {
        Self(Arc::default())
    }

    /// No foreign code runs under the lock, so a poisoned one guards sound data.
    fn lock(&self) -> MutexGuard<'_, VecDeque<J>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl<J: Send + 'static> WorkQueue<J> for ChannelQueue<J> {
    type Local = Self;

    fn local(&self, _worker: usize) -> Self {
        Self(Arc::clone(&self.0))
    }

    fn push(&self, job: J) -> Result<(), PushError<J>> {
        self.lock().push_back(job);
        Ok(())
    }

    /// The jobs are gathered before the lock is taken: the iterator's code must not run under it.
    fn push_batch(&self, jobs: &mut impl Iterator<Item = J>) -> Result<(), PushError<J>> {
        let mut batch = VecDeque::new();
        // One by one: `collect` would make room by the size hint, which may be wrong.
        jobs.for_each(|job| batch.push_back(job));
        self.lock().append(&mut batch);
        Ok(())
    }

    fn len(&self) -> usize {
        self.lock().len()
    }

    /// Each job leaves at the front and, if it is kept, comes in at the back again.
    fn retain(&self, mut keep: impl FnMut(&mut J) -> bool) {
        let mut jobs = self.lock();
        let mut removed = Vec::with_capacity(jobs.len());
        for _ in 0..jobs.len() {
            let Some(mut job) = jobs.pop_front() else { break };
            if keep(&mut job) {
                jobs.push_back(job);
            } else {
                removed.push(job);
            }
        }
        jobs.shrink_to(IDLE_ROOM);
        drop(jobs);
        // Here, where no other thread waits for the lock.
        drop(removed);
    }
}

impl<J> LocalQueue<J> for ChannelQueue<J> {
    fn push(&mut self, job: J) {
        self.lock().push_back(job);
    }

    fn pop(&mut self) -> Option<J> {
        let mut jobs = self.lock();
        let job = jobs.pop_front();
        if jobs.is_empty() && jobs.capacity() > IDLE_ROOM {
            // Gives back the memory of a burst.
            jobs.shrink_to(IDLE_ROOM);
        }
        job
    }
}

impl<J> Default for ChannelQueue<J> {
    fn default() -> Self {
        Self::new()
    }
}

impl<J> fmt::Debug for ChannelQueue<J> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("ChannelQueue").field("len", &self.lock().len()).finish()
    }
}
