//! What holds the jobs from outside.

use std::collections::VecDeque;
use std::fmt;

use pool_core::PushError;

use crate::deque::Jobs;

/// The store of the jobs from outside of a [`StealingQueue`](super::StealingQueue), until workers
/// take them in.
///
/// Calls from different threads run at the same time, and none may panic. A job that went in is
/// moved by exactly one [`take`](Self::take) (C2, C3). The order is the injector's own affair.
///
/// # Examples
///
/// See [the module](super) for a complete one.
pub trait Injector<J>: Send + Sync + 'static {
    /// Adds a job.
    ///
    /// # Errors
    ///
    /// An injector of limited size gives the job back when it is full (C1).
    fn push(&self, job: J) -> Result<(), PushError<J>>;

    /// Adds jobs, in this order. An injector that can take several at the price of one overrides
    /// this.
    ///
    /// # Errors
    ///
    /// An injector of limited size gives the first back for which it has no room, and leaves those
    /// after it in the iterator.
    fn push_batch(&self, jobs: &mut impl Iterator<Item = J>) -> Result<(), PushError<J>> {
        jobs.try_for_each(|job| self.push(job))
    }

    /// About how many jobs wait here.
    fn len(&self) -> usize;

    /// Whether no job waits here. Idle workers ask this again and again, so it should be cheap and
    /// keep nobody else waiting.
    ///
    /// `true` is a promise: every job whose push returned before was moved by some `take`, and the
    /// caller sees whatever that thread did before it called `take` (in terms of memory order:
    /// what is read here with `Acquire` was written by `take` with `Release`; a lock does as well).
    /// The default relies on [`len`](Self::len) being as exact.
    fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// Moves jobs to a worker's own deque, in the order in which they are to start; at least one, if
    /// there is one.
    ///
    /// `workers`, at least 1, is how many share them: what is there divided by this is a fair share.
    /// An injector that cannot count or divide what it has gives everything; the others will
    /// steal their part.
    ///
    /// The deque is locked, so this must not wait for anybody who may want it.
    fn take(&self, workers: usize, intake: Intake<'_, '_, J>);

    /// Removes the jobs that `keep` does not want to keep, as
    /// [`WorkQueue::retain`](pool_core::WorkQueue::retain) has it. Each job that waits here is shown
    /// to `keep` once, or goes to a worker's deque meanwhile. The others keep their order.
    ///
    /// The default removes nothing: then only the workers' own deques are rid of what is stale.
    fn retain(&self, keep: impl FnMut(&mut J) -> bool) {
        let _ = keep;
    }
}

/// The deque of a worker that takes in jobs from outside, locked. [`Injector::take`] fills it.
///
/// # Examples
///
/// See [the module](super).
pub struct Intake<'a, 'b, J>(pub(super) &'a mut Jobs<'b, J>);

impl<'a, J> Intake<'a, '_, J> {
    /// The deque, to add jobs at its back.
    ///
    /// To be called **before** the first job leaves the injector: from here on the deque shows to
    /// others as not empty, so that none of them overlooks a job that is in neither place. Those who
    /// want it wait for the lock, so call it as late as that allows: with the injector's own lock
    /// held, if it has one.
    #[must_use]
    pub fn open(self) -> &'a mut VecDeque<J> {
        self.0.expect_more()
    }
}

impl<J> fmt::Debug for Intake<'_, '_, J> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Intake").field("len", &self.0.deque.len()).finish()
    }
}
