//! Nested jobs: what a worker's jobs submit goes to its own end of the queue.

use std::cell::RefMut;
use std::collections::VecDeque;
use std::mem;

use super::Worker;
use crate::id::{JobId, JobIds};
use crate::parts::ledger::ID_BLOCK;
use crate::priority::Priority;
use crate::queue::{LocalQueue, WorkQueue};
use crate::runtime::job::{Body, Job};
use crate::runtime::pool_state::PoolState;

impl<J: Send + 'static, R: 'static, Q: WorkQueue<Job<J>>> Worker<J, R, Q> {
    /// Accepts a nested job from a running job of this worker (C4). It is accepted after close too, and
    /// needs no atomic of its own: while its parent runs, the pool cannot become quiescent.
    #[inline]
    pub(crate) fn submit(
        &self,
        end: RefMut<'_, Q::Local>,
        body: Body<J>,
        priority: Priority,
    ) -> JobId {
        let id = self.next_id.get();
        if id.is_multiple_of(ID_BLOCK) {
            drop(end);
            return self.submit_first_of_block(body, priority);
        }
        self.next_id.set(id + 1);
        self.push_nested(end, JobId::nested(id), body, priority)
    }

    /// Accepts a nested job for which there is no id at hand. In a pool with observers that is every one, and they
    /// are told here: the job moves on as a whole, so that on the way of all others nothing is kept for a call
    /// that may unwind.
    #[cold]
    #[inline(never)]
    fn submit_first_of_block(&self, body: Body<J>, priority: Priority) -> JobId {
        let state = &self.inner.state;
        if state.is_observed() {
            let id = JobId::nested(state.ledger.nested_ids(1));
            // They may submit jobs themselves: nothing is borrowed.
            state.observe_submits(id, 1, priority, body.label());
            let told = ToldGuard { state, first: id, jobs: 1 };
            let id = self.push_nested(self.local.borrow_mut(), id, body, priority);
            mem::forget(told);
            return id;
        }
        let id = state.ledger.nested_block();
        self.next_id.set(id + 1);
        self.push_nested(self.local.borrow_mut(), JobId::nested(id), body, priority)
    }

    #[inline]
    fn push_nested(
        &self,
        mut end: RefMut<'_, Q::Local>,
        id: JobId,
        body: Body<J>,
        priority: Priority,
    ) -> JobId {
        self.inner.state.queue_call(|| end.push(Job::new(id.with_priority(priority), body)));
        self.counters().pushed.bump();
        drop(end);
        self.inner.notify();
        id
    }

    /// Accepts a batch of nested jobs.
    pub(crate) fn submit_batch<'a>(
        &'a self,
        mut end: RefMut<'a, Q::Local>,
        jobs: &mut VecDeque<Job<J>>,
        ids: &mut JobIds,
        priority: Priority,
    ) {
        let count = jobs.len();
        let first = JobId::nested(self.inner.state.ledger.nested_ids(count as u64));
        ids.push_run(first, count);
        let mut told = None;
        if self.inner.state.is_observed() {
            // As for a single one.
            drop(end);
            self.inner.state.observe_submits(first, count as u64, priority, None);
            told = Some(ToldGuard { state: &self.inner.state, first, jobs: count as u64 });
            end = self.local.borrow_mut();
        }
        let mut next = first.with_priority(priority);
        self.inner.state.queue_call(|| {
            for mut job in jobs.drain(..) {
                job.set_id(next);
                end.push(job);
                next = next.plus(1);
            }
        });
        mem::forget(told);
        self.counters().pushed.add(count as u64);
        drop(end);
        self.inner.notify();
    }
}

/// Jobs that the observers were told of, and that are not in the queue yet. Dropped, because that panics, it takes
/// back what was told.
struct ToldGuard<'a> {
    state: &'a PoolState,
    first: JobId,
    jobs: u64,
}

impl Drop for ToldGuard<'_> {
    fn drop(&mut self) {
        self.state.observe_withdrawals(self.first, self.jobs);
    }
}
