//! A job in its cell, as others see it: the queue, those who wait for it, its handle.

use std::sync::Arc;
use std::task::Waker;

use crate::accept::ledger::Ended;
use crate::error::JobError;
use crate::job::JobId;
use crate::panics::drop_quietly;
use crate::spawned::cell::JobCell;
use crate::spawned::errand::Errand;
use crate::spawned::runner::Runner;

/// A job with a handle, to the queue: if nobody else has run it or cancelled it, it is run, unless
/// its time is over.
impl<F, T> Errand for JobCell<F, T>
where
    F: FnOnce() -> T + Send,
    T: Send,
{
    fn run(self: Arc<Self>, id: JobId, runner: Runner<'_>) {
        if let Some((closure, taken)) = self.take() {
            runner.takes(id);
            let (how, outcome) = if runner.is_past(self.deadline()) {
                runner.runs(|| drop_quietly(closure));
                (Ended::Expired, Err(JobError::Expired))
            } else {
                runner.attempts(closure)
            };
            runner.ends(how);
            runner.runs(|| taken.finish(outcome));
            runner.has_ended(how);
        }
        // If the handle is gone, the outcome goes with this.
        drop_quietly(self);
    }

    fn abandon(&self) {
        if let Some((closure, taken)) = self.take() {
            drop_quietly(closure);
            taken.finish(Err(JobError::Returned));
        }
    }
}

/// A job, to those who wait for it.
pub(crate) trait Awaited: Errand {
    /// See [`JobCell::has_ended`].
    fn has_ended(&self) -> bool;

    /// See [`JobCell::is_queued`].
    fn is_queued(&self) -> bool;

    /// See [`JobCell::wake_at_end`].
    fn wake_at_end(&self, waker: &Waker) -> bool;

    /// See [`JobCell::forget_waker`].
    fn forget_waker(&self);

    /// Drops the closure, if nobody has taken it. Whether that was so.
    fn cancel(&self, id: JobId, runner: Runner<'_>) -> bool;
}

/// A job, to its handle.
pub(crate) trait Joined<T>: Awaited {
    /// See [`JobCell::fetch`].
    fn fetch(&self) -> Option<Result<T, JobError>>;
}

impl<F, T> Awaited for JobCell<F, T>
where
    F: FnOnce() -> T + Send,
    T: Send,
{
    fn has_ended(&self) -> bool {
        self.has_ended()
    }

    fn is_queued(&self) -> bool {
        self.is_queued()
    }

    fn wake_at_end(&self, waker: &Waker) -> bool {
        self.wake_at_end(waker)
    }

    fn forget_waker(&self) {
        self.forget_waker();
    }

    fn cancel(&self, id: JobId, runner: Runner<'_>) -> bool {
        let Some((closure, taken)) = self.take() else {
            return false;
        };
        runner.takes(id);
        runner.runs(|| drop_quietly(closure));
        runner.runs(|| taken.finish(Err(JobError::Cancelled)));
        runner.has_ended(Ended::Cancelled);
        true
    }
}

impl<F, T> Joined<T> for JobCell<F, T>
where
    F: FnOnce() -> T + Send,
    T: Send,
{
    fn fetch(&self) -> Option<Result<T, JobError>> {
        self.fetch()
    }
}
