//! The injector: the store of the jobs from outside.

use std::collections::VecDeque;
use std::fmt;
use std::sync::atomic::{AtomicUsize, Ordering};

use pool_core::PushError;

/// The store of the jobs from outside of a [`StealingQueue`](crate::StealingQueue), until workers take them
/// in.
///
/// Calls from different threads run at the same time, and none may panic. A job that went in is moved by
/// exactly one [`take`](Self::take) (C2, C3). The order is up to the injector.
///
/// # Examples
///
/// See [the crate](crate) for a complete one.
pub trait Injector<J>: Send + Sync + 'static {
    /// As [`WorkQueue::attach`](pool_core::WorkQueue::attach).
    fn attach(&mut self, max_threads: usize) {
        let _ = max_threads;
    }

    /// As [`WorkQueue::stripes`](pool_core::WorkQueue::stripes).
    fn stripes(&self) -> usize {
        1
    }

    /// Adds a job.
    ///
    /// # Errors
    ///
    /// An injector of limited size returns the job when it is full (C1).
    fn push(&self, job: J) -> Result<(), PushError<J>>;

    /// Adds jobs, in this order. An injector that can take several at the price of one overrides
    /// this.
    ///
    /// # Errors
    ///
    /// An injector of limited size returns the first job for which it has no room, and leaves those after
    /// it in the iterator.
    fn push_batch(&self, jobs: &mut impl Iterator<Item = J>) -> Result<(), PushError<J>> {
        jobs.try_for_each(|job| self.push(job))
    }

    /// The number of jobs that wait here, approximately.
    fn len(&self) -> usize;

    /// Whether no job waits here. Idle workers ask this repeatedly, so it should be cheap and hold up no
    /// other thread.
    ///
    /// `true` is a promise: every job whose push returned before was moved by some `take`, and the caller
    /// sees what that thread did before it called `take`. (In terms of memory order: what is read here with
    /// `Acquire` was written by `take` with `Release`; a lock does as well.) The default relies on
    /// [`len`](Self::len) being as exact.
    fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// Moves jobs to a worker's own deque, in the order in which they are to start; at least one, if there
    /// is one.
    ///
    /// `workers`, at least 1, is the number of workers that share the jobs: the number of jobs divided by
    /// this is a fair share. An injector that cannot count or divide its jobs gives all; the other workers
    /// steal their part.
    ///
    /// The deque is locked, so this must not wait for a thread that may need it.
    fn take(&self, workers: usize, deque: DequeGuard<'_, J>);

    /// Removes the jobs for which `keep` returns `false`, as for
    /// [`WorkQueue::retain`](pool_core::WorkQueue::retain). Each job that waits here is shown to `keep`
    /// once, or goes to a worker's deque meanwhile. The others keep their order.
    ///
    /// The default removes nothing: then only the workers' own deques are purged of stale jobs.
    fn retain(&self, keep: impl FnMut(&mut J) -> bool) {
        let _ = keep;
    }
}

/// The deque of a worker that takes in jobs from outside, for [`Injector::take`] to fill; if it is a locked
/// one, its guard.
///
/// # Examples
///
/// See [the crate](crate). A plain deque, for an [`OwnDeque`](crate::OwnDeque) that then moves the jobs on:
///
/// ```
/// use std::collections::VecDeque;
/// use pool_stealing::{Injector, LockedInjector};
///
/// let outside = LockedInjector::new();
/// outside.push_batch(&mut (1..=10))?;
/// let mut taken = VecDeque::new();
/// outside.take(2, (&mut taken).into());
/// assert_eq!(taken.front(), Some(&1));
/// # Ok::<(), pool_core::PushError<i32>>(())
/// ```
pub struct DequeGuard<'a, J> {
    jobs: &'a mut VecDeque<J>,
    /// The length that other workers see, if they see the deque.
    len: Option<&'a AtomicUsize>,
}

impl<'a, J> DequeGuard<'a, J> {
    /// Returns the guard of a deque whose `len` other workers see. The caller sets it again when the jobs
    /// have arrived.
    pub(crate) fn new(jobs: &'a mut VecDeque<J>, len: &'a AtomicUsize) -> Self {
        Self { jobs, len: Some(len) }
    }

    /// The number of jobs that are in the deque.
    pub(crate) fn len(&self) -> usize {
        self.jobs.len()
    }

    /// Returns a guard of the same deque, for one of several injectors.
    pub(crate) fn reborrow(&mut self) -> DequeGuard<'_, J> {
        DequeGuard { jobs: self.jobs, len: self.len }
    }

    /// Returns the deque, to add jobs at its back.
    ///
    /// To be called **before** the first job leaves the injector: from here on other workers see the deque
    /// as not empty, so that none of them misses a job that is in neither place. They wait for the deque's
    /// lock then, so call it as late as that allows: with the injector's own lock held, if it has one.
    #[must_use]
    pub fn open(self) -> &'a mut VecDeque<J> {
        if let Some(len) = self.len {
            // Release: the injector may show by an atomic of its own that the jobs have left.
            len.store(self.jobs.len() + 1, Ordering::Release);
        }
        self.jobs
    }
}

impl<'a, J> From<&'a mut VecDeque<J>> for DequeGuard<'a, J> {
    fn from(jobs: &'a mut VecDeque<J>) -> Self {
        Self { jobs, len: None }
    }
}

impl<J> fmt::Debug for DequeGuard<'_, J> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("DequeGuard").field("len", &self.jobs.len()).finish()
    }
}
