//! Offers: job refs by which scopes and joins ask the workers for help.

use std::sync::Arc;

use crate::id::JobId;
use crate::panics::{drop_quietly, guarded};
use crate::parts::context;
use crate::queue::{LocalQueue, PushError, WorkQueue};
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
        if self.state.sleep.is_deserted(seen) {
            self.start_or_give_up(None);
        }
    }

    fn offer(self: Arc<Self>, job_ref: JobRef) {
        let worker = context::worker::<Worker<J, R, Q>>(self.id());
        let priority = worker.as_ref().map(|worker| worker.priority()).unwrap_or_default();
        let job = Job::new(JobId::NONE.with_priority(priority), Body::Ref(job_ref));
        // A job ref that the queue refuses, or drops when it panics, is abandoned. The panic goes no
        // further: the caller has borrowed work under way and must not unwind.
        let pushed = guarded(|| {
            if let Some(worker) = worker
                && let Some(mut end) = worker.own_end()
            {
                end.push(job);
            } else if let Err(PushError(job)) = self.queue.push(job) {
                drop(job);
            }
        });
        self.notify();
        let _ = pushed.map_err(drop_quietly);
    }
}
