//! One worker's own end.

use std::collections::VecDeque;
use std::sync::Arc;

use crossbeam_deque::{Steal, Stealer, Worker};

use crate::queue::LocalOrder;
use crate::shared::Shared;

/// Every so many pops a worker looks first for those who might wait too long. A prime, so that it
/// does not keep step with whatever the jobs do.
const FAIRNESS: u32 = 61;

/// One worker's end of a queue of entries.
pub(crate) struct Local<E> {
    shared: Arc<Shared<E>>,
    deque: Worker<E>,
    order: LocalOrder,
    /// Holds jobs from outside on their way to the deque; empty otherwise.
    intake: VecDeque<E>,
    pub(crate) worker: usize,
    /// The other workers' stealers, as of `version`.
    others: Vec<Stealer<E>>,
    version: usize,
    pops: u32,
    random: u32,
}

impl<E> Local<E> {
    /// The empty intake keeps room for so many: the injector's ring changes hands as it is.
    const ROOM: usize = {
        let fit = 16_384 / if size_of::<E>() == 0 { 1 } else { size_of::<E>() };
        if fit > 256 { 256 } else { fit }
    };

    pub(crate) fn new(
        shared: Arc<Shared<E>>,
        deque: Worker<E>,
        order: LocalOrder,
        worker: usize,
    ) -> Self {
        shared.set_stealer(worker, Some(deque.stealer()));
        // Any odd seed that differs from worker to worker will do.
        let random = (worker as u32).wrapping_mul(0x9E37_79B9) | 1;
        let version = shared.version();
        let others = shared.others(worker);
        let intake = VecDeque::new();
        Self { shared, deque, order, intake, worker, others, version, pops: 0, random }
    }

    /// A job that might wait for ever while this worker feeds itself: in turn one from outside, the
    /// oldest of its own, which a last-in, first-out deque would otherwise keep for the end, and one of
    /// another worker, which may be busy for long with what it has taken in behind it.
    #[cold]
    fn pop_fairly(&mut self) -> Option<E> {
        let turn = self.pops / FAIRNESS;
        match turn % 3 {
            0 => self.shared.injector.pop(),
            1 => insist(|| self.deque.stealer().steal()),
            _ => {
                self.meet_others();
                let victim = (turn / 3) as usize % self.others.len().max(1);
                insist(|| self.others.get(victim).map_or(Steal::Empty, Stealer::steal))
            }
        }
    }

    /// Moves jobs from outside to the worker's own, which it takes in their order, and takes the first.
    fn take_in(&mut self) -> Option<E> {
        self.shared.injector.move_share(self.others.len() + 1, || &mut self.intake);
        let first = self.intake.pop_front()?;
        let rest = self.intake.drain(..);
        match self.order {
            LocalOrder::Lifo => rest.rev().for_each(|job| self.deque.push(job)),
            LocalOrder::Fifo => rest.for_each(|job| self.deque.push(job)),
        }
        if self.intake.capacity() > Self::ROOM {
            self.intake = VecDeque::new();
        }
        Some(first)
    }

    /// Makes sure that the stealers are those of the workers there are.
    fn meet_others(&mut self) {
        let version = self.shared.version();
        if version != self.version {
            self.others = self.shared.others(self.worker);
            self.version = version;
        }
    }

    /// Steals from the other workers, beginning with one picked at random, so that nobody is
    /// everybody's first victim.
    fn rob(&mut self) -> Option<E> {
        self.meet_others();
        if self.others.is_empty() {
            return None;
        }
        let start = self.random() % self.others.len();
        let (after, before) = self.others.split_at(start);
        // A look costs half of an attempt.
        let victims = before.iter().chain(after).filter(|victim| !victim.is_empty());
        insist(|| victims.clone().map(|victim| victim.steal_batch_and_pop(&self.deque)).collect())
    }

    /// A xorshift generator (G. Marsaglia, "Xorshift RNGs", 2003).
    fn random(&mut self) -> usize {
        self.random ^= self.random << 13;
        self.random ^= self.random >> 17;
        self.random ^= self.random << 5;
        self.random as usize
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

impl<E> Local<E> {
    #[inline]
    pub(crate) fn push(&mut self, job: E) {
        self.deque.push(job);
    }

    #[inline]
    pub(crate) fn pop(&mut self) -> Option<E> {
        self.pops = self.pops.wrapping_add(1);
        if self.pops.is_multiple_of(FAIRNESS)
            && let Some(job) = self.pop_fairly()
        {
            return Some(job);
        }
        self.deque.pop()
    }

    pub(crate) fn steal(&mut self) -> Option<E> {
        self.take_in().or_else(|| self.rob())
    }
}

/// Whatever is left goes where the other workers find it.
impl<E> Drop for Local<E> {
    fn drop(&mut self) {
        while let Some(job) = self.deque.pop() {
            self.shared.injector.push_back(job);
        }
        self.shared.set_stealer(self.worker, None);
    }
}
