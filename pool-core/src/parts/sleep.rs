//! Sleep and wake: the wake-up of a worker without polling (C7). The last worker to park notices that the
//! pool is quiescent (C5).
//!
//! # The protocol
//!
//! One word counts the workers that are *available* (parked, or a vacant index for which a thread can be
//! started) and those that are *searching*.
//!
//! A submitter
//! 1. pushes the job,
//! 2. fences (`SeqCst`),
//! 3. reads the word: if a worker is available **and none is searching**, it wakes one, which from that
//!    moment counts as a searcher.
//!
//! A worker that finds no job
//! 1. becomes a searcher, unless there are enough, and looks for a bounded while,
//! 2. in one step leaves the searchers and joins the available,
//! 3. fences (`SeqCst`),
//! 4. looks once more,
//! 5. parks.
//!
//! A searcher that finds a job leaves the searchers; if it was the last, it fences, and if the queue is not
//! empty, wakes one more. So a burst ramps up along a chain and not by a herd.
//!
//! # Why no wake-up is lost
//!
//! Say a submitter's read (3) finds no worker available, or a searcher. Its fence and a worker's fence are
//! ordered one way or the other. If the submitter's comes first, the worker's last look (4) sees the job.
//! If the worker's comes first, the submitter reads a word that includes the worker's step (2). So a
//! submitter that found a searcher leaves its job to a worker that has yet to look: that worker takes this
//! job, or takes another and then, as the last searcher, fences and finds the queue not empty. The same
//! argument holds between the two. Acquire and release would not do: each side stores to one place and then
//! loads from the other.
//!
//! A steal may move more jobs than it takes, and a last look may miss them on their way. So a worker that
//! has stolen acts like a submitter: fence, read the word, wake one if the queue is not empty. A stealing
//! searcher does so when it leaves the searchers as the last. If it is not the last, the others' last looks
//! come after its step, which releases what it moved to their acquiring steps.

mod keep_alive;
pub(crate) mod lifecycle;
mod quiescence;
mod size;
mod workers;

use std::sync::atomic::AtomicUsize;
use std::time::Duration;

use self::keep_alive::KeepAlive;
pub(crate) use self::workers::Mode;
use self::workers::{Wakeup, WorkerState, Workers};
use crate::clock::{Clock, wait_for};
use crate::parts::ledger::Ledger;
use crate::sync::{
    AcqRel, AtomicU8, AtomicU64, CachePadded, Condvar, Mutex, MutexGuard, Relaxed, SeqCst, fence,
    lock,
};

/// One available worker, in the word's lower half.
const AVAILABLE: u64 = 1;
/// One searching worker, in its upper half.
const SEARCHING: u64 = 1 << 32;

/// The reason why a worker woke up.
#[derive(Debug, PartialEq, Eq)]
pub(crate) enum Wake {
    /// There is work. The worker counts as a searcher.
    Search,
    /// The worker is to leave.
    Leave,
}

/// The workers of one pool that are parked or search, and the threads that wait for their state to change.
pub(crate) struct Sleep {
    /// The number of searching and of available workers. Searchers come and go at any time; the available
    /// ones change only under the lock, in [`Sleep::publish`].
    word: CachePadded<AtomicU64>,
    /// The [`Mode`], which follows from the state, for workers that run.
    mode: AtomicU8,
    /// The number of threads that the pool is to have. The standard library's, even in a model: only a number
    /// comes from it.
    num_threads: AtomicUsize,
    state: Mutex<State>,
    /// One for each worker, on which no other thread waits.
    condvars: Box<[Condvar]>,
    /// For all other threads that wait for a change of the state. Always notified as a whole.
    changed: Condvar,
    /// The number of times that the clock has jumped, after which an earlier answer of it may not hold.
    /// Changed under the lock.
    jumps: AtomicU64,
    /// The maximum number of searchers; more would only be in the way.
    max_searchers: u64,
    /// The number of workers that do not leave when idle.
    core: usize,
    keep_alive: Option<Duration>,
}

struct State {
    workers: Workers,
    /// The number of available workers that the word shows.
    published: usize,
    /// The number of threads that join the workers' threads at present.
    joining: usize,
    /// The number of threads that wait for `changed`. Mostly none: a notification would be a useless system
    /// call.
    waiting: usize,
    /// The number of guests: threads that are no workers and run borrowed work of the pool. It is not
    /// quiescent meanwhile.
    guests: usize,
    /// The number of times that another job became the first to expire.
    expiries: u64,
}

impl State {
    /// Whether no thread is at work. With every accepted job taken, the pool is quiescent.
    fn none_at_work(&self) -> bool {
        self.workers.all_asleep() && self.guests == 0
    }

    /// Whether the pool has lost all workers, and not ended.
    fn is_deserted(&self) -> bool {
        !self.workers.exit && self.workers.live == 0 && self.guests == 0
    }
}

impl Sleep {
    pub(crate) fn new(
        max_threads: usize,
        num_threads: usize,
        core: usize,
        keep_alive: Option<Duration>,
        paused: bool,
    ) -> Self {
        let mut workers = Workers::new(max_threads, num_threads);
        workers.paused = paused;
        let sleep = Self {
            word: CachePadded(AtomicU64::new(0)),
            mode: AtomicU8::new(workers.mode() as u8),
            num_threads: AtomicUsize::new(num_threads),
            state: Mutex::new(State {
                workers,
                published: 0,
                joining: 0,
                waiting: 0,
                guests: 0,
                expiries: 0,
            }),
            condvars: (0..max_threads).map(|_| Condvar::new()).collect(),
            changed: Condvar::new(),
            jumps: AtomicU64::new(0),
            // Two at least: while one runs a job that it found, the other is there for the next one, whose
            // submitter then wakes no worker.
            max_searchers: (max_threads as u64 / 2).max(2),
            core,
            keep_alive,
        };
        sleep.publish(&mut lock(&sleep.state), 0);
        sleep
    }

    /// Makes the word agree with the workers, and adds `searchers`, in one step.
    ///
    /// `AcqRel`, so that a worker that announces its sleep after another left the searchers sees what that
    /// one has moved. The rest of the order comes from the protocol's fences.
    fn publish(&self, state: &mut State, searchers: i64) {
        let available = state.workers.available();
        let change = available as i64 - state.published as i64;
        state.published = available;
        // Two's complement: a negative change borrows from the upper half and the carry gives it
        // back, as neither half ever goes below zero.
        let step = change.wrapping_mul(AVAILABLE as i64) + searchers.wrapping_mul(SEARCHING as i64);
        if step != 0 {
            self.word.0.fetch_add(step as u64, AcqRel);
        }
    }

    // ---- The submitter's side ------------------------------------------------------------------

    /// Steps 2 and 3 of the submitter, and of the last searcher: whether a worker must be woken.
    #[inline]
    pub(crate) fn needs_wake(&self) -> bool {
        fence(SeqCst);
        let word = self.word.0.load(Relaxed);
        word < SEARCHING && word != 0
    }

    /// Wakes one worker, if still none searches. Returns the index of a thread to be started.
    #[cold]
    pub(crate) fn wake_one(&self) -> Option<usize> {
        let mut state = lock(&self.state);
        if self.word.0.load(Relaxed) >= SEARCHING {
            return None;
        }
        let wakeup = state.workers.pick();
        self.publish(&mut state, i64::from(wakeup != Wakeup::Unavailable));
        drop(state);
        match wakeup {
            // It is `Notified` since the lock was held: a worker that does not wait yet will not wait, and
            // one that waits is waiting on this.
            Wakeup::Wake(worker) => self.condvars[worker].notify_one(),
            Wakeup::Start(worker) => return Some(worker),
            Wakeup::Called | Wakeup::Unavailable => {}
        }
        None
    }

    // ---- The worker's side ---------------------------------------------------------------------

    /// Step 1: joins the searchers, unless there are enough of them.
    pub(crate) fn start_searching(&self) -> bool {
        if self.word.0.load(Relaxed) / SEARCHING >= self.max_searchers {
            return false;
        }
        self.word.0.fetch_add(SEARCHING, Relaxed);
        true
    }

    /// Leaves the searchers, with a job. Returns whether it was the last of them, which must look whether
    /// another worker is needed.
    pub(crate) fn stop_searching(&self) -> bool {
        self.word.0.fetch_sub(SEARCHING, AcqRel) / SEARCHING == 1
    }

    /// Steps 2 and 3: from here on the worker may be woken. It must look once more, then call
    /// [`Sleep::cancel_sleep`] or [`Sleep::sleep`].
    pub(crate) fn announce_sleep(&self, worker: usize, searching: bool) {
        let mut state = lock(&self.state);
        state.workers.announce_sleep(worker);
        self.publish(&mut state, -i64::from(searching));
        drop(state);
        fence(SeqCst);
    }

    /// Goes back to work, as the last look found a job. Returns whether the worker was called meanwhile,
    /// and so is a searcher.
    pub(crate) fn cancel_sleep(&self, worker: usize) -> bool {
        let mut state = lock(&self.state);
        let searching = state.workers.cancel_sleep(worker);
        self.publish(&mut state, 0);
        searching
    }

    /// Step 5: parks until there is work or the worker is to leave.
    pub(crate) fn sleep(&self, worker: usize, ledger: &Ledger, clock: &dyn Clock) -> Wake {
        let mut idle = KeepAlive::default();
        let mut endless = keep_alive::until_woken(clock);
        if let Some(keep_alive) = self.keep_alive {
            // Before another thread can know that the worker is idle.
            idle.look(self.jumps(), keep_alive, clock);
        }
        let mut state = lock(&self.state);
        state.workers.fall_asleep(worker);
        self.publish(&mut state, 0);
        self.note_quiescence(&mut state, ledger);
        loop {
            if state.workers.exit {
                return self.leave(state, worker);
            }
            match state.workers.state_of(worker) {
                WorkerState::Notified => {
                    state.workers.awake(worker);
                    return Wake::Search;
                }
                WorkerState::Leaving => return Wake::Leave,
                _ if state.workers.has_surplus() => return self.leave(state, worker),
                _ => {}
            }
            let Some(keep_alive) = self.keep_alive.filter(|_| self.may_be_spared(&state)) else {
                idle = KeepAlive::default();
                state = self.wait_for_call(worker, state, &mut endless, clock);
                continue;
            };
            if idle.is_over {
                if self.may_leave(&state, ledger) {
                    return self.leave(state, worker);
                }
                // Notified when the pool becomes quiescent.
                state.workers.kept = Some(worker);
                state = self.wait_for_call(worker, state, &mut endless, clock);
            } else if let Some(pause) = idle.pause.take_if(|(jumps, _)| *jumps == self.jumps()) {
                state = wait_for(&self.condvars[worker], state, pause.1);
            } else {
                drop(state);
                idle.look(self.jumps(), keep_alive, clock);
                state = lock(&self.state);
            }
        }
    }

    /// Waits until the worker is called, or for as long as the clock has said, which is then asked again.
    fn wait_for_call<'a>(
        &'a self,
        worker: usize,
        state: MutexGuard<'a, State>,
        endless: &mut Option<Duration>,
        clock: &dyn Clock,
    ) -> MutexGuard<'a, State> {
        let state = wait_for(&self.condvars[worker], state, *endless);
        if endless.is_none() {
            return state;
        }
        drop(state);
        *endless = keep_alive::until_woken(clock);
        lock(&self.state)
    }

    /// The number of times that the clock has jumped. `Relaxed`: a thread that reads it before it asks the
    /// clock, and reads the same under the lock later, has missed no jump.
    fn jumps(&self) -> u64 {
        self.jumps.load(Relaxed)
    }

    fn leave(&self, mut state: MutexGuard<'_, State>, worker: usize) -> Wake {
        state.workers.leave(worker);
        self.shed(&mut state);
        Wake::Leave
    }

    /// Whether there are more workers than are always kept.
    fn may_be_spared(&self, state: &State) -> bool {
        !state.workers.paused && state.workers.ready > self.core
    }

    /// Whether a worker whose keep-alive is over may leave. The last one may only if it can make the gate
    /// dormant on its way out: a job that is on its way keeps it here.
    fn may_leave(&self, state: &State, ledger: &Ledger) -> bool {
        state.workers.ready > 1
            || (state.guests == 0
                && ledger.all_taken().is_some_and(|words| ledger.gate.go_dormant(&words)))
    }

    // ---- Pause, and what is not to be run any more -----------------------------------------------

    /// What is to be done with the next job. `Relaxed`: a worker that was just parked read it under the
    /// lock, which orders it; a running one may start one more job.
    #[inline]
    pub(crate) fn is(&self, mode: Mode) -> bool {
        self.mode.load(Relaxed) == mode as u8
    }

    /// Has the workers note what they run.
    pub(crate) fn track(&self) {
        let mut state = lock(&self.state);
        state.workers.tracks = true;
        self.mode.store(state.workers.mode() as u8, Relaxed);
    }

    /// Has all jobs that are found from here on ended unrun. A pause ends for good.
    pub(crate) fn discard(&self) {
        lock(&self.state).workers.discards = true;
        self.end_pause();
    }

    /// Resumes for good: a later pause would hold up the threads that wait for the end.
    pub(crate) fn end_pause(&self) {
        lock(&self.state).workers.ending = true;
        self.set_paused(false);
    }

    pub(crate) fn set_paused(&self, paused: bool) {
        let state = lock(&self.state);
        if !(paused && state.workers.ending) {
            self.pause_or_resume(state, paused);
        }
    }

    /// Has the workers leave all jobs where they are, even after a shutdown has begun, until
    /// [`discard`](Self::discard).
    pub(crate) fn hold_jobs(&self) {
        self.pause_or_resume(lock(&self.state), true);
    }

    fn pause_or_resume(&self, mut state: MutexGuard<'_, State>, paused: bool) {
        state.workers.paused = paused;
        self.shed(&mut state);
        if !paused {
            // While paused no worker leaves; from here on the keep-alive of the parked ones counts again.
            self.condvars.iter().for_each(Condvar::notify_one);
        }
    }
}
