//! A job in its cell, as others see it: the queue, the threads that wait for it, its handle.

use std::ptr;
use std::sync::Arc;

use crate::error::JobError;
use crate::id::JobId;
use crate::panics::drop_quietly;
use crate::parts::expiring::ExpiryKey;
use crate::parts::latch::Latch;
use crate::parts::ledger::Ended;
use crate::runtime::account::{Account, attempt};
use crate::runtime::job_ref::Execute;
use crate::runtime::pool_state::{Expire, PoolState};
use crate::runtime::task_cell::TaskCell;

impl<F, T> TaskCell<F, T> {
    /// By what the job is found among those that expire, if it does.
    pub(crate) fn expiry(&self) -> Option<ExpiryKey> {
        self.deadline().map(|deadline| (deadline, ptr::from_ref(self).addr()))
    }

    /// Ends the job in this way, if nobody has taken it. Whether that was so.
    #[inline]
    fn end(
        &self,
        id: JobId,
        account: Account<'_>,
        end: impl FnOnce(F) -> (Ended, Result<T, JobError>),
    ) -> bool {
        let Some((closure, right)) = self.take() else { return false };
        account.settle(id, self.expiry(), || end(closure), |outcome| right.end(outcome));
        true
    }

    /// Drops the closure, if nobody has taken it. Whether that was so.
    fn end_unrun(&self, id: JobId, account: Account<'_>, how: Ended, error: JobError) -> bool {
        let ended = self.end(id, account, |closure| {
            drop_quietly(closure);
            (how, Err(error))
        });
        if ended {
            account.leave_stale(size_of_val(self));
        }
        ended
    }
}

/// A job with a handle, to the queue: if nobody else has run it or cancelled it, it is run, unless
/// its time is over.
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
        // If the handle is gone, the outcome goes with this.
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

/// A job, to a thread that waits for it or cancels it.
pub(crate) trait AnyTask: Execute {
    /// Set when the job has ended.
    fn latch(&self) -> &Latch;

    /// Whether nobody has taken the job.
    fn is_queued(&self) -> bool;

    /// Whether the job is to start by a certain time.
    fn expires(&self) -> bool;

    /// See [`TaskCell::detach`].
    fn detach(&self);

    /// Drops the closure, if nobody has taken it. Whether that was so.
    fn cancel(&self, id: JobId, account: Account<'_>) -> bool;
}

/// A job, to its handle.
pub(crate) trait TaskHandle<T>: AnyTask {
    /// See [`TaskCell::fetch`].
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
