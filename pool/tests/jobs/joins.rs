//! Joins: what they run where, and what becomes of panics.

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Arc;
use std::sync::atomic::Ordering::SeqCst;
use std::sync::atomic::{AtomicBool, AtomicUsize};
use std::thread;

use crate::setup::held::hold;
use crate::setup::tools::{outside_and_inside, scrambled, thrown};
use crate::setup::{Handle, Setup, balanced, eventually};

on_every_backend! {
    parts_of_one_slice_from_many_threads
    panics_are_thrown_on_after_both_halves
    a_panic_drops_the_other_half_s_result
    a_result_whose_drop_panics_goes_with_the_panic
    captures_of_any_size_are_dropped_once
    a_join_by_way_of_another_pool_keeps_to_its_own_parts
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

/// Panics where it is dropped.
struct Bomb;

impl Drop for Bomb {
    fn drop(&mut self) {
        panic!("a result, on purpose");
    }
}

fn a_result_whose_drop_panics_goes_with_the_panic(setup: Setup) {
    outside_and_inside(setup, |pool| {
        let (begun, first) = (AtomicBool::new(false), "the first, on purpose");
        let begin = || begun.store(true, SeqCst);
        assert_eq!(thrown(|| pool.join(|| panic!("{first}"), || Bomb)), first);
        // The inner one is not shared, where nobody takes the outer one.
        let second = "the second, on purpose";
        let inner = || thrown(|| pool.join(|| Bomb, || panic!("{second}")));
        assert_eq!(inner(), second);
        assert_eq!(pool.join(|| pool.join(inner, inner), inner).0.0, second);
        // Here or there: inside of a pool of one thread nobody else comes.
        let other_begins = || {
            (0..1_000).any(|_| {
                thread::yield_now();
                begun.load(SeqCst)
            })
        };
        let thrown_there = thrown(|| {
            pool.join(
                || {
                    other_begins();
                    panic!("{first}")
                },
                || {
                    begin();
                    Bomb
                },
            )
        });
        assert_eq!(thrown_there, first);
    });
}

/// What a half captures: so many words, and a count of drops.
struct Captured<'a, const WORDS: usize>([usize; WORDS], &'a AtomicUsize);

impl<const WORDS: usize> Drop for Captured<'_, WORDS> {
    fn drop(&mut self) {
        self.1.fetch_add(1, SeqCst);
    }
}

/// Joins inside of a join, so that some halves are shared, and some are not.
fn captures_are_dropped_once<const WORDS: usize>(pool: &Handle) {
    let once = |panics: [bool; 2]| {
        let drops = AtomicUsize::new(0);
        let half = |panics: bool| {
            let captured = Captured([WORDS; WORDS], &drops);
            move || {
                assert_eq!(captured.0, [WORDS; WORDS]);
                assert!(!panics, "a half, on purpose");
            }
        };
        let [first, second] = panics.map(half);
        let joined = catch_unwind(AssertUnwindSafe(|| pool.join(first, second)));
        assert_eq!(joined.is_err(), panics != [false; 2]);
        assert_eq!(drops.load(SeqCst), 2);
    };
    let all = || {
        for panics in [[false, false], [false, true], [true, false], [true, true]] {
            once(panics);
        }
    };
    pool.join(|| pool.join(all, all), || pool.join(all, all));
}

fn captures_of_any_size_are_dropped_once(setup: Setup) {
    outside_and_inside(setup, |pool| {
        captures_are_dropped_once::<0>(pool);
        captures_are_dropped_once::<1>(pool);
        captures_are_dropped_once::<4>(pool);
        captures_are_dropped_once::<40>(pool);
    });
}

/// C11: the owner of a closure that was stolen waits for that one, and runs no part of an older one meanwhile, even
/// if a join further in, on the way back from another pool, has taken its place in the slot.
fn a_join_by_way_of_another_pool_keeps_to_its_own_parts(setup: Setup) {
    let (pool, other) = (&setup.with_threads(2).pool(), &setup.with_threads(1).pool());
    let new = || AtomicBool::new(false);
    let (outer, inner, shares, over, inner_is_over) = (new(), new(), new(), new(), new());
    let set = |flag: &AtomicBool| flag.store(true, SeqCst);
    let wait = |flag: &AtomicBool| eventually(|| flag.load(SeqCst));
    let owner = thread::current().id();
    let by_way_of_another = || {
        wait(&inner);
        pool.join(|| other.join(|| _ = pool.join(|| (), || ()), || ()), || ());
        set(&shares);
    };
    let stolen_inner = || {
        set(&inner);
        wait(&over);
    };
    let first = || {
        wait(&outer);
        pool.join(by_way_of_another, stolen_inner);
        set(&inner_is_over);
    };
    let part = || assert!(thread::current().id() != owner || inner_is_over.load(SeqCst));
    let offer_a_part = || {
        // Time enough for the owner to come to its wait. What is too short hides a fault, and makes none.
        (0..20_000).for_each(|_| thread::yield_now());
        set(&over);
    };
    let stolen_outer = || {
        set(&outer);
        wait(&shares);
        pool.join(offer_a_part, part);
    };
    pool.join(first, stolen_outer);
    assert!(inner_is_over.into_inner());
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
