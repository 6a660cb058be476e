//! The timed job: a job for the pool's handler that lies apart from the queue, because it expires, is held
//! back, or has a label.

use std::sync::{Arc, Weak};
use std::time::Instant;

use crate::error::JobError;
use crate::id::JobId;
use crate::job_context::{Bound, JobContext};
use crate::observer::ObservedJob;
use crate::panics::drop_quietly;
use crate::parts::context;
use crate::parts::ledger::Ended;
use crate::queue::WorkQueue;
use crate::runtime::account::Account;
use crate::runtime::inner::Inner;
use crate::runtime::job::Job;
use crate::runtime::job_ref::{Execute, Hold, TakenBack};
use crate::runtime::terms::Terms;
use crate::runtime::worker::Worker;
use crate::sync::{Mutex, lock};

/// A job for the pool's handler that is dropped instead when its turn comes and its time is over, if it has
/// one.
///
/// Unlike a job with a handle it is not expired by other threads: its outcome goes to the sink, which may hold
/// up the thread that delivers. A thread that only asks for the pool's figures must not be held up, and may
/// be the one that the sink waits for.
pub(crate) struct TimedJob<C, J, R, Q> {
    /// `None` once it was taken: to be run, or because its time was over.
    payload: Mutex<Option<Bound<C, J>>>,
    deadline: Option<Instant>,
    label: Option<&'static str>,
    /// Whether it was held back. Its payload may hold others back, and so is not left to a caller.
    was_held: bool,
    inner: Weak<Inner<J, R, Q>>,
}

impl<C, J, R, Q> TimedJob<C, J, R, Q>
where
    C: JobContext,
    J: Send + 'static,
    R: 'static,
    Q: WorkQueue<Job<J>>,
{
    /// Returns a job for the queue.
    pub(crate) fn new(
        payload: Bound<C, J>,
        terms: &Terms,
        inner: &Arc<Inner<J, R, Q>>,
    ) -> Arc<Self> {
        Self::made(payload, terms, false, inner)
    }

    /// Returns a job that is held back from the queue.
    pub(crate) fn held(
        payload: Bound<C, J>,
        terms: &Terms,
        inner: &Arc<Inner<J, R, Q>>,
    ) -> Arc<Self> {
        Self::made(payload, terms, true, inner)
    }

    fn made(
        payload: Bound<C, J>,
        terms: &Terms,
        was_held: bool,
        inner: &Arc<Inner<J, R, Q>>,
    ) -> Arc<Self> {
        let (deadline, label) = (terms.deadline, terms.label);
        let (payload, inner) = (Mutex::new(Some(payload)), Arc::downgrade(inner));
        Arc::new(Self { payload, deadline, label, was_held, inner })
    }

    /// Takes the job, if it was not taken (C2).
    pub(crate) fn take(&self) -> Option<Bound<C, J>> {
        lock(&self.payload).take()
    }

    fn observed(&self, id: JobId) -> ObservedJob {
        ObservedJob { id, label: self.label }
    }

    /// Drops the job, and delivers to the sink that it has ended in this way.
    fn end_unrun(
        &self,
        id: JobId,
        payload: Bound<C, J>,
        account: Account<'_>,
        how: Ended,
        error: JobError,
    ) {
        let end = || {
            drop_quietly(payload);
            (how, error)
        };
        account.end_job(
            id,
            || self.label,
            None,
            end,
            |error| {
                if let Some(inner) = self.inner.upgrade() {
                    inner.deliver_outside(id, Err(error));
                }
            },
        );
    }
}

impl<C, J, R, Q> Execute for TimedJob<C, J, R, Q>
where
    C: JobContext,
    J: Send + 'static,
    R: 'static,
    Q: WorkQueue<Job<J>>,
{
    fn run(self: Arc<Self>, id: JobId, account: Account<'_>) {
        let Some(payload) = self.take() else { return };
        let pool = account.pool();
        if account.is_past(self.deadline) {
            self.end_unrun(id, payload, account, Ended::Expired, JobError::Expired);
        } else if account.is_workers()
            && let Some(worker) = context::worker::<Worker<J, R, Q>>(pool.id())
        {
            if C::IS_NONE {
                worker.hand_over(self.observed(id), payload.inner);
            } else {
                let run = |handler: &mut dyn FnMut(J) -> R| payload.run_by(handler);
                worker.hand_over_within(self.observed(id), Box::new(run));
            }
        } else if let Some(inner) = self.inner.upgrade() {
            inner.run_outside(self.observed(id), payload, account);
        }
    }

    fn take_back(self: Arc<Self>, id: JobId, account: Account<'_>) -> Option<TakenBack> {
        let payload = self.take()?;
        if self.was_held {
            self.end_unrun(id, payload, account, Ended::Returned, JobError::Returned);
            return None;
        }
        let Bound { context, inner } = payload;
        drop_quietly(context);
        Some(TakenBack { payload: Box::new(inner), is_ended: false })
    }

    fn abandon(&self) {
        drop_quietly(self.take());
    }

    fn give_up_stale(&self) -> bool {
        lock(&self.payload).is_none()
    }

    fn is_for_sink(&self) -> bool {
        true
    }

    fn label(&self) -> Option<&'static str> {
        self.label
    }
}

impl<C, J, R, Q> Hold for TimedJob<C, J, R, Q>
where
    C: JobContext,
    J: Send + 'static,
    R: 'static,
    Q: WorkQueue<Job<J>>,
{
    fn cancel_held(&self, id: JobId, account: Account<'_>) {
        if let Some(payload) = self.take() {
            self.end_unrun(id, payload, account, Ended::Cancelled, JobError::Cancelled);
        }
    }
}
