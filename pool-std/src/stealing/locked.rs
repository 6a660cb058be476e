//! The jobs from outside, behind one lock.

use std::collections::VecDeque;
use std::fmt;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::sync::{Mutex, MutexGuard, PoisonError, TryLockError};
use std::thread;

use pool_core::PushError;

use super::waiting::Waiting;
use super::{Injector, Intake, Packs};

/// So often a thread that meets a taken lock lets others run before it sleeps.
const YIELDS: u32 = 32;

/// An unbounded store of the jobs from outside, first in, first out, behind a lock that is held for
/// some nanoseconds.
///
/// Jobs that come one by one lie in a short ring. A worker takes its share, or the ring as it is. A full
/// ring is set aside, so nothing is ever copied to make room. A batch is gathered before the lock is
/// taken, into packs that change hands as they are: neither whoever submits it nor who takes it copies
/// its jobs under the lock.
///
/// Threads that add at the same time take turns that are longer than one job: a submitter that meets
/// another one lets it go on for a moment. Else the lock, and all that it guards, would travel between
/// their processors for each job. One that meets a worker waits for it, since that one leaves soon.
///
/// # Examples
///
/// With the locked deques of this module:
///
/// ```
/// use pool_core::ThreadPoolBuilder;
/// use pool_std::stealing::{LockedInjector, StealingQueue};
///
/// let queue = StealingQueue::new(LockedInjector::new());
/// let pool = ThreadPoolBuilder::with_queue(queue).build()?;
/// pool.execute_batch((0..100).map(|n| move || println!("job {n}")))?;
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
///
/// By itself, for a queue of another kind:
///
/// ```
/// use std::collections::VecDeque;
/// use pool_std::stealing::{Injector, LockedInjector};
///
/// let outside = LockedInjector::new();
/// outside.push_batch(&mut (1..=10))?;
/// assert_eq!(outside.pop(), Some(1));
///
/// let mut own = VecDeque::new();
/// outside.move_share(2, || &mut own);
/// assert_eq!(own.front(), Some(&2));
/// assert_eq!(own.len() + outside.len(), 9);
/// # Ok::<(), pool_core::PushError<i32>>(())
/// ```
// On cache lines of its own, with what every push needs in the first of them.
#[repr(C, align(128))]
pub struct LockedInjector<J> {
    /// How many jobs there are, for a look without the lock. Written under it.
    len: AtomicUsize,
    /// Whether a worker has the lock, had it last or is about to take it: a hint for those who wait.
    taken: AtomicBool,
    jobs: Mutex<Waiting<J>>,
}

impl<J> LockedInjector<J> {
    /// An empty injector.
    #[must_use]
    pub const fn new() -> Self {
        Self {
            len: AtomicUsize::new(0),
            taken: AtomicBool::new(false),
            jobs: Mutex::new(Waiting::new()),
        }
    }

    /// No code of others runs under the lock, so a poisoned one guards sound data.
    #[inline]
    fn lock(&self) -> MutexGuard<'_, Waiting<J>> {
        self.jobs.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// `None` if another thread has the lock.
    #[inline]
    fn try_lock(&self) -> Option<MutexGuard<'_, Waiting<J>>> {
        match self.jobs.try_lock() {
            Ok(jobs) => Some(jobs),
            Err(TryLockError::Poisoned(jobs)) => Some(jobs.into_inner()),
            Err(TryLockError::WouldBlock) => None,
        }
    }

    /// Locks, to take. Rather gives up its time slice some times than sleep for the lock: the one who
    /// unlocks need not wake it then, which would cost that one a system call. It sleeps at last, lest a
    /// thread of high priority keep one of low priority from unlocking.
    fn lock_to_take(&self) -> MutexGuard<'_, Waiting<J>> {
        for _ in 0..YIELDS {
            // `Relaxed`, here and below: nothing but the time that is spent waiting hangs on it. Before
            // the lock is tried: who then meets it knows whom it meets.
            self.taken.store(true, Ordering::Relaxed);
            if let Some(jobs) = self.try_lock() {
                return jobs;
            }
            thread::yield_now();
        }
        self.lock()
    }

    /// Locks, to add.
    #[inline]
    fn lock_to_add(&self) -> MutexGuard<'_, Waiting<J>> {
        let jobs = self.try_lock().unwrap_or_else(|| self.lock_in_turn());
        if self.taken.load(Ordering::Relaxed) {
            self.taken.store(false, Ordering::Relaxed);
        }
        jobs
    }

    /// Lets another submitter, who has the lock, go on for a moment.
    #[cold]
    fn lock_in_turn(&self) -> MutexGuard<'_, Waiting<J>> {
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

    /// `Acquire`, against the release in [`change_len`](Self::change_len).
    #[inline]
    fn count(&self) -> usize {
        self.len.load(Ordering::Acquire)
    }

    /// To be called under the lock. `Release`, against the acquire of those who look: who sees that
    /// jobs are gone here also sees where they were shown before.
    #[inline]
    fn change_len(&self, by: isize) {
        let len = self.len.load(Ordering::Relaxed).wrapping_add_signed(by);
        self.len.store(len, Ordering::Release);
    }

    /// Adds a job.
    // Inlined, it made the path of jobs that submit jobs longer, which do not come here.
    #[inline(never)]
    pub fn push_back(&self, job: J) {
        let mut jobs = self.lock_to_add();
        jobs.push(job);
        self.change_len(1);
    }

    /// Adds jobs that were gathered.
    pub fn push_packs(&self, packs: Packs<J>) {
        let (count, mut packs) = packs.into_parts();
        if count > 0 {
            let mut jobs = self.lock_to_add();
            jobs.append(&mut packs);
            self.change_len(count as isize);
        }
    }

    /// Adds jobs that were gathered, in front of everything that is there: they come out next. For jobs
    /// that had left already and come back, which would wait for ever if each time they went to the back.
    ///
    /// # Examples
    ///
    /// ```
    /// use pool_std::stealing::{LockedInjector, Packs};
    ///
    /// let injector = LockedInjector::new();
    /// injector.push_back(3);
    /// let mut packs = Packs::with_capacity(2);
    /// packs.push_all(vec![1, 2]);
    /// injector.push_packs_front(packs);
    /// assert!((1..=3).eq(std::iter::from_fn(|| injector.pop())));
    /// ```
    pub fn push_packs_front(&self, packs: Packs<J>) {
        let (count, packs) = packs.into_parts();
        if count > 0 {
            let mut jobs = self.lock_to_add();
            jobs.prepend(packs);
            self.change_len(count as isize);
        }
    }

    /// Takes the oldest job.
    pub fn pop(&self) -> Option<J> {
        if self.count() == 0 {
            return None;
        }
        let mut jobs = self.lock_to_take();
        let job = jobs.pop()?;
        self.change_len(-1);
        Some(job)
    }

    /// Takes the job that is last in the order.
    ///
    /// # Examples
    ///
    /// ```
    /// use pool_std::stealing::LockedInjector;
    ///
    /// let injector = LockedInjector::new();
    /// (1..=3).for_each(|n| injector.push_back(n));
    /// assert_eq!((injector.pop_back(), injector.pop()), (Some(3), Some(1)));
    /// ```
    pub fn pop_back(&self) -> Option<J> {
        if self.count() == 0 {
            return None;
        }
        let mut jobs = self.lock_to_take();
        let job = jobs.pop_back()?;
        self.change_len(-1);
        Some(job)
    }

    /// Moves the oldest jobs to the back of a worker's own, in their order: about a share of what is there
    /// for each of the `workers`, of which there is at least one, or some tens at once if they lie
    /// together. At least one job, if there is one, and never very many.
    ///
    /// `open` is called under the lock, before the first job leaves, and only if there is one; it
    /// must not block, or wait for a thread that is about to call this. As long as the jobs show
    /// where they go from then on, they are in sight all the time.
    pub fn move_share<'a>(&self, workers: usize, open: impl FnOnce() -> &'a mut VecDeque<J>)
    where
        J: 'a,
    {
        if self.count() == 0 {
            return;
        }
        let mut jobs = self.lock_to_take();
        // Read again, now that nobody else changes it.
        let waiting = self.count();
        if waiting > 0 {
            let share = (waiting / workers.max(1)).clamp(1, Packs::<J>::SIZE);
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
        let mut packs = Packs::with_capacity(more.size_hint().0);
        more.for_each(|job| packs.push(job));
        self.push_packs(packs);
        Ok(())
    }

    #[inline]
    fn len(&self) -> usize {
        self.count()
    }

    fn take(&self, workers: usize, intake: Intake<'_, '_, J>) {
        self.move_share(workers, || intake.open());
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
        // Here, where nobody waits for the lock.
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
