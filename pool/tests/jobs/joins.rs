//! Joins: what they run where, and what becomes of panics.

use std::sync::Arc;
use std::thread;

use crate::setup::held::hold;
use crate::setup::tools::{outside_and_inside, scrambled, thrown};
use crate::setup::{Handle, Setup, balanced};

on_every_backend! {
    parts_of_one_slice_from_many_threads
    panics_are_thrown_on_after_both_halves
    a_panic_drops_the_other_half_s_result
    inside_both_halves_run_in_the_pool
    without_a_free_worker_the_caller_runs_both
    joins_two_hundred_deep
}

fn quick_sort(pool: &Handle, numbers: &mut [u32]) {
    if numbers.len() < 2 {
        return;
    }
    let pivot = numbers.len() / 2;
    let (low, _, high) = numbers.select_nth_unstable(pivot);
    pool.join(|| quick_sort(pool, low), || quick_sort(pool, high));
}

fn sorts(pool: &Handle, count: usize) {
    let mut numbers = scrambled(count);
    let mut expected = numbers.clone();
    expected.sort_unstable();
    quick_sort(pool, &mut numbers);
    assert_eq!(numbers, expected);
}

fn parts_of_one_slice_from_many_threads(setup: Setup) {
    let pool = setup.pool();
    thread::scope(|threads| {
        for _ in 0..4 {
            threads.spawn(|| sorts(&pool, 1_000));
        }
        pool.install(|| sorts(&pool, 6_000)).unwrap();
    });
    assert_eq!(balanced(&pool).accepted, 1, "joins are no jobs");
}

fn panics_are_thrown_on_after_both_halves(setup: Setup) {
    outside_and_inside(setup, |pool| {
        let (first, second) = ("the first, on purpose", "the second, on purpose");
        let mut ran = false;
        assert_eq!(thrown(|| pool.join(|| panic!("{first}"), || ran = true)), first);
        assert!(ran);
        assert_eq!(thrown(|| pool.join(|| 1, || panic!("{second}"))), second);
        assert_eq!(thrown(|| pool.join(|| panic!("{first}"), || panic!("{second}"))), first);
        assert_eq!(pool.join(|| 1, || 2), (1, 2), "nothing is left of them");
    });
}

fn a_panic_drops_the_other_half_s_result(setup: Setup) {
    outside_and_inside(setup, |pool| {
        let token = Arc::new(());
        let keep = || token.clone();
        thrown(|| pool.join(keep, || panic!("the second, on purpose")));
        thrown(|| pool.join(|| panic!("the first, on purpose"), keep));
        assert_eq!(Arc::strong_count(&token), 1);
        assert_eq!(Arc::strong_count(&pool.join(keep, keep).1), 3);
    });
}

fn inside_both_halves_run_in_the_pool(setup: Setup) {
    let pool = setup.pool();
    let name = || thread::current().name().map(str::to_owned);
    let (caller, (first, second)) = pool.install(|| (name(), pool.join(name, name))).unwrap();
    for name in [&first, &second] {
        assert!((0..setup.threads).any(|n| pool.thread_name(n) == name.as_deref()), "{name:?}");
    }
    assert!(setup.threads > 1 || (first == caller && second == caller));
}

fn without_a_free_worker_the_caller_runs_both(setup: Setup) {
    let pool = setup.pool();
    let held = hold(&pool, setup.threads);
    let here = || thread::current().id();
    assert_eq!(pool.join(here, here), (here(), here()));
    sorts(&pool, 1_000);
    drop(held);
    assert_eq!(balanced(&pool).done, setup.threads as u64);
}

fn joins_two_hundred_deep(setup: Setup) {
    fn left(pool: &Handle, depth: u32) -> u32 {
        if depth == 0 { 0 } else { pool.join(|| left(pool, depth - 1), || 1).0 + 1 }
    }
    fn right(pool: &Handle, depth: u32) -> u32 {
        if depth == 0 { 0 } else { pool.join(|| 1, || right(pool, depth - 1)).1 + 1 }
    }
    outside_and_inside(setup, |pool| {
        assert_eq!(left(pool, 200), 200);
        assert_eq!(right(pool, 200), 200);
    });
}
