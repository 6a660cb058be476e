//! The stealing queue, and one worker's end of it.

use std::sync::Arc;
use std::{fmt, hint};

use pool_core::{LocalQueue, PushError, WorkQueue};

use crate::deque::{Busy, OwnDeque, Stealer};
use crate::injector::Injector;
use crate::locked_deque::LockedDeque;
use crate::random::Random;
use crate::stealers::{Kept, Stealers};

/// The number of pops after which a worker first looks for jobs that might wait too long. A prime, so that
/// it does not keep step with what the jobs do; and so large that no more jobs come from outside at these looks, up to
/// 64 at each second one, than a worker runs meanwhile: else its deque would grow with the number of jobs outside.
const FAIRNESS: u32 = 37;
/// The number of looks in which each kind of such jobs had its turn: those from outside twice, as a submitter
/// may wait for them.
const TURNS: u32 = 4;
/// The number of attempts at another worker's busy deque before a worker waits for it.
const PATIENCE: u32 = 4;

/// A queue with a deque for each worker, from which the others steal, over an [`Injector`] for the jobs
/// from outside.
///
/// **Order**: that of the injector, as far as several workers allow it; for nested jobs, that of the deque.
/// Over [`LockedDeque`] and with one worker, jobs from outside start exactly in the order in which the
/// injector gives them, and nested jobs behind those that were taken in before.
///
/// # Examples
///
/// See [the crate](crate).
pub struct StealingQueue<J, I, D: OwnDeque<J, I> = LockedDeque<J>> {
    shared: Arc<Shared<J, I, D>>,
}

/// One worker's end of a [`StealingQueue`].
///
/// # Examples
///
/// See [`LockedDeque`].
pub struct StealingLocal<J, I, D: OwnDeque<J, I> = LockedDeque<J>> {
    shared: Arc<Shared<J, I, D>>,
    own: D,
    worker: usize,
    kept: Kept<D::Stealer>,
    pops: u32,
    /// The number of times that this worker has looked for another one's jobs.
    looks: u32,
    /// The number of times that it met that one's deque busy.
    refusals: u32,
    random: Random,
}

/// The part that the queue and its workers' ends share.
struct Shared<J, I, D: OwnDeque<J, I>> {
    /// Jobs from outside.
    injector: I,
    order: D::Order,
    stealers: Stealers<D::Stealer>,
}

impl<J, I> StealingQueue<J, I> {
    /// Returns an empty queue whose jobs from outside wait in this injector, and whose deques are locked
    /// ones.
    #[must_use]
    pub fn with_injector(injector: I) -> Self {
        Self::from_parts(injector, ())
    }
}

impl<J, I, D: OwnDeque<J, I>> StealingQueue<J, I, D> {
    /// Returns an empty queue.
    #[must_use]
    pub fn new() -> Self
    where
        I: Default,
    {
        Self::with_order(D::Order::default())
    }

    /// Returns an empty queue whose workers take their own jobs in this order, for deques that offer a
    /// choice.
    #[must_use]
    pub fn with_order(order: D::Order) -> Self
    where
        I: Default,
    {
        Self::from_parts(I::default(), order)
    }

    fn from_parts(injector: I, order: D::Order) -> Self {
        Self { shared: Arc::new(Shared { injector, order, stealers: Stealers::new() }) }
    }
}

impl<J, I: Default, D: OwnDeque<J, I>> Default for StealingQueue<J, I, D> {
    fn default() -> Self {
        Self::new()
    }
}

impl<J, I, D> WorkQueue<J> for StealingQueue<J, I, D>
where
    J: Send + 'static,
    I: Injector<J>,
    D: OwnDeque<J, I, Stealer: Send + Sync> + 'static,
{
    type Local = StealingLocal<J, I, D>;

    fn attach(&mut self, max_threads: usize) {
        // No worker has its end yet, so nothing else holds it.
        if let Some(shared) = Arc::get_mut(&mut self.shared) {
            shared.injector.attach(max_threads);
        }
    }

    fn stripes(&self) -> usize {
        self.shared.injector.stripes()
    }

    fn local(&self, worker: usize) -> StealingLocal<J, I, D> {
        let shared = Arc::clone(&self.shared);
        let own = shared.stealers.enter(worker, |former| {
            let own = D::new(shared.order, former);
            let stealer = own.stealer();
            (own, stealer)
        });
        let random = Random::new(worker);
        StealingLocal {
            shared,
            own,
            worker,
            kept: Kept::new(),
            pops: 0,
            looks: 0,
            refusals: 0,
            random,
        }
    }

    #[inline]
    fn push(&self, job: J) -> Result<(), PushError<J>> {
        self.shared.injector.push(job)
    }

    fn push_batch(&self, jobs: &mut impl Iterator<Item = J>) -> Result<(), PushError<J>> {
        self.shared.injector.push_batch(jobs)
    }

    fn len(&self) -> usize {
        let outside = self.shared.injector.len();
        outside + self.shared.stealers.read().iter().flatten().map(Stealer::len).sum::<usize>()
    }

    /// The injector first: a worker that takes jobs from it shows them before they have left, so none is
    /// missed in between.
    fn is_empty(&self) -> bool {
        self.shared.injector.is_empty()
            && self.shared.stealers.read().iter().flatten().all(Stealer::is_empty)
    }

    /// The injector first: jobs that workers take in from it meanwhile are found in their deques, and jobs
    /// that deques return to it have been shown by then. A job that is stolen meanwhile may be shown twice
    /// or not at all.
    fn retain(&self, mut keep: impl FnMut(&mut J) -> bool) {
        self.shared.injector.retain(&mut keep);
        // Not under the lock, which workers may need.
        let stealers: Vec<_> = self.shared.stealers.read().iter().flatten().cloned().collect();
        for stealer in stealers {
            D::retain(&stealer, &self.shared.injector, &mut keep);
        }
    }
}

impl<J, I: Injector<J>, D: OwnDeque<J, I>> StealingLocal<J, I, D> {
    /// Takes a job that might wait for ever while this worker feeds itself.
    #[cold]
    fn pop_fairly(&mut self) -> Option<J> {
        match self.pops / FAIRNESS % TURNS {
            0 => self.relieve_peer(),
            2 => self.own.pop_oldest(&self.shared.injector),
            _ => self.outside(D::pop_outside),
        }
    }

    /// Takes the oldest job of another worker, each time of the next one, whether that one is idle or not:
    /// it may be busy for long, and all others may always find jobs closer by.
    fn relieve_peer(&mut self) -> Option<J> {
        let peers = self.shared.stealers.peers(D::STAYS, &mut self.kept);
        let others = peers.len() - 1;
        let next = self.worker + 1 + (self.looks as usize).checked_rem(others)?;
        let found = match &peers[next % peers.len()] {
            Some(peer) if self.refusals < PATIENCE => peer.try_steal(),
            Some(peer) => Ok(peer.steal()),
            None => Ok(None),
        };
        let Ok(job) = found else {
            // A worker that was interrupted at its own deque would hold up this one. The next pop comes
            // here again.
            self.refusals += 1;
            self.pops = self.pops.wrapping_sub(1);
            return None;
        };
        self.refusals = 0;
        self.looks = self.looks.wrapping_add(1);
        job
    }

    /// Takes a job from outside by `take`, if there is one.
    #[inline]
    fn outside(&mut self, take: impl FnOnce(&mut D, &I, usize) -> Option<J>) -> Option<J> {
        take(&mut self.own, &self.shared.injector, self.shared.stealers.count())
    }

    /// Steals from the other workers that have jobs, beginning with one picked at random, so that no worker
    /// is the first victim of all.
    fn steal_from_peers(&mut self) -> Option<J> {
        if self.shared.stealers.count() < 2 {
            return None;
        }
        let random = self.random.next();
        let peers = self.shared.stealers.peers(D::STAYS, &mut self.kept);
        let start = random % peers.len();
        loop {
            let mut busy = false;
            for victim in (start..peers.len()).chain(0..start) {
                // A look costs half of an attempt.
                let Some(peer) = &peers[victim] else { continue };
                if victim == self.worker || peer.is_empty() {
                    continue;
                }
                match self.own.steal_from(peer) {
                    Ok(Some(job)) => return Some(job),
                    Ok(None) => {}
                    Err(Busy) => busy = true,
                }
            }
            if !busy {
                return None;
            }
            hint::spin_loop();
        }
    }
}

impl<J, I: Injector<J>, D: OwnDeque<J, I>> LocalQueue<J> for StealingLocal<J, I, D> {
    #[inline]
    fn push(&mut self, job: J) {
        self.own.push(job);
    }

    #[inline]
    fn pop(&mut self) -> Option<J> {
        self.pops = self.pops.wrapping_add(1);
        if self.pops.is_multiple_of(FAIRNESS)
            && let Some(job) = self.pop_fairly()
        {
            return Some(job);
        }
        self.own.pop()
    }

    fn steal(&mut self) -> Option<J> {
        let found = self.outside(D::take_in).or_else(|| self.steal_from_peers());
        if found.is_none()
            && let Some(own) = self.own.renewed()
            && self.shared.stealers.replace(self.worker, own.stealer())
        {
            self.own = own;
        }
        found
    }
}

impl<J, I, D: OwnDeque<J, I>> Drop for StealingLocal<J, I, D> {
    fn drop(&mut self) {
        if self.own.leave(&self.shared.injector) {
            self.shared.stealers.remove(self.worker);
        }
    }
}

impl<J, I: fmt::Debug, D: OwnDeque<J, I>> fmt::Debug for StealingQueue<J, I, D> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("StealingQueue")
            .field("injector", &self.shared.injector)
            .field("order", &self.shared.order)
            .field("workers", &self.shared.stealers.count())
            .finish_non_exhaustive()
    }
}

impl<J, I, D: OwnDeque<J, I>> fmt::Debug for StealingLocal<J, I, D> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("StealingLocal").field("worker", &self.worker).finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests;
