//! After rayon-core's tests of scopes that take all workers, or have none.

use std::collections::HashSet;
use std::sync::{Barrier, Mutex};
use std::thread::{self, ThreadId};

use crate::held::hold;
use crate::rayon_tools::{outside_and_inside, thrown};
use crate::setup::{Handle, Setup, Tally, balanced};

on_every_backend! {
    scope_spawn_broadcast
    scope_spawn_broadcast_nested
    scope_spawn_broadcast_barrier
    scope_spawn_broadcast_panic_one
    scope_spawn_broadcast_panic_many
    scope_without_a_free_worker
    scope_of_a_closed_pool
    scope_for_each
}

/// Has a scope's body and so many children of it meet, which takes a thread for each: those threads.
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

fn scope_spawn_broadcast(setup: Setup) {
    let pool = setup.pool();
    let threads = meet(&pool, setup.threads, |_| ());
    assert_eq!(threads.len(), setup.threads + 1);
    assert!(threads.contains(&thread::current().id()));
    assert_eq!(balanced(&pool).accepted, 0);
}

fn scope_spawn_broadcast_nested(setup: Setup) {
    let pool = setup.pool();
    // Inside, the owner is one of the workers.
    let threads = pool.install(|| meet(&pool, setup.threads - 1, |_| ())).unwrap();
    assert_eq!(threads.len(), setup.threads);
    assert!(!threads.contains(&thread::current().id()));
    assert_eq!(balanced(&pool).accepted, 1);
}

fn scope_spawn_broadcast_barrier(setup: Setup) {
    let pool = setup.pool();
    // Each round finds some of the workers on their way to sleep.
    for _ in 0..50 {
        assert_eq!(meet(&pool, setup.threads, |_| ()).len(), setup.threads + 1);
    }
}

/// Some of the children on all workers at once panic; all ran, and all workers are there afterwards.
fn survives_panics_of(setup: Setup, panics: impl Fn(usize) -> bool + Sync) {
    let (pool, ran) = (setup.pool(), Tally::default());
    let child = |nth| {
        ran.add();
        assert!(!panics(nth), "a child, on purpose");
    };
    assert_eq!(thrown(|| meet(&pool, setup.threads, child)), "a child, on purpose");
    assert_eq!(ran.get(), setup.threads as u64);
    assert_eq!(meet(&pool, setup.threads, |_| ()).len(), setup.threads + 1);
    assert_eq!(balanced(&pool).panicked, 0, "a child is no job");
}

fn scope_spawn_broadcast_panic_one(setup: Setup) {
    survives_panics_of(setup, |nth| nth == 0);
}

fn scope_spawn_broadcast_panic_many(setup: Setup) {
    survives_panics_of(setup, |nth| nth % 2 == 0);
}

fn scope_without_a_free_worker(setup: Setup) {
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

fn scope_of_a_closed_pool(setup: Setup) {
    let (pool, ran) = (setup.pool(), Tally::default());
    let spawn = || {
        pool.scope(|scope| {
            for _ in 0..100 {
                scope.spawn(|| scope.spawn(|| ran.add()));
            }
        });
    };
    pool.close();
    spawn();
    assert_eq!(ran.get(), 100);
    assert_eq!(balanced(&pool).accepted, 0);
    spawn();
    assert_eq!(ran.get(), 200, "nor does it need one thread");
}

fn scope_for_each(setup: Setup) {
    outside_and_inside(setup, |pool| {
        let mut numbers = vec![1_u32; 1_000];
        pool.for_each(&mut numbers, |number| *number += 1);
        assert_eq!(numbers, vec![2; 1_000]);
    });
}
