//! Runs plans, one after the other.

use std::env;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::str::FromStr;
use std::sync::Arc;
use std::sync::atomic::Ordering::SeqCst;
use std::thread;
use std::time::Duration;

use pool_conformance::{set_patience, within_patience};

use crate::plan::{Meddling, Plan};
use crate::setup::{Backend, Pool, Tally};
use crate::steps::run;
use crate::world::{Place, World};

each_backend!(run_all);

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

/// One plan's pools, with the threads that they have started and lost.
struct Pools {
    pools: Vec<Pool>,
    started: Tally,
    stopped: Tally,
}

impl Pools {
    fn new(backend: Backend, plan: &Plan) -> Self {
        let (started, stopped) = (Tally::default(), Tally::default());
        let pool = |_| {
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
            builder.build().unwrap()
        };
        let pools = (0..plan.pools).map(pool).collect();
        Self { pools, started, stopped }
    }
}

fn run_plan(backend: Backend, plan: Plan) {
    let pools = Pools::new(backend, &plan);
    let world = Arc::new(World::new(plan, pools.pools.iter().map(Pool::handle).collect()));
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
        meddle(world, &pools.pools);
    });
    pools.pools.iter().for_each(|pool| pool.wait_idle().unwrap());
    // Those of a pool that ends first may still be submitted to it by another one.
    world.books.iter().for_each(|books| books.closed.store(true, SeqCst));
    let reports: Vec<_> = pools.pools.iter().map(|pool| pool.shutdown()).collect();
    world.check(&reports);
    assert!(pools.pools.iter().all(|pool| pool.stats().threads == 0), "threads are left");
    assert_eq!(pools.started.get(), pools.stopped.get(), "threads started and stopped");
}

fn meddle(world: &World, pools: &[Pool]) {
    for step in &world.plan.meddling {
        match *step {
            Meddling::LetRun(yields) => (0..yields).for_each(|_| thread::yield_now()),
            Meddling::Pause(pool) => world.pools[pool].pause(),
            Meddling::Resume(pool) => world.pools[pool].resume(),
            Meddling::Resize(pool, nth) => {
                let pool = &world.pools[pool];
                pool.set_num_threads(1 + nth % pool.max_threads()).unwrap();
            }
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
