//! Taking jobs back: those that wait in the queue, for the caller; and those that the workers still find, to
//! be ended unrun.

use std::sync::{Arc, Weak};

use crate::error::JobError;
use crate::id::JobId;
use crate::observer::ObservedJob;
use crate::panics::drop_quietly;
use crate::parts::ledger::Ended;
use crate::queue::WorkQueue;
use crate::runtime::account::Account;
use crate::runtime::inner::Inner;
use crate::runtime::job::{Body, Job};
use crate::runtime::job_ref::{Execute, JobRef, TakenBack};
use crate::sync::{Mutex, lock};

/// What was taken out of the queue. It is dealt with only when the queue is done: it may hold a lock.
struct Taken<J> {
    /// The jobs for the handler and the sink.
    payloads: Vec<(ObservedJob, J)>,
    /// Those for the handler and a handle, which have been ended.
    calls: Vec<(ObservedJob, J)>,
    /// References to the others.
    job_refs: Vec<(JobId, JobRef)>,
    /// The jobs for which the sink waits.
    skipped: Vec<JobId>,
}

impl<J: Send + 'static> Taken<J> {
    fn new() -> Self {
        Self { payloads: Vec::new(), calls: Vec::new(), job_refs: Vec::new(), skipped: Vec::new() }
    }

    /// Takes the job out of an entry, if it is one.
    fn take(&mut self, job: &mut Job<J>) -> bool {
        match job.take_body() {
            Some(Body::Payload(payload)) => {
                let job = ObservedJob { id: job.id(), label: None };
                self.payloads.push((job, payload));
            }
            Some(Body::Ref(job_ref)) => self.job_refs.push((job.id(), job_ref)),
            None => return false,
        }
        true
    }

    /// Ends the jobs with handles, and takes the payloads of those for the handler out of their references.
    fn follow_refs(&mut self, account: Account<'_>) {
        for (id, job_ref) in self.job_refs.drain(..) {
            let is_for_sink = job_ref.is_for_sink();
            // Of a stale one for the sink, that has had the outcome.
            let mut skips = !is_for_sink;
            let job = ObservedJob { id, label: job_ref.label() };
            if let Some(TakenBack { payload, is_ended }) = job_ref.take_back(id, account)
                && let Ok(payload) = payload.downcast()
            {
                skips = is_ended;
                let jobs = if is_ended { &mut self.calls } else { &mut self.payloads };
                jobs.push((job, *payload));
            }
            if skips {
                self.skipped.push(id);
            }
        }
    }

    /// The ids that the sink is to skip.
    fn skipped(&mut self) -> Vec<JobId> {
        let mut skipped = std::mem::take(&mut self.skipped);
        skipped.extend(self.payloads.iter().map(|(job, _)| job.id));
        skipped.retain(|id| !id.is_nested());
        skipped
    }
}

impl<J: Send + 'static, R: 'static, Q: WorkQueue<Job<J>>> Inner<J, R, Q> {
    /// Takes back all jobs that wait in the queue. Those with handles are ended, the others returned, in the
    /// order of their ids.
    pub(crate) fn take_back(self: &Arc<Self>) -> Vec<(JobId, J)> {
        // The queue is the parent's, and a thread that is not here may have held its lock.
        if self.state.is_forked() {
            return Vec::new();
        }
        // The sink is told before anything can take the pool to be quiescent.
        let _guest = self.state.guest();
        let taken = self.take_out();
        self.end_taken(taken)
    }

    /// Closes the pool and does the same. Jobs that are found later are ended unrun.
    pub(crate) fn take_back_for_good(self: &Arc<Self>) -> Vec<(JobId, J)> {
        // First: without a job left, the pool may be over with its close.
        let _guest = (!self.state.is_forked()).then(|| self.state.guest());
        self.close();
        if self.state.is_forked() {
            return Vec::new();
        }
        self.state.sleep.hold_jobs();
        let taken = self.take_out();
        self.state.sleep.discard();
        self.notify_if_work();
        self.end_taken(taken)
    }

    fn take_out(self: &Arc<Self>) -> Taken<J> {
        let mut taken = Taken::new();
        self.retain(|job| !taken.take(job));
        taken
    }

    fn end_taken(&self, mut taken: Taken<J>) -> Vec<(JobId, J)> {
        taken.follow_refs(Account::visitor(&self.state));
        let jobs = taken.payloads.len() as u64;
        self.state.ledger.take_outside(jobs);
        taken.payloads.iter().for_each(|(job, _)| {
            self.state.make_room(job.id);
            self.state.observe(|observer| observer.ended(*job, None, Ended::Returned));
        });
        self.state.ledger.end_outside(Ended::Returned, jobs);
        let skipped = taken.skipped();
        if !skipped.is_empty()
            && let Some(launcher) = self.launcher()
        {
            launcher.skip(skipped);
        }
        let mut returned = taken.payloads;
        returned.append(&mut taken.calls);
        returned.sort_by_key(|(job, _)| job.id);
        returned.into_iter().map(|(job, payload)| (job.id, payload)).collect()
    }

    /// Returns a job that ends unrun, instead of this one, when a worker performs it.
    pub(crate) fn to_be_discarded(self: &Arc<Self>, mut job: Job<J>) -> Job<J> {
        let Some(body) = job.take_body() else { return job };
        let is_for_sink = match &body {
            Body::Payload(_) => true,
            Body::Ref(job_ref) => job_ref.is_for_sink(),
        };
        let body = Mutex::new(Some(body));
        let discarded = Discarded { body, is_for_sink, inner: Arc::downgrade(self) };
        Job::new(job.id(), Body::Ref(JobRef::new(Arc::new(discarded))))
    }

    /// Ends a job for the handler unrun, and delivers that outcome to the sink.
    fn end_returned(&self, job: ObservedJob, payload: J, account: Account<'_>) {
        let end = || {
            drop_quietly(payload);
            (Ended::Returned, ())
        };
        account.end_job(
            job.id,
            || job.label,
            None,
            end,
            |()| self.deliver_outside(job.id, Err(JobError::Returned)),
        );
    }
}

/// A job that a worker has found after the pool's jobs were taken back.
struct Discarded<J, R, Q> {
    /// `None` once it was ended.
    body: Mutex<Option<Body<J>>>,
    is_for_sink: bool,
    inner: Weak<Inner<J, R, Q>>,
}

impl<J: Send + 'static, R: 'static, Q: WorkQueue<Job<J>>> Execute for Discarded<J, R, Q> {
    fn run(self: Arc<Self>, id: JobId, account: Account<'_>) {
        let body = lock(&self.body).take();
        let label = match &body {
            Some(Body::Ref(job_ref)) => job_ref.label(),
            _ => None,
        };
        let payload = match body {
            Some(Body::Payload(payload)) => Some(payload),
            Some(Body::Ref(job_ref)) => {
                let taken = job_ref.take_back(id, account);
                let (ended, unended) = match taken {
                    Some(TakenBack { payload, is_ended: true }) => (Some(payload), None),
                    taken => (None, taken.and_then(|taken| taken.payload.downcast().ok())),
                };
                drop_quietly(ended);
                unended.map(|payload| *payload)
            }
            None => None,
        };
        if let Some(payload) = payload
            && let Some(inner) = self.inner.upgrade()
        {
            inner.end_returned(ObservedJob { id, label }, payload, account);
        }
    }

    fn abandon(&self) {
        let body = lock(&self.body).take();
        drop_quietly(body);
    }

    fn give_up_stale(&self) -> bool {
        lock(&self.body).is_none()
    }

    fn is_for_sink(&self) -> bool {
        self.is_for_sink
    }
}
