//! The queue under the contract, with jobs that it boxes.

use pool_core::{LocalQueue, PushError, WorkQueue};
use pool_crossbeam::{CrossbeamLocal, CrossbeamQueue};

/// A job, and much beside it.
struct Large<J>(J, [u8; 1_024]);

impl<J> Large<J> {
    fn new(job: J) -> Self {
        Self(job, [7; 1_024])
    }

    fn into_inner(self) -> J {
        assert_eq!(self.1, [7; 1_024]);
        self.0
    }
}

/// A queue of large jobs, for any jobs.
struct LargeQueue<J>(CrossbeamQueue<Large<J>>);
struct LargeLocal<J>(CrossbeamLocal<Large<J>>);

impl<J> LargeQueue<J> {
    fn new() -> Self {
        Self(CrossbeamQueue::new())
    }
}

impl<J: Send + 'static> WorkQueue<J> for LargeQueue<J> {
    type Local = LargeLocal<J>;

    fn local(&self, worker: usize) -> LargeLocal<J> {
        LargeLocal(self.0.local(worker))
    }

    fn push(&self, job: J) -> Result<(), PushError<J>> {
        self.0.push(Large::new(job)).map_err(|refused| PushError(refused.0.into_inner()))
    }

    fn push_batch(&self, jobs: &mut impl Iterator<Item = J>) -> Result<(), PushError<J>> {
        let pushed = self.0.push_batch(&mut jobs.map(Large::new));
        pushed.map_err(|refused| PushError(refused.0.into_inner()))
    }

    fn len(&self) -> usize {
        self.0.len()
    }

    fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    fn retain(&self, mut keep: impl FnMut(&mut J) -> bool) {
        self.0.retain(|job| keep(&mut job.0));
    }
}

impl<J: Send + 'static> LocalQueue<J> for LargeLocal<J> {
    fn push(&mut self, job: J) {
        self.0.push(Large::new(job));
    }

    fn pop(&mut self) -> Option<J> {
        self.0.pop().map(Large::into_inner)
    }

    fn steal(&mut self) -> Option<J> {
        self.0.steal().map(Large::into_inner)
    }
}

pool_conformance::conformance_tests! {
    large: LargeQueue::new();
    order: none;
}

// Of the checks for queues with stealing, the one that needs no room for a million of them.
#[test]
fn workers_may_steal_from_each_other() {
    pool_conformance::workers_may_steal_from_each_other(LargeQueue::new);
}
