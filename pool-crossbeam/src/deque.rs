//! One worker's deque, of which others see whether it was long.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use crossbeam_deque::{Steal, Stealer, Worker};

use crate::queue::LocalOrder;

/// A deque in which others have seen so many jobs may have grown. It has room for as many at first.
const MANY: usize = 64;

/// A worker's own deque.
///
/// It shrinks when its worker pops, but neither when others steal nor when it is empty. So what others have
/// emptied stays as large as it ever was: because the worker was busy with the job that submitted all
/// these, or because they were stale and [removed](pool_core::WorkQueue::retain). Therefore an idle worker
/// takes a new one if this was seen to be long.
#[derive(Debug)]
pub(crate) struct Deque<E> {
    entries: Worker<E>,
    was_long: Arc<AtomicBool>,
}

/// How others steal from a [`Deque`].
#[derive(Debug)]
pub(crate) struct Thief<E> {
    entries: Stealer<E>,
    was_long: Arc<AtomicBool>,
}

impl<E> Deque<E> {
    pub(crate) fn new(order: LocalOrder) -> Self {
        let entries = match order {
            LocalOrder::Lifo => Worker::new_lifo(),
            LocalOrder::Fifo => Worker::new_fifo(),
        };
        Self { entries, was_long: Arc::default() }
    }

    pub(crate) fn thief(&self) -> Thief<E> {
        Thief { entries: self.entries.stealer(), was_long: Arc::clone(&self.was_long) }
    }

    #[inline]
    pub(crate) fn push(&self, job: E) {
        self.entries.push(job);
    }

    #[inline]
    pub(crate) fn pop(&self) -> Option<E> {
        self.entries.pop()
    }

    /// Takes the oldest job, whatever the order.
    pub(crate) fn pop_oldest(&self) -> Option<E> {
        insist(|| self.entries.stealer().steal())
    }

    /// Whether it holds nothing but the room of jobs that others have taken, which may be much.
    pub(crate) fn is_hollow(&self) -> bool {
        // `Relaxed`: nothing hangs on it but the memory, and who misses it sees it the next time.
        self.was_long.load(Ordering::Relaxed) && self.entries.is_empty()
    }
}

impl<E> Thief<E> {
    /// About how many jobs there are.
    pub(crate) fn len(&self) -> usize {
        let len = self.entries.len();
        if len > MANY && !self.was_long.load(Ordering::Relaxed) {
            self.was_long.store(true, Ordering::Relaxed);
        }
        len
    }

    pub(crate) fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// Takes the oldest job.
    pub(crate) fn steal(&self) -> Option<E> {
        if self.is_empty() {
            return None;
        }
        insist(|| self.entries.steal())
    }

    /// Takes about half of the jobs, but not very many: the oldest, and the others to this deque.
    pub(crate) fn steal_batch_and_pop(&self, own: &Deque<E>) -> Steal<E> {
        self.entries.steal_batch_and_pop(&own.entries)
    }
}

impl<E> Clone for Thief<E> {
    fn clone(&self) -> Self {
        Self { entries: self.entries.clone(), was_long: Arc::clone(&self.was_long) }
    }
}

/// Repeats a steal while it asks for that: somebody else was quicker, but jobs may be left. Only
/// `Empty` means that there are none.
pub(crate) fn insist<E>(mut steal: impl FnMut() -> Steal<E>) -> Option<E> {
    loop {
        match steal() {
            Steal::Success(job) => return Some(job),
            Steal::Empty => return None,
            Steal::Retry => std::hint::spin_loop(),
        }
    }
}
