//! The jobs that run: each worker notes its own, if the pool is to know them.

use std::sync::Arc;
use std::time::Instant;

use crate::id::JobId;
use crate::sync::{Mutex, lock};

/// What a worker runs.
#[derive(Clone)]
pub(crate) struct Running {
    pub(crate) id: JobId,
    /// `None` if the clock panicked.
    pub(crate) since: Option<Instant>,
    pub(crate) label: Option<Arc<str>>,
}

/// Where one worker notes the job that it runs. No foreign code runs under its lock.
#[derive(Default)]
pub(crate) struct RunningSlot(Mutex<Option<Running>>);

impl RunningSlot {
    pub(crate) fn begin(&self, id: JobId, since: Option<Instant>, label: Option<&'static str>) {
        *lock(&self.0) = Some(Running { id, since, label: label.map(Arc::from) });
    }

    pub(crate) fn end(&self) {
        *lock(&self.0) = None;
    }

    /// Labels the job, if one runs.
    pub(crate) fn label(&self, label: Arc<str>) {
        if let Some(running) = &mut *lock(&self.0) {
            running.label = Some(label);
        }
    }

    pub(crate) fn get(&self) -> Option<Running> {
        lock(&self.0).clone()
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

    /// What runs now, by the index of the worker.
    pub(crate) fn all(&self) -> impl Iterator<Item = (usize, Running)> {
        let slots = self.0.iter().enumerate();
        slots.filter_map(|(worker, slot)| Some((worker, slot.get()?)))
    }
}
