//! The run: the closure that the pool gets for a job that is due.

use std::panic::resume_unwind;
use std::sync::Arc;
use std::time::Instant;

use crate::jobs::{Entry, Periodic, Run};
use crate::panics::guarded;
use crate::period::When;
use crate::shared::Shared;
use crate::sync::lock;

/// Makes the closure for the pool, for a job that is due at this tick and fired now.
pub(crate) fn run_of(entry: Entry, shared: &Arc<Shared>, tick: When, now: Instant) -> Run {
    match entry {
        Entry::Once { run, .. } => run,
        Entry::Periodic(job) => {
            let next = tick.moment().map_or(When::Never, |tick| job.period.next_tick(tick, now));
            let turn = Turn { job, shared: Arc::clone(shared), next };
            Box::new(move || turn.run())
        }
    }
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
