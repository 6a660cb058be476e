//! The start of worker threads: for a new pool, for a wake-up, and for a submitter that finds no worker.

use std::sync::Arc;
use std::time::Instant;

use crate::error::{StartCause, StartError};
use crate::panics::{Panic, drop_quietly, guarded};
use crate::parts::context::{self, Standing};
use crate::parts::sleep::lifecycle::{Gone, Start};
use crate::parts::thread_end::ThreadEnd;
use crate::queue::WorkQueue;
use crate::runtime::inner::{End, Inner};
use crate::runtime::job::Job;
use crate::thread_factory::WorkerThread;

impl<J: Send + 'static, R: 'static, Q: WorkQueue<Job<J>>> Inner<J, R, Q> {
    /// Starts a thread for a reserved index. The returned `Start` learns how that went.
    pub(crate) fn start(self: &Arc<Self>, worker: usize) -> Arc<Start> {
        let (start, ended) = (Arc::new(Start::default()), ThreadEnd::default());
        let starting = StartGuard::new(Arc::clone(self), worker, Arc::clone(&start), ended.clone());
        let thread = WorkerThread::new(
            worker,
            self.config.names[worker].clone(),
            self.config.stack_size,
            Box::new(move || starting.run()),
        );
        // Foreign code: a wait for a worker of this pool in it would wait for itself.
        let inside = context::enter_to_start(self.id());
        let made = guarded(|| match self.state.is_forked() {
            true => {
                drop(thread);
                Err(None)
            }
            false => self.config.factory.start(thread).map_err(Some),
        });
        drop(inside);
        let cause = match made {
            Ok(Ok(handle)) => {
                self.state.sleep.enlist(handle, ended);
                if start.has_failed() {
                    // The factory has dropped it.
                    self.tell_failed(&start, &StartError::new(worker, StartCause::Factory));
                }
                return start;
            }
            Ok(Err(Some(error))) => StartCause::Thread(Arc::new(error)),
            Ok(Err(None)) => StartCause::Forked,
            Err(payload) => StartCause::Panicked(Arc::new(Panic::new(payload))),
        };
        let error = StartError::new(worker, cause);
        self.tell_failed(&start, &error);
        start.explain(error);
        self.state.sleep.not_spawned();
        start
    }

    /// Tells the observers that a worker did not start, unless they know.
    fn tell_failed(&self, start: &Start, error: &StartError) {
        if self.state.is_observed() && start.is_first_to_tell() {
            self.state.observe(|observer| observer.start_failed(error));
        }
    }

    /// Starts the first workers of a new pool. Returns the first failure, if there was one.
    pub(crate) fn start_core(self: &Arc<Self>, core: usize) -> Result<(), StartError> {
        let mut starts = Vec::with_capacity(core);
        // After a failure no further thread is asked for. That its index is not vacant is not enough: a worker
        // that falls asleep makes it so again.
        while starts.len() < core
            && starts.last().is_none_or(|(_, start): &(usize, Arc<Start>)| !start.has_failed())
            && let Some(worker) = self.state.sleep.reserve()
        {
            starts.push((worker, self.start(worker)));
        }
        let wait = |(worker, start): &(usize, Arc<Start>)| {
            self.state.sleep.wait_started(*worker, start, self.state.clock(), None)
        };
        // All starts have succeeded or failed before one is reported.
        let outcomes: Vec<_> = starts.iter().map(wait).collect();
        outcomes.into_iter().collect()
    }

    /// Makes sure that there is a worker, for a submitter that found the gate dormant. A nested job needs
    /// one in a closed pool, too.
    #[cold]
    pub(crate) fn start_first(
        self: &Arc<Self>,
        nested: bool,
        deadline: Option<Instant>,
    ) -> Result<(), StartError> {
        let (id, sleep, clock) = (self.id(), &self.state.sleep, self.state.clock());
        let is_itself = self.is_itself_on_its_way();
        if is_itself && nested && !context::starts_worker(id) {
            // This worker is set up, and comes itself; or it leaves, and then looks whether it is needed
            // again.
            return Ok(());
        }
        if is_itself || context::starts_worker(id) {
            // The start to wait for may be this thread's own.
            return Err(StartError::new(sleep.under_way(), StartCause::NotAtWork));
        }
        let Some(worker) = sleep.reserve_first(&self.state.ledger, nested, clock, deadline)? else {
            return Ok(());
        };
        let start = self.start(worker);
        let started = sleep.wait_started(worker, &start, clock, deadline);
        // If another worker is there by now, that one will do.
        started.or_else(|error| {
            if self.state.ledger.gate.is_dormant() {
                return Err(error);
            }
            drop_quietly(error);
            Ok(())
        })
    }

    /// Whether the present thread is a worker that is being set up or leaves, or is inside in another way
    /// and has no worker to wait for.
    fn is_itself_on_its_way(&self) -> bool {
        let id = self.id();
        (context::is_worker_of(id) || context::standing(id) == Standing::Inside)
            && !context::has_left(id)
    }

    /// Waits until the last thread has left, and joins them all; at most until the deadline. Returns whether
    /// that came to pass. Gives the pool up if jobs wait and no worker can be started for them.
    pub(crate) fn wait_gone(self: &Arc<Self>, deadline: Option<Instant>) -> bool {
        let (mut seen, state) = (0, &self.state);
        loop {
            match state.sleep.wait_gone(&mut seen, state.clock(), deadline) {
                Gone::Joined => return true,
                Gone::TimedOut => return false,
                Gone::Deserted => self.start_or_give_up(deadline),
            }
        }
    }

    /// Starts a worker if jobs wait and there is none. If that fails, gives the pool up.
    pub(crate) fn start_or_give_up(self: &Arc<Self>, deadline: Option<Instant>) {
        if !self.is_queue_empty()
            && let Err(error) = self.start_first(true, deadline)
        {
            let is_late = matches!(error.cause(), StartCause::TimedOut);
            drop_quietly(error);
            if !is_late {
                self.state.give_up(None);
            }
        }
    }
}

/// A worker whose thread was asked for and has not started yet.
pub(crate) struct StartGuard<J: Send + 'static, R: 'static, Q: WorkQueue<Job<J>>> {
    /// Taken when it starts. If this is dropped before, the worker did not start.
    inner: Option<Arc<Inner<J, R, Q>>>,
    index: usize,
    start: Arc<Start>,
    ended: ThreadEnd,
}

impl<J: Send + 'static, R: 'static, Q: WorkQueue<Job<J>>> StartGuard<J, R, Q> {
    pub(crate) fn new(
        inner: Arc<Inner<J, R, Q>>,
        index: usize,
        start: Arc<Start>,
        ended: ThreadEnd,
    ) -> Self {
        Self { inner: Some(inner), index, start, ended }
    }

    /// Runs a worker thread, from its start to its end.
    pub(crate) fn run(mut self) {
        let (Some(inner), index) = (self.inner.take(), self.index) else {
            return;
        };
        // First of all: the end of this thread must be seen in any case.
        self.ended.clone().of_this_thread();
        context::join_pool(inner.id(), index, &inner.config.names[index]);
        // The launcher lives until the pool has ended, which is after this worker.
        let Some(launcher) = inner.launcher() else {
            return;
        };
        let worked = launcher.work(&inner, index, &self.start);
        drop(launcher);
        context::leave();
        match worked {
            Ok(End::Replaced) if inner.state.sleep.replace(index) => {
                // If it fails, the others do the work, or the next submit or wait tries again.
                inner.start(index);
            }
            Ok(_) => {
                if inner.state.sleep.gone(index, &inner.state.ledger) {
                    inner.state.look_at_end();
                }
                inner.notify_if_work();
            }
            Err(cause) => self.fail(&inner, cause),
        }
    }

    /// Reports that the worker did not start. It counted as a searcher, so others may have relied on it.
    fn fail(&self, inner: &Arc<Inner<J, R, Q>>, cause: StartCause) {
        let error = StartError::new(self.index, cause);
        // Within the thread factory, which may know the cause, that is told afterwards.
        if !context::starts_worker(inner.id()) {
            inner.tell_failed(&self.start, &error);
        }
        inner.state.sleep.start_failed(self.index, &self.start, error, &inner.state.ledger);
        inner.state.look_at_end();
        inner.notify_if_work();
    }
}

impl<J: Send + 'static, R: 'static, Q: WorkQueue<Job<J>>> Drop for StartGuard<J, R, Q> {
    fn drop(&mut self) {
        if let Some(inner) = self.inner.take() {
            self.fail(&inner, StartCause::Factory);
        }
    }
}
