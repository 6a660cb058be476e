//! Nobody's jobs starve while other workers never run out of their own.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};

use crate::setup::{Handle, Setup, Tally, balanced, eventually};

on_every_backend! {
    the_children_of_a_busy_job_start
    outside_jobs_start_though_all_feed_themselves
}

/// So many jobs are to start meanwhile.
const ENOUGH: u64 = 50;
/// By so many jobs, each of which executes its own successor, the pool goes on for each child.
const RUNS: u64 = 7;

/// Jobs of which each executes its own successor, until they are told to stop. They go on no further
/// than they may.
#[derive(Clone, Default)]
struct Chains {
    runs: Arc<AtomicU64>,
    may_run: Arc<AtomicU64>,
    over: Arc<AtomicBool>,
}

impl Chains {
    /// With so many runs to begin with.
    fn new(runs: u64) -> Self {
        Self { may_run: Arc::new(AtomicU64::new(runs)), ..Self::default() }
    }

    fn begin(&self, pool: &Handle) {
        let (handle, chains) = (pool.clone(), self.clone());
        pool.execute(move || chains.go_on(&handle)).unwrap();
    }

    fn go_on(&self, pool: &Handle) {
        let run = self.runs.fetch_add(1, Ordering::SeqCst);
        let over = || self.over.load(Ordering::SeqCst);
        eventually(|| run < self.may_run.load(Ordering::SeqCst) || over());
        if !over() {
            self.begin(pool);
        }
    }

    fn stop(&self) {
        self.over.store(true, Ordering::SeqCst);
    }
}

/// One worker stays with a job that submits, the others with jobs that feed themselves. Between two
/// looks of theirs its length has always changed.
fn the_children_of_a_busy_job_start(setup: Setup) {
    let others = setup.threads as u64 - 1;
    if others == 0 {
        return;
    }
    let (pool, started) = (setup.pool(), Tally::default());
    let (handle, count) = (pool.handle(), started.clone());
    let busy = pool.spawn(move || {
        let chains = Chains::new(others);
        (0..others).for_each(|_| chains.begin(&handle));
        eventually(|| chains.runs.load(Ordering::SeqCst) >= others);
        let mut children = 0;
        while count.get() < ENOUGH && children < 200 * ENOUGH {
            let started = count.clone();
            handle.execute(move || started.add()).unwrap();
            children += 1;
            let runs = chains.may_run.fetch_add(RUNS, Ordering::SeqCst) + RUNS;
            eventually(|| chains.runs.load(Ordering::SeqCst) >= runs);
        }
        chains.stop();
        (children, count.get())
    });
    let (children, started) = busy.unwrap().join().unwrap();
    assert!(started >= ENOUGH, "of {children} children, {started} have started");
    assert_eq!(balanced(&pool).panicked, 0);
}

fn outside_jobs_start_though_all_feed_themselves(setup: Setup) {
    let (pool, chains, started) = (setup.pool(), Chains::new(u64::MAX), Tally::default());
    (0..setup.threads).for_each(|_| chains.begin(&pool.handle()));
    while started.get() < ENOUGH {
        let count = started.clone();
        pool.execute(move || count.add()).unwrap();
        std::thread::yield_now();
    }
    chains.stop();
    assert_eq!(balanced(&pool).panicked, 0);
}
