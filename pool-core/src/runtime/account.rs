//! The account: where an outcome is counted, for a job that has a handle or that its submitter runs. It
//! takes the job, ends it and publishes the outcome, in the one order in which the counts never contradict
//! what can be seen. (The worker counts a job for its handler itself.)

use std::time::Instant;

use crate::error::JobError;
use crate::id::JobId;
use crate::observer::ObservedJob;
use crate::panics::{Panic, drop_quietly, guarded};
use crate::parts::context::{self, Standing};
use crate::parts::expiring::ExpiryKey;
use crate::parts::ledger::{Counters, Ended};
use crate::parts::sleep::Mode;
use crate::parts::stale;
use crate::runtime::pool_state::PoolState;

/// The present thread's account with a pool: the counters for the jobs that this thread ends.
#[derive(Clone, Copy)]
pub(crate) struct Account<'a> {
    pool: &'a PoolState,
    /// The worker's counters, if the present thread is a worker of the pool, at work; else it is a visitor.
    counters: Option<&'a Counters>,
    /// Whether the job has a place in the queue, which is to be given back.
    placed: bool,
}

impl<'a> Account<'a> {
    /// Returns the account of this worker of the pool, on whose thread it is called.
    pub(crate) fn worker(pool: &'a PoolState, index: usize) -> Self {
        Self { pool, counters: Some(pool.ledger.worker(index)), placed: true }
    }

    /// Returns the account of a thread that is no worker of the pool, or acts as none.
    pub(crate) fn visitor(pool: &'a PoolState) -> Self {
        Self { pool, counters: None, placed: true }
    }

    /// Returns the account of a thread that runs a job for which there was no room in the queue.
    pub(crate) fn submitter(pool: &'a PoolState) -> Self {
        Self { pool, counters: None, placed: false }
    }

    /// Returns the account of the present thread, by what it is to the pool.
    pub(crate) fn here(pool: &'a PoolState) -> Self {
        match context::worker_index(pool.id()) {
            Some(index) => Self::worker(pool, index),
            None => Self::visitor(pool),
        }
    }

    /// Whether the present thread is a worker of the pool, at work.
    pub(crate) fn is_workers(self) -> bool {
        self.counters.is_some()
    }

    pub(crate) fn pool(self) -> &'a PoolState {
        self.pool
    }

    /// Whether this moment has come, by the pool's clock; no, if the clock panics.
    pub(crate) fn is_past(self, deadline: Option<Instant>) -> bool {
        deadline.is_some_and(|deadline| {
            let now = guarded(|| self.pool.clock().now()).map_err(drop_quietly);
            now.is_ok_and(|now| now >= deadline)
        })
    }

    /// Whether no job is to be started at present.
    pub(crate) fn is_held(self) -> bool {
        self.pool.sleep.is(Mode::Held)
    }

    /// Takes a job to which this thread has the only right, and which may be among the expiring ones, ends
    /// it, and publishes its outcome. A thread that sees the outcome finds the end counted; until then the
    /// pool is not quiescent.
    #[inline]
    pub(crate) fn end_job<T>(
        self,
        id: JobId,
        label: impl Fn() -> Option<&'static str>,
        expiry: Option<ExpiryKey>,
        end: impl FnOnce() -> (Ended, T),
        publish: impl FnOnce(T),
    ) {
        self.take(id, expiry);
        let (how, outcome) = self.at_work(end);
        if self.pool.is_observed() {
            self.tell_end(ObservedJob { id, label: label() }, how);
        }
        if let Some(counters) = self.counters {
            counters.count(how);
        }
        self.at_work(|| publish(outcome));
        // A worker checks for quiescence when it parks; a visitor only had this one job.
        if self.counters.is_none() {
            self.pool.ledger.end_outside(how, 1);
            self.pool.check_quiescence();
        }
    }

    /// Runs a job, as a part of [ending](Self::end_job) it. Returns how it ended, with its outcome.
    #[inline]
    pub(crate) fn attempt<T>(
        self,
        id: JobId,
        label: impl Fn() -> Option<&'static str>,
        run: impl FnOnce() -> T,
    ) -> (Ended, Result<T, JobError>) {
        if self.pool.is_observed() {
            self.tell_start(ObservedJob { id, label: label() });
        }
        match guarded(run) {
            Ok(result) => (Ended::Done, Ok(result)),
            Err(payload) => (Ended::Panicked, Err(JobError::Panicked(Panic::new(payload)))),
        }
    }

    // These two take all by value: what a job's way refers to would have to lie in memory.
    #[cold]
    #[inline(never)]
    fn tell_start(self, job: ObservedJob) {
        self.pool.observe(|observer| observer.started(job, self.worker_index()));
    }

    #[cold]
    #[inline(never)]
    fn tell_end(self, job: ObservedJob, how: Ended) {
        self.pool.observe(|observer| observer.ended(job, self.worker_index(), how));
    }

    /// The index of the worker whose account it is.
    fn worker_index(self) -> Option<usize> {
        self.counters.and_then(|_| context::worker_index(self.pool.id()))
    }

    /// Counts a job as taken, and frees its place.
    #[inline]
    fn take(self, id: JobId, expiry: Option<ExpiryKey>) {
        if let Some(expiry) = expiry {
            self.pool.expiring.remove(expiry);
        }
        match self.counters {
            Some(counters) => counters.popped.bump(),
            None => self.pool.ledger.take_outside(1),
        }
        if self.placed {
            self.pool.make_room(id);
        }
    }

    /// Runs code of the job, or code that is told of its end. It counts as inside of the pool on any
    /// thread: a wait for quiescence in it would wait for itself.
    #[inline(always)]
    fn at_work<T>(self, code: impl FnOnce() -> T) -> T {
        let enter = || context::enter(self.pool.id(), Standing::AtWork);
        let _entered = self.counters.is_none().then(enter);
        code()
    }

    /// Notes that the queue holds a stale entry, and behind it this many bytes.
    pub(crate) fn leave_stale(self, bytes: usize) {
        let weight = stale::weight(bytes);
        match self.counters {
            Some(counters) => {
                let before = counters.stale.get();
                counters.stale.add(weight);
                if stale::is_time(before, before.wrapping_add(weight)) {
                    self.pool.stale.purge_if_worth();
                }
            }
            None => self.pool.stale.note(weight),
        }
    }
}
