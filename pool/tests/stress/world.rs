//! The pools in which one plan runs, what has begun there and ended, and what their books should say.

use std::fmt::Write;
use std::hint::black_box;
use std::sync::atomic::{AtomicBool, AtomicU8, Ordering::SeqCst};
use std::thread::yield_now;

use drainpool::{JobError, Refusal, ShutdownReport, TimerHandle, TimerReport};

use crate::books::{Books, Unrun};
use crate::cancelling::is_dropped;
use crate::lanes::SharedLanes;
use crate::ops::{How, Op, Timing};
use crate::plan::{Node, Plan};
use crate::setup::Handle;
use crate::timers::Timed;

/// So often one lets others run, at most, for one of them to begin.
const LINGER: usize = 64;

/// What a node is at; see [`World::states`].
const NEW: u8 = 0;
const BEGUN_OUTSIDE: u8 = 1;
const BEGUN_INSIDE: u8 = 2;
const ENDED: u8 = 3;

/// Where a piece of work is sure to run, whichever thread takes it.
#[derive(Debug, Clone, Copy, Default)]
pub(crate) struct Place {
    /// Inside of some pool: it runs itself what it waits for.
    pub(crate) inside: bool,
    /// Inside of these pools.
    pools: [bool; 2],
}

impl Place {
    pub(crate) fn job_of(pool: usize) -> Self {
        let mut pools = [false; 2];
        pools[pool] = true;
        Self { inside: true, pools }
    }

    /// Of a part that either the present thread runs, or one that works for this pool.
    pub(crate) fn or_on(self, pool: usize) -> Self {
        let mut pools = [false; 2];
        pools[pool] = self.pools[pool];
        Self { inside: self.inside, pools }
    }

    pub(crate) fn is_in(self, pool: usize) -> bool {
        self.pools[pool]
    }
}

pub(crate) struct World {
    pub(crate) plan: Plan,
    pub(crate) pools: Vec<Handle>,
    pub(crate) books: [Books; 2],
    pub(crate) lanes: Vec<SharedLanes>,
    /// The books of the pools' timers, if the plan has any.
    pub(crate) timed: Vec<Timed>,
    states: Vec<AtomicU8>,
    cancelled: Vec<AtomicBool>,
}

impl World {
    pub(crate) fn new(plan: Plan, pools: Vec<Handle>, timers: Vec<TimerHandle>) -> Self {
        let lanes = pools.iter().map(|pool| SharedLanes::new(pool, plan.lane_limit)).collect();
        let timed = timers.into_iter().map(Timed::new).collect();
        let states = plan.nodes.iter().map(|_| AtomicU8::new(NEW)).collect();
        let cancelled = plan.nodes.iter().map(|_| AtomicBool::new(false)).collect();
        Self { plan, pools, books: Default::default(), lanes, timed, states, cancelled }
    }

    /// A node begins, at this place: notes it, and lets pass what is to come before.
    pub(crate) fn begin(&self, at: usize, place: Place) {
        let state = if place.inside { BEGUN_INSIDE } else { BEGUN_OUTSIDE };
        assert_eq!(self.states[at].swap(state, SeqCst), NEW, "node {at} ran twice");
        let node = &self.plan.nodes[at];
        if let Some(other) = node.after {
            self.linger(other);
            let other = &self.states[other];
            // Whoever is inside waits for nothing but for what it is made of. One from outside may wait
            // for a worker, which may be the present thread.
            while other.load(SeqCst) == BEGUN_INSIDE {
                yield_now();
            }
        }
        black_box((0..node.work).fold(0, |sum, n| black_box(sum ^ n)));
    }

    /// Lets a node begin, if it does soon.
    pub(crate) fn linger(&self, at: usize) {
        (0..LINGER).take_while(|_| self.states[at].load(SeqCst) == NEW).for_each(|_| yield_now());
    }

    pub(crate) fn end(&self, at: usize) {
        self.states[at].store(ENDED, SeqCst);
    }

    /// A job was accepted.
    pub(crate) fn accepted(&self, pool: usize, at: usize) {
        self.books[pool].accepted.fetch_add(1, SeqCst);
        self.counts(pool, at);
    }

    /// A job that is accepted is sure to run, or its being cancelled or given back is noted as well.
    pub(crate) fn counts(&self, pool: usize, at: usize) {
        self.books[pool].panicked.fetch_add(u64::from(self.plan.nodes[at].panics), SeqCst);
    }

    /// A job was cancelled in time, by the pool or before the pool knew of it.
    pub(crate) fn never_runs(&self, at: usize) {
        self.cancelled[at].store(true, SeqCst);
    }

    /// An accepted job was cancelled, and so it has no outcome of its own.
    pub(crate) fn cancelled(&self, pool: usize, at: usize) {
        self.never_runs(at);
        self.books[pool].cancelled.fetch_add(1, SeqCst);
        self.books[pool].panicked.fetch_sub(u64::from(self.plan.nodes[at].panics), SeqCst);
    }

    /// Counts jobs that were taken back, apart from those with handles.
    pub(crate) fn took(&self, pool: usize, jobs: usize) {
        self.books[pool].took.fetch_add(jobs as u64, SeqCst);
    }

    /// Whether a submit may be refused for this reason.
    pub(crate) fn refused(&self, pool: usize, place: Place, reason: &Refusal, tried: bool) {
        assert!(!place.is_in(pool), "a submit inside of pool {pool} was refused: {reason}");
        let is_lawful = match reason {
            Refusal::Closed => self.books[pool].closed.load(SeqCst),
            Refusal::Full => tried && self.plan.capacity.is_some(),
            Refusal::Returned => self.books[pool].taken.load(SeqCst),
            _ => false,
        };
        assert!(is_lawful, "a submit to pool {pool} was refused: {reason}");
    }

    /// Whether a job of this pool may have this outcome because it was taken back.
    pub(crate) fn is_given_back(&self, pool: usize, error: &JobError) -> bool {
        matches!(error, JobError::Returned) && self.books[pool].taken.load(SeqCst)
    }

    /// A job of this pool has ended that nobody has cancelled. How many nodes have run, or would have if it
    /// was given back.
    pub(crate) fn outcome(&self, pool: usize, at: usize, outcome: &Result<u64, JobError>) -> u64 {
        let node = &self.plan.nodes[at];
        match outcome {
            Ok(total) if !node.panics => assert_eq!(*total, node.total, "result of node {at}"),
            Err(JobError::Panicked(_)) if node.panics => {}
            Err(error) if self.is_given_back(pool, error) => {
                assert_eq!(self.states[at].load(SeqCst), NEW, "node {at} was given back");
            }
            other => panic!("outcome of node {at}: {other:?}"),
        }
        node.total
    }

    /// Checks what is left to check when all pools and their timers have shut down.
    pub(crate) fn check(&self, pools: &[ShutdownReport], timers: &[TimerReport]) {
        let mut unrun = [Unrun::default(); 2];
        self.plan.roots.iter().for_each(|&root| self.check_ran(root, None, &mut unrun));
        for (pool, report) in pools.iter().enumerate() {
            let books = &self.books[pool];
            let timed = self.timed.get(pool).zip(timers.get(pool));
            let fired = timed.map(|(timed, report)| timed.check(report, books.taken.load(SeqCst)));
            books.check(pool, report, unrun[pool], &fired.unwrap_or_default());
            assert!(self.lanes[pool].is_empty(), "lanes of pool {pool} are left");
        }
    }

    /// Checks that a node has run, unless this need not be or it is a part of what has not.
    fn check_ran(&self, at: usize, parent: Option<&Node>, unrun: &mut [Unrun; 2]) {
        let (node, state) = (&self.plan.nodes[at], self.states[at].load(SeqCst));
        let may_be_unrun = |parent| state == NEW && self.may_be_unrun(at, parent, unrun);
        if self.cancelled[at].load(SeqCst) || parent.is_some_and(may_be_unrun) {
            return self.check_never_ran(at);
        }
        assert_eq!(state, ENDED, "state of node {at}");
        node.parts.iter().for_each(|&part| self.check_ran(part, Some(node), unrun));
    }

    /// Whether a part of this node may be the one that has not run. It is so noted.
    fn may_be_unrun(&self, at: usize, parent: &Node, unrun: &mut [Unrun; 2]) -> bool {
        let (pool, panics) = (parent.pool, u64::from(self.plan.nodes[at].panics));
        let is_taken = self.books[pool].taken.load(SeqCst);
        let count = match parent.op {
            Op::Timed(timing) => {
                let is_settled = self.timed[pool].settled.load(SeqCst);
                return timing == Timing::CancelEvery || is_taken || !is_settled;
            }
            Op::Spawn(How::CancelOnDrop) if is_dropped(at) => {
                if is_taken {
                    &mut unrun[pool].either
                } else {
                    &mut unrun[pool].cancelled
                }
            }
            op if is_taken && op.may_lose_parts() => &mut unrun[pool].returned,
            _ => return false,
        };
        *count += 1;
        unrun[pool].panicking += panics;
        true
    }

    fn check_never_ran(&self, at: usize) {
        assert_eq!(self.states[at].load(SeqCst), NEW, "state of node {at}");
        self.plan.nodes[at].parts.iter().for_each(|&part| self.check_never_ran(part));
    }

    /// The plan, and how far it got.
    pub(crate) fn describe(&self) -> String {
        let plan = &self.plan;
        let mut text = format!(
            "seed {}: {} pool(s), {} workers, capacity {:?}, restless {}, paused {}, time by hand {}, \
             lane limit {}, {:?}, {:?}\n",
            plan.seed,
            plan.pools,
            plan.workers,
            plan.capacity,
            plan.restless,
            plan.paused,
            plan.by_hand,
            plan.lane_limit,
            plan.ending,
            plan.meddling
        );
        plan.roots.iter().for_each(|&root| self.describe_node(&mut text, root, 1));
        for (index, pool) in self.pools.iter().enumerate() {
            let timed = self.timed.get(index);
            let _ = writeln!(text, "  pool {index}: {:?}, {timed:?}", pool.stats());
        }
        text
    }

    fn describe_node(&self, text: &mut String, at: usize, depth: usize) {
        let node = &self.plan.nodes[at];
        let state = match self.states[at].load(SeqCst) {
            NEW if self.cancelled[at].load(SeqCst) => "cancelled",
            NEW => "-",
            BEGUN_OUTSIDE => "begun outside",
            BEGUN_INSIDE => "begun inside",
            _ => "ended",
        };
        let after = node.after.map(|other| format!(" after {other}")).unwrap_or_default();
        let panics = if node.panics { " panics" } else { "" };
        let (indent, pool, op) = (2 * depth, node.pool, node.op);
        let _ = writeln!(text, "{:indent$}{at} {op:?} in pool {pool}{after}{panics}: {state}", "");
        node.parts.iter().for_each(|&part| self.describe_node(text, part, depth + 1));
    }
}
