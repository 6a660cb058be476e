//! The task handle: a job's cell for the queue and for the handle; run, cancel, expire, fetch.

use std::ptr;
use std::sync::Arc;

use crate::error::JobError;
use crate::id::JobId;
use crate::panics::drop_quietly;
use crate::parts::expiring::ExpiryKey;
use crate::parts::latch::Latch;
use crate::parts::ledger::Ended;
use crate::runtime::account::{Account, attempt};
use crate::runtime::job_ref::{Execute, Hold};
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
        account.end_job(id, self.expiry(), || end(closure), |outcome| right.end(outcome));
        true
    }

    /// Drops the closure of the job, if it is queued. Returns whether it was.
    fn drop_unrun(&self, id: JobId, account: Account<'_>, how: Ended, error: JobError) -> bool {
        self.end(id, account, |closure| {
            drop_quietly(closure);
            (how, Err(error))
        })
    }

    /// The same for a job whose entry stays in the queue.
    fn end_unrun(&self, id: JobId, account: Account<'_>, how: Ended, error: JobError) -> bool {
        let ended = self.drop_unrun(id, account, how, error);
        if ended {
            account.leave_stale(size_of_val(self));
        }
        ended
    }
}

/// A job with a handle, for the queue: it is run if it is still queued and its time is not over.
impl<F, T> Execute for TaskCell<F, T>
where
    F: FnOnce() -> T + Send,
    T: Send,
{
    fn run(self: Arc<Self>, id: JobId, account: Account<'_>) {
        self.end(id, account, |closure| {
            if account.is_past(self.deadline()) {
                drop_quietly(closure);
                return (Ended::Expired, Err(JobError::Expired));
            }
            attempt(closure)
        });
        // Without a handle, the outcome may be dropped by this.
        drop_quietly(self);
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
}

impl<F, T> Expire for TaskCell<F, T>
where
    F: FnOnce() -> T + Send,
    T: Send,
{
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

    /// Drops the closure, if the job is still queued. Returns whether it was.
    fn cancel(&self, id: JobId, account: Account<'_>) -> bool;
}

impl<F, T> Hold for TaskCell<F, T>
where
    F: FnOnce() -> T + Send,
    T: Send,
{
    fn cancel_held(&self, id: JobId, account: Account<'_>) {
        self.drop_unrun(id, account, Ended::Cancelled, JobError::Cancelled);
    }
}

/// A job, for its handle.
pub(crate) trait TaskHandle<T>: AnyTask {
    /// Returns the outcome, once; see [`TaskCell::fetch`].
    fn fetch(&self) -> Option<Result<T, JobError>>;
}

impl<F, T> AnyTask for TaskCell<F, T>
where
    F: FnOnce() -> T + Send,
    T: Send,
{
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

    fn cancel(&self, id: JobId, account: Account<'_>) -> bool {
        self.end_unrun(id, account, Ended::Cancelled, JobError::Cancelled)
    }
}

impl<F, T> TaskHandle<T> for TaskCell<F, T>
where
    F: FnOnce() -> T + Send,
    T: Send,
{
    fn fetch(&self) -> Option<Result<T, JobError>> {
        self.fetch()
    }
}
