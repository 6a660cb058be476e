//! The part of a pool that does not depend on the type of its jobs.

use std::sync::Arc;

use crate::accept::ledger::Ledger;
use crate::accept::limit::Limit;
use crate::job::JobId;
use crate::sleep::Sleep;
use crate::sleep::waiters::Waiters;
use crate::spawned::errand::Claim;

/// A pool's books, its sleepers, its waiters and its bound.
pub(crate) struct Hub {
    pub(crate) ledger: Ledger,
    pub(crate) sleep: Sleep,
    pub(crate) waiters: Waiters,
    /// The bound on the jobs from outside that wait, if there is one.
    pub(crate) limit: Option<Limit>,
}

impl Hub {
    /// Nothing is accepted from outside any more.
    pub(crate) fn close(&self) {
        self.ledger.gate.0.close();
        if let Some(limit) = &self.limit {
            limit.close();
        }
        self.sleep.check_rest(&self.ledger);
    }

    /// The queue panicked in the hands of this worker: gives the pool up.
    pub(crate) fn give_up(&self, worker: usize) {
        self.sleep.give_up(worker, &self.ledger);
        if let Some(limit) = &self.limit {
            limit.close();
        }
        self.waiters.wake_all();
    }

    /// Tells this pool from others, for as long as it lives.
    #[inline]
    pub(crate) fn address(&self) -> usize {
        std::ptr::from_ref(self).addr()
    }

    /// A job has left the queue. Those that jobs submit took no place in it.
    #[inline]
    pub(crate) fn make_room(&self, id: JobId) {
        if let Some(limit) = &self.limit
            && !id.is_nested()
        {
            limit.release();
        }
    }
}

/// A pool behind a handle that does not know the type of its jobs.
pub(crate) trait Access: Send + Sync {
    fn hub(&self) -> &Hub;

    /// Puts a claim that is no job into the queue, where a free worker finds it. If the queue would
    /// not have it, the claim is abandoned.
    fn offer(self: Arc<Self>, claim: Claim);
}
