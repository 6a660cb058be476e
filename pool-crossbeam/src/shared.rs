//! The shared half of the queue.

use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, PoisonError, RwLock, RwLockReadGuard};

use pool_std::stealing::{Injector, LockedInjector, Packs};

use crate::deque::Thief;
use crate::local::Local;
use crate::queue::LocalOrder;

/// So many jobs of a last-in, first-out deque are looked through at a time when stale ones are removed: those
/// that stay are out of sight meanwhile.
const PORTION: usize = 1_024;

/// A queue of entries, which are jobs or boxes with jobs.
pub(crate) struct Stealing<E> {
    shared: Arc<Shared<E>>,
    pub(crate) order: LocalOrder,
}

/// What the queue and its workers' ends share.
pub(crate) struct Shared<E> {
    /// Jobs from outside.
    pub(crate) injector: LockedInjector<E>,
    /// Jobs that were in workers' deques, in the order in which their owners would have popped them. They
    /// go before those from outside, and what comes back later goes before what is there already, as it
    /// did in the deques. Apart from the injector, where workers that feed themselves look now and then:
    /// what comes back must not hide the jobs from outside.
    pub(crate) returned: LockedInjector<E>,
    /// How to steal from each worker, by index; `None` while there is no such worker.
    ///
    /// Workers look here each time they steal, and keep no clones: one that sleeps would keep the
    /// memory of a deque that its owner has [replaced](Self::replace_thief).
    thieves: RwLock<Vec<Option<Thief<E>>>>,
    /// How many workers there are, for a look without the lock.
    workers: AtomicUsize,
}

impl<E> Stealing<E> {
    pub(crate) fn new(order: LocalOrder) -> Self {
        let shared = Shared {
            injector: LockedInjector::new(),
            returned: LockedInjector::new(),
            thieves: RwLock::default(),
            workers: AtomicUsize::new(0),
        };
        Self { shared: Arc::new(shared), order }
    }
}

impl<E: Send + 'static> Stealing<E> {
    pub(crate) fn local(&self, worker: usize) -> Local<E> {
        Local::new(Arc::clone(&self.shared), self.order, worker)
    }

    #[inline]
    pub(crate) fn push(&self, job: E) {
        self.shared.injector.push_back(job);
    }

    /// The jobs are gathered before the injector is locked.
    pub(crate) fn push_batch(&self, jobs: impl Iterator<Item = E>) {
        let mut packs = Packs::with_capacity(jobs.size_hint().0);
        jobs.for_each(|job| packs.push(job));
        self.shared.injector.push_packs(packs);
    }

    pub(crate) fn len(&self) -> usize {
        let thieves = self.shared.thieves();
        let shared = self.shared.injector.len() + self.shared.returned.len();
        shared + thieves.iter().flatten().map(Thief::len).sum::<usize>()
    }

    pub(crate) fn is_empty(&self) -> bool {
        let thieves = self.shared.thieves();
        self.shared.injector.is_empty()
            && self.shared.returned.is_empty()
            && thieves.iter().flatten().all(Thief::is_empty)
    }

    pub(crate) fn retain(&self, mut keep: impl FnMut(&mut E) -> bool) {
        self.shared.injector.retain(&mut keep);
        // Before the deques: what comes there from them was shown by then.
        self.shared.returned.retain(&mut keep);
        // Not under the lock, which workers may want.
        let victims: Vec<_> = self.shared.thieves().iter().flatten().cloned().collect();
        for victim in victims {
            self.shared.take_back(&victim, self.order, &mut keep);
        }
    }
}

impl<E> Shared<E> {
    /// Empties the deque of a worker. What `keep` wants to keep is returned, in the order in which the worker
    /// would have popped it.
    pub(crate) fn take_back(
        &self,
        victim: &Thief<E>,
        order: LocalOrder,
        keep: &mut impl FnMut(&mut E) -> bool,
    ) {
        // No more than this: it may grow at the same time.
        let mut left = victim.len();
        while left > 0 {
            // What is stolen next goes in front of this portion if the newest is to come first, but behind
            // it if the oldest is, where it can go no more once others take from there.
            let portion = match order {
                LocalOrder::Lifo => left.min(PORTION),
                LocalOrder::Fifo => left,
            };
            let stolen = (0..portion).map_while(|_| victim.steal());
            let mut kept: Vec<_> =
                stolen.filter_map(|mut job| keep(&mut job).then_some(job)).collect();
            if order == LocalOrder::Lifo {
                kept.reverse();
            }
            let mut packs = Packs::with_capacity(kept.len());
            kept.into_iter().for_each(|job| packs.push(job));
            self.returned.push_packs_front(packs);
            left -= portion;
        }
    }

    /// Makes the deque of one worker reachable for the others, or takes it away.
    pub(crate) fn set_thief(&self, worker: usize, thief: Option<Thief<E>>) {
        let mut thieves = self.thieves.write().unwrap_or_else(PoisonError::into_inner);
        if thieves.len() <= worker {
            thieves.resize_with(worker + 1, || None);
        }
        thieves[worker] = thief;
        // Release: who sees the new number and then takes the lock finds this change.
        self.workers.store(thieves.iter().flatten().count(), Ordering::Release);
    }

    /// Makes another deque of one worker reachable, if nobody looks at the moment.
    pub(crate) fn replace_thief(&self, worker: usize, thief: Thief<E>) -> bool {
        // A thief that was interrupted would keep us waiting, and we those that come after it.
        let Ok(mut thieves) = self.thieves.try_write() else { return false };
        thieves[worker] = Some(thief);
        true
    }

    /// How many workers there are.
    pub(crate) fn workers(&self) -> usize {
        self.workers.load(Ordering::Acquire)
    }

    /// How to steal from each worker.
    pub(crate) fn thieves(&self) -> RwLockReadGuard<'_, Vec<Option<Thief<E>>>> {
        self.thieves.read().unwrap_or_else(PoisonError::into_inner)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const MANY: usize = 3 * PORTION + 7;

    fn drain(queue: &Stealing<usize>) -> Vec<usize> {
        std::iter::from_fn(|| queue.shared.returned.pop()).collect()
    }

    /// In the order in which the owner of a deque pops these.
    fn popped(order: LocalOrder, mut jobs: Vec<usize>) -> Vec<usize> {
        if order == LocalOrder::Lifo {
            jobs.reverse();
        }
        jobs
    }

    #[test]
    fn what_is_kept_comes_as_its_owners_would_have_popped_it() {
        for order in [LocalOrder::Lifo, LocalOrder::Fifo] {
            let queue = Stealing::new(order);
            let (mut one, mut other) = (queue.local(0), queue.local(1));
            let jobs = |from: usize| from..from + MANY;
            jobs(0).for_each(|n| one.push(n));
            jobs(MANY).for_each(|n| other.push(n));
            queue.retain(|n| *n % 3 > 0);
            // What comes later goes first.
            jobs(2 * MANY).for_each(|n| one.push(n));
            queue.retain(|_| true);
            let kept = |from| popped(order, jobs(from).filter(|n| n % 3 > 0).collect());
            let latest = popped(order, jobs(2 * MANY).collect());
            let expected = [latest, kept(MANY), kept(0)].concat();
            assert_eq!(queue.len(), expected.len());
            assert_eq!(drain(&queue), expected, "{order:?}");
            assert!(queue.is_empty());
        }
    }

    #[test]
    fn what_a_worker_leaves_behind_keeps_its_order() {
        for order in [LocalOrder::Lifo, LocalOrder::Fifo] {
            let queue = Stealing::new(order);
            let mut end = queue.local(0);
            (0..MANY).for_each(|n| end.push(n));
            drop(end);
            assert_eq!(queue.len(), MANY);
            assert_eq!(drain(&queue), popped(order, (0..MANY).collect()), "{order:?}");
        }
    }
}
