//! The list of stealers, by which the workers reach each other's deques.

use std::ops::Deref;
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

/// The stealers that one worker keeps, if they [stay](crate::OwnDeque::STAYS).
pub(crate) struct Kept<S> {
    list: Vec<Option<S>>,
    count: usize,
}

/// All stealers, as one worker has them.
pub(crate) enum Peers<'a, S> {
    Kept(&'a [Option<S>]),
    Read(RwLockReadGuard<'a, Vec<Option<S>>>),
}

impl<S> Deref for Peers<'_, S> {
    type Target = [Option<S>];

    #[inline]
    fn deref(&self) -> &[Option<S>] {
        match self {
            Self::Kept(list) => list,
            Self::Read(list) => list,
        }
    }
}

impl<S> Kept<S> {
    pub(crate) const fn new() -> Self {
        Self { list: Vec::new(), count: 0 }
    }
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

    /// All of them, for a worker that keeps them if they `stay`. Else it looks here each time, and keeps no
    /// clones: while it sleeps it would keep the memory of a deque that its owner has
    /// [replaced](Self::replace).
    #[inline]
    pub(crate) fn peers<'a>(&'a self, stay: bool, kept: &'a mut Kept<S>) -> Peers<'a, S>
    where
        S: Clone,
    {
        if !stay {
            return Peers::Read(self.read());
        }
        // None of them leaves, so as many are the same.
        if self.count() != kept.count {
            kept.list.clone_from(&self.read());
            kept.count = kept.list.iter().flatten().count();
        }
        Peers::Kept(&kept.list)
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
