//! Turns: which jobs of one lane may run, and the hand-over from one to the next.
//!
//! A job of a lane is accepted by the pool first, and then enters its lane, where it waits for a turn. At most
//! `limit` jobs have one at a time; a job that gets its turn is released into the pool's queue. Its [`Turn`]
//! lies in its closure, and ends when that has returned or panicked, or was dropped: so no way in which a job
//! can end loses the turn.
//!
//! A thread that waits for a job inside of a job takes it, even if it has no turn yet (C11). Then it runs the
//! jobs before it, in order, or waits for those that run elsewhere.

use std::collections::{BTreeMap, VecDeque};
use std::panic::resume_unwind;
use std::sync::Arc;

use pool_core::{HeldJob, Runner};

use crate::registry::Registration;
use crate::sync::{AtomicU64, Condvar, Mutex, MutexGuard, Relaxed, lock, thread, wait_changed};

/// The payload of the panic of a job that could never have its turn.
const WAITS_FOR_ITSELF: &str = "a job of a lane waits for one that cannot run before it has ended";

/// The turns of one lane.
pub(crate) struct Turns {
    limit: usize,
    /// The position of the next job.
    next: AtomicU64,
    state: Mutex<State>,
    /// Notified when a job gets a turn and a thread waits for that.
    moved: Condvar,
    /// By which it is found by its key, if it has one.
    _entry: Option<Registration<Self>>,
}

/// The jobs of one lane, by their positions.
#[derive(Default)]
struct State {
    /// The jobs that have a turn, in order. Mostly few, and the first is mostly the next to end.
    active: VecDeque<Active>,
    /// The jobs that wait for one. Any of them may be cancelled.
    waiting: BTreeMap<u64, HeldJob>,
    /// The jobs that have ended before they could enter: expired already. Mostly none.
    early: Vec<u64>,
    /// Whether a thread hands turns out. A second one leaves it to that.
    advancing: bool,
    /// The threads that wait for `moved`.
    stalled: Vec<thread::ThreadId>,
}

/// A job that has a turn.
struct Active {
    position: u64,
    runner: Runner,
    /// The thread that runs it, once it has begun.
    thread: Option<thread::ThreadId>,
}

impl State {
    /// Whether all turns are taken by jobs of threads that wait for another, or would if this one did: then
    /// none of them ever ends.
    fn is_stuck_with(&self, me: thread::ThreadId, limit: usize) -> bool {
        let waits = |thread| thread == me || self.stalled.contains(&thread);
        self.active.len() >= limit
            && self.active.iter().all(|active| active.thread.is_some_and(waits))
    }

    /// Takes out the job whose turn is next, if one waits and a turn is free.
    fn take_next(&mut self, limit: usize) -> Option<(u64, HeldJob)> {
        if self.active.len() >= limit {
            return None;
        }
        let next = self.waiting.pop_first();
        if self.waiting.is_empty() {
            // An emptied map keeps memory for some entries.
            self.waiting = BTreeMap::new();
        }
        next
    }

    /// Where the job with this position is among the active ones, or would be.
    fn find(&self, position: u64) -> Result<usize, usize> {
        self.active.binary_search_by_key(&position, |active| active.position)
    }

    /// Gives a job its turn.
    fn activate(&mut self, position: u64, runner: Runner) {
        // Mostly the last: only a submit that another overtook comes later with an earlier position.
        let at = self.find(position).unwrap_or_else(|at| at);
        self.active.insert(at, Active { position, runner, thread: None });
    }

    /// The first job that has a turn and has not begun.
    fn first_unbegun(&self) -> Option<Runner> {
        let unbegun = self.active.iter().find(|active| !active.runner.is_taken());
        unbegun.map(|active| active.runner.clone())
    }
}

impl Turns {
    /// Returns the turns of a lane in which this many jobs run at a time, at least one.
    pub(crate) fn new(limit: usize, entry: Option<Registration<Self>>) -> Self {
        Self {
            limit: limit.max(1),
            next: AtomicU64::new(0),
            state: Mutex::new(State::default()),
            moved: Condvar::new(),
            _entry: entry,
        }
    }

    pub(crate) fn limit(&self) -> usize {
        self.limit
    }

    /// The numbers of jobs that have a turn and that wait for one.
    pub(crate) fn len(&self) -> (usize, usize) {
        let state = lock(&self.state);
        (state.active.len(), state.waiting.len())
    }

    /// Returns the position for a job that comes next.
    pub(crate) fn next(self: &Arc<Self>) -> Turn {
        // Relaxed: that one submit comes before another is known by other means, or not at all.
        Turn { position: self.next.fetch_add(1, Relaxed), turns: Arc::clone(self) }
    }

    /// Lets a job of the pool enter the lane, at this position.
    pub(crate) fn enter(&self, position: u64, job: HeldJob) {
        let mut state = lock(&self.state);
        if let Some(at) = state.early.iter().position(|&early| early == position) {
            state.early.swap_remove(at);
            drop(state);
            drop(job);
            return;
        }
        let has_turn =
            !state.advancing && state.waiting.is_empty() && state.active.len() < self.limit;
        if has_turn {
            self.advance(state, Some((position, job)));
        } else {
            state.waiting.insert(position, job);
            self.advance(state, None);
        }
    }

    /// Hands turns out: to this job, which comes first, and then in order as long as one is free and a job
    /// waits.
    ///
    /// A release can end a job on the spot, which brings this thread here again. That call only takes the job
    /// out, and this loop goes on: the stack does not grow with the lane.
    fn advance<'a>(&'a self, mut state: MutexGuard<'a, State>, mut first: Option<(u64, HeldJob)>) {
        if state.advancing {
            return;
        }
        state.advancing = true;
        while let Some((position, job)) = first.take().or_else(|| state.take_next(self.limit)) {
            state.activate(position, job.runner());
            if !state.stalled.is_empty() {
                self.moved.notify_all();
            }
            drop(state);
            job.release();
            state = lock(&self.state);
        }
        state.advancing = false;
    }

    /// Begins a job, which a worker or another thread has taken.
    fn begin(&self, position: u64) {
        let me = thread::current().id();
        let mut state = lock(&self.state);
        loop {
            if let Ok(at) = state.find(position) {
                state.active[at].thread = Some(me);
                return;
            }
            // This thread waits for the job, and has taken it before its turn.
            if state.is_stuck_with(me, self.limit) {
                drop(state);
                // Not `panic!`, whose hook prints: the outcome says it.
                resume_unwind(Box::new(WAITS_FOR_ITSELF));
            }
            if let Some(job) = state.first_unbegun() {
                drop(state);
                job.run();
                drop(job);
                state = lock(&self.state);
            } else {
                state.stalled.push(me);
                state = wait_changed(&self.moved, state);
                state.stalled.retain(|&thread| thread != me);
            }
        }
    }

    /// Ends a job, and hands its turn on.
    fn end(&self, position: u64) {
        let mut state = lock(&self.state);
        if let Some(job) = state.waiting.remove(&position) {
            drop(state);
            drop(job);
        } else if let Ok(at) = state.find(position) {
            let ended = state.active.remove(at);
            self.advance(state, None);
            drop(ended);
        } else {
            state.early.push(position);
        }
    }
}

/// A job's place in the order of its lane. Lies in the job's closure, and ends with it.
pub(crate) struct Turn {
    position: u64,
    turns: Arc<Turns>,
}

impl Turn {
    pub(crate) fn position(&self) -> u64 {
        self.position
    }

    /// Makes a closure a job of the lane.
    pub(crate) fn of<F: FnOnce() -> T, T>(self, closure: F) -> impl FnOnce() -> T {
        let job = InTurn { closure, turn: self };
        move || job.run()
    }
}

impl Drop for Turn {
    fn drop(&mut self) {
        self.turns.end(self.position);
    }
}

/// A closure and its turn. Dropped unrun, the closure goes first: what it owns is not to outlive its turn.
struct InTurn<F> {
    closure: F,
    turn: Turn,
}

impl<F: FnOnce() -> T, T> InTurn<F> {
    fn run(self) -> T {
        // In this order, so that an unwinding drops the closure first, as above.
        let (turn, closure) = (self.turn, self.closure);
        turn.turns.begin(turn.position);
        let result = closure();
        drop(turn);
        result
    }
}
