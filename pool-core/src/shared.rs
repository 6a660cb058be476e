//! What the handles and the workers of one pool have in common.

use std::ptr;
use std::sync::Arc;

use crate::config::Config;
use crate::current;
use crate::error::{StartCause, StartError, SubmitError};
use crate::gate::Barred;
use crate::job::{Job, JobId};
use crate::launch::{Launch, Starting};
use crate::ledger::Ledger;
use crate::panics::{Panic, drop_quietly, guarded};
use crate::queue::{PushError, WorkQueue};
use crate::sleep::Sleep;
use crate::sync::{Mutex, lock};
use crate::threads::WorkerThread;

/// One pool.
pub(crate) struct Shared<J, Q> {
    pub(crate) queue: Q,
    pub(crate) ledger: Ledger,
    pub(crate) sleep: Sleep,
    pub(crate) config: Config,
    /// Makes workers. Removed with the last of them, so that the sink's original goes as well and
    /// a receiver of results sees the end, however many handles are left somewhere.
    launcher: Mutex<Option<Arc<dyn Launch<J, Q>>>>,
}

impl<J: Send + 'static, Q: WorkQueue<Job<J>>> Shared<J, Q> {
    pub(crate) fn new(
        queue: Q,
        sleep: Sleep,
        config: Config,
        launcher: Arc<dyn Launch<J, Q>>,
    ) -> Self {
        let ledger = Ledger::new(config.names.len());
        Self { queue, ledger, sleep, config, launcher: Mutex::new(Some(launcher)) }
    }

    /// Tells this pool from others, for as long as it lives.
    #[inline]
    pub(crate) fn address(&self) -> usize {
        ptr::from_ref(self).addr()
    }

    pub(crate) fn launcher(&self) -> Option<Arc<dyn Launch<J, Q>>> {
        lock(&self.launcher).clone()
    }

    /// Accepts a job from outside, in the order accept, push, look for sleepers.
    #[inline]
    pub(crate) fn submit(self: &Arc<Self>, job: J) -> Result<JobId, SubmitError<J>> {
        let sequence = loop {
            match self.ledger.gate.0.accept(1) {
                Ok(sequence) => break sequence,
                Err(Barred::Closed) => return Err(SubmitError::Closed(job)),
                Err(Barred::Dormant) => {
                    if let Err(error) = self.start_first() {
                        return Err(SubmitError::NoThread(job, error));
                    }
                }
            }
        };
        let id = JobId::new(sequence);
        // Should the queue panic, the job is gone, but the pool must not wait for it.
        let refusal = Refusal(self);
        match self.queue.push(Job::new(id, job)) {
            Ok(()) => {
                std::mem::forget(refusal);
                self.notify();
                Ok(id)
            }
            Err(PushError(job)) => Err(SubmitError::Full(job.into_payload())),
        }
    }

    /// Every path that has put a job into the queue ends here.
    #[inline]
    pub(crate) fn notify(self: &Arc<Self>) {
        if self.sleep.needs_wake() {
            self.wake();
        }
    }

    /// For whoever may have kept others from waking somebody: if there is work, somebody is woken.
    pub(crate) fn notify_if_work(self: &Arc<Self>) {
        // The fence in `needs_wake` comes before the look at the queue: see `sleep`.
        if self.sleep.needs_wake() && !self.queue.is_empty() {
            self.wake();
        }
    }

    #[cold]
    fn wake(self: &Arc<Self>) {
        if let Some(worker) = self.sleep.wake_one() {
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
            Ok(Ok(handle)) => return self.sleep.enlist(handle),
            Ok(Err(error)) => StartCause::Thread(Arc::new(error)),
            Err(payload) => StartCause::Panicked(Arc::new(Panic::new(payload))),
        };
        self.sleep.not_spawned(StartError::new(worker, cause));
    }

    /// Sees to it that a worker is there, for a submitter that found the gate dormant.
    #[cold]
    fn start_first(self: &Arc<Self>) -> Result<(), StartError> {
        if current::is_worker_of(self.address()) {
            // What we would wait for is this thread itself.
            return Err(StartError::new(0, StartCause::NotAtWork));
        }
        match self.sleep.reserve_first(&self.ledger) {
            Some(worker) => {
                self.start(worker);
                self.sleep.wait_started()
            }
            None => Ok(()),
        }
    }

    /// Nothing is accepted from outside any more; once the pool is at rest, everyone goes home.
    pub(crate) fn close(&self) {
        self.ledger.gate.0.close();
        self.sleep.check_rest(&self.ledger);
        self.finish_if_over();
    }

    pub(crate) fn pause(&self) {
        self.sleep.set_paused(true);
    }

    pub(crate) fn resume(self: &Arc<Self>) {
        self.sleep.set_paused(false);
        self.notify_if_work();
    }

    /// Closes, and sees to it that the pool drains whatever anybody does.
    pub(crate) fn drain(self: &Arc<Self>) {
        self.close();
        self.sleep.end_pause();
        self.notify_if_work();
    }

    /// After the last worker: drops the original of the handler's maker and of the sink.
    pub(crate) fn finish_if_over(&self) {
        if self.sleep.is_over() {
            let launcher = lock(&self.launcher).take();
            drop_quietly(launcher);
        }
    }
}

/// Unless forgotten, notes that an accepted job did not get into the queue.
struct Refusal<'a, J: Send + 'static, Q: WorkQueue<Job<J>>>(&'a Shared<J, Q>);

impl<J: Send + 'static, Q: WorkQueue<Job<J>>> Drop for Refusal<'_, J, Q> {
    fn drop(&mut self) {
        self.0.ledger.refuse();
        self.0.sleep.check_rest(&self.0.ledger);
        self.0.finish_if_over();
    }
}
