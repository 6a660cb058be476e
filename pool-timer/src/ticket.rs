//! The ticket of a job: where it is, as the timer and the job's handle share it.

use std::sync::Arc;
use std::time::Instant;

use pool_core::{JobHandle, SubmitOptions};

use crate::period::When;
use crate::sync::{Mutex, lock};

/// A job's place among those that wait: by time, and among equal ones in the order in which they were set.
pub(crate) type Key = (When, u64);

/// Where a job is.
pub(crate) enum Phase {
    /// With the timer, until its time.
    Waiting(Key),
    /// On its way to the pool, or in it.
    Away,
    /// In the pool, perhaps over there.
    Submitted(Arc<JobHandle<()>>),
    /// Over, or given up.
    Ended,
}

/// What is known of a job.
pub(crate) struct Progress {
    pub(crate) phase: Phase,
    /// Only for a periodic job, whose run may go on.
    pub(crate) is_cancelled: bool,
}

/// The ticket of one job. Locked alone, or within the timer's lock.
pub(crate) struct Ticket {
    pub(crate) is_periodic: bool,
    /// How it is to be submitted. Boxed, as most jobs have no options: that keeps the tickets small.
    pub(crate) options: Option<Box<SubmitOptions>>,
    pub(crate) progress: Mutex<Progress>,
}

impl Ticket {
    pub(crate) fn new(is_periodic: bool, options: SubmitOptions) -> Arc<Self> {
        let progress = Progress { phase: Phase::Away, is_cancelled: false };
        let options = (options != SubmitOptions::new()).then(|| Box::new(options));
        Arc::new(Self { is_periodic, options, progress: Mutex::new(progress) })
    }

    /// Changes the phase. Returns the former one, to be dropped without a lock: it may hold an outcome.
    #[must_use]
    pub(crate) fn change(&self, phase: Phase) -> Phase {
        std::mem::replace(&mut lock(&self.progress).phase, phase)
    }

    /// Notes the job in the pool, unless the job was quicker than its timer.
    pub(crate) fn submitted(&self, job: JobHandle<()>) {
        let job = Arc::new(job);
        let mut progress = lock(&self.progress);
        if matches!(progress.phase, Phase::Away) {
            progress.phase = Phase::Submitted(Arc::clone(&job));
        }
    }

    pub(crate) fn is_cancelled(&self) -> bool {
        lock(&self.progress).is_cancelled
    }

    /// The moment at which the job is due next, while it is with the timer.
    pub(crate) fn next_due(&self) -> Option<Instant> {
        match lock(&self.progress).phase {
            Phase::Waiting((when, _)) => when.moment(),
            _ => None,
        }
    }

    pub(crate) fn is_finished(&self) -> bool {
        let job = match &lock(&self.progress).phase {
            Phase::Submitted(job) if !self.is_periodic => Arc::clone(job),
            phase => return matches!(phase, Phase::Ended),
        };
        // Without the lock: it may end a job that is lost, and drops its closure.
        job.is_finished()
    }
}
