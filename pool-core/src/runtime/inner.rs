//! The inner pool, which its handles and workers share; and `notify`, the look for sleepers and wake-up of
//! a worker after each push.

use std::mem;
use std::sync::{Arc, Weak};

use crate::error::StartCause;
use crate::id::{JobId, PoolId};
use crate::panics::{drop_quietly, guarded};
use crate::parts::sleep::lifecycle::Start;
use crate::queue::WorkQueue;
use crate::runtime::any_pool::AnyPool;
use crate::runtime::config::Config;
use crate::runtime::job::Job;
use crate::runtime::pool_state::PoolState;
use crate::sink::Completed;
use crate::sync::{AtomicBool, Relaxed};

/// The shared part of one pool.
pub(crate) struct Inner<J, R, Q> {
    pub(crate) queue: Q,
    pub(crate) state: PoolState,
    pub(crate) config: Config,
    /// Runs a job on a thread that is no worker; `Some` if the jobs are closures.
    pub(crate) run_here: Option<fn(J) -> R>,
    /// Makes workers, as long as the state keeps the originals.
    launcher: Weak<dyn WorkerMain<J, R, Q>>,
}

/// The life of a worker, from its set-up to its end; hides the types of handler and sink.
pub(crate) trait WorkerMain<J, R, Q>: Send + Sync {
    /// Runs a worker. Returns the cause if the set-up failed; otherwise `start` is told of the success.
    fn work(
        &self,
        inner: &Arc<Inner<J, R, Q>>,
        index: usize,
        start: &Start,
    ) -> Result<End, StartCause>;

    /// Delivers an outcome to the sink from a thread that is no worker. Returns the number of outcomes that
    /// the sink did not take.
    fn deliver(&self, outcome: Completed<R>) -> u64;

    /// Tells the sink that these jobs have no outcome for it.
    fn skip(&self, ids: Vec<JobId>);
}

/// Why a worker left.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum End {
    /// It was idle for long, or the pool ends.
    Spared,
    /// Its job panicked, and another thread is to take its place.
    Replaced,
}

impl<J: Send + 'static, R: 'static, Q: WorkQueue<Job<J>>> Inner<J, R, Q> {
    pub(crate) fn new<L>(
        queue: Q,
        state: PoolState,
        config: Config,
        run_here: Option<fn(J) -> R>,
        launcher: Arc<L>,
    ) -> Arc<Self>
    where
        L: WorkerMain<J, R, Q> + 'static,
    {
        let weak = Arc::downgrade(&launcher);
        let inner = Arc::new(Self { queue, state, config, run_here, launcher: weak });
        let weak = Arc::downgrade(&inner);
        inner.state.belong_to(weak.clone(), launcher);
        inner.state.waiters.set_alarm(move || {
            if let Some(inner) = weak.upgrade() {
                inner.state.sleep.time_changed();
                inner.state.waiters.wake_all();
                // Last: it drops closures, which is foreign code and may take long.
                inner.state.expire_due();
            }
        });
        inner
    }

    /// The identity of this pool.
    #[inline]
    pub(crate) fn id(&self) -> PoolId {
        self.state.id()
    }

    /// Returns a reference for handles that outlive the pool and do not keep it.
    pub(crate) fn downgrade(self: &Arc<Self>) -> Weak<dyn AnyPool> {
        let weak: Weak<Self> = Arc::downgrade(self);
        weak
    }

    pub(crate) fn launcher(&self) -> Option<Arc<dyn WorkerMain<J, R, Q>>> {
        self.launcher.upgrade()
    }

    /// Wakes a worker if one is needed. Every path that has put a job into the queue ends here (C7).
    #[inline]
    pub(crate) fn notify(self: &Arc<Self>) {
        if self.state.sleep.needs_wake() {
            self.wake();
        }
    }

    /// Wakes a worker if one is needed and there is work: for a caller that may have kept others from
    /// waking one.
    pub(crate) fn notify_if_work(self: &Arc<Self>) {
        // The fence in `needs_wake` stands before the look at the queue: see `sleep`.
        if self.state.sleep.needs_wake() && !self.is_queue_empty() {
            self.wake();
        }
    }

    /// Whether no job waits. A queue that panics is given up, and counts as empty: the caller may be a thread whose
    /// end others wait for, and nobody takes from that queue any more.
    pub(crate) fn is_queue_empty(&self) -> bool {
        let look = || self.state.queue_call(|| self.queue.is_empty());
        guarded(look).map_err(drop_quietly).unwrap_or(true)
    }

    #[cold]
    fn wake(self: &Arc<Self>) {
        if let Some(worker) = self.state.sleep.wake_one() {
            // If the start fails, other workers do the work, or a submitter that needs a worker finds out.
            self.start(worker);
        }
    }

    /// Removes jobs from the queue, and wakes a worker for those that stay, which may have been out of
    /// sight. A queue that panics is given up, and not called for this again: it would be when the pool is.
    pub(crate) fn retain(self: &Arc<Self>, keep: impl FnMut(&mut Job<J>) -> bool) {
        let has_failed = &self.state.retain_failed;
        if has_failed.load(Relaxed) {
            return;
        }
        let retain = || {
            let fails = SetOnUnwind(has_failed);
            self.queue.retain(keep);
            mem::forget(fails);
        };
        let retained = guarded(|| self.state.queue_call(retain));
        self.notify_if_work();
        let _ = retained.map_err(drop_quietly);
    }

    /// Closes the pool: accepts nothing more from outside. Once the pool is quiescent, its workers leave.
    pub(crate) fn close(&self) {
        self.state.close();
    }

    pub(crate) fn pause(&self) {
        self.state.sleep.set_paused(true);
    }

    pub(crate) fn resume(self: &Arc<Self>) {
        self.state.sleep.set_paused(false);
        self.go_on();
    }

    /// Has the jobs run that a pause has kept.
    fn go_on(self: &Arc<Self>) {
        self.notify_if_work();
        if self.state.ledger.gate.is_dormant() {
            // There may be no worker left that could be woken, and those that wait left the jobs alone.
            self.state.look_at_end();
        }
    }

    /// Closes the pool, and ends its pause for good, so that it drains.
    pub(crate) fn drain(self: &Arc<Self>) {
        self.close();
        self.state.sleep.end_pause();
        self.go_on();
    }
}

/// Sets a flag when it is dropped.
struct SetOnUnwind<'a>(&'a AtomicBool);

impl Drop for SetOnUnwind<'_> {
    fn drop(&mut self) {
        // Relaxed: it only has to stop this thread, and others that fail as well.
        self.0.store(true, Relaxed);
    }
}
