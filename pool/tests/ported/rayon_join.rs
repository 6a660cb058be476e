//! After rayon-core's tests of `join`.

use std::sync::{Arc, Barrier};
use std::thread;

use crate::held::hold;
use crate::rayon_tools::{outside_and_inside, scrambled, thrown};
use crate::setup::{Handle, Pool, Setup, balanced};

on_every_backend! {
    sort
    sort_in_pool
    sort_from_many_threads
    panic_propagate_a
    panic_propagate_b
    panic_propagate_both
    panic_b_still_executes
    panic_drops_the_other_result
    simple_panic
    join_context_both
    join_context_neither
    join_context_second
    join_counter_overflow
    join_without_a_free_worker
    join_of_a_closed_pool
    join_in_a_paused_pool
    join_many_deep
    join_in_join_of_another_pool
}

fn quick_sort(pool: &Handle, numbers: &mut [u32]) {
    if numbers.len() < 2 {
        return;
    }
    let (last, mut pivot) = (numbers.len() - 1, 0);
    for at in 0..last {
        if numbers[at] <= numbers[last] {
            numbers.swap(at, pivot);
            pivot += 1;
        }
    }
    numbers.swap(pivot, last);
    let (low, high) = numbers.split_at_mut(pivot);
    pool.join(|| quick_sort(pool, low), || quick_sort(pool, &mut high[1..]));
}

/// Sorts so many numbers and compares with the standard library.
fn sorts(pool: &Handle, count: usize) {
    let mut numbers = scrambled(count);
    let mut expected = numbers.clone();
    expected.sort_unstable();
    quick_sort(pool, &mut numbers);
    assert_eq!(numbers, expected);
}

fn sort(setup: Setup) {
    let pool = setup.pool();
    sorts(&pool, 6_000);
    assert_eq!(balanced(&pool).accepted, 0, "joins are no jobs");
}

fn sort_in_pool(setup: Setup) {
    let pool = setup.pool();
    pool.install(|| sorts(&pool, 6_000)).unwrap();
    assert_eq!(balanced(&pool).accepted, 1);
}

fn sort_from_many_threads(setup: Setup) {
    let pool = setup.pool();
    thread::scope(|threads| {
        for _ in 0..4 {
            threads.spawn(|| sorts(&pool, 1_000));
        }
        pool.install(|| sorts(&pool, 1_000)).unwrap();
    });
    assert_eq!(balanced(&pool).accepted, 1);
}

fn panic_propagate_a(setup: Setup) {
    outside_and_inside(setup, |pool| {
        let text = thrown(|| pool.join(|| panic!("the first, on purpose"), || 2));
        assert_eq!(text, "the first, on purpose");
    });
}

fn panic_propagate_b(setup: Setup) {
    outside_and_inside(setup, |pool| {
        let text = thrown(|| pool.join(|| 1, || panic!("the second, on purpose")));
        assert_eq!(text, "the second, on purpose");
    });
}

fn panic_propagate_both(setup: Setup) {
    outside_and_inside(setup, |pool| {
        let first = || panic!("the first, on purpose");
        let text = thrown(|| pool.join(first, || panic!("the second, on purpose")));
        assert_eq!(text, "the first, on purpose");
    });
}

fn panic_b_still_executes(setup: Setup) {
    outside_and_inside(setup, |pool| {
        let mut ran = false;
        let text = thrown(|| pool.join(|| panic!("the first, on purpose"), || ran = true));
        assert_eq!(text, "the first, on purpose");
        assert!(ran);
    });
}

fn panic_drops_the_other_result(setup: Setup) {
    outside_and_inside(setup, |pool| {
        let token = Arc::new(());
        let keep = || token.clone();
        thrown(|| pool.join(keep, || panic!("the second, on purpose")));
        assert_eq!(Arc::strong_count(&token), 1);
        thrown(|| pool.join(|| panic!("the first, on purpose"), keep));
        assert_eq!(Arc::strong_count(&token), 1);
        assert_eq!(Arc::strong_count(&pool.join(keep, keep).1), 3);
    });
}

fn simple_panic(setup: Setup) {
    let pool = setup.pool();
    let text = thrown(|| pool.join(|| (), || panic!("the second, on purpose")));
    assert_eq!(text, "the second, on purpose");
    assert_eq!(pool.join(|| 1, || 2), (1, 2), "nothing is left of it");
    sorts(&pool, 100);
}

fn join_context_both(setup: Setup) {
    let pool = setup.pool();
    // Called in the pool, both closures run there.
    let name = || thread::current().name().map(str::to_owned);
    let (first, second) = pool.install(|| pool.join(name, name)).unwrap();
    for name in [first, second] {
        let name = name.unwrap();
        assert!((0..setup.threads).any(|n| pool.thread_name(n) == Some(name.as_str())), "{name}");
    }
}

fn join_context_neither(setup: Setup) {
    let pool = setup.with_threads(1).pool();
    let here = || thread::current().id();
    let (caller, (first, second)) = pool.install(|| (here(), pool.join(here, here))).unwrap();
    assert_eq!((first, second), (caller, caller));
}

fn join_context_second(setup: Setup) {
    let pool = setup.pool();
    // With a worker free, the second closure does not wait for the first.
    let both = Barrier::new(2);
    let here = || {
        both.wait();
        thread::current().id()
    };
    for _ in 0..20 {
        let (first, second) = pool.join(here, here);
        assert_eq!(first, thread::current().id());
        assert_ne!(first, second);
    }
    if setup.threads > 1 {
        let (first, second) = pool.install(|| pool.join(here, here)).unwrap();
        assert_ne!(first, second);
    }
}

fn join_counter_overflow(setup: Setup) {
    let (pool, mut both) = (setup.pool(), 0_u32);
    // More than sixteen bits could count.
    for _ in 0..70_000 {
        let (first, second) = pool.join(|| 1, || 2);
        both += first + second;
    }
    assert_eq!(both, 210_000);
    assert_eq!(balanced(&pool).accepted, 0);
}

fn join_without_a_free_worker(setup: Setup) {
    let pool = setup.pool();
    let held = hold(&pool, setup.threads);
    let here = || thread::current().id();
    assert_eq!(pool.join(here, here), (here(), here()));
    sorts(&pool, 1_000);
    drop(held);
    assert_eq!(balanced(&pool).done, setup.threads as u64);
}

fn join_of_a_closed_pool(setup: Setup) {
    let pool = setup.pool();
    pool.close();
    sorts(&pool, 500);
    assert_eq!(balanced(&pool).accepted, 0);
    sorts(&pool, 500);
    let handle = pool.handle();
    drop(pool);
    sorts(&handle, 500);
}

fn join_in_a_paused_pool(setup: Setup) {
    let pool: Pool = setup.builder().paused().build().unwrap();
    let here = || thread::current().id();
    assert_eq!(pool.join(here, here), (here(), here()), "no worker starts anything");
    sorts(&pool, 500);
    pool.resume();
    sorts(&pool, 500);
}

fn join_many_deep(setup: Setup) {
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

fn join_in_join_of_another_pool(setup: Setup) {
    /// Every other level is in the other pool.
    fn fib(here: &Handle, there: &Handle, n: u32) -> u32 {
        if n < 2 {
            return n;
        }
        let (a, b) = here.join(|| fib(there, here, n - 1), || fib(there, here, n - 2));
        a + b
    }
    let (a, b) = (setup.pool(), setup.with_threads(1).pool());
    assert_eq!(fib(&a, &b, 14), 377);
    assert_eq!(a.install(|| fib(&b, &a, 14)).unwrap(), 377);
    assert_eq!(balanced(&a).done + balanced(&b).done, 1);
}
