//! The shared half of the queue.

use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, PoisonError, RwLock};

use crossbeam_deque::{Stealer, Worker};
use pool_std::stealing::{Injector, LockedInjector, Packs};

use crate::local::{Local, insist};
use crate::queue::LocalOrder;

/// So many jobs of a worker's own are looked through at a time, when stale ones are removed: those that
/// stay are out of sight meanwhile.
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
    /// How to steal from each worker, by index; `None` while there is no such worker.
    stealers: RwLock<Vec<Option<Stealer<E>>>>,
    /// How often the stealers have changed.
    version: AtomicUsize,
}

impl<E> Stealing<E> {
    pub(crate) fn new(order: LocalOrder) -> Self {
        let shared = Shared {
            injector: LockedInjector::new(),
            stealers: RwLock::default(),
            version: AtomicUsize::new(0),
        };
        Self { shared: Arc::new(shared), order }
    }
}

impl<E: Send + 'static> Stealing<E> {
    pub(crate) fn local(&self, worker: usize) -> Local<E> {
        let deque = match self.order {
            LocalOrder::Lifo => Worker::new_lifo(),
            LocalOrder::Fifo => Worker::new_fifo(),
        };
        Local::new(Arc::clone(&self.shared), deque, self.order, worker)
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
        let stealers = self.shared.stealers.read().unwrap_or_else(PoisonError::into_inner);
        let local: usize = stealers.iter().flatten().map(Stealer::len).sum();
        self.shared.injector.len() + local
    }

    pub(crate) fn is_empty(&self) -> bool {
        let stealers = self.shared.stealers.read().unwrap_or_else(PoisonError::into_inner);
        self.shared.injector.is_empty() && stealers.iter().flatten().all(Stealer::is_empty)
    }

    pub(crate) fn retain(&self, mut keep: impl FnMut(&mut E) -> bool) {
        // First the injector: what comes there from the deques was shown by then.
        self.shared.injector.retain(&mut keep);
        for victim in self.shared.others(usize::MAX) {
            // No more than this: it may grow at the same time.
            let mut left = victim.len();
            while left > 0 {
                let portion = left.min(PORTION);
                let jobs = (0..portion).map_while(|_| insist(|| victim.steal()));
                self.push_batch(jobs.filter_map(|mut job| keep(&mut job).then_some(job)));
                left -= portion;
            }
        }
    }
}

impl<E> Shared<E> {
    /// Makes the deque of one worker reachable for the others, or takes it away.
    pub(crate) fn set_stealer(&self, worker: usize, stealer: Option<Stealer<E>>) {
        let mut stealers = self.stealers.write().unwrap_or_else(PoisonError::into_inner);
        if stealers.len() <= worker {
            stealers.resize_with(worker + 1, || None);
        }
        stealers[worker] = stealer;
        // Release: who sees the new version and then takes the lock finds this change.
        self.version.fetch_add(1, Ordering::Release);
    }

    /// How often the stealers have changed.
    pub(crate) fn version(&self) -> usize {
        self.version.load(Ordering::Acquire)
    }

    /// The stealers of all workers but one.
    pub(crate) fn others(&self, worker: usize) -> Vec<Stealer<E>> {
        let stealers = self.stealers.read().unwrap_or_else(PoisonError::into_inner);
        let others = stealers.iter().enumerate().filter(|(index, _)| *index != worker);
        others.filter_map(|(_, stealer)| stealer.clone()).collect()
    }
}
