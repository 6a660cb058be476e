//! What the handles and the workers of one pool have in common.

use std::sync::{Arc, Weak};

use crate::config::Config;
use crate::error::{StartCause, StartError};
use crate::hub::{Access, Hub};
use crate::job::{Body, Job, JobId};
use crate::panics::{Panic, drop_quietly, guarded};
use crate::queue::{LocalQueue, PushError, WorkQueue};
use crate::spawned::errand::Claim;
use crate::sync::{Mutex, lock};
use crate::worker::Worker;
use crate::worker::current;
use crate::worker::launch::{Launch, Starting};
use crate::worker::threads::WorkerThread;

/// One pool.
pub(crate) struct Shared<J, Q> {
    pub(crate) queue: Q,
    pub(crate) hub: Hub,
    pub(crate) config: Config,
    /// Makes workers. Removed with the last of them, so that the sink's original goes as well and
    /// a receiver of results sees the end, however many handles are left somewhere.
    launcher: Mutex<Option<Arc<dyn Launch<J, Q>>>>,
}

impl<J: Send + 'static, Q: WorkQueue<Job<J>>> Shared<J, Q> {
    pub(crate) fn new(queue: Q, hub: Hub, config: Config, launcher: Arc<dyn Launch<J, Q>>) -> Self {
        Self { queue, hub, config, launcher: Mutex::new(Some(launcher)) }
    }

    /// Tells this pool from others, for as long as it lives.
    #[inline]
    pub(crate) fn address(&self) -> usize {
        self.hub.address()
    }

    /// For handles that outlive the pool and do not keep it.
    pub(crate) fn access(self: &Arc<Self>) -> Weak<dyn Access> {
        let weak: Weak<Self> = Arc::downgrade(self);
        weak
    }

    pub(crate) fn launcher(&self) -> Option<Arc<dyn Launch<J, Q>>> {
        lock(&self.launcher).clone()
    }

    /// Every path that has put a job into the queue ends here.
    #[inline]
    pub(crate) fn notify(self: &Arc<Self>) {
        if self.hub.sleep.needs_wake() {
            self.wake();
        }
    }

    /// For whoever may have kept others from waking somebody: if there is work, somebody is woken.
    pub(crate) fn notify_if_work(self: &Arc<Self>) {
        // The fence in `needs_wake` comes before the look at the queue: see `sleep`.
        if self.hub.sleep.needs_wake() && !self.queue.is_empty() {
            self.wake();
        }
    }

    #[cold]
    fn wake(self: &Arc<Self>) {
        if let Some(worker) = self.hub.sleep.wake_one() {
            self.start(worker);
        }
    }

    /// Starts a thread for a reserved index.
    pub(crate) fn start(self: &Arc<Self>, worker: usize) {
        let starting = Starting::new(Arc::clone(self), worker);
        let thread = WorkerThread::new(
            worker,
            self.config.names[worker].clone(),
            self.config.stack_size,
            Box::new(move || starting.run()),
        );
        let cause = match guarded(|| self.config.factory.start(thread)) {
            Ok(Ok(handle)) => return self.hub.sleep.enlist(handle),
            Ok(Err(error)) => StartCause::Thread(Arc::new(error)),
            Err(payload) => StartCause::Panicked(Arc::new(Panic::new(payload))),
        };
        self.hub.sleep.not_spawned(StartError::new(worker, cause));
    }

    /// Sees to it that a worker is there, for a submitter that found the gate dormant.
    #[cold]
    pub(crate) fn start_first(self: &Arc<Self>) -> Result<(), StartError> {
        if current::is_inside(self.address()) {
            // What we would wait for is this thread itself.
            return Err(StartError::new(0, StartCause::NotAtWork));
        }
        match self.hub.sleep.reserve_first(&self.hub.ledger) {
            Some(worker) => {
                self.start(worker);
                self.hub.sleep.wait_started()
            }
            None => Ok(()),
        }
    }

    /// Nothing is accepted from outside any more; once the pool is at rest, everyone goes home.
    pub(crate) fn close(&self) {
        self.hub.close();
        self.finish_if_over();
    }

    pub(crate) fn pause(&self) {
        self.hub.sleep.set_paused(true);
    }

    pub(crate) fn resume(self: &Arc<Self>) {
        self.hub.sleep.set_paused(false);
        self.notify_if_work();
    }

    /// Closes, and sees to it that the pool drains whatever anybody does.
    pub(crate) fn drain(self: &Arc<Self>) {
        self.close();
        self.hub.sleep.end_pause();
        self.notify_if_work();
    }

    /// After the last worker: drops the original of the handler's maker and of the sink.
    pub(crate) fn finish_if_over(&self) {
        if self.hub.sleep.is_over() {
            let launcher = lock(&self.launcher).take();
            drop_quietly(launcher);
        }
    }
}

impl<J: Send + 'static, Q: WorkQueue<Job<J>>> Access for Shared<J, Q> {
    fn hub(&self) -> &Hub {
        &self.hub
    }

    fn offer(self: Arc<Self>, claim: Claim) {
        let job = Job::new(JobId::NONE, Body::Claim(claim));
        // A claim that the queue refuses, or drops when it panics, is abandoned. The panic goes no
        // further: whoever offers has borrowed work in hand and must not unwind.
        let pushed = guarded(|| {
            if let Some(worker) = current::worker::<Worker<J, Q>>(self.address())
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
