//! A locked deque whose length can be read without the lock.

use std::collections::VecDeque;
use std::mem;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Mutex, MutexGuard, PoisonError, TryLockError};

/// A drained deque keeps room for so many jobs, which is some kilobytes at most, and gives back what it
/// had beyond.
pub(crate) const fn idle_room<J>() -> usize {
    let fit = match size_of::<J>() {
        0 => return usize::MAX,
        size => 4_096 / size,
    };
    if fit > 64 { 64 } else { fit }
}

/// On cache lines of its own: each worker has one, which it uses much more than others do.
#[derive(Debug)]
#[repr(align(128))]
pub(crate) struct LockedDeque<J> {
    jobs: Mutex<VecDeque<J>>,
    len: AtomicUsize,
}

/// The locked jobs of a [`LockedDeque`]; its length is made known by [`Jobs::publish`].
pub(crate) struct Jobs<'a, J> {
    pub(crate) deque: MutexGuard<'a, VecDeque<J>>,
    len: &'a AtomicUsize,
}

/// Another thread has the lock.
pub(crate) struct Taken;

impl<J> LockedDeque<J> {
    pub(crate) fn new() -> Self {
        Self { jobs: Mutex::default(), len: AtomicUsize::new(0) }
    }

    /// Acquire, against the release in [`Jobs::publish`]: who sees that jobs have left here also
    /// sees where they had arrived before.
    #[inline]
    pub(crate) fn len(&self) -> usize {
        self.len.load(Ordering::Acquire)
    }

    /// No code of others runs under the lock, so a poisoned one guards sound data.
    pub(crate) fn lock(&self) -> Jobs<'_, J> {
        let deque = self.jobs.lock().unwrap_or_else(PoisonError::into_inner);
        Jobs { deque, len: &self.len }
    }

    #[inline]
    pub(crate) fn push_back(&self, job: J) {
        let mut jobs = self.lock();
        jobs.deque.push_back(job);
        jobs.publish();
    }

    /// Like [`pop`](Self::pop), but does not wait for whoever has the lock.
    pub(crate) fn try_pop(&self) -> Result<Option<J>, Taken> {
        if self.len() == 0 {
            return Ok(None);
        }
        let deque = match self.jobs.try_lock() {
            Ok(deque) => deque,
            Err(TryLockError::Poisoned(poisoned)) => poisoned.into_inner(),
            Err(TryLockError::WouldBlock) => return Err(Taken),
        };
        let mut jobs = Jobs { deque, len: &self.len };
        let job = jobs.deque.pop_front();
        jobs.publish();
        Ok(job)
    }

    /// Removes the jobs that `keep` does not want to keep. The others keep their order.
    pub(crate) fn retain(&self, keep: &mut impl FnMut(&mut J) -> bool) {
        if self.len() == 0 {
            return;
        }
        let mut jobs = self.lock();
        let removed = sift(&mut jobs.deque, const { idle_room::<J>() }, keep);
        jobs.publish();
        drop(jobs);
        // Here, where nobody waits for the lock.
        drop(removed);
    }

    #[inline]
    pub(crate) fn pop(&self) -> Option<J> {
        if self.len() == 0 {
            return None;
        }
        let mut jobs = self.lock();
        let job = jobs.deque.pop_front();
        jobs.publish();
        job
    }
}

impl<J> Jobs<'_, J> {
    /// Makes it known that the deque is not empty, before jobs come that are gone elsewhere then.
    /// [`Jobs::publish`] must follow. `Release`: the place they come from may tell of their leave
    /// by an atomic of its own.
    pub(crate) fn expect_more(&mut self) -> &mut VecDeque<J> {
        self.len.store(self.deque.len() + 1, Ordering::Release);
        &mut self.deque
    }

    /// Makes the length known, and gives back the memory of a burst that is over.
    pub(crate) fn publish(&mut self) {
        trim(&mut self.deque, const { idle_room::<J>() });
        self.len.store(self.deque.len(), Ordering::Release);
    }
}

/// Gives back what these jobs had room for beyond so many, if they are gone.
#[inline]
pub(crate) fn trim<J>(jobs: &mut VecDeque<J>, room: usize) {
    if jobs.is_empty() && jobs.capacity() > room {
        jobs.shrink_to(room);
    }
}

/// Takes the jobs out that `keep` does not want to keep. The others keep their order, and room for so
/// many jobs, or for some times their number: the rest of the memory leaves with those that are removed.
pub(crate) fn sift<J>(
    jobs: &mut VecDeque<J>,
    room: usize,
    keep: &mut impl FnMut(&mut J) -> bool,
) -> VecDeque<J> {
    let mut kept = 0;
    for place in 0..jobs.len() {
        if keep(&mut jobs[place]) {
            jobs.swap(kept, place);
            kept += 1;
        }
    }
    if kept == jobs.len() {
        return VecDeque::new();
    }
    if jobs.capacity() <= room.max(4 * kept) {
        return jobs.split_off(kept);
    }
    let rest = jobs.drain(..kept).collect();
    mem::replace(jobs, rest)
}

#[cfg(test)]
mod tests {
    use super::*;

    const KEEP: usize = idle_room::<usize>();

    #[test]
    fn keeps_room_for_some_kilobytes_and_few_jobs() {
        assert_eq!(
            (idle_room::<u8>(), idle_room::<[u64; 8]>(), idle_room::<[u64; 9]>()),
            (64, 64, 56)
        );
        assert_eq!((idle_room::<[u8; 4_096]>(), idle_room::<[u8; 4_097]>()), (1, 0));
    }

    #[test]
    fn gives_back_the_memory_of_a_burst() {
        let deque = LockedDeque::new();
        for n in 0..100_000 {
            deque.push_back(n);
        }
        assert!(deque.lock().deque.capacity() >= 100_000);
        for n in 0..100_000 {
            assert_eq!(deque.pop(), Some(n));
        }
        assert_eq!((deque.pop(), deque.len()), (None, 0));
        assert!(deque.lock().deque.capacity() <= KEEP);
    }

    #[test]
    fn what_is_retained_keeps_its_order_and_little_room() {
        for kept_of_ten in [0, 1, 5, 9, 10] {
            let deque = LockedDeque::new();
            // The first lies at the end of the buffer.
            (0..5).for_each(|n| deque.push_back(n));
            (0..5).for_each(|_| assert!(deque.pop().is_some()));
            (0..10_000).for_each(|n| deque.push_back(n));
            let (mut seen, wanted) = (Vec::new(), |n: usize| n % 10 < kept_of_ten);
            deque.retain(&mut |n| {
                seen.push(*n);
                wanted(*n)
            });
            assert!(seen.into_iter().eq(0..10_000));
            let left = kept_of_ten * 1_000;
            assert_eq!(deque.len(), left);
            let capacity = deque.lock().deque.capacity();
            assert!(capacity <= KEEP.max(4 * left).max(16_384 / 10 * kept_of_ten), "{capacity}");
            let taken = std::iter::from_fn(|| deque.pop());
            assert!(taken.eq((0..10_000).filter(|n| wanted(*n))));
        }
    }
}
