//! The worker at work: take jobs, run them, deliver, search, sleep.

use std::any::Any;
use std::cell::{Cell, RefCell, RefMut};
use std::sync::Arc;

use crate::error::JobError;
use crate::job::{Job, JobId};
use crate::ledger::{Counters, ID_BLOCK};
use crate::panics::{Panic, drop_quietly, guarded};
use crate::queue::{LocalQueue, WorkQueue};
use crate::shared::Shared;
use crate::sink::{Completed, ResultSink, SinkClosed};
use crate::sleep::Wake;
use crate::sync::thread;

/// A model has no use for looks that only pass the time.
const MODELLED: bool = cfg!(any(loom, shuttle));
/// A searcher looks this often while only pausing the processor in between…
const SPINS: u32 = if MODELLED { 0 } else { 6 };
/// …and then this often while letting other threads run.
const YIELDS: u32 = if MODELLED { 0 } else { 10 };

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

/// A worker at work, reachable for the jobs it runs through [`current`](crate::current).
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
        self.shared.ledger.worker(self.index)
    }

    /// The worker's end of the queue, to submit to. `None` if it is in use: the call comes from
    /// within the queue itself.
    #[inline]
    pub(crate) fn own_end(&self) -> Option<RefMut<'_, Q::Local>> {
        self.local.try_borrow_mut().ok()
    }

    /// Accepts a job from a running job of this worker (C4). Closing does not bar it, and it needs
    /// no atomic of its own: while its parent runs, the pool can not come to rest.
    #[inline]
    pub(crate) fn submit(&self, mut end: RefMut<'_, Q::Local>, job: J) -> JobId {
        let id = self.next_id();
        end.push(Job::new(id, job));
        self.counters().pushed.bump();
        drop(end);
        self.shared.notify();
        id
    }

    #[inline]
    fn next_id(&self) -> JobId {
        let id = self.next_id.get();
        if id.is_multiple_of(ID_BLOCK) {
            return self.first_id_of_next_block();
        }
        self.next_id.set(id + 1);
        JobId::new(id)
    }

    #[cold]
    fn first_id_of_next_block(&self) -> JobId {
        let id = self.shared.ledger.nested_ids();
        self.next_id.set(id + 1);
        JobId::new(id)
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
    #[inline]
    fn take(&self, from: impl FnOnce(&mut Q::Local) -> Option<Job<J>>) -> Option<Job<J>> {
        if self.shared.sleep.is_paused() {
            return None;
        }
        let job = from(&mut self.local.borrow_mut())?;
        self.counters().popped.bump();
        Some(job)
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
        loop {
            if let Some(job) = found {
                self.perform(job, handler, sink);
            }
            while let Some(job) = self.pop() {
                self.perform(job, handler, sink);
            }
            found = self.steal();
            if found.is_some() {
                self.shared.notify_if_work();
                continue;
            }
            // Before it joins the searchers: a flush may block, and others rely on a searcher.
            let _ = guarded(|| sink.flush()).map_err(drop_quietly);
            found = self.search_or_sleep(self.shared.sleep.start_searching());
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
        let sleep = &self.shared.sleep;
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
            match sleep.sleep(self.index, &self.shared.ledger, &*self.shared.config.clock) {
                Wake::Search => searching = true,
                Wake::Leave => return None,
            }
        }
    }

    /// Looks for a job, for a bounded while.
    fn search(&self) -> Option<Job<J>> {
        for round in 0..=SPINS + YIELDS {
            if let Some(job) = self.pop_or_steal() {
                return Some(job);
            }
            if round < SPINS {
                (0..1 << round).for_each(|_| std::hint::spin_loop());
            } else if round < SPINS + YIELDS {
                thread::yield_now();
            }
        }
        None
    }

    /// Leaves the searchers; the last to do so wakes the next if there is more work.
    fn stop_searching(&self) {
        if self.shared.sleep.stop_searching() {
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
        let id = job.id();
        self.running.set(Running::Job(id));
        let result = handler(job.into_payload());
        // The job and its captures are gone by now (C9).
        self.counters().done.bump();
        self.deliver(id, Ok(result), sink);
    }

    #[inline]
    fn deliver<R>(&self, id: JobId, outcome: Result<R, JobError>, sink: &mut impl ResultSink<R>) {
        self.running.set(Running::Put);
        if let Err(SinkClosed(done)) = sink.put(Completed::new(id, self.index, outcome)) {
            self.counters().undelivered.bump();
            self.running.set(Running::Drop);
            drop(done);
        }
        self.running.set(Running::Queue);
    }
}
