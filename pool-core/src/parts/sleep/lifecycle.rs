//! The lifecycle of worker threads: starts, failed starts, leaving, joining, and giving the pool up.

use std::sync::{Arc, PoisonError};
use std::time::Instant;

use super::workers::Workers;
use super::{Sleep, State};
use crate::clock::Clock;
use crate::error::{StartCause, StartError};
use crate::panics::drop_quietly;
use crate::parts::ledger::Ledger;
use crate::parts::thread_end::ThreadEnd;
use crate::sync::{AtomicBool, Mutex, Relaxed, lock};
use crate::thread_factory::JoinHandle;

/// The outcome of one start of a thread, for the thread that asked for it.
#[derive(Default)]
pub(crate) struct Start {
    outcome: Mutex<Option<Result<(), StartError>>>,
    /// Whether the observers have been told of a failure.
    told: AtomicBool,
}

impl Start {
    /// Notes the outcome. A former one is to be dropped without a lock: it holds foreign errors.
    #[must_use]
    fn end(&self, how: Result<(), StartError>) -> Option<Result<(), StartError>> {
        lock(&self.outcome).replace(how)
    }

    /// Notes the reason of a failure, if it is not known yet.
    pub(crate) fn explain(&self, error: StartError) {
        let former = match &mut *lock(&self.outcome) {
            Some(Ok(())) => return,
            start => start.replace(Err(error)),
        };
        drop_quietly(former);
    }

    /// Whether it is known that the start failed.
    pub(crate) fn has_failed(&self) -> bool {
        matches!(*lock(&self.outcome), Some(Err(_)))
    }

    /// Whether the caller is the first to tell of a failure: a thread factory may drop a worker, and then say why.
    pub(crate) fn is_first_to_tell(&self) -> bool {
        // Relaxed: it says nothing of other memory.
        !self.told.swap(true, Relaxed)
    }

    fn outcome(&self) -> Option<Result<(), StartError>> {
        lock(&self.outcome).clone()
    }
}

/// Drops the foreign error of a failed start quietly: the last to hold it may be a worker between jobs.
impl Drop for Start {
    fn drop(&mut self) {
        drop_quietly(self.outcome.get_mut().unwrap_or_else(PoisonError::into_inner).take());
    }
}

impl Sleep {
    /// Reserves an index for a thread that is needed at once. The thread counts as a searcher.
    pub(crate) fn reserve(&self) -> Option<usize> {
        let mut state = lock(&self.state);
        let worker = state.workers.reserve();
        self.publish(&mut state, i64::from(worker.is_some()));
        worker
    }

    /// Keeps the handle of a thread that was started for a reserved index.
    pub(crate) fn enlist(&self, handle: JoinHandle<()>, ended: ThreadEnd) {
        let ended = lock(&self.state).workers.enlist(handle, ended);
        self.changed.notify_all();
        // Dropped, not joined: no submitter waits for a thread's end.
        drop(ended);
    }

    /// Notes that the factory gave no thread for a reserved index. That the worker did not start was
    /// reported when the factory dropped it.
    pub(crate) fn not_spawned(&self) {
        lock(&self.state).workers.spawning -= 1;
        self.changed.notify_all();
    }

    /// Puts a worker that has been set up to work, as a searcher.
    pub(crate) fn started(&self, worker: usize, start: &Start, ledger: &Ledger) {
        let mut state = lock(&self.state);
        state.workers.started(worker);
        // The pool may have been made smaller meanwhile.
        self.shed(&mut state);
        let former = start.end(Ok(()));
        // Under the lock, like all that other threads wait for on `changed`.
        ledger.gate.open();
        drop(state);
        self.changed.notify_all();
        drop_quietly(former);
    }

    /// Notes that a worker could not be set up. The caller must look whether another one is to be woken.
    pub(crate) fn start_failed(
        &self,
        worker: usize,
        start: &Start,
        error: StartError,
        ledger: &Ledger,
    ) {
        // Before the failure can be seen.
        let former = start.end(Err(error));
        drop_quietly(former);
        let mut state = lock(&self.state);
        state.workers.start_failed(worker);
        note_deserted(&state, ledger);
        self.publish(&mut state, -1);
        self.note_quiescence(&mut state, ledger);
        self.changed.notify_all();
    }

    /// Has a worker leave that runs no job at present, though it was not idle.
    pub(crate) fn leave_at_work(&self, worker: usize) {
        self.leave(lock(&self.state), worker);
    }

    /// Notes that a worker has left, and reserves its index for the thread that is to take its place, which
    /// counts as a searcher. Returns `false` if none is to take it.
    pub(crate) fn replace(&self, worker: usize) -> bool {
        let mut state = lock(&self.state);
        let replaced = state.workers.replace(worker);
        self.publish(&mut state, i64::from(replaced));
        replaced
    }

    /// Notes that a worker has left, and returns whether it was the last, for good. The caller must look
    /// whether its index is needed again.
    pub(crate) fn gone(&self, worker: usize, ledger: &Ledger) -> bool {
        let mut state = lock(&self.state);
        state.workers.gone(worker);
        note_deserted(&state, ledger);
        self.publish(&mut state, 0);
        self.note_quiescence(&mut state, ledger);
        self.changed.notify_all();
        state.workers.is_over()
    }

    /// Gives the pool up: the queue panicked on a worker, or no worker can be started. No thread waits for
    /// jobs that cannot be reached any more.
    pub(crate) fn give_up(&self, worker: Option<usize>, ledger: &Ledger) {
        ledger.gate.close();
        let mut state = lock(&self.state);
        state.workers.failed = true;
        if let Some(worker) = worker {
            state.workers.leave(worker);
        }
        self.terminate(&mut state);
        self.shed(&mut state);
        self.changed.notify_all();
    }

    /// Whether the pool was given up.
    pub(crate) fn has_failed(&self) -> bool {
        lock(&self.state).workers.failed
    }

    /// Waits until a start has succeeded or failed, and returns its outcome.
    pub(crate) fn wait_started(
        &self,
        worker: usize,
        start: &Arc<Start>,
        clock: &dyn Clock,
        deadline: Option<Instant>,
    ) -> Result<(), StartError> {
        let outcome = self.await_change(clock, deadline, |_| start.outcome());
        outcome.unwrap_or_else(|| Err(StartError::new(worker, StartCause::TimedOut)))
    }

    /// Reserves an index, or waits for a start or an end that is under way, for a submitter that found the
    /// gate dormant. `None`: look at the gate again.
    pub(crate) fn reserve_first(
        &self,
        ledger: &Ledger,
        nested: bool,
        clock: &dyn Clock,
        deadline: Option<Instant>,
    ) -> Result<Option<usize>, StartError> {
        let reserved = self.await_change(clock, deadline, |state| {
            let gate = &ledger.gate;
            if !gate.is_dormant() || (gate.is_closed() && !nested) || state.workers.exit {
                return Some(None);
            }
            if state.workers.starting > 0 {
                return None;
            }
            state.workers.retry_failed();
            let worker = state.workers.reserve()?;
            self.publish(state, 1);
            Some(Some(worker))
        });
        reserved.ok_or_else(|| StartError::new(self.under_way(), StartCause::TimedOut))
    }

    /// Has starts that have failed tried again. The caller must look whether a worker is to be woken.
    pub(crate) fn retry_failed(&self) {
        let mut state = lock(&self.state);
        state.workers.retry_failed();
        self.publish(&mut state, 0);
    }

    /// Returns a worker that is starting or leaving, for which another thread may have to wait.
    pub(crate) fn under_way(&self) -> usize {
        lock(&self.state).workers.under_way()
    }

    /// Whether the last thread has left for good.
    pub(crate) fn is_over(&self) -> bool {
        lock(&self.state).workers.is_over()
    }

    /// Returns the number of threads, of those that are parked, of the starts that failed, and of the times that a
    /// worker fell asleep.
    pub(crate) fn threads(&self) -> (usize, usize, u64, u64) {
        let state = lock(&self.state);
        let Workers { live, asleep, failed_starts, sleeps, .. } = state.workers;
        (live, asleep, failed_starts, sleeps)
    }

    /// Waits until the last thread has left, and joins them all; at most until the deadline, but for the
    /// ends of threads that have left. `seen` is the number of failed starts that the caller knows of.
    pub(crate) fn wait_gone(
        &self,
        seen: &mut u64,
        clock: &dyn Clock,
        deadline: Option<Instant>,
    ) -> Gone {
        loop {
            let found = self.await_change(clock, deadline, |state| state.look_gone(seen));
            match found {
                Some(Leaving::To(gone)) => return gone,
                Some(Leaving::Join(handles)) => {
                    join_all(handles);
                    lock(&self.state).joining -= 1;
                    self.changed.notify_all();
                }
                None => return Gone::TimedOut,
            }
        }
    }

    /// Whether the pool has lost all workers and not ended, and starts have failed since `seen`.
    pub(crate) fn lost_workers_since(&self, seen: &mut u64) -> bool {
        lock(&self.state).lost_workers_since(seen)
    }
}

/// What became of the threads for whose end a thread waited.
#[derive(Debug, PartialEq, Eq)]
pub(crate) enum Gone {
    /// All have left and are joined.
    Joined,
    /// There is none, but the pool has not ended. The caller must look whether jobs wait.
    Deserted,
    /// The time was over.
    TimedOut,
}

/// What a thread that waits for the end of all threads is to do.
enum Leaving {
    Join(Vec<JoinHandle<()>>),
    To(Gone),
}

impl State {
    fn look_gone(&mut self, seen: &mut u64) -> Option<Leaving> {
        if self.workers.is_over() && self.workers.spawning == 0 {
            let handles = self.workers.take_handles();
            if !handles.is_empty() {
                self.joining += 1;
                return Some(Leaving::Join(handles));
            }
            if self.joining == 0 {
                return Some(Leaving::To(Gone::Joined));
            }
        }
        self.lost_workers_since(seen).then_some(Leaving::To(Gone::Deserted))
    }

    fn lost_workers_since(&self, seen: &mut u64) -> bool {
        let failed = self.workers.failed_starts;
        self.is_deserted() && std::mem::replace(seen, failed) != failed
    }
}

/// Makes the gate dormant if the last worker is gone, so that the next submit starts one first. Jobs may wait
/// meanwhile, if a start has failed.
fn note_deserted(state: &State, ledger: &Ledger) {
    if state.workers.live == 0 {
        ledger.gate.lose_workers();
    }
}

fn join_all(handles: Vec<JoinHandle<()>>) {
    for handle in handles {
        // A worker's panic can only come from the thread factory's own wrapping; it is reported where it
        // happened.
        if let Err(payload) = handle.join() {
            drop_quietly(payload);
        }
    }
}
