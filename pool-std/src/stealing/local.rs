//! One worker's own end.

use std::collections::VecDeque;
use std::fmt;
use std::sync::Arc;

use pool_core::LocalQueue;

use super::injector::{Injector, Intake};
use super::queue::Shared;
use crate::deque::{LockedDeque, Taken, idle_room, trim};

/// So many jobs are stolen at once, at most.
const BATCH: usize = 32;
/// Every so many pops a worker that has jobs of its own looks after those that might wait too long.
/// A prime, so that it does not keep step with whatever the jobs do.
const FAIRNESS: u32 = 61;
/// Each of so many times, in turn, it looks at another worker's: that disturbs the other one, who may get
/// on by itself.
const TURNS: u32 = 3;
/// So often it comes back to another worker whose lock is taken before it waits for the lock.
const PATIENCE: u32 = 4;

/// One worker's end of a [`StealingQueue`](super::StealingQueue).
pub struct StealingLocal<J, I> {
    shared: Arc<Shared<J, I>>,
    own: Arc<LockedDeque<J>>,
    worker: usize,
    /// The deques of all workers that there were at the last look.
    peers: Vec<Arc<LockedDeque<J>>>,
    pops: u32,
    /// How often this worker has looked after a peer's jobs.
    looks: u32,
    /// How often it met that peer's lock taken.
    refusals: u32,
    /// Holds stolen jobs between two locks; empty otherwise.
    loot: VecDeque<J>,
    random: u32,
}

impl<J, I> StealingLocal<J, I> {
    pub(super) fn new(shared: Arc<Shared<J, I>>, own: Arc<LockedDeque<J>>, worker: usize) -> Self {
        // Any odd seed that differs from worker to worker will do.
        let random = (worker as u32).wrapping_mul(0x9E37_79B9) | 1;
        let peers = shared.locals();
        let loot = VecDeque::new();
        Self { shared, own, worker, peers, pops: 0, looks: 0, refusals: 0, loot, random }
    }

    /// Makes sure that every worker there is counts among the peers.
    fn meet_peers(&mut self) {
        if self.shared.workers() != self.peers.len() {
            self.peers = self.shared.locals();
        }
    }

    /// Takes up to half of another worker's jobs, the oldest first.
    fn rob(&mut self, victim: &LockedDeque<J>) -> Option<J> {
        let mut jobs = victim.lock();
        let count = jobs.deque.len().div_ceil(2).min(BATCH);
        self.loot.extend(jobs.deque.drain(..count));
        jobs.publish();
        // Never two workers' locks at once: they might rob each other.
        drop(jobs);
        let job = self.loot.pop_front();
        if !self.loot.is_empty() {
            let mut own = self.own.lock();
            own.deque.append(&mut self.loot);
            own.publish();
            drop(own);
        }
        trim(&mut self.loot, const { idle_room::<J>() });
        job
    }

    /// A number below `bound`, by a xorshift generator (G. Marsaglia, "Xorshift RNGs", 2003).
    fn random_below(&mut self, bound: usize) -> usize {
        self.random ^= self.random << 13;
        self.random ^= self.random >> 17;
        self.random ^= self.random << 5;
        self.random as usize % bound
    }
}

impl<J, I: Injector<J>> StealingLocal<J, I> {
    /// Moves jobs from outside behind the worker's own, and takes the first of all.
    ///
    /// They are shown here before they are gone there, and this deque stays locked until they have
    /// come: one who looks through the injector and then through the workers' deques misses none.
    fn take_in(&mut self) -> Option<J> {
        let mut own = self.own.lock();
        self.shared.injector.take(self.peers.len(), Intake(&mut own));
        let job = own.deque.pop_front();
        own.publish();
        job
    }

    /// The next job, after a look after those that might wait too long.
    #[cold]
    fn pop_fairly(&mut self) -> Option<J> {
        self.meet_peers();
        if (self.pops / FAIRNESS).is_multiple_of(TURNS)
            && let Some(job) = self.relieve_peer()
        {
            return Some(job);
        }
        if self.shared.injector.is_empty() { self.own.pop() } else { self.take_in() }
    }

    /// Takes the oldest job of a peer, each time of the next one, whatever that one does meanwhile. A
    /// busy peer's jobs would have to wait for it while everybody else finds jobs closer by.
    fn relieve_peer(&mut self) -> Option<J> {
        let others = self.peers.len() - 1;
        if others == 0 {
            return None;
        }
        let next = self.worker + 1 + self.looks as usize % others;
        let peer = &self.peers[next % self.peers.len()];
        let job = match peer.try_pop() {
            Ok(job) => job,
            // One that was interrupted at its own deque would keep us waiting. The next pop comes here
            // again.
            Err(Taken) if self.refusals < PATIENCE => {
                self.refusals += 1;
                self.pops = self.pops.wrapping_sub(1);
                return None;
            }
            Err(Taken) => peer.pop(),
        };
        self.refusals = 0;
        self.looks = self.looks.wrapping_add(1);
        job
    }

    /// Robs the workers that have jobs, from a random one on, so that nobody is everybody's first
    /// victim.
    fn rob_somebody(&mut self) -> Option<J> {
        let count = self.peers.len();
        let start = self.random_below(count);
        for victim in (start..count).chain(0..start) {
            if victim != self.worker && self.peers[victim].len() > 0 {
                let victim = Arc::clone(&self.peers[victim]);
                if let Some(job) = self.rob(&victim) {
                    return Some(job);
                }
            }
        }
        None
    }
}

impl<J: Send + 'static, I: Injector<J>> LocalQueue<J> for StealingLocal<J, I> {
    #[inline]
    fn push(&mut self, job: J) {
        self.own.push_back(job);
    }

    #[inline]
    fn pop(&mut self) -> Option<J> {
        self.pops = self.pops.wrapping_add(1);
        if self.pops.is_multiple_of(FAIRNESS) {
            return self.pop_fairly();
        }
        self.own.pop()
    }

    fn steal(&mut self) -> Option<J> {
        self.meet_peers();
        if !self.shared.injector.is_empty()
            && let Some(job) = self.take_in()
        {
            return Some(job);
        }
        self.rob_somebody()
    }
}

impl<J, I> fmt::Debug for StealingLocal<J, I> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("StealingLocal")
            .field("worker", &self.worker)
            .field("len", &self.own.len())
            .finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests {
    use pool_core::WorkQueue;

    use super::*;
    use crate::stealing::{LockedInjector, StealingQueue};

    #[test]
    fn a_peer_whose_lock_is_taken_is_helped_a_little_later() {
        let queue = StealingQueue::new(LockedInjector::new());
        let (mut greedy, mut busy) = (queue.local(0), queue.local(1));
        busy.push(7);
        (0..1_000).for_each(|_| greedy.push(0));
        let held = busy.own.lock();
        let pops = FAIRNESS * TURNS - 1 + PATIENCE;
        assert!((0..pops).all(|_| greedy.pop() == Some(0)), "nobody waits");
        drop(held);
        assert_eq!(greedy.pop(), Some(7));
        assert_eq!(greedy.pop(), Some(0));
    }
}
