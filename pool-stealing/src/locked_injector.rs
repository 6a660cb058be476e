//! The locked injector: the jobs from outside, behind one lock.

use std::collections::VecDeque;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::sync::{Mutex, MutexGuard, PoisonError, TryLockError};
use std::thread;
use std::{fmt, hint};

use pool_core::PushError;

use crate::chunks::Chunks;
use crate::fifo::ChunkedFifo;
use crate::injector::{DequeGuard, Injector};

/// The number of times that a thread that meets a taken lock yields before it sleeps.
const YIELDS: u32 = 32;

/// The number of times before that at which a worker looks again at once: a worker that waits for a job sees
/// it while its submitter still has the lock, for some nanoseconds.
const SPINS: u32 = 4;

/// An unbounded store of the jobs from outside, first in, first out, behind a lock that is held for
/// some nanoseconds.
///
/// Jobs that come one by one lie in a short ring. A worker takes its share, or the ring as it is. A full
/// ring is set aside, so jobs are never copied to make room. A batch is gathered before the lock is taken,
/// into chunks that change hands as they are: neither the submitter nor the worker copies its jobs under
/// the lock.
///
/// Threads that add at the same time take turns that are longer than one job: a submitter that meets
/// another one lets it go on for a moment. Else the lock, and all that it guards, would travel between
/// their processors for each job. A submitter that meets a worker waits for it, since the worker leaves
/// soon.
///
/// # Examples
///
/// With locked deques:
///
/// ```
/// use pool_core::ThreadPoolBuilder;
/// use pool_stealing::{LockedInjector, StealingQueue};
///
/// let queue = StealingQueue::with_injector(LockedInjector::new());
/// let pool = ThreadPoolBuilder::with_queue(queue).build()?;
/// pool.execute_batch((0..100).map(|n| move || println!("job {n}")))?;
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
// On cache lines of its own, with what every push needs in the first of them.
#[repr(C, align(128))]
pub struct LockedInjector<J> {
    /// The number of jobs, for a look without the lock. Written under it.
    len: AtomicUsize,
    /// Whether a worker has the lock, had it last or is about to take it: a hint for threads that wait.
    taken: AtomicBool,
    jobs: Mutex<ChunkedFifo<J>>,
}

impl<J> LockedInjector<J> {
    /// Returns an empty injector.
    #[must_use]
    pub const fn new() -> Self {
        Self {
            len: AtomicUsize::new(0),
            taken: AtomicBool::new(false),
            jobs: Mutex::new(ChunkedFifo::new()),
        }
    }

    /// No foreign code runs under the lock, so a poisoned one guards sound data.
    #[inline]
    fn lock(&self) -> MutexGuard<'_, ChunkedFifo<J>> {
        self.jobs.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Tries the lock; `None` if another thread has it.
    #[inline]
    fn try_lock(&self) -> Option<MutexGuard<'_, ChunkedFifo<J>>> {
        match self.jobs.try_lock() {
            Ok(jobs) => Some(jobs),
            Err(TryLockError::Poisoned(jobs)) => Some(jobs.into_inner()),
            Err(TryLockError::WouldBlock) => None,
        }
    }

    /// Locks, to take. Looks again, then yields some times before it sleeps for the lock: the thread that unlocks need not
    /// wake it then, which would cost that thread a system call. It sleeps at last, lest a thread of high
    /// priority keep one of low priority from unlocking.
    fn lock_to_take(&self) -> MutexGuard<'_, ChunkedFifo<J>> {
        for round in 0..SPINS + YIELDS {
            // `Relaxed`, here and below: only the time spent waiting hangs on it. Stored before the lock is
            // tried: a submitter that meets it then knows that it meets a worker.
            self.taken.store(true, Ordering::Relaxed);
            if let Some(jobs) = self.try_lock() {
                return jobs;
            }
            if round < SPINS {
                hint::spin_loop();
            } else {
                thread::yield_now();
            }
        }
        self.lock()
    }

    /// Locks, to add.
    #[inline]
    fn lock_to_add(&self) -> MutexGuard<'_, ChunkedFifo<J>> {
        let jobs = self.try_lock().unwrap_or_else(|| self.lock_in_turn());
        if self.taken.load(Ordering::Relaxed) {
            self.taken.store(false, Ordering::Relaxed);
        }
        jobs
    }

    /// Lets another submitter, which has the lock, go on for a moment.
    #[cold]
    fn lock_in_turn(&self) -> MutexGuard<'_, ChunkedFifo<J>> {
        for _ in 0..YIELDS {
            if self.taken.load(Ordering::Relaxed) {
                break;
            }
            thread::yield_now();
            if let Some(jobs) = self.try_lock() {
                return jobs;
            }
        }
        self.lock()
    }

    /// The number of jobs. `Acquire`, for the release in [`change_len`](Self::change_len).
    #[inline]
    fn count(&self) -> usize {
        self.len.load(Ordering::Acquire)
    }

    /// Changes the number of jobs, under the lock. `Release`, for the acquire in [`count`](Self::count): a
    /// thread that sees that jobs have left here also sees where they were shown before.
    #[inline]
    fn change_len(&self, by: isize) {
        let len = self.len.load(Ordering::Relaxed).wrapping_add_signed(by);
        self.len.store(len, Ordering::Release);
    }

    /// Adds a job.
    // Inlined, it made the path of nested jobs longer, which do not come here.
    #[inline(never)]
    fn push_back(&self, job: J) {
        let mut jobs = self.lock_to_add();
        jobs.push(job);
        self.change_len(1);
    }

    /// Adds jobs that were gathered.
    pub fn push_chunks(&self, chunks: Chunks<J>) {
        let (count, mut chunks) = chunks.into_parts();
        if count > 0 {
            let mut jobs = self.lock_to_add();
            jobs.append(&mut chunks);
            self.change_len(count as isize);
        }
    }

    /// Adds jobs in front of all others: they come out next. For jobs that had left already and come back,
    /// which would wait for ever if each time they went to the back.
    ///
    /// # Examples
    ///
    /// ```
    /// use pool_stealing::{Injector, LockedInjector};
    ///
    /// let injector = LockedInjector::new();
    /// injector.push(3)?;
    /// injector.push_front(vec![1, 2]);
    /// assert!((1..=3).eq(std::iter::from_fn(|| injector.pop())));
    /// # Ok::<(), pool_core::PushError<i32>>(())
    /// ```
    pub fn push_front(&self, returned: Vec<J>) {
        if !returned.is_empty() {
            let count = returned.len();
            let mut jobs = self.lock_to_add();
            jobs.prepend(returned.into());
            self.change_len(count as isize);
        }
    }

    /// Takes the oldest job.
    pub fn pop(&self) -> Option<J> {
        self.take_one(ChunkedFifo::pop)
    }

    /// Takes the job that is last in the order.
    ///
    /// # Examples
    ///
    /// ```
    /// use pool_stealing::{Injector, LockedInjector};
    ///
    /// let injector = LockedInjector::new();
    /// injector.push_batch(&mut (1..=3))?;
    /// assert_eq!((injector.pop_back(), injector.pop()), (Some(3), Some(1)));
    /// # Ok::<(), pool_core::PushError<i32>>(())
    /// ```
    pub fn pop_back(&self) -> Option<J> {
        self.take_one(ChunkedFifo::pop_back)
    }

    #[inline]
    fn take_one(&self, take: impl FnOnce(&mut ChunkedFifo<J>) -> Option<J>) -> Option<J> {
        if self.count() == 0 {
            return None;
        }
        let mut jobs = self.lock_to_take();
        let job = take(&mut jobs)?;
        self.change_len(-1);
        Some(job)
    }

    /// Moves the oldest jobs to the back of a worker's own, in their order: about a share of them for each
    /// of the `workers`, or some tens at once if they lie together. At least one job, if there is one, and
    /// never very many.
    ///
    /// `open` is called under the lock, before the first job leaves, and only if there is one.
    fn move_share<'a>(&self, workers: usize, open: impl FnOnce() -> &'a mut VecDeque<J>)
    where
        J: 'a,
    {
        if self.count() == 0 {
            return;
        }
        let mut jobs = self.lock_to_take();
        // Read again, now that no other thread changes it.
        let waiting = self.count();
        if waiting > 0 {
            let share = (waiting / workers.max(1)).clamp(1, Chunks::<J>::SIZE);
            let moved = jobs.move_share(share, open());
            self.change_len(-(moved as isize));
        }
    }
}

impl<J: Send + 'static> Injector<J> for LockedInjector<J> {
    #[inline]
    fn push(&self, job: J) -> Result<(), PushError<J>> {
        self.push_back(job);
        Ok(())
    }

    fn push_batch(&self, more: &mut impl Iterator<Item = J>) -> Result<(), PushError<J>> {
        let mut chunks = Chunks::with_capacity(more.size_hint().0);
        more.for_each(|job| chunks.push(job));
        self.push_chunks(chunks);
        Ok(())
    }

    #[inline]
    fn len(&self) -> usize {
        self.count()
    }

    fn take(&self, workers: usize, deque: DequeGuard<'_, J>) {
        self.move_share(workers, || deque.open());
    }

    fn retain(&self, mut keep: impl FnMut(&mut J) -> bool) {
        if self.count() == 0 {
            return;
        }
        let mut jobs = self.lock_to_take();
        let removed = jobs.retain(&mut keep);
        let count: usize = removed.iter().map(VecDeque::len).sum();
        self.change_len(-(count as isize));
        drop(jobs);
        // Here, where no other thread waits for the lock.
        drop(removed);
    }
}

impl<J> Default for LockedInjector<J> {
    fn default() -> Self {
        Self::new()
    }
}

impl<J> fmt::Debug for LockedInjector<J> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("LockedInjector").field("len", &self.count()).finish()
    }
}

#[cfg(test)]
mod tests;
