//! Quiescence: nothing queued and nothing running. How the pool notices it, wakes the threads that wait for
//! it, and ends; and the guests that hold it off.

use std::time::{Duration, Instant};

use super::{Sleep, State};
use crate::clock::{Clock, pause_until_woken, wait_for};
use crate::error::WaitError;
use crate::parts::ledger::Ledger;
use crate::sync::{Condvar, MutexGuard, Relaxed, lock};

impl Sleep {
    /// If the pool is quiescent, wakes the threads that wait for that, and, when the gate is closed, has
    /// all workers leave.
    pub(super) fn note_quiescence(&self, state: &mut State, ledger: &Ledger) {
        if !state.none_at_work() {
            return;
        }
        let Some(words) = ledger.all_taken() else { return };
        state.workers.epoch += 1;
        if words.is_closed() {
            self.terminate(state);
        } else if let Some(worker) = state.workers.kept.take() {
            self.condvars[worker].notify_one();
        }
        self.publish(state, 0);
        // Once the end is decided, other threads may wait for that.
        if words.is_closed() || state.waiting > 0 {
            self.changed.notify_all();
        }
    }

    pub(super) fn terminate(&self, state: &mut State) {
        state.workers.exit = true;
        self.condvars.iter().for_each(Condvar::notify_one);
    }

    /// Checks for quiescence after a change other than a worker's parking: the gate was closed, or an
    /// accepted job came back from the queue. Returns whether the last thread has left for good.
    pub(crate) fn check_quiescence(&self, ledger: &Ledger) -> bool {
        let mut state = lock(&self.state);
        self.note_quiescence(&mut state, ledger);
        state.workers.is_over()
    }

    /// Returns how often the pool became quiescent, and how often another job became the first to expire.
    pub(crate) fn epochs(&self) -> (u64, u64) {
        let state = lock(&self.state);
        (state.workers.epoch, state.expiries)
    }

    /// Notes that another job is the first to expire, and wakes the threads that wait.
    pub(crate) fn expiry_changed(&self) {
        let mut state = lock(&self.state);
        state.expiries += 1;
        if state.waiting > 0 {
            self.changed.notify_all();
        }
    }

    /// Waits until the pool is quiescent, or has been since these epochs. Returns `None` if a deadline came
    /// first, or another job is the first to expire by now. If there is no worker for the jobs that wait, the
    /// caller must try to start one.
    pub(crate) fn wait_quiescent(
        &self,
        (epoch, expiries): (u64, u64),
        ledger: &Ledger,
        clock: &dyn Clock,
        deadline: Option<Instant>,
    ) -> Option<Result<(), WaitError>> {
        self.await_change(clock, deadline, |state| {
            if state.workers.failed {
                return Some(Some(Err(WaitError::QueueFailed)));
            }
            let is_quiescent = state.none_at_work() && ledger.all_taken().is_some();
            if is_quiescent || state.workers.epoch != epoch {
                return Some(Some(Ok(())));
            }
            if state.is_deserted() {
                return Some(Some(Err(WaitError::NoThread)));
            }
            (state.expiries != expiries).then_some(None)
        })
        .flatten()
    }

    /// Keeps the pool from quiescence until [`release`](Self::release). Returns `false` if the pool has
    /// ended.
    pub(crate) fn hold(&self) -> bool {
        let mut state = lock(&self.state);
        if !state.workers.exit {
            state.guests += 1;
        }
        !state.workers.exit
    }

    /// Ends a [`hold`](Self::hold). Returns whether there is no thread, be it for good, or while jobs may
    /// be left that no worker will take: the caller must tell those that wait for the end.
    pub(crate) fn release(&self, ledger: &Ledger) -> bool {
        let mut state = lock(&self.state);
        state.guests -= 1;
        self.note_quiescence(&mut state, ledger);
        let is_deserted = state.guests == 0 && state.workers.live == 0;
        if is_deserted {
            self.changed.notify_all();
        }
        is_deserted || state.workers.is_over()
    }

    /// Waits until `look` finds what the caller waits for. Returns `None` if a deadline came first.
    pub(super) fn await_change<T>(
        &self,
        clock: &dyn Clock,
        deadline: Option<Instant>,
        mut look: impl FnMut(&mut State) -> Option<T>,
    ) -> Option<T> {
        let mut pause = None;
        let mut state = lock(&self.state);
        loop {
            if let Some(found) = look(&mut state) {
                return Some(found);
            }
            let jumps = self.jumps();
            if let Some((_, pause)) = pause.take_if(|(then, _)| *then == jumps) {
                state = self.wait_on_changed(state, pause);
                continue;
            }
            // The clock is foreign code: no lock is held.
            drop(state);
            let left = match deadline {
                // A change that came meanwhile came in time.
                Some(deadline) if clock.now() >= deadline => return look(&mut lock(&self.state)),
                Some(deadline) => clock.sleep_for(deadline),
                None => pause_until_woken(clock),
            };
            pause = Some((jumps, left));
            state = lock(&self.state);
        }
    }

    fn wait_on_changed<'a>(
        &self,
        mut state: MutexGuard<'a, State>,
        pause: Option<Duration>,
    ) -> MutexGuard<'a, State> {
        state.waiting += 1;
        let mut state = wait_for(&self.changed, state, pause);
        state.waiting -= 1;
        state
    }

    /// Wakes every thread that waits for a moment, so that it looks at the clock again.
    pub(crate) fn time_changed(&self) {
        let state = lock(&self.state);
        self.jumps.fetch_add(1, Relaxed);
        drop(state);
        self.condvars.iter().for_each(Condvar::notify_one);
        self.changed.notify_all();
    }
}
