//! The timed job: a job for the pool's handler that expires.

use std::any::Any;
use std::sync::{Arc, Weak};
use std::time::Instant;

use crate::error::JobError;
use crate::id::JobId;
use crate::panics::drop_quietly;
use crate::parts::context;
use crate::parts::ledger::Ended;
use crate::queue::WorkQueue;
use crate::runtime::account::Account;
use crate::runtime::inner::Inner;
use crate::runtime::job::Job;
use crate::runtime::job_ref::Execute;
use crate::runtime::worker::Worker;
use crate::sync::{Mutex, lock};

/// A job for the pool's handler that is dropped instead when its turn comes and its time is over.
///
/// Unlike a job with a handle it is ended by no other thread: its outcome goes to the sink, which may hold
/// up the thread that delivers. A thread that only asks for the pool's figures must not be held up, and may
/// be the one that the sink waits for.
pub(crate) struct TimedJob<J, R, Q> {
    /// `None` once it was taken: to be run, or because its time was over.
    payload: Mutex<Option<J>>,
    deadline: Instant,
    inner: Weak<Inner<J, R, Q>>,
}

impl<J: Send + 'static, R: 'static, Q: WorkQueue<Job<J>>> TimedJob<J, R, Q> {
    pub(crate) fn new(payload: J, deadline: Instant, inner: &Arc<Inner<J, R, Q>>) -> Arc<Self> {
        let payload = Mutex::new(Some(payload));
        Arc::new(Self { payload, deadline, inner: Arc::downgrade(inner) })
    }

    /// Takes the job, if it was not taken (C2).
    pub(crate) fn take(&self) -> Option<J> {
        lock(&self.payload).take()
    }

    /// Drops the job, whose time is over, and delivers that outcome to the sink.
    fn end_expired(&self, id: JobId, payload: J, account: Account<'_>) {
        let end = || {
            drop_quietly(payload);
            (Ended::Expired, ())
        };
        account.end_job(id, None, end, |()| {
            if let Some(inner) = self.inner.upgrade() {
                inner.deliver_outside(id, Err(JobError::Expired));
            }
        });
    }
}

impl<J: Send + 'static, R: 'static, Q: WorkQueue<Job<J>>> Execute for TimedJob<J, R, Q> {
    fn run(self: Arc<Self>, id: JobId, account: Account<'_>) {
        let Some(payload) = self.take() else { return };
        let pool = account.pool();
        if account.is_past(Some(self.deadline)) {
            self.end_expired(id, payload, account);
        } else if account.is_workers()
            && let Some(worker) = context::worker::<Worker<J, R, Q>>(pool.id())
        {
            worker.hand_over(id, payload);
        } else if let Some(inner) = self.inner.upgrade() {
            inner.run_outside(id, payload);
        }
    }

    fn take_back(
        self: Arc<Self>,
        _id: JobId,
        _account: Account<'_>,
    ) -> Option<Box<dyn Any + Send>> {
        Some(Box::new(self.take()?))
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
}
