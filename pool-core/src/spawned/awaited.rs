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
            runner.takes(id, self.expiry());
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

    fn give_up_stale(&self) -> bool {
        !self.is_queued()
    }

    fn expire(&self, id: JobId, runner: Runner<'_>) {
        self.end_unrun(id, runner, Ended::Expired, JobError::Expired);
    }
}

impl<F, T> JobCell<F, T>
where
    F: FnOnce() -> T + Send,
    T: Send,
{
    /// Drops the closure, if nobody has taken it. Whether that was so.
    fn end_unrun(&self, id: JobId, runner: Runner<'_>, how: Ended, error: JobError) -> bool {
        let Some((closure, taken)) = self.take() else {
            return false;
        };
        runner.takes(id, self.expiry());
        runner.runs(|| drop_quietly(closure));
        runner.ends(how);
        runner.runs(|| taken.finish(Err(error)));
        runner.has_ended(how);
        runner.leaves_stale(size_of_val(self));
        true
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

    /// See [`JobCell::detach`].
    fn detach(&self);

    /// Whether the job is to start by a certain time.
    fn expires(&self) -> bool;

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

    fn detach(&self) {
        self.detach();
    }

    fn expires(&self) -> bool {
        self.deadline().is_some()
    }

    fn cancel(&self, id: JobId, runner: Runner<'_>) -> bool {
        self.end_unrun(id, runner, Ended::Cancelled, JobError::Cancelled)
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
