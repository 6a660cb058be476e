//! One worker's own end.

use std::collections::VecDeque;
use std::sync::Arc;

use pool_core::LocalQueue;

use crate::queue::Shared;
use crate::shard::Shard;

/// So many jobs are moved at once, at most.
const BATCH: usize = 32;
/// Every so many pops a worker that has jobs of its own takes in some from outside as well, so that
/// one that keeps feeding itself starves nobody. A prime, so that it does not keep step with
/// whatever the jobs do.
const FAIRNESS: u32 = 61;

/// One worker's end of a [`StdQueue`](crate::StdQueue).
#[derive(Debug)]
pub struct StdLocal<J> {
    shared: Arc<Shared<J>>,
    own: Arc<Shard<J>>,
    worker: usize,
    /// The deques of all workers that there were at the last look.
    peers: Vec<Arc<Shard<J>>>,
    pops: u32,
    /// Holds stolen jobs between two locks; empty otherwise.
    loot: VecDeque<J>,
    random: u32,
}

impl<J> StdLocal<J> {
    pub(crate) fn new(shared: Arc<Shared<J>>, own: Arc<Shard<J>>, worker: usize) -> Self {
        // Any odd seed that differs from worker to worker will do.
        let random = (worker as u32).wrapping_mul(0x9E37_79B9) | 1;
        let peers = shared.locals();
        Self { shared, own, worker, peers, pops: 0, loot: VecDeque::new(), random }
    }

    /// Moves a batch from outside behind the worker's own jobs.
    ///
    /// Both locks are held meanwhile, and the jobs are shown here before they are gone there: one
    /// who looks through the injector and then through the workers' deques misses none.
    fn take_in(&mut self) {
        let mut own = self.own.lock();
        let mut injected = self.shared.injector.lock_politely();
        let count =
            (injected.deque.len() / self.peers.len()).clamp(1, BATCH).min(injected.deque.len());
        own.deque.extend(injected.deque.drain(..count));
        own.publish();
        injected.publish();
    }

    /// Takes up to half of another worker's jobs, the oldest first.
    fn rob(&mut self, victim: &Shard<J>) -> Option<J> {
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
        }
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

impl<J> LocalQueue<J> for StdLocal<J> {
    #[inline]
    fn push(&mut self, job: J) {
        self.own.push(job);
    }

    #[inline]
    fn pop(&mut self) -> Option<J> {
        self.pops = self.pops.wrapping_add(1);
        if self.pops.is_multiple_of(FAIRNESS) && self.shared.injector.len() > 0 {
            self.take_in();
        }
        self.own.pop()
    }

    fn steal(&mut self) -> Option<J> {
        if self.shared.injector.len() > 0 {
            self.take_in();
            if let Some(job) = self.own.pop() {
                return Some(job);
            }
        }
        if self.shared.workers() != self.peers.len() {
            self.peers = self.shared.locals();
        }
        // A random start, so that no worker is everybody's first victim.
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
