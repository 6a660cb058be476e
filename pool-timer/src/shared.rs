//! What a timer, its handles and its thread share: the jobs by their time, and what the thread waits for.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::task::Wake;
use std::time::{Duration, Instant};

use crate::error::{TimerRefusal, TimerReport};
use crate::jobs::{Entry, Periodic};
use crate::panics::drop_quietly;
use crate::period::When;
use crate::sync::{Condvar, Mutex, MutexGuard, lock, wait_for};
use crate::ticket::{Key, Phase, Ticket};

/// The shared part of one timer. It knows neither the pool nor its clock. No foreign code runs under its
/// lock: closures, tickets' outcomes and wakers are dropped after it.
pub(crate) struct Shared {
    state: Mutex<State>,
    changed: Condvar,
    /// The process that has the timer's thread.
    process: u32,
}

#[derive(Default)]
struct State {
    waiting: BTreeMap<Key, Entry>,
    /// The number of the next job.
    next: u64,
    /// The number of periodic jobs in the pool that are neither cancelled nor counted as given up.
    away: u64,
    /// What the thread sleeps until; `None` while it is awake.
    sleeps_until: Option<When>,
    /// Whether something has changed since the thread began to look.
    has_changed: bool,
    /// Whether due jobs wait for room.
    is_blocked: bool,
    is_ending: bool,
    report: TimerReport,
}

impl State {
    /// Returns the former phase, to be dropped without the lock.
    #[must_use]
    fn insert(&mut self, when: When, entry: Entry) -> Phase {
        let key = (when, self.next);
        self.next += 1;
        let former = entry.ticket().change(Phase::Waiting(key));
        self.waiting.insert(key, entry);
        former
    }

    /// Whether the thread has to look again for this moment. It is so noted.
    fn concerns_thread(&mut self, when: When) -> bool {
        let concerns = self.sleeps_until.is_none_or(|until| when < until);
        self.has_changed |= concerns;
        concerns
    }

    fn first_due(&self, now: Instant) -> Option<Key> {
        let (key, _) = self.waiting.first_key_value()?;
        (key.0 <= When::At(now) && !self.is_ending).then_some(*key)
    }
}

/// A job that is due.
pub(crate) struct Due {
    pub(crate) tick: When,
    pub(crate) entry: Entry,
}

impl Shared {
    pub(crate) fn new() -> Arc<Self> {
        let process = std::process::id();
        Arc::new(Self { state: Mutex::default(), changed: Condvar::new(), process })
    }

    pub(crate) fn is_forked(&self) -> bool {
        std::process::id() != self.process
    }

    // ---- Setting and cancelling ----------------------------------------------------------------

    /// Takes a job, as an entry that `make` makes of it, or gives it back.
    pub(crate) fn set<F>(
        &self,
        when: When,
        job: F,
        make: impl FnOnce(F) -> Entry,
    ) -> Result<Arc<Ticket>, (TimerRefusal, F)> {
        if self.is_forked() {
            return Err((TimerRefusal::Forked, job));
        }
        let mut state = lock(&self.state);
        if state.is_ending {
            return Err((TimerRefusal::Closed, job));
        }
        let entry = make(job);
        let ticket = Arc::clone(entry.ticket());
        // It is new: there is nothing in the former phase.
        let _ = state.insert(when, entry);
        if state.concerns_thread(when) {
            drop(state);
            self.changed.notify_one();
        }
        Ok(ticket)
    }

    /// Takes a periodic job back from the pool, for its next run; or drops it, if it is over.
    pub(crate) fn set_again(&self, job: &Arc<Periodic>, when: When) {
        let mut state = lock(&self.state);
        if state.is_ending || job.ticket.is_cancelled() {
            // Counted where it was cancelled, or by `give_up`, perhaps later.
            let former = job.ticket.change(Phase::Ended);
            drop(state);
            let closure = lock(&job.closure).take();
            drop_quietly((former, closure));
            return;
        }
        state.away -= 1;
        let former = state.insert(when, Entry::Periodic(Arc::clone(job)));
        let concerns_thread = state.concerns_thread(when);
        drop(state);
        if concerns_thread {
            self.changed.notify_one();
        }
        drop_quietly(former);
    }

    /// Cancels a job; see [`Scheduled::cancel`](crate::Scheduled::cancel).
    pub(crate) fn cancel(&self, ticket: &Ticket) -> bool {
        let mut state = lock(&self.state);
        let mut progress = lock(&ticket.progress);
        if progress.is_cancelled {
            return false;
        }
        let job = match &progress.phase {
            Phase::Waiting(key) => {
                let entry = state.waiting.remove(key);
                progress.phase = Phase::Ended;
                state.report.cancelled += 1;
                // Perhaps it was the last due job, and the thread waits for room for it, or is about to.
                let may_wait_for_room = state.is_blocked || state.sleeps_until.is_none();
                drop((progress, state));
                if may_wait_for_room {
                    self.look();
                }
                drop_quietly(entry);
                return true;
            }
            Phase::Submitted(job) => Some(Arc::clone(job)),
            Phase::Away => None,
            Phase::Ended => return false,
        };
        if ticket.is_periodic {
            progress.is_cancelled = true;
            // None is away once they are given up.
            let is_counted = u64::from(state.away > 0);
            state.away -= is_counted;
            state.report.cancelled += is_counted;
        }
        drop((progress, state));
        job.is_some_and(|job| job.cancel()) || ticket.is_periodic
    }

    /// The number of jobs with the timer.
    pub(crate) fn pending(&self) -> usize {
        lock(&self.state).waiting.len()
    }

    // ---- The thread ----------------------------------------------------------------------------

    /// Has the thread look again.
    pub(crate) fn look(&self) {
        lock(&self.state).has_changed = true;
        self.changed.notify_one();
    }

    /// Has the thread look again if it would sleep beyond this moment.
    pub(crate) fn look_at(&self, moment: Instant) {
        if lock(&self.state).concerns_thread(When::At(moment)) {
            self.changed.notify_one();
        }
    }

    /// Begins a look of the thread: what changes from here on is looked at once more. Returns whether the
    /// timer is to end instead.
    pub(crate) fn begin_look(&self) -> bool {
        let mut state = lock(&self.state);
        (state.has_changed, state.is_blocked, state.sleeps_until) = (false, false, None);
        state.is_ending
    }

    pub(crate) fn has_due(&self, now: Instant) -> bool {
        lock(&self.state).first_due(now).is_some()
    }

    /// Takes the first job out, if it is due.
    pub(crate) fn take_due(&self, now: Instant) -> Option<Due> {
        let mut state = lock(&self.state);
        let key = state.first_due(now)?;
        let entry = state.waiting.remove(&key)?;
        // It was waiting: there is nothing in the former phase.
        let _ = entry.ticket().change(Phase::Away);
        state.away += u64::from(entry.ticket().is_periodic);
        Some(Due { tick: key.0, entry })
    }

    pub(crate) fn count(&self, count: impl FnOnce(&mut TimerReport)) {
        count(&mut lock(&self.state).report);
    }

    /// Lets the thread sleep until the next job is due, unless they wait for room, or until something
    /// changes, or an expiry. `pause` is how long it may sleep until a moment; it is foreign code.
    pub(crate) fn sleep(
        &self,
        is_blocked: bool,
        expiry: Option<Instant>,
        pause: impl FnOnce(Instant) -> Option<Duration>,
    ) {
        let mut state = lock(&self.state);
        state.is_blocked = is_blocked;
        let first = state.waiting.keys().next().filter(|_| !is_blocked);
        let until = first.map_or(When::Never, |(when, _)| *when);
        let until = until.min(expiry.map_or(When::Never, When::At));
        state.sleeps_until = Some(until);
        drop(state);
        let pause = until.moment().and_then(pause);
        self.sleep_for(lock(&self.state), pause);
    }

    /// Lets the thread sleep for this long although it does not know the time, or until something changes.
    pub(crate) fn sleep_unsure(&self, pause: Duration) {
        self.sleep_for(lock(&self.state), Some(pause));
    }

    fn sleep_for(&self, state: MutexGuard<'_, State>, pause: Option<Duration>) {
        if !state.has_changed {
            wait_for(&self.changed, state, pause);
        }
    }

    // ---- The end -------------------------------------------------------------------------------

    /// Takes no more jobs, and has the thread end.
    pub(crate) fn begin_end(&self) {
        lock(&self.state).is_ending = true;
        self.look();
    }

    /// Gives up all jobs that are left, by the last known time.
    pub(crate) fn give_up(&self, now: Option<Instant>) {
        let mut state = lock(&self.state);
        state.is_ending = true;
        let left = std::mem::take(&mut state.waiting);
        let now = now.map(When::At);
        // A periodic job goes on after a tick that it misses.
        let is_due = |((when, _), entry): &(&Key, &Entry)| {
            now.is_some_and(|now| *when <= now) && !entry.ticket().is_periodic
        };
        let due = left.iter().filter(is_due).count() as u64;
        state.report.dropped += due;
        state.report.not_due += left.len() as u64 - due + std::mem::take(&mut state.away);
        for entry in left.values() {
            // They were waiting: there is nothing in the former phase.
            let _ = entry.ticket().change(Phase::Ended);
        }
        drop(state);
        left.into_values().for_each(drop_quietly);
    }

    pub(crate) fn report(&self) -> TimerReport {
        lock(&self.state).report
    }
}

/// Wakes the thread when its turn for room has come.
impl Wake for Shared {
    fn wake(self: Arc<Self>) {
        self.look();
    }

    fn wake_by_ref(self: &Arc<Self>) {
        self.look();
    }
}
