//! Running a job on the thread that submits it, which is no worker.

use std::any::Any;
use std::sync::Arc;

use crate::error::{JobError, Refusal, StartCause, StartError};
use crate::id::JobId;
use crate::job_context::{Bound, JobContext, NoContext};
use crate::observer::ObservedJob;
use crate::panics::drop_quietly;
use crate::parts::ledger::Ended;
use crate::priority::Priority;
use crate::queue::WorkQueue;
use crate::runtime::account::Account;
use crate::runtime::inner::Inner;
use crate::runtime::job::{Body, Job};
use crate::sink::Completed;
use crate::task::Task;

/// Returns what runs a job on a thread that is no worker, if the jobs are closures, which need no handler.
pub(crate) fn runner<J: 'static, R: 'static>() -> Option<fn(J) -> R> {
    let run: fn(Task<R>) -> R = Task::run;
    (&run as &dyn Any).downcast_ref().copied()
}

impl<J: Send + 'static, R: 'static, Q: WorkQueue<Job<J>>> Inner<J, R, Q> {
    /// Accepts a job for which there is no room in the queue, and runs it before this returns. It comes
    /// back if it is not accepted, or needs a handler, which only workers have.
    pub(crate) fn submit_here(
        self: &Arc<Self>,
        job: Job<J>,
        priority: Priority,
    ) -> Result<JobId, (Refusal, Job<J>)> {
        if job.is_for_sink() && self.run_here.is_none() {
            return Err((Refusal::Full, job));
        }
        if self.state.is_forked() {
            let error = StartError::new(0, StartCause::Forked);
            return Err((Refusal::NoThread(error), job));
        }
        let id = match self.admit_here(priority, job.label()) {
            Ok(id) => id,
            Err(refused) => return Err((refused, job)),
        };
        // Until the sink is told: the pool is not quiescent before that, and what the sink submits is nested.
        let _guest = self.state.guest();
        let _listed = self.state.list_above(id, job.label());
        match job.into_parts().1 {
            Body::Payload(payload) => {
                let bound = Bound { context: NoContext, inner: payload };
                self.run_outside(
                    ObservedJob { id, label: None },
                    bound,
                    Account::submitter(&self.state),
                );
            }
            Body::Ref(job_ref) => {
                let skips = !job_ref.is_for_sink();
                job_ref.run(id, Account::submitter(&self.state));
                if skips && let Some(launcher) = self.launcher() {
                    launcher.skip(vec![id]);
                }
            }
        }
        Ok(id)
    }

    /// Runs an accepted job on a thread that is no worker, or acts as none.
    pub(crate) fn run_outside<C: JobContext>(
        &self,
        job: ObservedJob,
        payload: Bound<C, J>,
        account: Account<'_>,
    ) {
        let run = || match self.run_here {
            Some(run) => {
                let ended = account.attempt(job.id, || job.label, || payload.run_by(run));
                if ended.0 == Ended::Panicked {
                    self.config.abort_if_asked();
                }
                ended
            }
            // Unreachable: the callers have looked.
            None => {
                account.attempt(job.id, || job.label, || unreachable!("the job needs a handler"))
            }
        };
        let deliver = |outcome| self.deliver_outside(job.id, outcome);
        account.end_job(job.id, || job.label, None, run, deliver);
    }

    /// Delivers an outcome to the sink from a thread that is no worker, or acts as none.
    pub(crate) fn deliver_outside(&self, id: JobId, outcome: Result<R, JobError>) {
        let done = Completed::new(id, None, outcome);
        let undelivered = match self.launcher() {
            Some(sinks) => sinks.deliver(done),
            None => {
                drop_quietly(done);
                1
            }
        };
        self.state.ledger.undelivered_outside(undelivered);
    }
}
