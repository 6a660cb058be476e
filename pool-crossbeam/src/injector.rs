//! The injector: the jobs that are in no worker's deque.

use std::fmt;

use pool_core::PushError;
use pool_stealing::{DequeGuard, Injector, LockedInjector, Striped};

/// An injector for the jobs from outside, and for those that were [returned](crate::ChaseLev) from workers'
/// deques, which go first.
///
/// # Examples
///
/// See [`CrossbeamQueue`](crate::CrossbeamQueue).
pub struct ReturningInjector<J> {
    /// Jobs from outside.
    outside: Striped<LockedInjector<J>>,
    /// Jobs that were in workers' deques, in the order in which their owners would have popped them. Jobs
    /// that come back later go in front, as they did in the deques. Kept apart from the jobs from outside,
    /// where workers that feed themselves look now and then: returned jobs must not hide those.
    returned: LockedInjector<J>,
}

impl<J> ReturningInjector<J> {
    /// Returns an empty injector.
    #[must_use]
    pub fn new() -> Self {
        Self { outside: Striped::default(), returned: LockedInjector::new() }
    }

    /// Takes the oldest job from outside, of the stripe whose turn it is.
    pub(crate) fn pop_outside(&self) -> Option<J> {
        self.outside.take_in_turn(LockedInjector::pop)
    }

    /// Takes the last of the returned jobs: more may come in front of it repeatedly, but never behind it.
    pub(crate) fn pop_last_returned(&self) -> Option<J> {
        self.returned.pop_back()
    }

    /// Takes jobs back from a deque, to go in front of all others.
    pub(crate) fn give_back(&self, jobs: Vec<J>) {
        self.returned.push_front(jobs);
    }
}

impl<J: Send + 'static> Injector<J> for ReturningInjector<J> {
    fn attach(&mut self, max_threads: usize) {
        self.outside.attach(max_threads);
    }

    fn stripes(&self) -> usize {
        self.outside.stripes()
    }

    #[inline]
    fn push(&self, job: J) -> Result<(), PushError<J>> {
        self.outside.push(job)
    }

    fn push_batch(&self, jobs: &mut impl Iterator<Item = J>) -> Result<(), PushError<J>> {
        self.outside.push_batch(jobs)
    }

    fn len(&self) -> usize {
        self.outside.len() + self.returned.len()
    }

    fn is_empty(&self) -> bool {
        self.outside.is_empty() && self.returned.is_empty()
    }

    fn take(&self, workers: usize, deque: DequeGuard<'_, J>) {
        let jobs = deque.open();
        let before = jobs.len();
        self.returned.take(workers, (&mut *jobs).into());
        if jobs.len() == before {
            self.outside.take(workers, jobs.into());
        }
    }

    fn retain(&self, mut keep: impl FnMut(&mut J) -> bool) {
        self.outside.retain(&mut keep);
        self.returned.retain(keep);
    }
}

impl<J> Default for ReturningInjector<J> {
    fn default() -> Self {
        Self::new()
    }
}

impl<J> fmt::Debug for ReturningInjector<J> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("ReturningInjector")
            .field("outside", &self.outside)
            .field("returned", &self.returned)
            .finish()
    }
}
