//! The worker at work: take jobs, run them, deliver, search, sleep.

pub(crate) mod current;
pub(crate) mod ended;
pub(crate) mod launch;
mod pace;
pub(crate) mod sinks;
pub(crate) mod threads;

use std::any::Any;
use std::cell::{Cell, RefCell, RefMut};
use std::collections::VecDeque;
use std::sync::Arc;

use crate::accept::ledger::{Counters, ID_BLOCK};
use crate::error::JobError;
use crate::job::{Body, Job, JobId, JobIds};
use crate::panics::{Panic, drop_quietly, guarded};
use crate::queue::{LocalQueue, WorkQueue};
use crate::shared::Shared;
use crate::sink::{Completed, ResultSink, SinkClosed, flush_quietly};
use crate::sleep::Wake;
use crate::sleep::park::look_for_a_while;
use crate::spawned::errand::Claim;
use crate::spawned::runner::Runner;
use crate::worker::pace::Pace;

/// Whose code a worker runs, for the case that it panics.
#[derive(Clone, Copy)]
enum Running {
    /// The queue's, or the pool's own.
    Queue,
    /// A job's.
    Job(JobId),
    /// The sink's, with an outcome that it has not taken yet.
    Put,
    /// The drop of an outcome that the sink did not take.
    Drop,
}

/// A worker at work, reachable for the jobs it runs through [`current`].
pub(crate) struct Worker<J: Send + 'static, Q: WorkQueue<Job<J>>> {
    shared: Arc<Shared<J, Q>>,
    index: usize,
    local: RefCell<Q::Local>,
    /// The id for the next job that its jobs submit. A multiple of the block's size: a new block is
    /// due.
    next_id: Cell<u64>,
    running: Cell<Running>,
}

impl<J: Send + 'static, Q: WorkQueue<Job<J>>> Worker<J, Q> {
    pub(crate) fn new(shared: Arc<Shared<J, Q>>, index: usize) -> Self {
        let local = RefCell::new(shared.queue.local(index));
        Self { shared, index, local, next_id: Cell::new(0), running: Cell::new(Running::Queue) }
    }

    #[inline]
    fn counters(&self) -> &Counters {
        self.shared.hub.ledger.worker(self.index)
    }

    /// The worker's end of the queue, to submit to. `None` if it is in use: the call comes from
    /// within the queue itself.
    #[inline]
    pub(crate) fn own_end(&self) -> Option<RefMut<'_, Q::Local>> {
        self.local.try_borrow_mut().ok()
    }

    /// Accepts a job from a running job of this worker (C4). Closing does not bar it, and it needs
    /// no atomic of its own: while its parent runs, the pool cannot come to rest.
    #[inline]
    pub(crate) fn submit(&self, mut end: RefMut<'_, Q::Local>, body: Body<J>) -> JobId {
        let id = self.next_id();
        end.push(Job::new(id, body));
        self.counters().pushed.bump();
        drop(end);
        self.shared.notify();
        id
    }

    /// The same for a batch.
    pub(crate) fn submit_batch(
        &self,
        mut end: RefMut<'_, Q::Local>,
        jobs: &mut VecDeque<Job<J>>,
        ids: &mut JobIds,
    ) {
        let count = jobs.len();
        let first = JobId::nested(self.shared.hub.ledger.nested_ids(count as u64));
        ids.push_run(first, count);
        let mut next = first;
        for mut job in jobs.drain(..) {
            job.set_id(next);
            end.push(job);
            next = next.plus(1);
        }
        self.counters().pushed.add(count as u64);
        drop(end);
        self.shared.notify();
    }

    #[inline]
    fn next_id(&self) -> JobId {
        let id = self.next_id.get();
        if id.is_multiple_of(ID_BLOCK) {
            return self.first_id_of_next_block();
        }
        self.next_id.set(id + 1);
        JobId::nested(id)
    }

    #[cold]
    fn first_id_of_next_block(&self) -> JobId {
        let id = self.shared.hub.ledger.nested_ids(1);
        self.next_id.set(id + 1);
        JobId::nested(id)
    }

    /// The next job of this worker's own end.
    #[inline]
    fn pop(&self) -> Option<Job<J>> {
        self.take(|local| local.pop())
    }

    /// A job from elsewhere. The caller must see to it that somebody looks for the jobs that may
    /// have been moved with it, see `sleep`.
    fn steal(&self) -> Option<Job<J>> {
        self.take(|local| local.steal())
    }

    fn pop_or_steal(&self) -> Option<Job<J>> {
        self.pop().or_else(|| self.steal())
    }

    /// Takes a job, if there is one and jobs may start.
    // Always inlined: a job that is handed back through memory, just written, waits for the stores.
    #[inline(always)]
    fn take(&self, from: impl FnOnce(&mut Q::Local) -> Option<Job<J>>) -> Option<Job<J>> {
        if self.shared.hub.sleep.is_paused() {
            return None;
        }
        // Looked at where it lies: a copy, right after it was written, would wait for the stores.
        let found = from(&mut self.local.borrow_mut());
        // What a claim leads to is counted by whoever takes that.
        if let Some(job) = &found
            && !job.is_claim()
        {
            self.counters().popped.bump();
            self.shared.hub.make_room(job.id());
        }
        found
    }

    /// Takes jobs and runs them until it is to leave. Nothing that a job or the sink throws can hurt
    /// the worker (C8); what the queue throws comes back.
    ///
    /// One net is stretched under the whole loop, since one under each job would cost each job.
    pub(crate) fn run<R>(
        &self,
        handler: &mut impl FnMut(J) -> R,
        sink: &mut impl ResultSink<R>,
    ) -> Result<(), Box<dyn Any + Send>> {
        // Whoever started this thread has counted it among the searchers.
        let mut found = guarded(|| self.search_or_sleep(true))?;
        if found.is_none() {
            return Ok(());
        }
        loop {
            match guarded(|| self.work(found.take(), handler, sink)) {
                Ok(()) => return Ok(()),
                Err(payload) => self.recover(payload, sink)?,
            }
        }
    }

    /// Takes jobs and runs them, this one first, until it is to leave.
    fn work<R>(
        &self,
        mut found: Option<Job<J>>,
        handler: &mut impl FnMut(J) -> R,
        sink: &mut impl ResultSink<R>,
    ) {
        let mut pace = Pace::new(self.counters().popped.get());
        loop {
            if let Some(job) = found {
                self.perform(job, handler, sink);
            }
            while let Some(job) = self.pop() {
                self.perform(job, handler, sink);
            }
            pace.wait(self.counters().popped.get());
            found = self.steal();
            pace.looked(found.is_some());
            if found.is_some() {
                self.shared.notify_if_work();
                continue;
            }
            // Before it joins the searchers: a flush may block, and others rely on a searcher.
            self.counters().undelivered.add(flush_quietly(sink));
            found = self.search_or_sleep(self.shared.hub.sleep.start_searching());
            if found.is_none() {
                return;
            }
        }
    }

    /// Deals with a panic of a job or of the sink, and gives back one of the queue.
    fn recover<R>(
        &self,
        payload: Box<dyn Any + Send>,
        sink: &mut impl ResultSink<R>,
    ) -> Result<(), Box<dyn Any + Send>> {
        match self.running.replace(Running::Queue) {
            Running::Queue => return Err(payload),
            Running::Job(id) => {
                self.counters().panicked.bump();
                let error = JobError::Panicked(Panic::new(payload));
                if let Err(payload) = guarded(|| self.deliver(id, Err(error), sink)) {
                    return self.recover(payload, sink);
                }
            }
            Running::Put => {
                self.counters().undelivered.bump();
                drop_quietly(payload);
            }
            Running::Drop => drop_quietly(payload),
        }
        Ok(())
    }

    /// Searches and sleeps until there is a job; `None` if the worker is to leave.
    fn search_or_sleep(&self, mut searching: bool) -> Option<Job<J>> {
        let sleep = &self.shared.hub.sleep;
        loop {
            if searching && let Some(job) = self.search() {
                self.stop_searching();
                return Some(job);
            }
            sleep.lie_down(self.index, searching);
            if let Some(job) = self.pop_or_steal() {
                if sleep.get_up(self.index) {
                    self.stop_searching();
                } else {
                    // It may have been a searcher until it lay down, on whom others relied.
                    self.shared.notify_if_work();
                }
                return Some(job);
            }
            match sleep.sleep(self.index, &self.shared.hub.ledger, &*self.shared.hub.waiters.clock)
            {
                Wake::Search => searching = true,
                Wake::Leave => return None,
            }
        }
    }

    /// Looks for a job, for a bounded while.
    fn search(&self) -> Option<Job<J>> {
        look_for_a_while(|| self.pop_or_steal())
    }

    /// Leaves the searchers; the last to do so wakes the next if there is more work.
    fn stop_searching(&self) {
        if self.shared.hub.sleep.stop_searching() {
            self.shared.notify_if_work();
        }
    }

    /// Runs a job and delivers its outcome.
    #[inline]
    fn perform<R>(
        &self,
        job: Job<J>,
        handler: &mut impl FnMut(J) -> R,
        sink: &mut impl ResultSink<R>,
    ) {
        let (id, payload) = match job.into_parts() {
            (id, Body::Payload(payload)) => (id, payload),
            (id, Body::Claim(claim)) => return self.follow(id, claim, sink),
        };
        self.running.set(Running::Job(id));
        let result = handler(payload);
        // The job and its captures are gone by now (C9).
        self.counters().done.bump();
        self.deliver(id, Ok(result), sink);
    }

    /// Does what a claim leads to. Its outcome is not for the sink, which is told not to wait for it.
    fn follow<R>(&self, id: JobId, claim: Claim, sink: &mut impl ResultSink<R>) {
        claim.run(id, Runner::worker(&self.shared.hub, self.index));
        if !id.is_nested() {
            let _ = guarded(|| sink.skip(id)).map_err(drop_quietly);
        }
    }

    #[inline]
    fn deliver<R>(&self, id: JobId, outcome: Result<R, JobError>, sink: &mut impl ResultSink<R>) {
        self.running.set(Running::Put);
        if let Err(SinkClosed(done)) = sink.put(Completed::new(id, Some(self.index), outcome)) {
            self.counters().undelivered.bump();
            self.running.set(Running::Drop);
            drop(done);
        }
        self.running.set(Running::Queue);
    }
}
