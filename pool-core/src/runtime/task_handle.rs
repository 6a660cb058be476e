//! The task handle: a job's cell for the queue and for the handle; run, cancel, expire, fetch.

use std::any::Any;
use std::ptr;
use std::sync::Arc;

use crate::error::JobError;
use crate::id::JobId;
use crate::job_context::{Bound, JobContext, Stored};
use crate::panics::drop_quietly;
use crate::parts::expiring::ExpiryKey;
use crate::parts::latch::Latch;
use crate::parts::ledger::Ended;
use crate::runtime::account::Account;
use crate::runtime::job_ref::{Execute, Hold, TakenBack};
use crate::runtime::pool_state::{Expire, PoolState};
use crate::runtime::task_cell::TaskCell;

impl<F, T> TaskCell<F, T> {
    /// The key by which the job is found among the expiring ones, if it expires.
    pub(crate) fn expiry(&self) -> Option<ExpiryKey> {
        self.deadline().map(|deadline| (deadline, ptr::from_ref(self).addr()))
    }

    /// Takes the job and ends it in this way, if it is queued. Returns whether it was.
    #[inline]
    fn end(
        &self,
        id: JobId,
        account: Account<'_>,
        end: impl FnOnce(F) -> (Ended, Result<T, JobError>),
    ) -> bool {
        let Some((closure, right)) = self.take() else { return false };
        account.end_job(
            id,
            || self.label(),
            self.expiry(),
            || end(closure),
            |outcome| right.end(outcome),
        );
        true
    }

    /// Runs the job by `run`, if it is queued and its time is not over.
    #[inline]
    pub(crate) fn run_with(&self, id: JobId, account: Account<'_>, run: impl FnOnce(F) -> T) {
        self.end(id, account, |closure| {
            if account.is_past(self.deadline()) {
                drop_quietly(closure);
                return (Ended::Expired, Err(JobError::Expired));
            }
            account.attempt(id, || self.label(), || run(closure))
        });
    }

    /// Drops the closure of the job, if it is queued. Returns whether it was.
    fn drop_unrun(&self, id: JobId, account: Account<'_>, how: Ended, error: JobError) -> bool {
        self.end(id, account, |closure| {
            drop_quietly(closure);
            (how, Err(error))
        })
    }

    /// The same for a job whose entry stays in the queue.
    pub(crate) fn end_unrun(
        &self,
        id: JobId,
        account: Account<'_>,
        how: Ended,
        error: JobError,
    ) -> bool {
        let ended = self.drop_unrun(id, account, how, error);
        if ended {
            account.leave_stale(size_of_val(self));
        }
        ended
    }
}

/// The work of a job with a handle: what its cell holds until it starts, and how that runs.
pub(crate) trait Work<T>: Send + Sized {
    /// Runs the job, if it is still queued and its time is not over.
    fn run(cell: Arc<TaskCell<Self, T>>, id: JobId, account: Account<'_>);

    /// Runs the job for a thread that waits for it, ahead of its turn.
    fn run_ahead(cell: Arc<TaskCell<Self, T>>, id: JobId, account: Account<'_>) {
        let bytes = size_of_val(&*cell);
        Self::run(cell, id, account);
        account.leave_stale(bytes);
    }

    /// Returns the payload of a job for the handler, and drops what else there is. It never unwinds.
    fn into_payload(self) -> Option<Box<dyn Any + Send>> {
        drop_quietly(self);
        None
    }
}

impl<S, C, F, T> Work<T> for S
where
    S: Stored<Bound = Bound<C, F>>,
    C: JobContext,
    F: FnOnce() -> T + Send,
    T: Send,
{
    fn run(cell: Arc<TaskCell<Self, T>>, id: JobId, account: Account<'_>) {
        cell.run_with(id, account, |work| work.take().run());
        // Without a handle, the outcome may be dropped by this.
        drop_quietly(cell);
    }
}

/// A job with a handle, for the queue.
impl<F: Work<T>, T: Send> Execute for TaskCell<F, T> {
    fn run(self: Arc<Self>, id: JobId, account: Account<'_>) {
        F::run(self, id, account);
    }

    fn take_back(self: Arc<Self>, id: JobId, account: Account<'_>) -> Option<TakenBack> {
        let mut payload = None;
        self.end(id, account, |work| {
            payload = work.into_payload();
            (Ended::Returned, Err(JobError::Returned))
        });
        drop_quietly(self);
        payload.map(|payload| TakenBack { payload, is_ended: true })
    }

    fn abandon(&self) {
        if let Some((closure, right)) = self.take() {
            drop_quietly(closure);
            right.end(Err(JobError::Returned));
        }
    }

    fn give_up_stale(&self) -> bool {
        !self.is_queued()
    }

    fn label(&self) -> Option<&'static str> {
        self.label()
    }
}

impl<F: Work<T>, T: Send> Expire for TaskCell<F, T> {
    fn expire(&self, id: JobId, pool: &PoolState) {
        self.end_unrun(id, Account::here(pool), Ended::Expired, JobError::Expired);
    }
}

/// A job without the type of its result, for a thread that waits for it or cancels it.
pub(crate) trait AnyTask: Execute {
    /// The latch that is set when the job has ended.
    fn latch(&self) -> &Latch;

    /// Whether the job was not taken yet.
    fn is_queued(&self) -> bool;

    /// Whether the job is to start by a certain time.
    fn expires(&self) -> bool;

    /// Drops the outcome as soon as it is there; see [`TaskCell::detach`].
    fn detach(&self);

    /// Runs the job for a thread that waits for it; see [`Work::run_ahead`].
    fn run_ahead(self: Arc<Self>, id: JobId, account: Account<'_>);

    /// Drops the closure, if the job is still queued; tells it to stop, if it has a token. Returns whether
    /// it was queued.
    fn cancel(&self, id: JobId, account: Account<'_>) -> bool;
}

impl<F: Work<T>, T: Send> Hold for TaskCell<F, T> {
    fn cancel_held(&self, id: JobId, account: Account<'_>) {
        self.drop_unrun(id, account, Ended::Cancelled, JobError::Cancelled);
    }
}

/// A job, for its handle.
pub(crate) trait TaskHandle<T>: AnyTask {
    /// Returns the outcome, once; see [`TaskCell::fetch`].
    fn fetch(&self) -> Option<Result<T, JobError>>;
}

impl<F: Work<T>, T: Send> AnyTask for TaskCell<F, T> {
    fn latch(&self) -> &Latch {
        self.latch()
    }

    fn is_queued(&self) -> bool {
        self.is_queued()
    }

    fn expires(&self) -> bool {
        self.deadline().is_some()
    }

    fn detach(&self) {
        self.detach();
    }

    fn run_ahead(self: Arc<Self>, id: JobId, account: Account<'_>) {
        F::run_ahead(self, id, account);
    }

    fn cancel(&self, id: JobId, account: Account<'_>) -> bool {
        if let Some(token) = self.token() {
            token.cancel();
        }
        self.end_unrun(id, account, Ended::Cancelled, JobError::Cancelled)
    }
}

impl<F: Work<T>, T: Send> TaskHandle<T> for TaskCell<F, T> {
    fn fetch(&self) -> Option<Result<T, JobError>> {
        self.fetch()
    }
}
