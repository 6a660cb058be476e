//! Who runs a job with a handle, and in whose name.

use std::time::Instant;

use crate::accept::expiring::ExpiryKey;
use crate::accept::ledger::{Counters, Ended};
use crate::accept::stale;
use crate::error::JobError;
use crate::hub::Hub;
use crate::job::JobId;
use crate::panics::{Panic, drop_quietly, guarded};
use crate::worker::current::{self, Standing};

/// Who ends a job that has a handle, by running it or by cancelling it: keeps the books.
#[derive(Clone, Copy)]
pub(crate) struct Runner<'a> {
    hub: &'a Hub,
    /// The present thread's own, if it is a worker of the pool, at work; else it is a visitor.
    counters: Option<&'a Counters>,
    /// Whether the job has a place in the queue, to be given back.
    placed: bool,
}

impl<'a> Runner<'a> {
    /// The present thread is this worker of the pool.
    pub(crate) fn worker(hub: &'a Hub, index: usize) -> Self {
        Self { hub, counters: Some(hub.ledger.worker(index)), placed: true }
    }

    /// The present thread is not, or acts as if it were not.
    pub(crate) fn visitor(hub: &'a Hub) -> Self {
        Self { hub, counters: None, placed: true }
    }

    /// The present thread is not, and runs a job for which there was no room in the queue.
    pub(crate) fn submitter(hub: &'a Hub) -> Self {
        Self { hub, counters: None, placed: false }
    }

    /// The present thread, as what it is.
    pub(crate) fn here(hub: &'a Hub) -> Self {
        match current::worker_index(hub.id()) {
            Some(index) => Self::worker(hub, index),
            None => Self::visitor(hub),
        }
    }

    /// Whether this moment has come, by the pool's clock. A clock that panics does not know.
    pub(crate) fn is_past(self, deadline: Option<Instant>) -> bool {
        deadline.is_some_and(|deadline| {
            let now = guarded(|| self.hub.clock().now()).map_err(drop_quietly);
            now.is_ok_and(|now| now >= deadline)
        })
    }

    /// The pool's.
    pub(crate) fn hub(self) -> &'a Hub {
        self.hub
    }

    /// Whether no more work is to be started.
    pub(crate) fn is_paused(self) -> bool {
        self.hub.sleep.is_paused()
    }

    /// A job is no longer queued: it is in this runner's hands. It may be among those that expire.
    pub(crate) fn takes(self, id: JobId, expiry: Option<ExpiryKey>) {
        if let Some(expiry) = expiry {
            self.hub.expiring.remove(expiry);
        }
        match self.counters {
            Some(counters) => counters.popped.bump(),
            None => self.hub.ledger.take_outside(),
        }
        if self.placed {
            self.hub.make_room(id);
        }
    }

    /// Runs code of that job, or code that is told of its end. It counts as inside of the pool,
    /// wherever it runs: to wait there for the pool's rest would be to wait for itself.
    pub(crate) fn runs<T>(self, code: impl FnOnce() -> T) -> T {
        let enter = || current::enter(self.hub.id(), Standing::AtWork);
        let _entered = self.counters.is_none().then(enter);
        code()
    }

    /// Runs the job itself: how it ended, and with what outcome.
    pub(crate) fn attempts<T>(self, job: impl FnOnce() -> T) -> (Ended, Result<T, JobError>) {
        match self.runs(|| guarded(job)) {
            Ok(result) => (Ended::Done, Ok(result)),
            Err(payload) => (Ended::Panicked, Err(JobError::Panicked(Panic::new(payload)))),
        }
    }

    /// The job has ended; nobody knows yet. Whoever sees the outcome shall find it in the books.
    pub(crate) fn ends(self, how: Ended) {
        let Some(counters) = self.counters else { return };
        match how {
            Ended::Done => counters.done.bump(),
            Ended::Panicked => counters.panicked.bump(),
            Ended::Expired => counters.expired.bump(),
            // Nobody cancels in a worker's name, see `visitor`.
            Ended::Cancelled => {}
        }
    }

    /// Everybody may know. A worker is at rest when it sleeps; a visitor only had this one job.
    pub(crate) fn has_ended(self, how: Ended) {
        if self.counters.is_none() {
            self.hub.ledger.settle_outside(how);
            self.hub.check_rest();
        }
    }

    /// The queue holds an entry for which nothing is left to do, and behind it so many bytes.
    pub(crate) fn leaves_stale(self, bytes: usize) {
        let weight = stale::weight(bytes);
        match self.counters {
            Some(counters) => {
                let before = counters.stale.get();
                counters.stale.add(weight);
                if stale::is_time(before, before.wrapping_add(weight)) {
                    self.hub.purge_if_worth();
                }
            }
            None => self.hub.note_stale(weight),
        }
    }
}
