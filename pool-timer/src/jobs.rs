//! What a timer keeps: jobs that run once, and periodic ones.

use std::panic::resume_unwind;
use std::sync::Arc;
use std::time::Instant;

use crate::panics::guarded;
use crate::period::{Period, When};
use crate::shared::Shared;
use crate::sync::{Mutex, lock};
use crate::ticket::Ticket;

/// A closure that the pool runs.
pub(crate) type Run = Box<dyn FnOnce() + Send>;

/// A job with the timer.
pub(crate) enum Entry {
    Once { ticket: Arc<Ticket>, run: Run },
    Periodic(Arc<Periodic>),
}

impl Entry {
    pub(crate) fn ticket(&self) -> &Arc<Ticket> {
        match self {
            Self::Once { ticket, .. } => ticket,
            Self::Periodic(job) => &job.ticket,
        }
    }

    /// Makes the closure for the pool, for a job that is due at this tick and fired now.
    pub(crate) fn into_run(self, shared: &Arc<Shared>, tick: When, now: Instant) -> Run {
        match self {
            Self::Once { run, .. } => run,
            Self::Periodic(job) => {
                let next =
                    tick.moment().map_or(When::Never, |tick| job.period.next_tick(tick, now));
                let turn = Turn { job, shared: Arc::clone(shared), next };
                Box::new(move || turn.run())
            }
        }
    }
}

/// A periodic job.
pub(crate) struct Periodic {
    pub(crate) ticket: Arc<Ticket>,
    pub(crate) period: Period,
    /// Taken out for a run. There is one at a time.
    pub(crate) closure: Mutex<Option<Box<dyn FnMut() + Send>>>,
}

/// One run of a periodic job. The job is with the timer again once this is dropped, whether it ran or not.
struct Turn {
    job: Arc<Periodic>,
    shared: Arc<Shared>,
    next: When,
}

impl Turn {
    fn run(self) {
        if self.job.ticket.is_cancelled() {
            return;
        }
        let closure = lock(&self.job.closure).take();
        let Some(mut closure) = closure else { return };
        let outcome = guarded(&mut closure);
        *lock(&self.job.closure) = Some(closure);
        drop(self);
        if let Err(payload) = outcome {
            resume_unwind(payload);
        }
    }
}

impl Drop for Turn {
    fn drop(&mut self) {
        self.shared.set_again(&self.job, self.next);
    }
}
