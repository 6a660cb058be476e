//! Job refs on their way into the queue: those by which scopes and joins ask the workers for help, and those
//! of accepted jobs that were held back.

use std::any::Any;
use std::sync::Arc;
use std::time::Instant;

use crate::id::JobId;
use crate::panics::{drop_quietly, guarded};
use crate::parts::context;
use crate::queue::{LocalQueue, PushError, WorkQueue};
use crate::runtime::account::Account;
use crate::runtime::any_pool::AnyPool;
use crate::runtime::inner::Inner;
use crate::runtime::job::{Body, Job};
use crate::runtime::job_ref::JobRef;
use crate::runtime::pool_state::PoolState;
use crate::runtime::worker::Worker;

impl<J: Send + 'static, R: 'static, Q: WorkQueue<Job<J>>> AnyPool for Inner<J, R, Q> {
    fn state(&self) -> &PoolState {
        &self.state
    }

    fn start_if_deserted(self: Arc<Self>, seen: &mut u64) {
        if self.state.sleep.lost_workers_since(seen) {
            self.start_or_give_up(None);
        }
    }

    fn revive(self: Arc<Self>, deadline: Option<Instant>) -> bool {
        // The error may hold one of the user's, whose drop may panic.
        self.start_first(true, deadline).map_err(drop_quietly).is_ok()
    }

    fn offer(self: Arc<Self>, job_ref: JobRef) {
        // A job ref that the queue refuses, or drops when it panics, is abandoned. The panic goes no
        // further: the caller has borrowed work under way and must not unwind.
        let priority = context::worker::<Worker<J, R, Q>>(self.id());
        let priority = priority.map(|worker| worker.priority()).unwrap_or_default();
        let pushed = self.put(Job::new(JobId::NONE.with_priority(priority), Body::Ref(job_ref)));
        self.notify();
        match pushed {
            Ok(refused) => drop(refused),
            Err(payload) => drop_quietly(payload),
        }
    }

    fn enqueue(self: Arc<Self>, id: JobId, job_ref: JobRef) {
        match self.put(Job::new(id, Body::Ref(job_ref))) {
            Ok(None) => {
                // It passes no gate. A pool that has lost its workers may have seen no job before, and is
                // not looked at again.
                if self.state.ledger.gate.is_dormant() {
                    self.state.sleep.retry_failed();
                }
                self.notify();
            }
            Ok(Some(refused)) => self.run_refused(refused),
            Err(payload) => {
                // As when the queue panics on a worker: the job may be lost.
                drop_quietly(payload);
                self.state.give_up(None);
            }
        }
    }

    fn skip(&self, id: JobId) {
        if let Some(launcher) = self.launcher() {
            launcher.skip(vec![id]);
        }
    }
}

impl<J: Send + 'static, R: 'static, Q: WorkQueue<Job<J>>> Inner<J, R, Q> {
    /// Puts an entry into the queue. Returns what the queue refuses, or the payload of its panic.
    fn put(&self, job: Job<J>) -> Result<Option<Job<J>>, Box<dyn Any + Send>> {
        guarded(|| {
            if let Some(worker) = context::worker::<Worker<J, R, Q>>(self.id())
                && let Some(mut end) = worker.own_end()
            {
                end.push(job);
                return None;
            }
            self.queue.push(job).err().map(|PushError(job)| job)
        })
    }

    /// Runs an accepted job on this thread, since the queue has refused its job ref.
    fn run_refused(&self, job: Job<J>) {
        // The pool is not quiescent before the sink is told.
        let _guest = self.state.guest();
        let skips = !job.id().is_nested() && !job.is_for_sink();
        if let (id, Body::Ref(job_ref)) = job.into_parts() {
            let _listed = self.state.list_above(id, job_ref.label());
            job_ref.run(id, Account::visitor(&self.state));
            if skips {
                self.skip(id);
            }
        }
    }
}
