//! Runs plans, one after the other.

use std::env;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::str::FromStr;
use std::sync::Arc;
use std::sync::atomic::Ordering::SeqCst;
use std::thread;
use std::time::Duration;

use drainpool::{ManualClock, Refusal, ShutdownReport, Timer, TimerReport, WhenFull};
use pool_conformance::{set_patience, within_patience};

use crate::books::Books;
use crate::plan::{Ending, Meddling, Plan};
use crate::setup::recorder::Recorder;
use crate::setup::{Backend, Pool, Tally};
use crate::steps::run;
use crate::timers::Timed;
use crate::world::{Place, World};

each_backend!(run_all);

/// No timed job is set for later than this.
const LONGEST_DELAY: Duration = Duration::from_millis(3);

fn variable<T: FromStr>(name: &str) -> Option<T> {
    let value = env::var(name).ok()?;
    Some(value.parse().unwrap_or_else(|_| panic!("{name}={value} is no number")))
}

fn run_all(backend: Backend) {
    let first = variable::<u64>("POOL_STRESS_SEED");
    let usual = if cfg!(debug_assertions) { 3_000 } else { 10_000 };
    let plans = variable("POOL_STRESS_PLANS").unwrap_or(if first.is_some() { 1 } else { usual });
    let times = variable("POOL_STRESS_TIMES").unwrap_or(1);
    set_patience(Duration::from_secs(variable("POOL_STRESS_PATIENCE").unwrap_or(20)));
    let first = first.unwrap_or(1);
    for seed in first..first + plans {
        for _ in 0..times {
            run_plan(backend, Plan::new(seed));
        }
    }
}

/// One plan's pools and their timers, with the threads that the pools have started and lost.
struct Pools {
    pools: Vec<Pool>,
    timers: Vec<Timer>,
    clock: ManualClock,
    started: Tally,
    stopped: Tally,
    /// What was told of each pool, if the plan observes them.
    recorders: Vec<Arc<Recorder>>,
}

impl Pools {
    fn new(backend: Backend, plan: &Plan) -> Self {
        let (started, stopped) = (Tally::default(), Tally::default());
        let clock = ManualClock::new();
        let recorders: Vec<Arc<Recorder>> = match plan.observed() {
            true => (0..plan.pools).map(|_| Arc::default()).collect(),
            false => Vec::new(),
        };
        let pool = |nth: usize| {
            let (starts, stops) = (started.clone(), stopped.clone());
            let mut builder = pool_core::ThreadPoolBuilder::with_backend(backend)
                .num_threads(plan.workers)
                .max_threads(plan.workers + 2)
                .on_thread_start(move |_| starts.add())
                .on_thread_stop(move |_| stops.add());
            if let Some(capacity) = plan.capacity {
                builder = builder.capacity(capacity);
            }
            if plan.restless {
                builder = builder.thread_keep_alive(Duration::ZERO);
            }
            if plan.paused {
                builder = builder.paused();
            }
            if plan.by_hand {
                builder = builder.clock(clock.clone());
            }
            if let Some(recorder) = recorders.get(nth) {
                builder = builder.observer(Arc::clone(recorder));
            }
            builder.build().unwrap()
        };
        let pools: Vec<Pool> = (0..plan.pools).map(pool).collect();
        let timed = if plan.is_timed() { &*pools } else { &[] };
        let timers = timed.iter().map(|pool| Timer::new(pool).unwrap()).collect();
        Self { pools, timers, clock, started, stopped, recorders }
    }
}

fn run_plan(backend: Backend, plan: Plan) {
    let pools = Pools::new(backend, &plan);
    let handles = pools.pools.iter().map(|pool| pool.handle()).collect();
    let timers = pools.timers.iter().map(Timer::handle).collect();
    let world = Arc::new(World::new(plan, handles, timers));
    let inner = Arc::clone(&world);
    let checked = catch_unwind(AssertUnwindSafe(|| within_patience(move || check(&inner, &pools))));
    if let Err(payload) = checked {
        let what = payload.downcast_ref::<String>().map(String::as_str);
        let what = what.or_else(|| payload.downcast_ref::<&str>().copied());
        panic!("{}\nfailed over {backend}: {}", world.describe(), what.unwrap_or("see above"));
    }
}

fn check(world: &Arc<World>, pools: &Pools) {
    thread::scope(|scope| {
        for &root in &world.plan.roots {
            scope.spawn(move || run(world, root, Place::default()));
        }
        meddle(world, pools);
    });
    let (reports, timers) = end(world, pools);
    world.check(&reports, &timers);
    pools.recorders.iter().zip(&reports).for_each(|(recorder, report)| recorder.check(report));
    assert!(pools.pools.iter().all(|pool| pool.stats().threads == 0), "threads are left");
    assert_eq!(pools.started.get(), pools.stopped.get(), "threads started and stopped");
}

fn end(world: &World, pools: &Pools) -> (Vec<ShutdownReport>, Vec<TimerReport>) {
    if world.plan.ending == Ending::Settled {
        settle(world, pools);
    }
    if world.plan.ending != Ending::PoolsFirst {
        (0..pools.timers.len()).for_each(|pool| end_timer(world, pools, pool));
    }
    pools.pools.iter().for_each(|pool| pool.wait_idle().unwrap());
    if world.plan.ending == Ending::Settled {
        check_room(world);
    }
    // Those of a pool that ends first may still be submitted to it by another one.
    world.books.iter().for_each(|books| books.closed.store(true, SeqCst));
    let reports = pools.pools.iter().map(|pool| pool.shutdown()).collect();
    if world.plan.ending == Ending::PoolsFirst {
        // With its pool a timer ends by itself.
        while !world.timed.iter().all(Timed::is_over) {
            thread::yield_now();
        }
    }
    (reports, pools.timers.iter().map(|timer| timer.shutdown()).collect())
}

/// Waits until nothing runs any more, and the timers have nothing left.
fn settle(world: &World, pools: &Pools) {
    let progress = || world.timed.iter().map(Timed::progress).sum::<u64>();
    let accepted = || pools.pools.iter().map(|pool| pool.stats().accepted).sum::<u64>();
    loop {
        let before = (accepted(), progress());
        while !world.timed.iter().all(Timed::is_over) {
            let seen = progress();
            // All that was set by now is due, and a run of what is periodic. No more is to be needed.
            pools.clock.advance(LONGEST_DELAY);
            while progress() == seen && !world.timed.iter().all(Timed::is_over) {
                thread::yield_now();
            }
        }
        pools.pools.iter().for_each(|pool| pool.wait_idle().unwrap());
        if (accepted(), progress()) == before {
            break;
        }
    }
    for (timed, books) in world.timed.iter().zip(&world.books) {
        let is_whole = !timed.ended.load(SeqCst) && !books.closed.load(SeqCst);
        timed.settled.store(is_whole, SeqCst);
    }
}

/// Checks that pools without jobs and timers have all their room, and no more.
fn check_room(world: &World) {
    let Some(capacity) = world.plan.capacity else { return };
    let open = |books: &Books| !books.closed.load(SeqCst);
    let pools = world.pools.iter().zip(&world.books).filter(|(_, books)| open(books));
    for (pool, _) in pools {
        let places: Vec<_> = (0..capacity).map(|_| pool.admit(WhenFull::Fail)).collect();
        assert!(places.iter().all(Result::is_ok), "room is lost: {places:?}");
        let full = pool.admit(WhenFull::Fail);
        assert!(matches!(full, Err(Refusal::Full)), "more room than there is: {full:?}");
    }
}

fn end_timer(world: &World, pools: &Pools, pool: usize) {
    world.timed[pool].ended.store(true, SeqCst);
    pools.timers[pool].shutdown();
}

fn meddle(world: &World, all: &Pools) {
    let Pools { pools, timers, clock, .. } = all;
    for step in &world.plan.meddling {
        match *step {
            Meddling::LetRun(yields) => (0..yields).for_each(|_| thread::yield_now()),
            Meddling::Pause(pool) => world.pools[pool].pause(),
            Meddling::Resume(pool) => world.pools[pool].resume(),
            Meddling::Resize(pool, nth) => {
                let pool = &world.pools[pool];
                pool.set_num_threads(1 + nth % pool.max_threads()).unwrap();
            }
            Meddling::Advance(time) => clock.advance(time),
            Meddling::EndTimer(pool) if pool < timers.len() => end_timer(world, all, pool),
            Meddling::EndTimer(_) => {}
            Meddling::Close(pool) => {
                world.books[pool].closed.store(true, SeqCst);
                world.pools[pool].close();
            }
            Meddling::TakeQueued(pool) => {
                world.books[pool].taken.store(true, SeqCst);
                world.took(pool, pools[pool].take_queued().len());
            }
            Meddling::ShutdownNow(pool) => {
                world.books[pool].taken.store(true, SeqCst);
                world.books[pool].closed.store(true, SeqCst);
                world.took(pool, pools[pool].shutdown_now().len());
            }
        }
    }
    world.pools.iter().for_each(drainpool::Handle::resume);
}
