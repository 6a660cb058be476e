//! What the handles and the workers of one pool have in common.

use std::mem;
use std::sync::{Arc, Weak};
use std::time::Instant;

use crate::config::Config;
use crate::error::{StartCause, StartError};
use crate::hub::{Access, Hub, PoolId};
use crate::job::{Body, Job, JobId};
use crate::panics::{Panic, drop_quietly, guarded};
use crate::queue::{LocalQueue, PushError, WorkQueue};
use crate::sleep::threads::Start;
use crate::spawned::errand::Claim;
use crate::worker::Worker;
use crate::worker::current::{self, Standing};
use crate::worker::ended::Ended;
use crate::worker::launch::{Launch, Starting};
use crate::worker::threads::WorkerThread;

/// A purge makes room for this many stale entries at once.
const EXPECTED: usize = 1024;

/// One pool.
pub(crate) struct Shared<J, Q> {
    pub(crate) queue: Q,
    pub(crate) hub: Hub,
    pub(crate) config: Config,
    /// Makes workers, as long as the hub keeps the originals.
    launcher: Weak<dyn Launch<J, Q>>,
}

impl<J: Send + 'static, Q: WorkQueue<Job<J>>> Shared<J, Q> {
    pub(crate) fn new<L>(queue: Q, hub: Hub, config: Config, launcher: Arc<L>) -> Arc<Self>
    where
        L: Launch<J, Q> + 'static,
    {
        let weak = Arc::downgrade(&launcher);
        let shared = Arc::new(Self { queue, hub, config, launcher: weak });
        shared.hub.belong_to(shared.access(), launcher);
        let weak = Arc::downgrade(&shared);
        shared.hub.waiters.set_alarm(move || {
            if let Some(shared) = weak.upgrade() {
                shared.hub.expire_due();
                shared.hub.sleep.time_changed();
                shared.hub.waiters.wake_all();
            }
        });
        shared
    }

    /// Tells this pool from others.
    #[inline]
    pub(crate) fn id(&self) -> PoolId {
        self.hub.id()
    }

    /// For handles that outlive the pool and do not keep it.
    pub(crate) fn access(self: &Arc<Self>) -> Weak<dyn Access> {
        let weak: Weak<Self> = Arc::downgrade(self);
        weak
    }

    pub(crate) fn launcher(&self) -> Option<Arc<dyn Launch<J, Q>>> {
        self.launcher.upgrade()
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
            // Should it fail, others do the work, or a submitter that needs one finds out.
            self.start(worker);
        }
    }

    /// Starts a thread for a reserved index. How that goes, the answer will know.
    pub(crate) fn start(self: &Arc<Self>, worker: usize) -> Arc<Start> {
        let (start, ended) = (Arc::new(Start::default()), Ended::default());
        let starting = Starting::new(Arc::clone(self), worker, Arc::clone(&start), ended.clone());
        let thread = WorkerThread::new(
            worker,
            self.config.names[worker].clone(),
            self.config.stack_size,
            Box::new(move || starting.run()),
        );
        // Foreign code: what waits in it for a worker of this pool would wait for itself.
        let inside = current::enter_to_start(self.id());
        let made = guarded(|| match self.hub.is_forked() {
            true => {
                drop(thread);
                Err(None)
            }
            false => self.config.factory.start(thread).map_err(Some),
        });
        drop(inside);
        let cause = match made {
            Ok(Ok(handle)) => {
                self.hub.sleep.enlist(handle, ended);
                return start;
            }
            Ok(Err(Some(error))) => StartCause::Thread(Arc::new(error)),
            Ok(Err(None)) => StartCause::Forked,
            Err(payload) => StartCause::Panicked(Arc::new(Panic::new(payload))),
        };
        start.explain(StartError::new(worker, cause));
        self.hub.sleep.not_spawned();
        start
    }

    /// Starts the first workers of a new pool. The first failure, if there was one.
    pub(crate) fn start_core(self: &Arc<Self>, core: usize) -> Result<(), StartError> {
        let reserved = (0..core).map_while(|_| self.hub.sleep.reserve());
        let starts: Vec<_> = reserved.map(|worker| (worker, self.start(worker))).collect();
        let wait = |(worker, start): &(usize, Arc<Start>)| {
            self.hub.sleep.wait_started(*worker, start, self.hub.clock(), None)
        };
        // All of them are over before one is reported.
        let outcomes: Vec<_> = starts.iter().map(wait).collect();
        outcomes.into_iter().collect()
    }

    /// Sees to it that a worker is there, for a submitter that found the gate dormant. A nested job wants
    /// one in a closed pool, too.
    #[cold]
    pub(crate) fn start_first(
        self: &Arc<Self>,
        nested: bool,
        deadline: Option<Instant>,
    ) -> Result<(), StartError> {
        let (id, sleep, clock) = (self.id(), &self.hub.sleep, self.hub.clock());
        let is_itself = self.is_itself_on_its_way();
        if is_itself && nested && !current::starts_worker(id) {
            // It is set up, and comes itself; or it leaves, and then looks whether it is wanted again.
            return Ok(());
        }
        if is_itself || current::starts_worker(id) {
            // What we would wait for may be this thread itself.
            return Err(StartError::new(sleep.under_way(), StartCause::NotAtWork));
        }
        let Some(worker) = sleep.reserve_first(&self.hub.ledger, nested, clock, deadline)? else {
            return Ok(());
        };
        let start = self.start(worker);
        let started = sleep.wait_started(worker, &start, clock, deadline);
        // Should another worker be there by now, that one will do.
        started.or_else(|error| {
            if self.hub.ledger.gate.0.read().is_dormant() { Err(error) } else { Ok(()) }
        })
    }

    /// Whether the present thread is a worker that is being set up, or leaves, or else inside without
    /// having a worker to wait for.
    fn is_itself_on_its_way(&self) -> bool {
        let id = self.id();
        (current::is_worker_of(id) || current::standing(id) == Standing::Inside)
            && !current::has_left(id)
    }

    /// Nothing is accepted from outside any more; once the pool is at rest, everyone goes home.
    pub(crate) fn close(&self) {
        self.hub.close();
    }

    pub(crate) fn pause(&self) {
        self.hub.sleep.set_paused(true);
    }

    pub(crate) fn resume(self: &Arc<Self>) {
        self.hub.sleep.set_paused(false);
        self.notify_if_work();
    }

    /// Waits until the last thread has left, and joins them all. If jobs wait and no worker can be started
    /// for them any more, gives the pool up.
    pub(crate) fn wait_gone(self: &Arc<Self>) {
        let mut seen = 0;
        while !self.hub.sleep.wait_gone(&mut seen) {
            if !self.queue.is_empty() && self.start_first(true, None).is_err() {
                self.hub.give_up(None);
            }
        }
    }

    /// Closes, and sees to it that the pool drains whatever anybody does.
    pub(crate) fn drain(self: &Arc<Self>) {
        self.close();
        self.hub.sleep.end_pause();
        self.notify_if_work();
    }
}

/// The stale entries that a queue removes. They are let go only when it is done: it may hold a lock.
struct Swept {
    claims: Vec<Claim>,
    /// Those for which the sink waits.
    skipped: Vec<JobId>,
}

impl Swept {
    fn with_capacity(entries: usize) -> Self {
        Self { claims: Vec::with_capacity(entries), skipped: Vec::new() }
    }

    /// Takes the claim out of an entry, if it is stale.
    fn take<J>(&mut self, job: &mut Job<J>) -> bool {
        let Some(claim) = job.take_stale() else { return false };
        self.claims.push(claim);
        if !job.id().is_nested() {
            self.skipped.push(job.id());
        }
        true
    }
}

impl Drop for Swept {
    fn drop(&mut self) {
        self.claims.drain(..).for_each(Claim::withdraw);
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
            if let Some(worker) = current::worker::<Worker<J, Q>>(self.id())
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

    fn entries(&self) -> usize {
        self.queue.len()
    }

    fn purge(self: Arc<Self>) -> usize {
        // The sink is told before anybody can take the pool to be at rest.
        let _guest = self.hub.guest();
        let mut swept = Swept::with_capacity(self.queue.len().min(EXPECTED));
        let retained = guarded(|| self.queue.retain(|job| !swept.take(job)));
        // Those that stay may have been out of sight.
        self.notify_if_work();
        if !swept.skipped.is_empty()
            && let Some(launcher) = self.launcher()
        {
            launcher.skip(mem::take(&mut swept.skipped));
        }
        if let Err(payload) = retained {
            // As when it panics in a worker's hands: what it held may be lost.
            drop_quietly(payload);
            self.hub.give_up(None);
        }
        swept.claims.len()
    }
}
