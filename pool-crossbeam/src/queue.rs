//! The shared half of the queue.

use std::fmt;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, PoisonError, RwLock};

use crossbeam_deque::{Stealer, Worker};
use pool_core::{PushError, WorkQueue};
use pool_std::stealing::{Injector, LockedInjector};

use crate::local::{CrossbeamLocal, insist};

/// In which order a worker takes the jobs that its own jobs submitted.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default)]
pub enum LocalOrder {
    /// The newest first. A tree of jobs is then walked depth first, in little memory and with warm
    /// caches. Other workers steal the oldest.
    #[default]
    Lifo,
    /// The oldest first.
    Fifo,
}

/// An unbounded work-stealing queue: a lock-free deque for each worker, and an
/// [injector](LockedInjector) for the jobs from outside, behind a lock that is held for some
/// nanoseconds.
///
/// A worker takes its own jobs, then some from the injector, then a batch from another worker,
/// beginning with one picked at random. Now and then it looks first at the injector, at its own oldest
/// job or at another worker's, so that a worker that keeps feeding itself, or is busy for long, starves
/// nobody.
///
/// **Order**: jobs from outside start first in, first out, as far as several workers
/// allow it; those that jobs submit in the [`LocalOrder`] of the queue, unless they are stolen.
///
/// The deques are those of Chase and Lev ("Dynamic Circular Work-Stealing Deque", SPAA 2005), in
/// the weak-memory form of Lê, Pop, Cohen and Zappa Nardelli (PPoPP 2013).
///
/// # Examples
///
/// ```
/// use pool_core::ThreadPoolBuilder;
/// use pool_crossbeam::{CrossbeamQueue, LocalOrder};
///
/// let queue = CrossbeamQueue::with_order(LocalOrder::Fifo);
/// let pool = ThreadPoolBuilder::with_queue(queue).build()?;
/// pool.execute(|| println!("hello"))?;
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
pub struct CrossbeamQueue<J> {
    shared: Arc<Shared<J>>,
    order: LocalOrder,
}

/// What the queue and its workers' ends share.
pub(crate) struct Shared<J> {
    /// Jobs from outside.
    pub(crate) injector: LockedInjector<J>,
    /// How to steal from each worker, by index; `None` while there is no such worker.
    stealers: RwLock<Vec<Option<Stealer<J>>>>,
    /// How often the stealers have changed.
    version: AtomicUsize,
}

impl<J> CrossbeamQueue<J> {
    /// An empty queue with [`LocalOrder::Lifo`].
    #[must_use]
    pub fn new() -> Self {
        Self::with_order(LocalOrder::default())
    }

    /// An empty queue.
    #[must_use]
    pub fn with_order(order: LocalOrder) -> Self {
        let shared = Shared {
            injector: LockedInjector::new(),
            stealers: RwLock::default(),
            version: AtomicUsize::new(0),
        };
        Self { shared: Arc::new(shared), order }
    }
}

impl<J> Default for CrossbeamQueue<J> {
    fn default() -> Self {
        Self::new()
    }
}

impl<J> Shared<J> {
    /// Makes the deque of one worker reachable for the others, or takes it away.
    pub(crate) fn set_stealer(&self, worker: usize, stealer: Option<Stealer<J>>) {
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
    pub(crate) fn others(&self, worker: usize) -> Vec<Stealer<J>> {
        let stealers = self.stealers.read().unwrap_or_else(PoisonError::into_inner);
        let others = stealers.iter().enumerate().filter(|(index, _)| *index != worker);
        others.filter_map(|(_, stealer)| stealer.clone()).collect()
    }
}

impl<J: Send + 'static> WorkQueue<J> for CrossbeamQueue<J> {
    type Local = CrossbeamLocal<J>;

    fn local(&self, worker: usize) -> CrossbeamLocal<J> {
        let deque = match self.order {
            LocalOrder::Lifo => Worker::new_lifo(),
            LocalOrder::Fifo => Worker::new_fifo(),
        };
        CrossbeamLocal::new(Arc::clone(&self.shared), deque, self.order, worker)
    }

    #[inline]
    fn push(&self, job: J) -> Result<(), PushError<J>> {
        self.shared.injector.push(job)
    }

    fn push_batch(&self, jobs: &mut impl Iterator<Item = J>) -> Result<(), PushError<J>> {
        self.shared.injector.push_batch(jobs)
    }

    fn len(&self) -> usize {
        let stealers = self.shared.stealers.read().unwrap_or_else(PoisonError::into_inner);
        let local: usize = stealers.iter().flatten().map(Stealer::len).sum();
        self.shared.injector.len() + local
    }

    fn is_empty(&self) -> bool {
        let stealers = self.shared.stealers.read().unwrap_or_else(PoisonError::into_inner);
        self.shared.injector.is_empty() && stealers.iter().flatten().all(Stealer::is_empty)
    }

    /// What stays of the jobs in the workers' own deques comes from outside from then on, as far as
    /// the order goes: only its owner could put it back into a deque. It is out of sight on its way.
    fn retain(&self, mut keep: impl FnMut(&mut J) -> bool) {
        // First the injector: what comes there from the deques was shown by then.
        self.shared.injector.retain(&mut keep);
        for victim in self.shared.others(usize::MAX) {
            // It may grow at the same time.
            let jobs = (0..victim.len()).map_while(|_| insist(|| victim.steal()));
            let mut kept = jobs.filter_map(|mut job| keep(&mut job).then_some(job));
            let taken = self.shared.injector.push_batch(&mut kept);
            debug_assert!(taken.is_ok(), "the injector is unbounded");
        }
    }
}

impl<J> fmt::Debug for CrossbeamQueue<J> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("CrossbeamQueue").field("order", &self.order).finish_non_exhaustive()
    }
}
