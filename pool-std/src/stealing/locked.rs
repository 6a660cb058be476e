//! The jobs from outside, behind one lock.

use std::collections::VecDeque;
use std::fmt;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Mutex, MutexGuard, PoisonError, TryLockError};
use std::{mem, thread};

use pool_core::PushError;

use super::{Injector, Intake};

/// So many jobs are taken at once, at most, of those that came one by one.
const SHARE: usize = 32;

/// A drained ring keeps room for so many jobs and gives back what it had beyond.
const KEEP: usize = 256;

/// So often a worker that meets a taken lock lets others run before it sleeps.
const YIELDS: u32 = 32;

/// An unbounded store of the jobs from outside, first in, first out, behind a lock that is held for
/// some nanoseconds.
///
/// Jobs that come one by one lie in a ring, whose memory so stays in the processor's caches, and are
/// moved to a worker some at a time. A batch is gathered before the lock is taken, into packs that
/// change hands as they are: neither whoever submits it nor who takes it copies its jobs under the
/// lock.
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
    jobs: Mutex<Jobs<J>>,
}

#[repr(C)]
struct Jobs<J> {
    /// Those that came one by one, after all packs.
    ring: VecDeque<J>,
    /// Those that came together, and rings that were there when they came. None is empty.
    packs: VecDeque<VecDeque<J>>,
}

impl<J> LockedInjector<J> {
    /// A pack has so many jobs: some kilobytes.
    const PACK: usize = {
        let fit = 8_192 / if size_of::<J>() == 0 { 1 } else { size_of::<J>() };
        if fit > 64 { 64 } else { fit + 1 }
    };

    /// An empty injector.
    #[must_use]
    pub const fn new() -> Self {
        let jobs = Jobs { ring: VecDeque::new(), packs: VecDeque::new() };
        Self { len: AtomicUsize::new(0), jobs: Mutex::new(jobs) }
    }

    /// No code of others runs under the lock, so a poisoned one guards sound data.
    #[inline]
    fn lock(&self) -> MutexGuard<'_, Jobs<J>> {
        self.jobs.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Locks, and rather gives up its time slice some times than sleep for it: the one who unlocks
    /// need not wake it then, which would cost that one a system call. It sleeps at last, lest a
    /// thread of high priority keep one of low priority from unlocking.
    fn lock_politely(&self) -> MutexGuard<'_, Jobs<J>> {
        for _ in 0..YIELDS {
            match self.jobs.try_lock() {
                Ok(jobs) => return jobs,
                Err(TryLockError::Poisoned(_)) => break,
                Err(TryLockError::WouldBlock) => thread::yield_now(),
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
    #[inline]
    pub fn push_back(&self, job: J) {
        let mut jobs = self.lock();
        jobs.ring.push_back(job);
        self.change_len(1);
    }

    /// Takes the oldest job.
    pub fn pop(&self) -> Option<J> {
        if self.count() == 0 {
            return None;
        }
        let mut jobs = self.lock_politely();
        let job = jobs.pop()?;
        self.change_len(-1);
        Some(job)
    }

    /// Moves the oldest jobs to the back of a worker's own, in their order: a share of what is there
    /// for each of the `workers`, of which there is at least one, and never very many; at least one
    /// job, if there is one.
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
        let mut jobs = self.lock_politely();
        // Read again, now that nobody else changes it.
        let waiting = self.count();
        if waiting > 0 {
            let share = (waiting / workers.max(1)).clamp(1, SHARE);
            let moved = jobs.move_share(share, open());
            self.change_len(-(moved as isize));
        }
    }
}

impl<J> Jobs<J> {
    fn pop(&mut self) -> Option<J> {
        let Some(pack) = self.packs.front_mut() else {
            let job = self.ring.pop_front();
            self.tidy_ring();
            return job;
        };
        let job = pack.pop_front();
        if pack.is_empty() {
            self.next_pack();
        }
        job
    }

    /// Moves this share of the oldest jobs, or a whole pack. How many were moved.
    fn move_share(&mut self, share: usize, to: &mut VecDeque<J>) -> usize {
        let Some(pack) = self.packs.front_mut() else {
            let count = drain(&mut self.ring, share, to);
            self.tidy_ring();
            return count;
        };
        // What was a ring may be longer than a pack.
        if pack.len() > LockedInjector::<J>::PACK {
            return drain(pack, share, to);
        }
        let mut pack = self.next_pack();
        let count = pack.len();
        // The room of what was a long ring goes no further.
        if to.is_empty() && pack.capacity() <= KEEP {
            *to = pack;
        } else {
            to.append(&mut pack);
        }
        count
    }

    /// Gives back the memory of a burst that is over (C9).
    fn tidy_ring(&mut self) {
        if self.ring.is_empty() && self.ring.capacity() > KEEP {
            self.ring.shrink_to(KEEP);
        }
    }

    /// Takes the oldest pack out.
    fn next_pack(&mut self) -> VecDeque<J> {
        let pack = self.packs.pop_front().unwrap_or_default();
        if self.packs.is_empty() {
            self.packs = VecDeque::new();
        }
        pack
    }

    /// Adds packs behind everything that is there.
    fn append(&mut self, packs: &mut VecDeque<VecDeque<J>>) {
        if !self.ring.is_empty() {
            self.packs.push_back(mem::take(&mut self.ring));
        }
        self.packs.append(packs);
    }
}

/// Moves at most so many jobs; how many that was.
fn drain<J>(from: &mut VecDeque<J>, count: usize, to: &mut VecDeque<J>) -> usize {
    let count = count.min(from.len());
    to.extend(from.drain(..count));
    count
}

impl<J: Send + 'static> Injector<J> for LockedInjector<J> {
    #[inline]
    fn push(&self, job: J) -> Result<(), PushError<J>> {
        self.push_back(job);
        Ok(())
    }

    fn push_batch(&self, more: &mut impl Iterator<Item = J>) -> Result<(), PushError<J>> {
        let mut packs = VecDeque::new();
        let mut count = 0;
        loop {
            let mut pack = VecDeque::with_capacity(more.size_hint().0.min(Self::PACK));
            pack.extend(more.by_ref().take(Self::PACK));
            if pack.is_empty() {
                break;
            }
            count += pack.len();
            packs.push_back(pack);
        }
        if count > 0 {
            let mut jobs = self.lock();
            jobs.append(&mut packs);
            self.change_len(count as isize);
        }
        Ok(())
    }

    #[inline]
    fn len(&self) -> usize {
        self.count()
    }

    fn take(&self, workers: usize, intake: Intake<'_, '_, J>) {
        self.move_share(workers, || intake.open());
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
mod tests {
    use super::*;

    const PACK: usize = LockedInjector::<usize>::PACK;

    fn share(injector: &LockedInjector<usize>, workers: usize) -> Vec<usize> {
        let mut own = VecDeque::new();
        injector.move_share(workers, || &mut own);
        own.into()
    }

    #[test]
    fn what_came_alone_is_shared_out() {
        let injector = LockedInjector::new();
        (0..10).for_each(|n| injector.push_back(n));
        assert_eq!(share(&injector, 4), [0, 1]);
        assert_eq!(share(&injector, 100), [2]);
        assert_eq!(share(&injector, 1), [3, 4, 5, 6, 7, 8, 9]);
        injector.move_share(1, || unreachable!("there is nothing to move"));
        (0..1_000).for_each(|n| injector.push_back(n));
        assert_eq!(share(&injector, 2).len(), SHARE);
    }

    #[test]
    fn what_came_together_moves_in_packs_and_in_turn() {
        let injector = LockedInjector::new();
        injector.push_batch(&mut std::iter::empty()).unwrap();
        (0..3).for_each(|n| injector.push_back(n));
        injector.push_batch(&mut (3..3 + PACK + 1)).unwrap();
        injector.push_back(4 + PACK);
        assert_eq!(injector.count(), 5 + PACK);
        assert_eq!(injector.pop(), Some(0));
        assert_eq!(share(&injector, 2), [1, 2]);
        assert_eq!(share(&injector, 2).len(), PACK);
        assert_eq!(share(&injector, 2), [3 + PACK]);
        assert_eq!((injector.pop(), injector.pop(), injector.count()), (Some(4 + PACK), None, 0));
    }

    #[test]
    fn the_room_of_a_burst_is_given_back_however_it_is_drained() {
        let injector = LockedInjector::new();
        let room = |injector: &LockedInjector<usize>| injector.lock().ring.capacity();
        (0..10_000).for_each(|n| injector.push_back(n));
        (0..10_000).for_each(|n| assert_eq!(injector.pop(), Some(n)));
        assert!(room(&injector) <= KEEP);

        (0..10_000).for_each(|n| injector.push_back(n));
        injector.push_batch(&mut (0..1)).unwrap();
        let mut own = VecDeque::new();
        while injector.count() > 0 {
            injector.move_share(2, || &mut own);
            own.clear();
        }
        assert!(room(&injector) <= KEEP && own.capacity() <= KEEP);
    }

    #[test]
    fn a_pack_of_large_jobs_is_small() {
        assert_eq!(LockedInjector::<[u8; 100_000]>::PACK, 1);
        assert_eq!(LockedInjector::<()>::PACK, 64);
    }
}
