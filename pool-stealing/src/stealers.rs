//! The list of stealers, by which the workers reach each other's deques.

use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{PoisonError, RwLock, RwLockReadGuard, RwLockWriteGuard};

/// A stealer of each worker's deque, by the worker's index; `None` where there is no deque.
///
/// Workers look here each time they steal, and keep no clones: a parked worker would keep the memory of a
/// deque that its owner has [replaced](Self::replace).
pub(crate) struct Stealers<S> {
    list: RwLock<Vec<Option<S>>>,
    /// The number of them, for a look without the lock.
    count: AtomicUsize,
}

impl<S> Stealers<S> {
    pub(crate) const fn new() -> Self {
        Self { list: RwLock::new(Vec::new()), count: AtomicUsize::new(0) }
    }

    pub(crate) fn read(&self) -> RwLockReadGuard<'_, Vec<Option<S>>> {
        self.list.read().unwrap_or_else(PoisonError::into_inner)
    }

    fn write(&self) -> RwLockWriteGuard<'_, Vec<Option<S>>> {
        self.list.write().unwrap_or_else(PoisonError::into_inner)
    }

    pub(crate) fn count(&self) -> usize {
        self.count.load(Ordering::Acquire)
    }

    /// Puts in a stealer of this worker. `make` gets the former one.
    pub(crate) fn enter<D>(&self, worker: usize, make: impl FnOnce(Option<&S>) -> (D, S)) -> D {
        let mut list = self.write();
        if list.len() <= worker {
            list.resize_with(worker + 1, || None);
        }
        let (deque, stealer) = make(list[worker].as_ref());
        list[worker] = Some(stealer);
        self.recount(&list);
        deque
    }

    pub(crate) fn remove(&self, worker: usize) {
        let mut list = self.write();
        list[worker] = None;
        self.recount(&list);
    }

    /// Counts again. Release: a thread that sees the new number and then takes the lock finds the change.
    fn recount(&self, list: &[Option<S>]) {
        self.count.store(list.iter().flatten().count(), Ordering::Release);
    }

    /// Replaces a stealer, unless another thread uses the list at the moment. Returns whether it did.
    pub(crate) fn replace(&self, worker: usize, stealer: S) -> bool {
        // An interrupted thief would hold up this worker, and this one all that come later.
        let Ok(mut list) = self.list.try_write() else { return false };
        list[worker] = Some(stealer);
        true
    }
}
