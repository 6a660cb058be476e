//! The schedule of a run: which of its threads has the turn. One has it at a time, and who is next is drawn.

use std::sync::atomic::{AtomicBool, Ordering::Relaxed};
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use fastrand::Rng;
use pool_core::{Clock, ManualClock};

/// The threads of one run, which take turns.
///
/// A thread that waits for something keeps no list of what that is: it looks again, when it is its turn and
/// another thread has done something meanwhile. So the order in which threads are woken is drawn as well.
pub(crate) struct Schedule {
    state: Mutex<State>,
    /// Where the keeper waits: the thread that began the run, and moves its time on.
    keeper: Condvar,
    pub(crate) clock: ManualClock,
    keeps_jobs_whole: AtomicBool,
}

struct State {
    random: Rng,
    threads: Vec<Thread>,
    turn: Turn,
    /// The number of times that a thread did something, and did not just look.
    steps: u64,
    /// The number of times that the turn was passed on.
    passes: u64,
    /// The number of times that all who wait have looked since the last step.
    looks: usize,
    /// How the body ended.
    outcome: Option<Result<(), String>>,
    /// Whether the run is over. Threads that are left go on by themselves.
    is_over: bool,
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Turn {
    Of(usize),
    Keeper,
}

struct Thread {
    status: Status,
    called: Arc<Condvar>,
    /// Whether it has waited last, and not passed a point since where others may run.
    has_waited: bool,
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Status {
    Ready,
    /// It waits, and has looked after this many steps.
    Waiting {
        looked: u64,
        until: Option<Instant>,
    },
    Ended,
}

impl State {
    fn step(&mut self) {
        self.steps += 1;
        self.looks = 0;
    }

    /// Draws one of the threads that may go on, but not this one.
    fn draw_other(&mut self, than: Option<usize>) -> Option<usize> {
        let steps = self.steps;
        let may_go_on = |(number, thread): (usize, &Thread)| {
            let may = match thread.status {
                Status::Ready => true,
                Status::Waiting { looked, .. } => looked < steps,
                Status::Ended => false,
            };
            (may && Some(number) != than).then_some(number)
        };
        let count = self.threads.iter().enumerate().filter_map(may_go_on).count();
        if count == 0 {
            return None;
        }
        let drawn = self.random.usize(..count);
        self.threads.iter().enumerate().filter_map(may_go_on).nth(drawn)
    }

    /// Draws who is next, when the present thread cannot go on. If nobody can, time has to.
    fn draw_next(&mut self) -> Turn {
        loop {
            if let Some(next) = self.draw_other(None) {
                return Turn::Of(next);
            }
            // What one of them does when it looks may be what another waits for, and so on.
            if self.looks > self.threads.len() {
                return Turn::Keeper;
            }
            self.looks += 1;
            for thread in &mut self.threads {
                if let Status::Waiting { looked, .. } = &mut thread.status {
                    *looked = 0;
                }
            }
        }
    }

    /// The first moment after this one for which a thread waits.
    fn next_moment(&self, now: Instant) -> Option<Instant> {
        let until = |thread: &Thread| match thread.status {
            Status::Waiting { until, .. } => until.filter(|until| *until > now),
            _ => None,
        };
        self.threads.iter().filter_map(until).min()
    }
}

impl Schedule {
    pub(crate) fn new(seed: u64) -> Arc<Self> {
        let state = State {
            random: Rng::with_seed(seed),
            threads: Vec::new(),
            turn: Turn::Of(0),
            // More than what a thread notes that is to look again.
            steps: 1,
            passes: 0,
            looks: 0,
            outcome: None,
            is_over: false,
        };
        Arc::new(Self {
            state: Mutex::new(state),
            keeper: Condvar::new(),
            clock: ManualClock::new(),
            keeps_jobs_whole: AtomicBool::new(false),
        })
    }

    /// No foreign code runs under the lock, so a poisoned one guards sound data.
    fn lock(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    pub(crate) fn keep_jobs_whole(&self) {
        self.keeps_jobs_whole.store(true, Relaxed);
    }

    pub(crate) fn keeps_jobs_whole(&self) -> bool {
        self.keeps_jobs_whole.load(Relaxed)
    }

    /// Draws something from the seed.
    pub(crate) fn draw<T>(&self, draw: impl FnOnce(&mut Rng) -> T) -> T {
        draw(&mut self.lock().random)
    }

    // ---- The threads ---------------------------------------------------------------------------

    /// Adds a thread, and returns its number. The first has the first turn.
    pub(crate) fn add(&self) -> usize {
        let mut state = self.lock();
        state.threads.push(Thread {
            status: Status::Ready,
            called: Arc::new(Condvar::new()),
            has_waited: false,
        });
        state.step();
        state.threads.len() - 1
    }

    /// Notes the end of a thread, and passes on its turn if it has one.
    pub(crate) fn end(&self, thread: usize) {
        let mut state = self.lock();
        state.threads[thread].status = Status::Ended;
        state.step();
        if state.turn == Turn::Of(thread) && !state.is_over {
            let next = state.draw_next();
            self.pass_on(&mut state, next);
        }
    }

    fn pass_on(&self, state: &mut State, next: Turn) {
        state.passes += 1;
        state.turn = next;
        match next {
            Turn::Of(thread) => state.threads[thread].called.notify_one(),
            Turn::Keeper => self.keeper.notify_one(),
        }
    }

    /// Waits for the turn of this thread.
    pub(crate) fn await_turn(&self, thread: usize) {
        self.await_turn_in(self.lock(), thread);
    }

    fn await_turn_in(&self, mut state: MutexGuard<'_, State>, thread: usize) {
        let called = Arc::clone(&state.threads[thread].called);
        while state.turn != Turn::Of(thread) && !state.is_over {
            state = called.wait(state).unwrap_or_else(PoisonError::into_inner);
        }
        state.threads[thread].status = Status::Ready;
    }

    /// Lets another thread go on, or not.
    pub(crate) fn offer(&self, thread: usize) {
        let mut state = self.lock();
        if state.is_over {
            return;
        }
        state.threads[thread].has_waited = false;
        state.step();
        // As often as not, so that what a thread does is not always cut into the smallest pieces.
        if state.random.bool() {
            return;
        }
        if let Some(next) = state.draw_other(Some(thread)) {
            self.pass_on(&mut state, Turn::Of(next));
            self.await_turn_in(state, thread);
        }
    }

    /// Lets others go on until one has done something, or until a moment. Returns `false`, at once, if the run
    /// is over.
    pub(crate) fn wait(&self, thread: usize, until: Option<Instant>) -> bool {
        let mut state = self.lock();
        if state.is_over {
            return false;
        }
        let in_vain = std::mem::replace(&mut state.threads[thread].has_waited, true);
        if !in_vain {
            state.step();
        }
        state.threads[thread].status = Status::Waiting { looked: state.steps, until };
        let next = state.draw_next();
        self.pass_on(&mut state, next);
        self.await_turn_in(state, thread);
        true
    }

    /// Notes that the present thread did something that others may wait for.
    pub(crate) fn note_step(&self) {
        self.lock().step();
    }

    // ---- The keeper ----------------------------------------------------------------------------

    /// Notes how the body ended.
    pub(crate) fn finish(&self, outcome: Result<(), String>) {
        self.lock().outcome = Some(outcome);
        self.keeper.notify_one();
    }

    /// Moves time on when nobody can go on without, until the run is over. Returns how it ended: with the body,
    /// or because nobody goes on any more. A thread that keeps its turn for longer than `patience` is stuck.
    pub(crate) fn keep(&self, patience: Duration) -> Result<(), String> {
        let mut state = self.lock();
        let outcome = loop {
            if let Some(outcome) = state.outcome.take() {
                break outcome;
            }
            if state.turn == Turn::Keeper {
                let now = self.clock.now();
                let Some(moment) = state.next_moment(now) else {
                    break Err(DEADLOCK.to_owned());
                };
                drop(state);
                // It calls the pools' alarms.
                self.clock.advance(moment - now);
                state = self.lock();
                state.step();
                let next = state.draw_next();
                self.pass_on(&mut state, next);
                continue;
            }
            let passes = state.passes;
            let waited = self.keeper.wait_timeout(state, patience);
            let (guard, timeout) = waited.unwrap_or_else(PoisonError::into_inner);
            state = guard;
            if timeout.timed_out() && state.passes == passes && state.outcome.is_none() {
                break Err(STUCK.to_owned());
            }
        };
        state.is_over = true;
        state.threads.iter().for_each(|thread| thread.called.notify_one());
        outcome
    }
}

const DEADLOCK: &str = "deadlock: every thread of the run waits, and for no moment in time";
const STUCK: &str = "stuck: a thread has the turn and does not go on; it waits for another by means that the run \
                     does not know, such as a lock that is held over a submit, a channel or a sleep";

#[cfg(test)]
mod tests;
