//! A priority queue: the job of the highest priority first, and of one priority the oldest.

mod levels;

use std::fmt;
use std::num::NonZeroU32;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use pool_core::{LocalQueue, Prioritized, PushError, WorkQueue};

use levels::Levels;

/// The number of pops of which one takes the oldest job, unless told otherwise.
const AGING: NonZeroU32 = NonZeroU32::new(64).unwrap();

/// An unbounded priority queue: the jobs of each [priority](pool_core::Priority) in a deque, all behind one
/// lock, for the jobs from outside and for nested ones. Each worker's end is the queue once more, since a
/// worker that preferred its own jobs would let more urgent ones wait.
///
/// It suits jobs that are long enough for a shared lock, as a [`ChannelQueue`](crate::ChannelQueue) does. A
/// push or a pop takes the same time however many jobs wait.
///
/// **Order**: the highest priority first; within a priority first in, first out, whatever the number of
/// workers and wherever a job comes from.
///
/// **Aging**: so that no job starves (the queue's duty to be fair), the job that has waited longest of all
/// has its turn when 63 pops in a row have passed over a job of lower priority. While urgent jobs keep
/// coming, the others get 1 pop in 64. [`with_aging`](Self::with_aging) sets another number,
/// [`strict`](Self::strict) does without.
///
/// # Examples
///
/// ```
/// use drainpool::{Priority, PriorityQueue, ThreadPoolBuilder};
///
/// let pool = ThreadPoolBuilder::new().queue(PriorityQueue::new()).build()?;
/// pool.with(Priority::LOW).execute(|| println!("the log is rotated"))?;
/// pool.with(Priority::HIGH).execute(|| println!("hello"))?;
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
pub struct PriorityQueue<J>(Arc<Mutex<Levels<J>>>);

impl<J> PriorityQueue<J> {
    /// Returns an empty queue in which no job starves.
    #[must_use]
    pub fn new() -> Self {
        Self::with_aging(AGING)
    }

    /// Returns an empty queue in which the oldest job has its turn in every `nth` pop that could pass over a
    /// job of lower priority. With 1, the queue is first in, first out.
    ///
    /// # Examples
    ///
    /// ```
    /// use std::num::NonZeroU32;
    /// use std::sync::mpsc;
    /// use drainpool::{Priority, PriorityQueue, ThreadPoolBuilder};
    ///
    /// let queue = PriorityQueue::with_aging(const { NonZeroU32::new(3).unwrap() });
    /// let (done, order) = mpsc::channel();
    /// let pool = ThreadPoolBuilder::new().queue(queue).num_threads(1).sink(done).paused().build()?;
    /// pool.execute(|| "normal")?;
    /// pool.with(Priority::HIGH).execute_batch([|| "high"; 4])?;
    /// pool.shutdown();
    /// let order: Vec<_> = order.iter().map(|done| done.outcome.unwrap()).collect();
    /// assert_eq!(order, ["high", "high", "normal", "high", "high"]);
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    #[must_use]
    pub fn with_aging(nth: NonZeroU32) -> Self {
        Self(Arc::new(Mutex::new(Levels::new(Some(nth)))))
    }

    /// Returns an empty queue without aging: a job waits for as long as there are jobs of higher priority,
    /// perhaps for ever.
    ///
    /// # Examples
    ///
    /// ```
    /// use drainpool::{Priority, PriorityQueue, ThreadPoolBuilder};
    ///
    /// let pool = ThreadPoolBuilder::new().queue(PriorityQueue::strict()).build()?;
    /// pool.with(Priority::HIGH).execute(|| println!("hello"))?;
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    #[must_use]
    pub fn strict() -> Self {
        Self(Arc::new(Mutex::new(Levels::new(None))))
    }

    /// No foreign code runs under the lock, so a poisoned one guards sound data.
    fn lock(&self) -> MutexGuard<'_, Levels<J>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl<J: Prioritized> PriorityQueue<J> {
    fn add(&self, job: J) {
        // Before the lock is taken: it is the job's code.
        let priority = job.priority();
        self.lock().push(priority, job);
    }
}

impl<J: Prioritized + Send + 'static> WorkQueue<J> for PriorityQueue<J> {
    type Local = Self;

    fn local(&self, _worker: usize) -> Self {
        Self(Arc::clone(&self.0))
    }

    fn push(&self, job: J) -> Result<(), PushError<J>> {
        self.add(job);
        Ok(())
    }

    /// The jobs are gathered before the lock is taken: the iterator's code must not run under it.
    fn push_batch(&self, jobs: &mut impl Iterator<Item = J>) -> Result<(), PushError<J>> {
        let mut batch = Vec::new();
        // One by one: `collect` would make room by the size hint, which may be wrong.
        jobs.for_each(|job| batch.push((job.priority(), job)));
        let mut levels = self.lock();
        batch.drain(..).for_each(|(priority, job)| levels.push(priority, job));
        Ok(())
    }

    fn len(&self) -> usize {
        self.lock().len()
    }

    fn retain(&self, keep: impl FnMut(&mut J) -> bool) {
        let removed = self.lock().retain(keep);
        // Here, where no other thread waits for the lock.
        drop(removed);
    }
}

impl<J: Prioritized> LocalQueue<J> for PriorityQueue<J> {
    fn push(&mut self, job: J) {
        self.add(job);
    }

    fn pop(&mut self) -> Option<J> {
        self.lock().pop()
    }
}

impl<J> Default for PriorityQueue<J> {
    fn default() -> Self {
        Self::new()
    }
}

impl<J> fmt::Debug for PriorityQueue<J> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("PriorityQueue").field("len", &self.lock().len()).finish()
    }
}
