//! The jobs that run: each worker notes its own, if the pool is to know them.

use std::sync::Arc;
use std::time::Instant;

use crate::id::JobId;
use crate::sync::{Mutex, lock};

/// The maximum number of times that a reader tries to see a worker within one job. One that takes further jobs
/// all the time is seen between two of them.
const LOOKS: usize = 16;

/// A job that a worker runs.
#[derive(Clone)]
pub(crate) struct Running {
    pub(crate) id: JobId,
    /// `None` if the clock panicked.
    pub(crate) since: Option<Instant>,
    pub(crate) label: Option<Arc<str>>,
}

/// Where one worker notes what it runs: the job that it has taken, and those that it runs while that one waits
/// for them, each above the job that waits. No foreign code runs under its lock.
#[derive(Default)]
pub(crate) struct RunningSlot(Mutex<Vec<Running>>);

impl RunningSlot {
    /// Notes the job that the worker has taken.
    pub(crate) fn begin(&self, job: Running) {
        let mut jobs = lock(&self.0);
        jobs.clear();
        jobs.push(job);
    }

    /// Notes that the worker runs nothing.
    pub(crate) fn end(&self) {
        lock(&self.0).clear();
    }

    /// Notes a job that runs while another one waits for it, until the guard is dropped.
    pub(crate) fn begin_above(&self, job: Running) -> RunsAbove<'_> {
        let mut jobs = lock(&self.0);
        jobs.push(job);
        RunsAbove { slot: self, below: jobs.len() - 1 }
    }

    /// Labels the job that runs.
    pub(crate) fn label(&self, label: Arc<str>) {
        if let Some(running) = lock(&self.0).last_mut() {
            running.label = Some(label);
        }
    }

    /// The job that runs.
    pub(crate) fn last(&self) -> Option<Running> {
        lock(&self.0).last().cloned()
    }

    /// All of them, the one that the worker has taken first. `is_at_work` says whether that one has not ended: a
    /// worker notes the end only when it looks for the next job.
    pub(crate) fn all(&self, is_at_work: impl Fn() -> bool) -> Vec<Running> {
        for _ in 0..LOOKS {
            let jobs = lock(&self.0).clone();
            let Some(taken) = jobs.first().map(|job| job.id) else { break };
            // Nothing counts what is a part of a job of another thread.
            let runs = taken == JobId::NONE || is_at_work();
            if lock(&self.0).first().is_some_and(|job| job.id == taken) {
                return if runs { jobs } else { Vec::new() };
            }
        }
        Vec::new()
    }
}

/// A job that runs while another one waits for it, until this is dropped.
pub(crate) struct RunsAbove<'a> {
    slot: &'a RunningSlot,
    /// The number of jobs below it.
    below: usize,
}

impl Drop for RunsAbove<'_> {
    fn drop(&mut self) {
        lock(&self.slot.0).truncate(self.below);
    }
}

/// The slots of all workers, or none if the pool is not to know what runs.
#[derive(Default)]
pub(crate) struct RunningSlots(Box<[Arc<RunningSlot>]>);

impl RunningSlots {
    pub(crate) fn new(workers: usize) -> Self {
        Self((0..workers).map(|_| Arc::default()).collect())
    }

    pub(crate) fn is_tracked(&self) -> bool {
        !self.0.is_empty()
    }

    pub(crate) fn slot(&self, worker: usize) -> Option<&Arc<RunningSlot>> {
        self.0.get(worker)
    }

    /// All slots, with the index of the worker.
    pub(crate) fn iter(&self) -> impl Iterator<Item = (usize, &RunningSlot)> {
        self.0.iter().map(|slot| &**slot).enumerate()
    }
}
