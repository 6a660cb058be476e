//! One worker's own end.

use std::collections::VecDeque;
use std::sync::Arc;

use crate::deque::{Deque, Thief, insist};
use crate::queue::LocalOrder;
use crate::shared::Shared;

/// Every so many pops a worker looks first for those who might wait too long. A prime, so that it
/// does not keep step with whatever the jobs do.
const FAIRNESS: u32 = 61;

/// One worker's end of a queue of entries.
pub(crate) struct Local<E> {
    shared: Arc<Shared<E>>,
    deque: Deque<E>,
    order: LocalOrder,
    /// Holds jobs from outside on their way to the deque; empty otherwise.
    intake: VecDeque<E>,
    pub(crate) worker: usize,
    pops: u32,
    random: u32,
}

impl<E> Local<E> {
    /// The empty intake keeps room for so many: the injector's ring changes hands as it is.
    const ROOM: usize = {
        let fit = 16_384 / if size_of::<E>() == 0 { 1 } else { size_of::<E>() };
        if fit > 256 { 256 } else { fit }
    };

    pub(crate) fn new(shared: Arc<Shared<E>>, order: LocalOrder, worker: usize) -> Self {
        let deque = Deque::new(order);
        shared.set_thief(worker, Some(deque.thief()));
        // Any odd seed that differs from worker to worker will do.
        let random = (worker as u32).wrapping_mul(0x9E37_79B9) | 1;
        Self { shared, deque, order, intake: VecDeque::new(), worker, pops: 0, random }
    }

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
        let found = self.take_in().or_else(|| self.rob());
        if found.is_none() && self.deque.is_hollow() {
            self.renew_deque();
        }
        found
    }

    /// A job that might wait for ever while this worker feeds itself: in turn one from outside, the
    /// oldest of its own, which a last-in, first-out deque would otherwise keep for the end, and one of
    /// another worker, which may be busy for long with what it has taken in behind it. Jobs that were
    /// returned count among the own. The last of them: more may come before it again and again, but never
    /// behind it.
    #[cold]
    fn pop_fairly(&mut self) -> Option<E> {
        let turn = self.pops / FAIRNESS;
        match turn % 3 {
            0 => self.shared.injector.pop(),
            1 => self.shared.returned.pop_back().or_else(|| self.deque.pop_oldest()),
            _ => self.relieve_other((turn / 3) as usize),
        }
    }

    /// Takes the oldest job of another worker: of each of them in turn.
    fn relieve_other(&self, turn: usize) -> Option<E> {
        let thieves = self.shared.thieves();
        let others = thieves.len() - 1;
        let victim = self.worker + 1 + turn.checked_rem(others)?;
        thieves[victim % thieves.len()].as_ref().and_then(Thief::steal)
    }

    /// Moves jobs that were returned, else some from outside, to the worker's own, which it takes in their
    /// order, and takes the first.
    fn take_in(&mut self) -> Option<E> {
        let workers = self.shared.workers();
        self.shared.returned.move_share(workers, || &mut self.intake);
        if self.intake.is_empty() {
            self.shared.injector.move_share(workers, || &mut self.intake);
        }
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

    /// Steals from the other workers, beginning with one picked at random, so that nobody is
    /// everybody's first victim.
    fn rob(&mut self) -> Option<E> {
        if self.shared.workers() < 2 {
            return None;
        }
        let random = self.random();
        let thieves = self.shared.thieves();
        let start = random % thieves.len();
        let victims =
            (start..thieves.len()).chain(0..start).filter(|victim| *victim != self.worker);
        let victims = victims.filter_map(|victim| thieves[victim].as_ref());
        // A look costs half of an attempt.
        let victims = victims.filter(|victim| !victim.is_empty());
        insist(|| victims.clone().map(|victim| victim.steal_batch_and_pop(&self.deque)).collect())
    }

    /// Gives back the memory of jobs that others have taken (C9).
    #[cold]
    fn renew_deque(&mut self) {
        let deque = Deque::new(self.order);
        if self.shared.replace_thief(self.worker, deque.thief()) {
            self.deque = deque;
        }
    }

    /// A xorshift generator (G. Marsaglia, "Xorshift RNGs", 2003).
    fn random(&mut self) -> usize {
        self.random ^= self.random << 13;
        self.random ^= self.random >> 17;
        self.random ^= self.random << 5;
        self.random as usize
    }
}

/// Whatever is left goes where the other workers find it.
impl<E> Drop for Local<E> {
    fn drop(&mut self) {
        self.shared.take_back(&self.deque.thief(), self.order, &mut |_| true);
        self.shared.set_thief(self.worker, None);
    }
}
