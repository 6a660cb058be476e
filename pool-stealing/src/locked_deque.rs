//! A locked deque, whose length can be read without the lock.

use std::collections::VecDeque;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError, TryLockError};

use crate::deque::{Busy, OwnDeque, Stealer};
use crate::injector::{DequeGuard, Injector};
use crate::memory::{idle_room, sift, trim};

/// The maximum number of jobs that are stolen at once.
const BATCH: usize = 32;

/// A worker's own deque behind a lock of its own, first in, first out.
///
/// # Examples
///
/// ```
/// use pool_core::{LocalQueue, WorkQueue};
/// use pool_stealing::{LockedDeque, LockedInjector, StealingQueue};
///
/// let queue = StealingQueue::<_, LockedInjector<_>, LockedDeque<_>>::new();
/// let (mut one, mut other) = (queue.local(0), queue.local(1));
/// (1..=3).for_each(|n| one.push(n));
/// assert_eq!((one.pop(), other.steal(), one.pop()), (Some(1), Some(2), Some(3)));
/// ```
#[derive(Debug)]
pub struct LockedDeque<J> {
    jobs: Arc<LockedJobs<J>>,
    /// Holds stolen jobs between two locks; empty otherwise.
    stolen: VecDeque<J>,
}

/// The jobs of a [`LockedDeque`], which its owner and the other workers share.
///
/// # Examples
///
/// See [`LockedDeque`].
// On cache lines of its own: each worker has one, which it uses much more than other threads do.
#[derive(Debug)]
#[repr(align(128))]
pub struct LockedJobs<J> {
    deque: Mutex<VecDeque<J>>,
    len: AtomicUsize,
}

/// The jobs while they are locked. When this is dropped, their number is shown.
struct Locked<'a, J> {
    deque: MutexGuard<'a, VecDeque<J>>,
    len: &'a AtomicUsize,
}

impl<J> LockedJobs<J> {
    /// No foreign code runs under the lock, so a poisoned one guards sound data.
    fn lock(&self) -> Locked<'_, J> {
        let deque = self.deque.lock().unwrap_or_else(PoisonError::into_inner);
        Locked { deque, len: &self.len }
    }

    fn try_lock(&self) -> Result<Locked<'_, J>, Busy> {
        let deque = match self.deque.try_lock() {
            Ok(deque) => deque,
            Err(TryLockError::Poisoned(poisoned)) => poisoned.into_inner(),
            Err(TryLockError::WouldBlock) => return Err(Busy),
        };
        Ok(Locked { deque, len: &self.len })
    }
}

/// Shows the number of jobs, and gives back the memory of a burst that is over.
impl<J> Drop for Locked<'_, J> {
    #[inline]
    fn drop(&mut self) {
        trim(&mut self.deque, const { idle_room::<J>() });
        self.len.store(self.deque.len(), Ordering::Release);
    }
}

impl<J> Stealer<J> for Arc<LockedJobs<J>> {
    #[inline]
    fn len(&self) -> usize {
        // Acquire, for the release when the jobs are unlocked: a thread that sees that jobs have left here also sees
        // where they had arrived before.
        self.len.load(Ordering::Acquire)
    }

    #[inline]
    fn steal(&self) -> Option<J> {
        // The job goes to the caller from where it lies, with no copy in between.
        if self.is_empty() { None } else { self.lock().deque.pop_front() }
    }

    fn try_steal(&self) -> Result<Option<J>, Busy> {
        if self.is_empty() { Ok(None) } else { Ok(self.try_lock()?.deque.pop_front()) }
    }
}

#[cfg(test)]
impl<J> LockedDeque<J> {
    /// Holds the lock as long as the result lives.
    pub(crate) fn hold(&self) -> impl Drop + '_ {
        self.jobs.lock()
    }
}

impl<J, I> OwnDeque<J, I> for LockedDeque<J> {
    type Order = ();
    type Stealer = Arc<LockedJobs<J>>;

    const STAYS: bool = true;

    fn new((): (), former: Option<&Arc<LockedJobs<J>>>) -> Self {
        let empty = || LockedJobs { deque: Mutex::default(), len: AtomicUsize::new(0) };
        let jobs = former.map_or_else(|| Arc::new(empty()), Arc::clone);
        Self { jobs, stolen: VecDeque::new() }
    }

    fn stealer(&self) -> Arc<LockedJobs<J>> {
        Arc::clone(&self.jobs)
    }

    #[inline]
    fn push(&mut self, job: J) {
        self.jobs.lock().deque.push_back(job);
    }

    #[inline]
    fn pop(&mut self) -> Option<J> {
        self.jobs.steal()
    }

    /// Moves a share behind the jobs that are here, and takes the first of all.
    ///
    /// They show here before they have left there, and this deque stays locked until they have arrived: a
    /// thread that looks into the injector and then into the workers' deques misses none.
    fn pop_outside(&mut self, injector: &I, workers: usize) -> Option<J>
    where
        I: Injector<J>,
    {
        if injector.is_empty() {
            return None;
        }
        let mut own = self.jobs.lock();
        injector.take(workers, DequeGuard::new(&mut own.deque, own.len));
        own.deque.pop_front()
    }

    /// Waits for the lock, so it is never [`Busy`].
    fn steal_from(&mut self, victim: &Arc<LockedJobs<J>>) -> Result<Option<J>, Busy> {
        let mut jobs = victim.lock();
        let count = jobs.deque.len().div_ceil(2).min(BATCH);
        self.stolen.extend(jobs.deque.drain(..count));
        // Never two workers' locks at once: they might steal from each other.
        drop(jobs);
        let job = self.stolen.pop_front();
        if !self.stolen.is_empty() {
            self.jobs.lock().deque.append(&mut self.stolen);
        }
        trim(&mut self.stolen, const { idle_room::<J>() });
        Ok(job)
    }

    /// In place, so that no job is out of sight at any time.
    fn retain(deque: &Arc<LockedJobs<J>>, _injector: &I, keep: &mut impl FnMut(&mut J) -> bool) {
        if deque.is_empty() {
            return;
        }
        let mut jobs = deque.lock();
        let removed = sift(&mut jobs.deque, const { idle_room::<J>() }, keep);
        drop(jobs);
        // Here, where no other thread waits for the lock.
        drop(removed);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const KEEP: usize = idle_room::<usize>();

    fn deque() -> LockedDeque<usize> {
        OwnDeque::<usize, ()>::new((), None)
    }

    fn push(deque: &mut LockedDeque<usize>, n: usize) {
        OwnDeque::<usize, ()>::push(deque, n);
    }

    #[test]
    fn gives_back_the_memory_of_a_burst() {
        let mut deque = deque();
        (0..100_000).for_each(|n| push(&mut deque, n));
        let jobs = deque.jobs;
        assert!(jobs.lock().deque.capacity() >= 100_000);
        (0..100_000).for_each(|n| assert_eq!(jobs.steal(), Some(n)));
        assert_eq!((jobs.steal(), jobs.len()), (None, 0));
        assert!(jobs.lock().deque.capacity() <= KEEP);
    }

    #[test]
    fn what_is_retained_keeps_its_order_and_little_room() {
        for kept_of_ten in [0, 1, 5, 9, 10] {
            let mut deque = deque();
            // The first lies at the end of the buffer.
            (0..5).for_each(|n| push(&mut deque, n));
            (0..5).for_each(|_| assert!(deque.jobs.steal().is_some()));
            (0..10_000).for_each(|n| push(&mut deque, n));
            let jobs = deque.jobs;
            let (mut seen, wanted) = (Vec::new(), |n: usize| n % 10 < kept_of_ten);
            LockedDeque::retain(&jobs, &(), &mut |n| {
                seen.push(*n);
                wanted(*n)
            });
            assert!(seen.into_iter().eq(0..10_000));
            let left = kept_of_ten * 1_000;
            assert_eq!(jobs.len(), left);
            let capacity = jobs.lock().deque.capacity();
            assert!(capacity <= KEEP.max(4 * left).max(16_384 / 10 * kept_of_ten), "{capacity}");
            let taken = std::iter::from_fn(|| jobs.steal());
            assert!(taken.eq((0..10_000).filter(|n| wanted(*n))));
        }
    }

    #[test]
    fn a_thief_that_must_not_wait_does_not() {
        let mut deque = deque();
        assert_eq!(deque.jobs.try_steal(), Ok(None));
        push(&mut deque, 7);
        let held = deque.jobs.lock();
        assert_eq!(deque.jobs.try_steal(), Err(Busy));
        drop(held);
        assert_eq!(deque.jobs.try_steal(), Ok(Some(7)));
    }
}
