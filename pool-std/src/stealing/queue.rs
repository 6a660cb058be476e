//! The shared half of the queue.

use std::fmt;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, PoisonError, RwLock};

use pool_core::{PushError, WorkQueue};

use super::{Injector, StealingLocal};
use crate::deque::LockedDeque;

/// A queue with a locked deque for each worker, from which the others steal, over an
/// [`Injector`] for the jobs from outside.
///
/// **Order**: that of the injector, as far as several workers allow it. With one worker, jobs from
/// outside start exactly in the order in which the injector gives them, and jobs that jobs submit
/// behind those that were taken in before.
///
/// # Examples
///
/// See [the module](super).
pub struct StealingQueue<J, I> {
    shared: Arc<Shared<J, I>>,
}

/// What the queue and its workers' ends share.
pub(super) struct Shared<J, I> {
    /// Jobs from outside.
    pub(super) injector: I,
    /// The workers' own deques, by index. Grows when a new index asks for its end.
    locals: RwLock<Vec<Arc<LockedDeque<J>>>>,
    /// How many those are, for a look without the lock.
    workers: AtomicUsize,
}

impl<J, I> StealingQueue<J, I> {
    /// A queue whose jobs from outside wait in this injector.
    #[must_use]
    pub fn new(injector: I) -> Self {
        let shared = Shared { injector, locals: RwLock::default(), workers: AtomicUsize::new(0) };
        Self { shared: Arc::new(shared) }
    }
}

impl<J, I: Default> Default for StealingQueue<J, I> {
    fn default() -> Self {
        Self::new(I::default())
    }
}

impl<J, I> Shared<J, I> {
    /// The deque of one worker.
    fn own(&self, worker: usize) -> Arc<LockedDeque<J>> {
        let mut locals = self.locals.write().unwrap_or_else(PoisonError::into_inner);
        while locals.len() <= worker {
            locals.push(Arc::new(LockedDeque::new()));
        }
        self.workers.store(locals.len(), Ordering::Release);
        Arc::clone(&locals[worker])
    }

    /// How many workers have a deque.
    pub(super) fn workers(&self) -> usize {
        self.workers.load(Ordering::Acquire)
    }

    /// All workers' deques.
    pub(super) fn locals(&self) -> Vec<Arc<LockedDeque<J>>> {
        self.locals.read().unwrap_or_else(PoisonError::into_inner).clone()
    }
}

impl<J: Send + 'static, I: Injector<J>> WorkQueue<J> for StealingQueue<J, I> {
    type Local = StealingLocal<J, I>;

    fn local(&self, worker: usize) -> StealingLocal<J, I> {
        StealingLocal::new(Arc::clone(&self.shared), self.shared.own(worker), worker)
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
        let locals = self.shared.locals.read().unwrap_or_else(PoisonError::into_inner);
        outside + locals.iter().map(|local| local.len()).sum::<usize>()
    }

    /// The injector first: a worker that takes jobs from it shows them before they are gone there,
    /// so none is overlooked in between.
    fn is_empty(&self) -> bool {
        self.shared.injector.is_empty() && {
            let locals = self.shared.locals.read().unwrap_or_else(PoisonError::into_inner);
            locals.iter().all(|local| local.len() == 0)
        }
    }

    /// In place, under one lock after the other, so that no job is out of sight at any time. The
    /// injector first: what workers take in from it meanwhile is found in their deques. One that is
    /// stolen meanwhile may be shown twice or not at all.
    fn retain(&self, mut keep: impl FnMut(&mut J) -> bool) {
        self.shared.injector.retain(&mut keep);
        for local in self.shared.locals() {
            local.retain(&mut keep);
        }
    }
}

impl<J, I: fmt::Debug> fmt::Debug for StealingQueue<J, I> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("StealingQueue")
            .field("injector", &self.shared.injector)
            .field("workers", &self.shared.workers())
            .finish_non_exhaustive()
    }
}
