//! The traits of a worker's own deque, and of its stealers.

use std::fmt;

use crate::injector::Injector;

/// The deque of one worker of a [`StealingQueue`](crate::StealingQueue) over an injector `I`, for its
/// owner.
///
/// # Examples
///
/// [`LockedDeque`](crate::LockedDeque) is one, and the `ChaseLev` deque of `pool-crossbeam`.
pub trait OwnDeque<J, I>: Sized {
    /// The order in which its owner takes the jobs, if that can be chosen, or else `()`.
    type Order: Copy + Default + fmt::Debug + Send + Sync + 'static;

    /// The other workers' access to it.
    type Stealer: Stealer<J>;

    /// Whether a worker's stealer stays the same for as long as the queue is there, so that the others may keep
    /// it: such a deque is neither [renewed](Self::renewed) nor [given up](Self::leave).
    const STAYS: bool = false;

    /// Makes the deque of a worker. `former` belongs to the one that the worker had before, if its jobs were
    /// [left](Self::leave) there.
    fn new(order: Self::Order, former: Option<&Self::Stealer>) -> Self;

    /// Makes a stealer of this deque.
    fn stealer(&self) -> Self::Stealer;

    /// Adds a job.
    fn push(&mut self, job: J);

    /// Takes the job that is next in the order.
    fn pop(&mut self) -> Option<J>;

    /// Takes the job that [`pop`](Self::pop) would keep for the end. The default takes none: it is for
    /// deques that are first in, first out.
    fn pop_oldest(&mut self, injector: &I) -> Option<J> {
        let _ = injector;
        None
    }

    /// Takes the job that is next if jobs from outside are not to be starved. It may move some of them
    /// here, but none may be out of sight on its way.
    fn pop_outside(&mut self, injector: &I, workers: usize) -> Option<J>
    where
        I: Injector<J>;

    /// Moves a share of the jobs from outside here, and takes the next one. Jobs may be out of sight on their
    /// way.
    fn take_in(&mut self, injector: &I, workers: usize) -> Option<J>
    where
        I: Injector<J>,
    {
        self.pop_outside(injector, workers)
    }

    /// Moves up to half of another worker's jobs here, but not very many, and takes the oldest.
    ///
    /// # Errors
    ///
    /// [`Busy`] if another thread was quicker and jobs may be left. The caller tries again.
    fn steal_from(&mut self, victim: &Self::Stealer) -> Result<Option<J>, Busy>;

    /// Removes the jobs of any worker's deque for which `keep` returns `false`, as for
    /// [`WorkQueue::retain`](pool_core::WorkQueue::retain). The others stay there or go to the injector.
    fn retain(deque: &Self::Stealer, injector: &I, keep: &mut impl FnMut(&mut J) -> bool);

    /// Returns another deque in place of this one, if this is empty but keeps the memory of many jobs.
    fn renewed(&self) -> Option<Self> {
        None
    }

    /// Leaves the deque, when its worker leaves. Returns whether the deque is given up: then all its jobs
    /// went to the injector. The default leaves them where they are, for the other workers or for this one
    /// when it comes back.
    fn leave(&mut self, injector: &I) -> bool {
        let _ = injector;
        false
    }
}

/// The other workers' access to an [`OwnDeque`].
///
/// # Examples
///
/// See [`LockedDeque`](crate::LockedDeque).
pub trait Stealer<J>: Clone {
    /// The number of jobs, approximately. If it is 0, the caller sees what the thread that took the last
    /// job had written before.
    fn len(&self) -> usize;

    /// Whether there is no job.
    fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// Takes the oldest job.
    fn steal(&self) -> Option<J>;

    /// Takes the oldest job, but does not wait for another thread.
    ///
    /// # Errors
    ///
    /// [`Busy`] if it would have to wait.
    fn try_steal(&self) -> Result<Option<J>, Busy> {
        Ok(self.steal())
    }
}

/// The error of a call that another thread's work in the deque keeps from an answer.
///
/// # Examples
///
/// See [`OwnDeque::steal_from`] and [`Stealer::try_steal`], whose error it is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Busy;

impl fmt::Display for Busy {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("another thread is at work in the deque")
    }
}

impl std::error::Error for Busy {}
