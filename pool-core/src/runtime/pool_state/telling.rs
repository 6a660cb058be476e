//! What a pool tells of its jobs: to its observers, and to those who ask what runs.

use std::sync::Arc;

use super::PoolState;
use crate::id::JobId;
use crate::observer::{ObservedJob, Observer};
use crate::panics::{drop_quietly, guarded};
use crate::parts::context::{self, RunningSlotGuard, Standing};
use crate::parts::running::{Running, RunningSlot, RunsAbove};
use crate::priority::Priority;

impl PoolState {
    /// Whether there are observers.
    #[inline]
    pub(crate) fn is_observed(&self) -> bool {
        !self.observers.is_empty()
    }

    /// Tells the observers, if there are any. Never under a lock: they are foreign code.
    #[inline]
    pub(crate) fn observe(&self, event: impl Fn(&dyn Observer)) {
        if self.is_observed() {
            self.tell_observers(&event);
        }
    }

    /// A wait for the pool in an observer would wait for what this thread has in its hands.
    #[cold]
    #[inline(never)]
    fn tell_observers(&self, event: &dyn Fn(&dyn Observer)) {
        let _inside = context::enter(self.id(), Standing::Inside);
        self.observers.tell(event);
    }

    /// Whether anything asks for what jobs are called.
    pub(crate) fn knows_labels(&self) -> bool {
        self.running.is_tracked() || self.is_observed()
    }

    /// Tells that jobs that follow each other were accepted, and are not in the queue yet.
    pub(crate) fn observe_submits(
        &self,
        first: JobId,
        jobs: u64,
        priority: Priority,
        label: Option<&'static str>,
    ) {
        if self.is_observed() {
            // One by one: an observer that panics at one of them is told of the others.
            for id in (0..jobs).map(|nth| first.plus(nth)) {
                self.observe(|observer| observer.submitted(ObservedJob { id, label }, priority));
            }
        }
    }

    /// Tells that what was told of jobs that follow each other is undone.
    pub(crate) fn observe_withdrawals(&self, first: JobId, jobs: u64) {
        if self.is_observed() {
            for id in (0..jobs).map(|nth| first.plus(nth)) {
                self.observe(|observer| observer.withdrawn(id));
            }
        }
    }

    /// Returns what is noted of a job that starts now.
    pub(crate) fn running_job(&self, id: JobId, label: Option<&'static str>) -> Running {
        let since = guarded(|| self.clock().now()).map_err(drop_quietly).ok();
        Running { id, since, label: label.map(Arc::from) }
    }

    /// Lists a job that the present thread runs for a waiter or a submitter, until the guard is dropped; if the
    /// thread is a worker of this pool, which tracks its jobs. A worker of another pool, which tracks its own, does
    /// not take it for one of them.
    pub(crate) fn list_above(&self, id: JobId, label: Option<&'static str>) -> Listed<'_> {
        let slot = self.own_slot();
        if slot.is_none() && !context::has_running_slot() {
            return Listed { _above: None, _slot: None };
        }
        let above = slot.map(|slot| slot.begin_above(self.running_job(id, label)));
        Listed { _above: above, _slot: Some(context::enter_running_slot(slot.cloned())) }
    }

    /// Where the present thread, as a worker of this pool, notes what it runs.
    fn own_slot(&self) -> Option<&Arc<RunningSlot>> {
        if !self.running.is_tracked() {
            return None;
        }
        self.running.slot(context::worker_index(self.id())?)
    }

    /// The jobs that the workers run, with the index of the worker.
    pub(crate) fn running_jobs(&self) -> Vec<(usize, Running)> {
        let jobs = self.running.iter().flat_map(|(worker, slot)| {
            let jobs = slot.all(|| self.ledger.worker(worker).is_at_work());
            jobs.into_iter().map(move |job| (worker, job))
        });
        jobs.collect()
    }
}

/// A job that is listed, or kept apart from those that are, until this is dropped.
pub(crate) struct Listed<'a> {
    _above: Option<RunsAbove<'a>>,
    _slot: Option<RunningSlotGuard>,
}
