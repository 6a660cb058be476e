//! Jobs for the handler that do not come to the worker as what was submitted: a job ref has led to them, or they
//! were set aside for the observers.

use std::panic::resume_unwind;
use std::sync::Arc;

use super::{Handed, HandlerTask, Running, WithinContext, Worker};
use crate::id::JobId;
use crate::observer::ObservedJob;
use crate::panics::PanicPolicy;
use crate::parts::ledger::Ended;
use crate::queue::WorkQueue;
use crate::runtime::account::Account;
use crate::runtime::handler::Handler;
use crate::runtime::job::{Body, Job};
use crate::runtime::job_ref::JobRef;
use crate::sink::ResultSink;

impl<J: Send + 'static, R: 'static, Q: WorkQueue<Job<J>>> Worker<J, R, Q> {
    /// In a pool with observers, sets a job for the handler aside: it is [handled](Self::handle_handed) where
    /// they are told. Returns the job, or a job ref in its place.
    pub(super) fn set_aside_if_observed(&self, job: Job<J>) -> Job<J> {
        if !self.inner.state.is_observed() {
            return job;
        }
        match job.into_parts() {
            (id, Body::Payload(payload)) => {
                let job = ObservedJob { id, label: None };
                self.handed.replace(Some((job, Handed::Payload(payload))));
                Job::new(id, Body::Ref(JobRef::to_nothing()))
            }
            (id, body) => Job::new(id, body),
        }
    }

    /// Takes over a job for the handler from the job ref that this worker follows.
    pub(crate) fn hand_over(&self, job: ObservedJob, payload: J) {
        self.note_taken(job.id);
        self.handed.replace(Some((job, Handed::Payload(payload))));
    }

    /// Takes over a job for the handler that has a context.
    pub(crate) fn hand_over_within(&self, job: ObservedJob, run: WithinContext<J, R>) {
        self.note_taken(job.id);
        self.handed.replace(Some((job, Handed::Within(run))));
    }

    /// Takes over a job for the handler that has a handle. It stays queued until the handler has it.
    pub(crate) fn hand_over_task(&self, id: JobId, task: Arc<dyn HandlerTask<J, R>>) {
        let job = ObservedJob { id, label: None };
        self.handed.replace(Some((job, Handed::Task(task))));
    }

    /// Runs the job that a job ref led to.
    #[cold]
    #[inline(never)]
    pub(super) fn handle_handed(
        &self,
        handler: &mut impl Handler<J, R>,
        sink: &mut impl ResultSink<Result = R>,
    ) {
        match self.handed.take() {
            Some((job, Handed::Payload(payload))) => {
                self.handle_observed(job, || handler.run(payload), sink);
            }
            Some((job, Handed::Within(run))) => {
                self.handle_observed(job, || run(&mut |job| handler.run(job)), sink);
            }
            Some((ObservedJob { id, .. }, Handed::Task(task))) => {
                self.running.set(Running::Ref(id));
                let account = Account::worker(&self.inner.state, self.index);
                let has_panicked = task.run(id, account, &mut |job| handler.run(job));
                self.running.set(Running::Queue);
                if has_panicked && self.inner.config.panic_policy == PanicPolicy::ReplaceWorker {
                    self.running.set(Running::Replacing);
                    resume_unwind(Box::new(()));
                }
            }
            None => {}
        }
    }

    /// Runs a job for the handler, and tells the observers.
    fn handle_observed(
        &self,
        job: ObservedJob,
        run: impl FnOnce() -> R,
        sink: &mut impl ResultSink<Result = R>,
    ) {
        self.label.set(job.label);
        self.inner.state.observe(|observer| observer.started(job, Some(self.index)));
        let run = || {
            let result = run();
            self.observe_end(job, Ended::Done);
            result
        };
        self.handle(job.id, run, sink);
    }

    /// Tells the observers that a job has ended, before it is counted and its outcome can be seen.
    pub(super) fn observe_end(&self, job: ObservedJob, how: Ended) {
        self.inner.state.observe(|observer| observer.ended(job, Some(self.index), how));
    }
}
