//! Scopes: what their children may borrow, where they run, and what becomes of panics.

use std::collections::HashSet;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Barrier, Mutex};
use std::thread::{self, ThreadId};

use drainpool::Scope;

use crate::setup::held::hold;
use crate::setup::tools::{outside_and_inside, scrambled, thrown};
use crate::setup::{Handle, Pool, Setup, Tally, balanced};

on_every_backend! {
    children_borrow_what_lives_longer_than_the_scope
    children_change_parts_of_one_slice
    a_chain_of_children_takes_no_stack
    panics_are_thrown_on
    the_others_run_all_the_same
    a_scope_reaches_all_workers
    panics_on_all_workers_at_once
    without_a_free_worker_the_owner_runs_all
}

fn children_borrow_what_lives_longer_than_the_scope(setup: Setup) {
    /// The counters live longer than the slice they are in.
    fn increment<'counter>(
        pool: &Handle,
        counters: &[&'counter AtomicUsize],
    ) -> &'counter AtomicUsize {
        pool.scope(|scope| {
            for counter in counters {
                scope.spawn(|| _ = counter.fetch_add(1, Ordering::Relaxed));
            }
            counters[0]
        })
    }
    outside_and_inside(setup, |pool| {
        let counters = [const { AtomicUsize::new(0) }; 4];
        let first = {
            let refs: Vec<&AtomicUsize> = counters.iter().chain(&counters[..2]).collect();
            increment(pool, &refs)
        };
        assert_eq!(first.load(Ordering::Relaxed), 2);
        assert_eq!(counters.map(AtomicUsize::into_inner), [2, 2, 1, 1]);
    });
}

fn children_change_parts_of_one_slice(setup: Setup) {
    /// A join made of a scope.
    fn sort(pool: &Handle, numbers: &mut [u32]) {
        if numbers.len() < 2 {
            return;
        }
        let pivot = numbers.len() / 2;
        let (low, _, high) = numbers.select_nth_unstable(pivot);
        pool.scope(|scope| {
            scope.spawn(|| sort(pool, high));
            sort(pool, low);
        });
    }
    outside_and_inside(setup, |pool| {
        let mut numbers = scrambled(300);
        sort(pool, &mut numbers);
        assert!(numbers.is_sorted());
    });
}

/// How far the stack reaches, at most, in a chain of children of this length, each spawned by the one before.
fn reach(pool: &Handle, length: usize) -> usize {
    fn link<'scope>(
        scope: &'scope Scope<'scope, '_>,
        bottom: usize,
        reach: &'scope AtomicUsize,
        left: usize,
    ) {
        let here = 0_u8;
        let distance = bottom.abs_diff(std::ptr::from_ref(std::hint::black_box(&here)).addr());
        reach.fetch_max(distance, Ordering::Relaxed);
        if left > 0 {
            scope.spawn(move || link(scope, bottom, reach, left - 1));
        }
    }
    let (here, reach) = (0_u8, AtomicUsize::new(0));
    let bottom = std::ptr::from_ref(std::hint::black_box(&here)).addr();
    pool.scope(|scope| link(scope, bottom, &reach, length));
    reach.into_inner()
}

fn a_chain_of_children_takes_no_stack(setup: Setup) {
    // Paused, so that all of it lies on the owner's stack.
    let pool: Pool = setup.builder().paused().build().unwrap();
    let (short, long) = (reach(&pool, 5), reach(&pool, 5_000));
    assert!(long <= 2 * short, "a chain of 5 reaches {short} bytes, one of 5000 {long}");
}

fn panics_are_thrown_on(setup: Setup) {
    outside_and_inside(setup, |pool| {
        let text = thrown(|| pool.scope(|_| -> u8 { panic!("the body, on purpose") }));
        assert_eq!(text, "the body, on purpose");
        let child = || pool.scope(|scope| scope.spawn(|| panic!("a child, on purpose")));
        assert_eq!(thrown(child), "a child, on purpose");
        let grandchild = || {
            pool.scope(|scope| {
                scope.spawn(move || {
                    scope.spawn(move || scope.spawn(|| panic!("a grandchild, on purpose")));
                });
            });
        };
        assert_eq!(thrown(grandchild), "a grandchild, on purpose");
        let inside = || {
            pool.scope(|outer| {
                outer.spawn(|| pool.scope(|inner| inner.spawn(|| panic!("inside, on purpose"))));
            });
        };
        assert_eq!(thrown(inside), "inside, on purpose");
    });
}

fn the_others_run_all_the_same(setup: Setup) {
    outside_and_inside(setup, |pool| {
        let ran = Tally::default();
        let spawn = || {
            pool.scope(|scope| {
                for _ in 0..10 {
                    scope.spawn(|| {
                        scope.spawn(|| ran.add());
                        panic!("a child, on purpose");
                    });
                    scope.spawn(|| ran.add());
                }
                panic!("the body, on purpose");
            });
        };
        assert_eq!(thrown(spawn), "the body, on purpose", "the body's goes before all others");
        assert_eq!(ran.get(), 20);
    });
}

/// Has a scope's body and its children meet, which takes a thread for each. Returns those threads.
fn meet(pool: &Handle, children: usize, child: impl Fn(usize) + Sync) -> HashSet<ThreadId> {
    let (all, threads) = (Barrier::new(children + 1), Mutex::default());
    let (all, threads, child) = (&all, &threads, &child);
    let here = || {
        all.wait();
        let threads: &Mutex<HashSet<_>> = threads;
        threads.lock().unwrap().insert(thread::current().id());
    };
    pool.scope(|scope| {
        for nth in 0..children {
            scope.spawn(move || {
                here();
                child(nth);
            });
        }
        here();
    });
    std::mem::take(&mut *threads.lock().unwrap())
}

fn a_scope_reaches_all_workers(setup: Setup) {
    let pool = setup.pool();
    // Each round finds some of the workers on their way to sleep.
    for _ in 0..50 {
        let threads = meet(&pool, setup.threads, |_| ());
        assert_eq!(threads.len(), setup.threads + 1);
        assert!(threads.contains(&thread::current().id()));
    }
    // Inside, the owner is one of the workers.
    let threads = pool.install(|| meet(&pool, setup.threads - 1, |_| ())).unwrap();
    assert_eq!(threads.len(), setup.threads);
    assert!(!threads.contains(&thread::current().id()));
    assert_eq!(balanced(&pool).accepted, 1);
}

fn panics_on_all_workers_at_once(setup: Setup) {
    let (pool, ran) = (setup.pool(), Tally::default());
    for every in [setup.threads, 2] {
        let child = |nth: usize| {
            ran.add();
            assert!(!nth.is_multiple_of(every), "a child, on purpose");
        };
        assert_eq!(thrown(|| meet(&pool, setup.threads, child)), "a child, on purpose");
    }
    assert_eq!(ran.get(), 2 * setup.threads as u64);
    assert_eq!(meet(&pool, setup.threads, |_| ()).len(), setup.threads + 1);
    assert_eq!(balanced(&pool).panicked, 0, "a child is no job");
}

fn without_a_free_worker_the_owner_runs_all(setup: Setup) {
    let pool = setup.pool();
    let held = hold(&pool, setup.threads);
    let (here, ran) = (thread::current().id(), Tally::default());
    pool.scope(|scope| {
        for _ in 0..100 {
            scope.spawn(|| {
                assert_eq!(thread::current().id(), here);
                ran.add();
            });
        }
    });
    assert_eq!(ran.get(), 100);
    drop(held);
    assert_eq!(balanced(&pool).done, setup.threads as u64);
}
