//! The part of a pool that does not depend on the type of its jobs.

use std::sync::Arc;
use std::time::{Duration, Instant};

use crate::clock::Clock;
use crate::current;
use crate::errand::Claim;
use crate::job::JobId;
use crate::ledger::{Counters, Ended, Ledger};
use crate::limit::Limit;
use crate::park::Parker;
use crate::sleep::Sleep;
use crate::sync::{Mutex, lock};

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

    /// Puts a claim that is no job into the queue, where a free worker finds it; `false` if the
    /// queue would not have it.
    fn offer(self: Arc<Self>, claim: Claim) -> bool;
}

/// Who ends a job that has a handle, by running it or by cancelling it: keeps the books.
#[derive(Clone, Copy)]
pub(crate) struct Runner<'a> {
    hub: &'a Hub,
    /// The present thread's own, if it is a worker of the pool; else it is a visitor.
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
        match current::worker_index(hub.address()) {
            Some(index) => Self::worker(hub, index),
            None => Self::visitor(hub),
        }
    }

    /// Whether no more work is to be started.
    pub(crate) fn is_paused(self) -> bool {
        self.hub.sleep.is_paused()
    }

    /// A job is no longer queued: it is in this runner's hands.
    pub(crate) fn takes(self, id: JobId) {
        match self.counters {
            Some(counters) => counters.popped.bump(),
            None => self.hub.ledger.take_outside(),
        }
        if self.placed {
            self.hub.make_room(id);
        }
    }

    /// Runs code of that job. It counts as inside of the pool, wherever it runs.
    pub(crate) fn runs<T>(self, code: impl FnOnce() -> T) -> T {
        let _visit = self.counters.is_none().then(|| current::visit(self.hub.address()));
        code()
    }

    /// The job has ended; nobody knows yet. Whoever sees the outcome shall find it in the books.
    pub(crate) fn ends(self, how: Ended) {
        match (self.counters, how) {
            (Some(counters), Ended::Panicked) => counters.panicked.bump(),
            (Some(counters), _) => counters.done.bump(),
            (None, _) => {}
        }
    }

    /// Everybody may know. A worker is at rest when it sleeps; a visitor only had this one job.
    pub(crate) fn has_ended(self, how: Ended) {
        if self.counters.is_none() {
            self.hub.ledger.settle_outside(how);
            self.hub.sleep.check_rest(&self.hub.ledger);
        }
    }
}

/// Threads that wait for something else than work, and the clock by which they do.
pub(crate) struct Waiters {
    pub(crate) clock: Box<dyn Clock>,
    parked: Mutex<Vec<Arc<Parker>>>,
}

impl Waiters {
    pub(crate) fn new(clock: Box<dyn Clock>) -> Self {
        Self { clock, parked: Mutex::default() }
    }

    /// The moment after this time; `None` if it can not be expressed, so that it never comes.
    pub(crate) fn deadline(&self, timeout: Duration) -> Option<Instant> {
        self.clock.now().checked_add(timeout)
    }

    /// Parks the present thread, whose parker this is, until something is over of which the parker
    /// is told, or until a deadline. Whether it was over in time.
    pub(crate) fn wait(
        &self,
        parker: &Arc<Parker>,
        deadline: Option<Instant>,
        mut is_over: impl FnMut() -> bool,
    ) -> bool {
        // In the list before it looks: what `wake_all` is about it sees now, or is woken.
        lock(&self.parked).push(Arc::clone(parker));
        let in_time = loop {
            if is_over() {
                break true;
            }
            if deadline.is_some_and(|deadline| self.clock.now() >= deadline) {
                break false;
            }
            parker.park(deadline, &*self.clock);
        };
        let mut parked = lock(&self.parked);
        if let Some(at) = parked.iter().rposition(|other| Arc::ptr_eq(other, parker)) {
            parked.swap_remove(at);
        }
        in_time
    }

    /// Something has changed that concerns everyone: the clock has jumped, or the pool was given up.
    pub(crate) fn wake_all(&self) {
        lock(&self.parked).iter().for_each(|parker| parker.unpark());
    }
}
