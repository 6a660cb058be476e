//! Jobs that a pool's timer is to submit, and what its report should say.

use std::ops::RangeInclusive;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering::SeqCst};
use std::sync::{Arc, OnceLock, Weak};

use drainpool::{
    MissedTicks, Period, Scheduled, TimerError, TimerHandle, TimerRefusal, TimerReport,
};

use crate::ops::Timing;
use crate::plan::Node;
use crate::steps::{job, run};
use crate::world::{Place, World};

/// The books of one pool's timer.
#[derive(Debug)]
pub(crate) struct Timed {
    handle: TimerHandle,
    /// Jobs that the timer took, to run them once.
    set: AtomicU64,
    /// Periodic ones.
    every: AtomicU64,
    /// Jobs that run once and were cancelled, be it with the timer or in the pool.
    cancelled: AtomicU64,
    /// Periodic ones.
    stopped: AtomicU64,
    /// Jobs that run once and have begun.
    ran: AtomicU64,
    /// Runs of periodic jobs that have begun.
    ticks: AtomicU64,
    /// Somebody has shut the timer down, or is about to.
    pub(crate) ended: AtomicBool,
    /// Neither the timer nor the pool was at its end before all was due.
    pub(crate) settled: AtomicBool,
    /// Held by each closure that is not dropped yet.
    open: Arc<()>,
}

/// What a pool's report should say of the jobs that its timer has submitted.
#[derive(Debug)]
pub(crate) struct Fired {
    pub(crate) accepted: u64,
    pub(crate) cancelled: RangeInclusive<u64>,
    /// At most.
    pub(crate) returned: u64,
}

impl Default for Fired {
    fn default() -> Self {
        Self { accepted: 0, cancelled: 0..=0, returned: 0 }
    }
}

impl Timed {
    pub(crate) fn new(handle: TimerHandle) -> Self {
        Self {
            handle,
            set: AtomicU64::default(),
            every: AtomicU64::default(),
            cancelled: AtomicU64::default(),
            stopped: AtomicU64::default(),
            ran: AtomicU64::default(),
            ticks: AtomicU64::default(),
            ended: AtomicBool::default(),
            settled: AtomicBool::default(),
            open: Arc::default(),
        }
    }

    /// Whether no closure is left, with the timer or in the pool.
    pub(crate) fn is_over(&self) -> bool {
        Arc::strong_count(&self.open) == 1
    }

    /// How much has happened that may need more time to pass.
    pub(crate) fn progress(&self) -> u64 {
        [&self.set, &self.every, &self.ticks].iter().map(|count| count.load(SeqCst)).sum()
    }

    pub(crate) fn check(&self, report: &TimerReport, is_taken: bool) -> Fired {
        let [set, every, cancelled, stopped, ran, ticks] =
            [&self.set, &self.every, &self.cancelled, &self.stopped, &self.ran, &self.ticks]
                .map(|count| count.load(SeqCst));
        let counts = format!(
            "{report:?}: set {set}, every {every}, cancelled {cancelled}, stopped {stopped}, ran {ran}, \
             ticks {ticks}"
        );
        assert!(self.is_over() && self.handle.pending() == 0, "closures are left: {counts}");
        if self.settled.load(SeqCst) {
            assert_eq!((report.dropped, report.not_due), (0, 0), "{counts}");
        }
        let ended = report.fired + report.cancelled + report.dropped + report.not_due;
        // A periodic job ends once, and so what is left over is its runs, and a tick when the pool closed.
        let runs = ended.checked_sub(set + every).expect(&counts);
        let unrun = report.fired.checked_sub(ran + ticks).expect(&counts);
        assert!(ticks <= runs && (every > 0 || runs == 0), "{counts}");
        if !is_taken {
            assert!(runs - ticks <= stopped + u64::from(report.dropped > 0), "{counts}");
        }
        // A run of a periodic job that is cancelled may also end with nothing done.
        let fewest = if is_taken { 0 } else { unrun.saturating_sub(stopped) };
        let fewest = fewest.max(cancelled.saturating_sub(report.cancelled));
        let most = (cancelled + stopped + every).checked_sub(report.cancelled).expect(&counts);
        let most = most.min(unrun);
        assert!(fewest <= most, "{counts}");
        let returned = if is_taken { unrun - fewest } else { 0 };
        Fired { accepted: report.fired, cancelled: fewest..=most, returned }
    }

    fn stop(&self, job: &Scheduled) {
        self.stopped.fetch_add(u64::from(job.cancel()), SeqCst);
    }
}

/// Sets a node's parts. Those that the timer refuses run here.
pub(crate) fn set(world: &Arc<World>, node: &Node, timing: Timing, place: Place) {
    match timing {
        Timing::After | Timing::At | Timing::Cancel => {
            node.parts.iter().for_each(|&at| set_once(world, node.pool, at, timing, place));
        }
        Timing::Every | Timing::CatchUp | Timing::CancelEvery => {
            set_every(world, node, timing, place);
        }
    }
}

fn set_once(world: &Arc<World>, pool: usize, at: usize, timing: Timing, place: Place) {
    let (timed, delay) = (&world.timed[pool], world.plan.tick() * (at % 4) as u32);
    let open = Arc::new(Arc::clone(&timed.open));
    let closure = Arc::downgrade(&open);
    let (inner, work) = (Arc::clone(world), job(world, at, pool));
    let once = move || {
        let _open = open;
        inner.timed[pool].ran.fetch_add(1, SeqCst);
        inner.counts(pool, at);
        work();
    };
    let set = match timing {
        Timing::At => timed.handle.at(world.pools[pool].clock().now() + delay, once),
        _ => timed.handle.after(delay, once),
    };
    match set {
        Ok(job) => {
            timed.set.fetch_add(1, SeqCst);
            if timing == Timing::Cancel {
                cancel_once(world, pool, at, &job, &closure);
            }
        }
        Err(error) => {
            refused(world, pool, &error);
            run(world, at, place);
        }
    }
}

fn cancel_once(world: &World, pool: usize, at: usize, job: &Scheduled, closure: &Weak<Arc<()>>) {
    world.linger(at);
    if job.cancel() {
        assert!(job.is_finished() && !job.cancel(), "cancelled twice");
        assert_eq!(closure.strong_count(), 0, "the closure outlives its cancelling");
        world.timed[pool].cancelled.fetch_add(1, SeqCst);
        world.never_runs(at);
    }
}

fn set_every(world: &Arc<World>, node: &Node, timing: Timing, place: Place) {
    let (pool, timed) = (node.pool, &world.timed[node.pool]);
    let (own, open) = (Arc::new(OnceLock::new()), Arc::clone(&timed.open));
    let (inner, itself) = (Arc::clone(world), Arc::clone(&own));
    let mut parts = node.parts.clone().into_iter();
    let tick = move || {
        let _open = &open;
        let timed = &inner.timed[pool];
        timed.ticks.fetch_add(1, SeqCst);
        if let Some(at) = parts.next() {
            inner.counts(pool, at);
            job(&inner, at, pool)();
        } else if let Some(job) = itself.get() {
            timed.stop(job);
        }
    };
    let missed =
        if timing == Timing::CatchUp { MissedTicks::CatchUp } else { MissedTicks::default() };
    match timed.handle.every(Period::new(world.plan.tick()).missed(missed), tick) {
        Ok(job) => {
            timed.every.fetch_add(1, SeqCst);
            if timing == Timing::CancelEvery {
                world.linger(node.parts[0]);
                timed.stop(&job);
            }
            own.get_or_init(|| job);
        }
        Err(error) => {
            refused(world, pool, &error);
            node.parts.iter().for_each(|&at| _ = run(world, at, place));
        }
    }
}

/// Checks that a timer may refuse a job.
fn refused<F>(world: &World, pool: usize, error: &TimerError<F>) {
    assert_eq!(error.reason(), TimerRefusal::Closed, "of pool {pool}'s timer");
    let [ended, closed] = [&world.timed[pool].ended, &world.books[pool].closed];
    assert!(ended.load(SeqCst) || closed.load(SeqCst), "pool {pool}'s timer is not closed");
}
