//! What is measured.
//!
//! Jobs count down one static counter; nothing is reference-counted or allocated for the sake of
//! the measurement. So only one scenario runs at a time. Each job captures a number, as closures
//! do: one without captures is boxed for nothing, which would flatter pools that box.

use std::hint;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::thread;

use crate::contestants::{Contestant, Results};

/// The jobs of the present round that have not run.
static LEFT: AtomicUsize = AtomicUsize::new(0);

fn count_down() {
    LEFT.fetch_sub(1, Ordering::Release);
}

fn job(n: usize) -> impl FnOnce() + Send + 'static {
    move || {
        hint::black_box(n);
        count_down();
    }
}

fn wait_for_all() {
    while LEFT.load(Ordering::Acquire) > 0 {
        thread::yield_now();
    }
}

/// One outside thread submits `jobs` no-ops, then waits for them.
pub fn ext<C: Contestant>(pool: &'static C, jobs: usize) {
    LEFT.store(jobs, Ordering::Release);
    for n in 0..jobs {
        pool.execute(job(n));
    }
    wait_for_all();
}

/// One outside thread submits `jobs` jobs and collects the result of each.
///
/// # Panics
///
/// If a result is wrong or missing.
pub fn results<C: Results>(pool: &C, jobs: u64) {
    for n in 0..jobs {
        pool.submit(n);
    }
    assert_eq!(pool.sum_of(jobs), jobs * (jobs - 1) / 2 + jobs);
}

/// A binary tree of jobs: each submits two more, until there are `2^(depth + 1) - 1`.
pub fn tree<C: Contestant>(pool: &'static C, depth: u32) {
    fn node<C: Contestant>(pool: &'static C, depth: u32) {
        count_down();
        if depth > 0 {
            pool.execute(move || node(pool, depth - 1));
            pool.execute(move || node(pool, depth - 1));
        }
    }
    LEFT.store((2 << depth) - 1, Ordering::Release);
    pool.execute(move || node(pool, depth));
    wait_for_all();
}

/// Submits one job and waits for it, `times` times.
pub fn latency<C: Contestant>(pool: &'static C, times: usize) {
    for n in 0..times {
        LEFT.store(1, Ordering::Release);
        pool.execute(job(n));
        while LEFT.load(Ordering::Acquire) > 0 {
            hint::spin_loop();
        }
    }
}
