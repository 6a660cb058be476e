//! The seeded queue: a store of jobs that come out in an order drawn from a seed.

use std::collections::VecDeque;
use std::fmt;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use fastrand::Rng;
use pool_core::{LocalQueue, MakeQueue, PushError, WorkQueue};

use crate::turns;

/// The maximum number of jobs for which a drained queue keeps room.
const IDLE_ROOM: usize = 64;
/// The number of jobs, from the oldest on, among which each draw is made: what a draw costs is bounded.
const DRAWN_FROM: usize = 64;
/// Each pop of this number takes the oldest job, so that none waits for ever.
const OLDEST_EVERY: u32 = 16;
/// The number of times in a row that a worker without a job lets others run before it goes to sleep.
const LOOKS: u32 = 3;

/// A queue whose jobs come out in an order drawn from a seed, for tests that must not depend on the order.
///
/// With one worker, and jobs that come from that worker's jobs or before it starts, the order is a function of
/// the seed alone. [`Run::builder`](crate::Run::builder) has pools of any number of workers, with jobs from
/// anywhere, whose whole run is.
///
/// **Order**: none. Of the 64 oldest jobs one is drawn; each sixteenth pop takes the oldest, so that no job
/// waits for ever. The nested jobs of all workers and those from outside are together in one place.
///
/// # Examples
///
/// ```
/// use std::sync::mpsc;
/// use drainpool::ThreadPoolBuilder;
/// use drainpool::deterministic::SeededQueue;
///
/// let order = |seed| {
///     let (done, order) = mpsc::channel();
///     let builder = ThreadPoolBuilder::new().queue(SeededQueue::new(seed)).num_threads(1);
///     let pool = builder.sink(done).paused().build().unwrap();
///     pool.execute_batch((0..8).map(|n| move || n)).unwrap();
///     pool.shutdown();
///     order.iter().map(|done| done.outcome.unwrap()).collect::<Vec<_>>()
/// };
/// assert_eq!(order(1), order(1));
/// assert_ne!(order(1), order(2));
/// ```
pub struct SeededQueue<J>(Arc<Mutex<Bag<J>>>);

/// One worker's end of a [`SeededQueue`]: the same place as that of all others.
pub struct SeededLocal<J> {
    queue: SeededQueue<J>,
    /// The number of looks in a row that found nothing.
    in_vain: u32,
}

struct Bag<J> {
    /// The oldest first.
    jobs: VecDeque<J>,
    random: Rng,
    /// The number of pops until one takes the oldest.
    until_oldest: u32,
}

impl<J> Bag<J> {
    fn draw(&mut self) -> Option<J> {
        let among = self.jobs.len().min(DRAWN_FROM);
        if among == 0 {
            return None;
        }
        let drawn = if self.until_oldest == 0 { 0 } else { self.random.usize(..among) };
        self.until_oldest = self.until_oldest.checked_sub(1).unwrap_or(OLDEST_EVERY - 1);
        let job = self.jobs.remove(drawn);
        if self.jobs.is_empty() && self.jobs.capacity() > IDLE_ROOM {
            // Gives back the memory of a burst.
            self.jobs.shrink_to(IDLE_ROOM);
        }
        job
    }
}

impl<J> SeededQueue<J> {
    /// Returns an empty queue that draws from this seed.
    #[must_use]
    pub fn new(seed: u64) -> Self {
        let random = Rng::with_seed(seed);
        let bag = Bag { jobs: VecDeque::new(), random, until_oldest: OLDEST_EVERY - 1 };
        Self(Arc::new(Mutex::new(bag)))
    }

    /// No foreign code runs under the lock, so a poisoned one guards sound data.
    fn lock(&self) -> MutexGuard<'_, Bag<J>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl<J: Send + 'static> WorkQueue<J> for SeededQueue<J> {
    type Local = SeededLocal<J>;

    fn local(&self, _worker: usize) -> SeededLocal<J> {
        SeededLocal { queue: Self(Arc::clone(&self.0)), in_vain: 0 }
    }

    fn push(&self, job: J) -> Result<(), PushError<J>> {
        turns::offer_within_job();
        self.lock().jobs.push_back(job);
        // A worker that looks for a job may have this one before the submit returns.
        turns::offer_within_job();
        Ok(())
    }

    /// The jobs are gathered before the lock is taken: the iterator's code must not run under it.
    fn push_batch(&self, jobs: &mut impl Iterator<Item = J>) -> Result<(), PushError<J>> {
        let mut batch = VecDeque::new();
        // One by one: `collect` would make room by the size hint, which may be wrong.
        jobs.for_each(|job| batch.push_back(job));
        turns::offer_within_job();
        self.lock().jobs.append(&mut batch);
        turns::offer_within_job();
        Ok(())
    }

    fn len(&self) -> usize {
        self.lock().jobs.len()
    }

    /// Each job leaves at the front and, if it is kept, comes in at the back again.
    fn retain(&self, mut keep: impl FnMut(&mut J) -> bool) {
        let mut bag = self.lock();
        let jobs = &mut bag.jobs;
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
        drop(bag);
        // Here, where no other thread waits for the lock.
        drop(removed);
    }
}

impl<J> LocalQueue<J> for SeededLocal<J> {
    fn push(&mut self, job: J) {
        turns::offer_within_job();
        self.queue.lock().jobs.push_back(job);
        turns::offer_within_job();
    }

    fn pop(&mut self) -> Option<J> {
        if self.in_vain < LOOKS || !self.queue.lock().jobs.is_empty() {
            turns::offer();
        }
        let job = self.queue.lock().draw();
        self.in_vain = if job.is_some() { 0 } else { self.in_vain.saturating_add(1) };
        job
    }
}

impl<J> fmt::Debug for SeededQueue<J> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("SeededQueue").field("len", &self.lock().jobs.len()).finish()
    }
}

impl<J> fmt::Debug for SeededLocal<J> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("SeededLocal").field("queue", &self.queue).finish()
    }
}

/// Makes a [`SeededQueue`] for jobs of any type: the backend of the builders of a [`Run`](crate::Run).
///
/// # Examples
///
/// ```
/// use drainpool::{PoolBuilder, ThreadPoolBuilder};
/// use drainpool::deterministic::SeededBackend;
///
/// let builder: PoolBuilder<SeededBackend> = ThreadPoolBuilder::new().backend(SeededBackend::new(42));
/// let pool = builder.num_threads(2).build()?;
/// pool.execute(|| println!("hello"))?;
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Debug, Clone, Copy)]
pub struct SeededBackend(u64);

impl SeededBackend {
    /// Returns a backend whose queues draw from this seed.
    #[must_use]
    pub fn new(seed: u64) -> Self {
        Self(seed)
    }
}

impl<J: Send + 'static> MakeQueue<J> for SeededBackend {
    type Queue = SeededQueue<J>;

    fn make_queue(self) -> SeededQueue<J> {
        SeededQueue::new(self.0)
    }
}
