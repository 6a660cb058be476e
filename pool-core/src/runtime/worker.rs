//! The worker's loop: pop, run, deliver, steal; without a job search, then park. One net for panics lies
//! under all of it.

mod handing;
mod nested;

use std::any::Any;
use std::cell::{Cell, RefCell, RefMut};
use std::mem;
use std::sync::Arc;

use crate::error::JobError;
use crate::id::JobId;
use crate::observer::ObservedJob;
use crate::panics::{Panic, PanicPolicy, drop_quietly, guarded};
use crate::parts::backoff::spin_then_yield;
use crate::parts::context;
use crate::parts::ledger::{Counters, Ended};
use crate::parts::poll_pacing::PollPacing;
use crate::parts::sleep::{Mode, Sleep, Wake};
use crate::priority::Priority;
use crate::queue::{LocalQueue, WorkQueue};
use crate::runtime::account::Account;
use crate::runtime::handler::Handler;
use crate::runtime::inner::{End, Inner};
use crate::runtime::job::Job;
use crate::runtime::job_ref::JobRef;
use crate::runtime::join::pending_joins::forget_pool;
use crate::sink::{Completed, ResultSink, SinkClosed, flush_quietly};

/// The code that a worker runs, for the case that it panics.
#[derive(Clone, Copy)]
enum Running {
    /// The queue's, or the pool's own.
    Queue,
    /// A job's.
    Job(JobId),
    /// What a job ref leads to, which never unwinds.
    Ref(JobId),
    /// The sink's, with an outcome that it has not taken yet.
    Put,
    /// The drop of an outcome that the sink did not take.
    Drop,
    /// The pool's own: the worker is to be replaced, since a call has panicked.
    Replacing,
}

/// What a worker does after a panic.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Recovered {
    GoesOn,
    /// It leaves, and another thread takes its place.
    Replaced,
}

/// A worker at work. The jobs that it runs reach it through `context::worker`.
pub(crate) struct Worker<J: Send + 'static, R: 'static, Q: WorkQueue<Job<J>>> {
    inner: Arc<Inner<J, R, Q>>,
    index: usize,
    local: RefCell<Q::Local>,
    /// The id for the next job that its jobs submit. At a multiple of the block's size, a new block is due.
    next_id: Cell<u64>,
    running: Cell<Running>,
    /// The job for the handler to which a job ref has led, or that was set aside.
    handed: RefCell<Option<(ObservedJob, Handed<J, R>)>>,
    /// The label of the job for the handler that it runs.
    label: Cell<Option<&'static str>>,
    /// Whether the observers were told that it sleeps.
    is_asleep: Cell<bool>,
    /// Whether its job has said that it blocks.
    is_blocking: Cell<bool>,
}

/// Calls the handler with a job, in the job's context.
type WithinContext<J, R> = Box<dyn FnOnce(&mut dyn FnMut(J) -> R) -> R>;

/// A job for the handler.
enum Handed<J, R> {
    /// The sink gets its outcome.
    Payload(J),
    /// The same, for one that has a context, in which the handler is called.
    Within(WithinContext<J, R>),
    /// Its handle gets the outcome.
    Task(Arc<dyn HandlerTask<J, R>>),
}

/// A job for the handler that has a handle.
pub(crate) trait HandlerTask<J, R> {
    /// Runs it with this handler, if it is still queued and its time is not over. Returns whether the handler
    /// panicked. It never unwinds (C8).
    fn run(
        self: Arc<Self>,
        id: JobId,
        account: Account<'_>,
        handler: &mut dyn FnMut(J) -> R,
    ) -> bool;
}

/// A worker whose job blocks, until this is dropped.
struct Blocking<'a>(&'a Cell<bool>, &'a Sleep);

impl Drop for Blocking<'_> {
    fn drop(&mut self) {
        self.0.set(false);
        self.1.end_blocking();
    }
}

impl<J: Send + 'static, R: 'static, Q: WorkQueue<Job<J>>> Worker<J, R, Q> {
    pub(crate) fn new(inner: Arc<Inner<J, R, Q>>, index: usize) -> Self {
        let local = RefCell::new(inner.queue.local(index));
        Self {
            inner,
            index,
            local,
            next_id: Cell::new(0),
            running: Cell::new(Running::Queue),
            handed: RefCell::new(None),
            label: Cell::new(None),
            is_asleep: Cell::new(false),
            is_blocking: Cell::new(false),
        }
    }

    #[inline]
    fn counters(&self) -> &Counters {
        self.inner.state.ledger.worker(self.index)
    }

    /// The worker's end of the queue, to submit to. `None` if it is in use: then the call comes from within
    /// the queue.
    #[inline]
    pub(crate) fn own_end(&self) -> Option<RefMut<'_, Q::Local>> {
        self.local.try_borrow_mut().ok()
    }

    /// The priority of the job that this worker runs, which it took from the queue.
    pub(crate) fn priority(&self) -> Priority {
        match self.running.get() {
            Running::Job(id) | Running::Ref(id) => id.priority(),
            Running::Queue | Running::Put | Running::Drop | Running::Replacing => Priority::NORMAL,
        }
    }

    /// Pops the next job from this worker's own end.
    #[inline]
    fn pop(&self) -> Option<Job<J>> {
        self.take(|local| local.pop())
    }

    /// Steals a job. The caller must make sure that a worker looks for the jobs that may have been moved
    /// with it, see `sleep`.
    fn steal(&self) -> Option<Job<J>> {
        let stolen = self.take(|local| local.steal());
        if stolen.is_some() {
            self.counters().steals.bump();
        }
        stolen
    }

    fn pop_or_steal(&self) -> Option<Job<J>> {
        self.pop().or_else(|| self.steal())
    }

    /// Takes a job, if there is one and jobs may start. It is counted when it is performed.
    // Always inlined, and with nothing after the queue's call: that leaves the job where it is performed. A copy,
    // in wide loads over the narrow stores that have just brought it, would wait for them.
    #[inline(always)]
    fn take(&self, from: impl FnOnce(&mut Q::Local) -> Option<Job<J>>) -> Option<Job<J>> {
        if !self.inner.state.sleep.is(Mode::Run) {
            return self.take_by_mode(from);
        }
        from(&mut self.local.borrow_mut())
    }

    /// Takes a job when that is not all: none while jobs are held; one that is noted, if they are tracked; one
    /// that is to be discarded, which is ended when it is performed. Here no job ends and no place comes free, as the
    /// worker may be a searcher, on which others rely.
    #[cold]
    #[inline(never)]
    fn take_by_mode(&self, from: impl FnOnce(&mut Q::Local) -> Option<Job<J>>) -> Option<Job<J>> {
        let state = &self.inner.state;
        let slot = state.running.slot(self.index);
        if let Some(slot) = slot {
            // The job before has ended.
            slot.end();
        }
        if state.sleep.is(Mode::Held) {
            return None;
        }
        if state.sleep.is(Mode::Discard) {
            let found = from(&mut self.local.borrow_mut());
            return found.map(|job| self.inner.to_be_discarded(job));
        }
        let job = from(&mut self.local.borrow_mut())?;
        if let Some(slot) = slot {
            slot.begin(state.running_job(job.id(), job.label()));
        }
        Some(self.set_aside_if_observed(job))
    }

    /// Takes jobs and runs them until it is to leave. A panic of a job or of the sink does not hurt the
    /// pool (C8); one of the queue is returned.
    ///
    /// One net lies under the whole loop, since one under each job would cost each job.
    pub(crate) fn run(
        &self,
        handler: &mut impl Handler<J, R>,
        sink: &mut impl ResultSink<Result = R>,
    ) -> Result<End, Box<dyn Any + Send>> {
        // The start of this thread has counted the worker as a searcher.
        let mut found = guarded(|| self.search_or_sleep(true))?;
        if found.is_none() {
            return Ok(End::Spared);
        }
        loop {
            match guarded(|| self.work(found.take(), handler, sink)) {
                Ok(()) => return Ok(End::Spared),
                Err(payload) => {
                    if self.recover(payload, sink)? == Recovered::Replaced {
                        self.inner.state.sleep.leave_at_work(self.index);
                        return Ok(End::Replaced);
                    }
                }
            }
        }
    }

    /// Takes jobs and runs them, this one first, until it is to leave.
    fn work(
        &self,
        mut found: Option<Job<J>>,
        handler: &mut impl Handler<J, R>,
        sink: &mut impl ResultSink<Result = R>,
    ) {
        let mut pace = PollPacing::new(self.counters().popped.get());
        loop {
            self.perform(&mut found, handler, sink);
            // Here and below: what was begun needs no drop.
            mem::forget(found);
            loop {
                let mut next = self.pop();
                let performed = self.perform(&mut next, handler, sink);
                mem::forget(next);
                if !performed {
                    break;
                }
            }
            pace.wait(self.counters().popped.get());
            found = self.steal();
            pace.looked(found.is_some());
            if found.is_some() {
                self.inner.notify_if_work();
                continue;
            }
            // Before it becomes a searcher: a flush may block, and others rely on a searcher.
            self.counters().undelivered.add(flush_quietly(sink));
            found = self.search_or_sleep(self.inner.state.sleep.start_searching());
            if found.is_none() {
                return;
            }
        }
    }

    /// Deals with a panic of a job or of the sink, and returns one of the queue. Returns whether the worker
    /// goes on.
    fn recover(
        &self,
        payload: Box<dyn Any + Send>,
        sink: &mut impl ResultSink<Result = R>,
    ) -> Result<Recovered, Box<dyn Any + Send>> {
        match self.running.replace(Running::Queue) {
            Running::Queue | Running::Ref(_) => return Err(payload),
            Running::Job(id) => {
                self.inner.config.abort_if_asked();
                self.observe_end(ObservedJob { id, label: self.label.get() }, Ended::Panicked);
                self.counters().count(Ended::Panicked);
                let error = JobError::Panicked(Panic::new(payload));
                if let Err(payload) = guarded(|| self.deliver(id, Err(error), sink)) {
                    self.recover(payload, sink)?;
                }
                if self.inner.config.panic_policy == PanicPolicy::ReplaceWorker {
                    return Ok(Recovered::Replaced);
                }
            }
            Running::Put => {
                self.counters().undelivered.bump();
                drop_quietly(payload);
            }
            Running::Drop => drop_quietly(payload),
            Running::Replacing => return Ok(Recovered::Replaced),
        }
        Ok(Recovered::GoesOn)
    }

    /// Searches, and parks, until there is a job. Returns `None` if the worker is to leave.
    fn search_or_sleep(&self, searching: bool) -> Option<Job<J>> {
        let found = self.search_or_sleep_on(searching);
        // Not before: others rely on a searcher.
        if self.is_asleep.take() && found.is_some() {
            self.inner.state.observe(|observer| observer.worker_wakes(self.index));
        }
        found
    }

    /// Tells the observers that this worker sleeps, once.
    fn observe_sleep(&self) {
        let state = &self.inner.state;
        if state.is_observed() && !self.is_asleep.replace(true) {
            context::off_duty(|| state.observe(|observer| observer.worker_sleeps(self.index)));
        }
    }

    fn search_or_sleep_on(&self, mut searching: bool) -> Option<Job<J>> {
        let sleep = &self.inner.state.sleep;
        loop {
            if searching && let Some(job) = self.search() {
                self.stop_searching();
                return Some(job);
            }
            sleep.announce_sleep(self.index, searching);
            if let Some(job) = self.pop_or_steal() {
                if sleep.cancel_sleep(self.index) {
                    self.stop_searching();
                } else {
                    // It may have been a searcher until it announced its sleep, and others relied on it.
                    self.inner.notify_if_work();
                }
                return Some(job);
            }
            // While it sleeps, foreign code of observers and of the clock runs on this thread and belongs to no job.
            forget_pool();
            self.observe_sleep();
            match sleep.sleep(self.index, &self.inner.state.ledger, self.inner.state.clock()) {
                Wake::Search => searching = true,
                Wake::Leave => return None,
            }
        }
    }

    /// Looks for a job, for a bounded while.
    fn search(&self) -> Option<Job<J>> {
        spin_then_yield(|| self.pop_or_steal())
    }

    /// Leaves the searchers; the last to do so wakes another worker if there is more work.
    fn stop_searching(&self) {
        if self.inner.state.sleep.stop_searching() {
            self.inner.notify_if_work();
        }
    }

    /// Runs the job that was found, if there is one, and delivers its outcome.
    // Always inlined, as the functions below: a job that is handed on through memory, just written, waits for
    // the stores, and the handler belongs into the loop.
    #[inline(always)]
    fn perform(
        &self,
        found: &mut Option<Job<J>>,
        handler: &mut impl Handler<J, R>,
        sink: &mut impl ResultSink<Result = R>,
    ) -> bool {
        let Some(job) = found else { return false };
        let id = job.id();
        match job.take_ref() {
            None => {
                self.note_taken(id);
                self.handle(id, || handler.run_entry(job), sink);
            }
            Some(job_ref) => {
                if self.follow(id, job_ref, sink) {
                    self.handle_handed(handler, sink);
                }
            }
        }
        true
    }

    /// Counts a job for the handler that was taken, and frees its place. Not to be called before the search for it is
    /// over: it may wake a submitter, whose waker is foreign code and may take long, while others rely on a searcher.
    #[inline(always)]
    pub(super) fn note_taken(&self, id: JobId) {
        self.counters().popped.bump();
        self.inner.state.make_room(id);
    }

    /// Runs a job for the handler, and delivers its outcome.
    #[inline(always)]
    fn handle(&self, id: JobId, run: impl FnOnce() -> R, sink: &mut impl ResultSink<Result = R>) {
        self.running.set(Running::Job(id));
        let result = run();
        // The job and its captures are gone by now (C9).
        self.counters().count(Ended::Done);
        self.deliver(id, Ok(result), sink);
    }

    /// Runs what a job ref leads to. If its outcome is not for the sink, the sink skips its id.
    /// Returns whether it led to a job for the handler.
    #[inline(never)]
    fn follow(&self, id: JobId, job_ref: JobRef, sink: &mut impl ResultSink<Result = R>) -> bool {
        if job_ref.is_to_nothing() {
            // Its job was set aside.
            let is_aside = self.handed.borrow().is_some();
            if is_aside {
                self.note_taken(id);
            }
            return is_aside;
        }
        let skips = !id.is_nested() && !job_ref.is_for_sink();
        self.running.set(Running::Ref(id));
        job_ref.run(id, Account::worker(&self.inner.state, self.index));
        self.running.set(Running::Queue);
        if skips {
            let _ = guarded(|| sink.skip(id)).map_err(drop_quietly);
        }
        self.handed.borrow().is_some()
    }

    /// Runs a piece of a job that may block, and lets another thread do this worker's work meanwhile.
    pub(crate) fn blocking<T>(&self, code: impl FnOnce() -> T) -> T {
        if self.is_blocking.replace(true) {
            return code();
        }
        self.inner.state.sleep.begin_blocking();
        let _blocking = Blocking(&self.is_blocking, &self.inner.state.sleep);
        self.inner.notify_if_work();
        code()
    }

    #[inline(always)]
    fn deliver(
        &self,
        id: JobId,
        outcome: Result<R, JobError>,
        sink: &mut impl ResultSink<Result = R>,
    ) {
        self.running.set(Running::Put);
        if let Err(SinkClosed(done)) = sink.put(Completed::new(id, Some(self.index), outcome)) {
            self.counters().undelivered.bump();
            self.running.set(Running::Drop);
            drop(done);
        }
        self.running.set(Running::Queue);
    }
}
