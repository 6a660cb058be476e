//! The number of threads, and its change: workers that are not needed any more leave, parked ones first.

use super::{Sleep, State};
use crate::sync::{Relaxed, lock};

impl Sleep {
    /// The number of threads that the pool is to have.
    pub(crate) fn num_threads(&self) -> usize {
        self.num_threads.load(Relaxed)
    }

    /// Sets the number of threads that the pool is to have, from 1 to the number of indices. The caller must
    /// look whether a worker is to be woken.
    pub(crate) fn set_num_threads(&self, threads: usize) {
        let mut state = lock(&self.state);
        state.workers.num_threads = threads;
        state.workers.retry_failed();
        self.num_threads.store(threads, Relaxed);
        self.shed(&mut state);
    }

    /// Notes that a worker's job is about to block, so that another thread may do the worker's work. The
    /// caller must look whether one is to be woken.
    pub(crate) fn begin_blocking(&self) {
        let mut state = lock(&self.state);
        state.workers.blocked += 1;
        // It may be one of those whose start failed that the job waits for.
        state.workers.retry_failed();
        self.shed(&mut state);
    }

    /// Notes that it does not block any more.
    pub(crate) fn end_blocking(&self) {
        let mut state = lock(&self.state);
        state.workers.blocked -= 1;
        self.shed(&mut state);
    }

    /// Has the parked workers leave that are not needed. If that does not do, no job is started until the
    /// next worker that runs dry has left.
    ///
    /// A worker that is kept from its job, and parks, is woken again: one that leaves looks for work after
    /// this, behind a fence. Either its fence comes first, and the other's last look sees that no more are
    /// held; or it comes later, and it sees the other available.
    pub(super) fn shed(&self, state: &mut State) {
        while let Some(worker) = state.workers.dismiss() {
            self.condvars[worker].notify_one();
        }
        self.mode.store(state.workers.mode() as u8, Relaxed);
        self.publish(state, 0);
    }
}
