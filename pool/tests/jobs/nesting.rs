//! Joins, scopes, installs and jobs in each other, in one pool and in several.

use std::sync::{Arc, Barrier};
use std::thread;

use drainpool::Scope;

use crate::setup::held::hold;
use crate::setup::tools::{fall_asleep, results, thrown};
use crate::setup::{Handle, Pool, Setup, Tally, balanced, eventually};

on_every_backend! {
    all_in_each_other
    a_panic_through_all_of_them
    joins_in_nested_jobs
    an_install_waits_its_turn
    jobs_wait_to_and_fro_between_two_pools
    pools_that_sleep_are_woken_by_each_other
    scopes_to_and_fro_between_two_pools
    scopes_of_five_pools_in_each_other
}

/// A tree each level of which is made in another way.
fn grow<'scope>(
    pool: &'scope Handle,
    scope: &'scope Scope<'scope, '_>,
    leaves: &'scope Tally,
    depth: u32,
) {
    let half = move || grow(pool, scope, leaves, depth - 1);
    if depth == 0 {
        return leaves.add();
    }
    match depth % 4 {
        0 => drop(pool.join(half, half)),
        1 => {
            scope.spawn(half);
            scope.spawn(half);
        }
        2 => {
            half();
            pool.install(half).unwrap();
        }
        _ => pool.scope(|inner| {
            inner.spawn(half);
            inner.spawn(half);
        }),
    }
}

fn all_in_each_other(setup: Setup) {
    let (pool, leaves) = (setup.pool(), Tally::default());
    pool.scope(|scope| grow(&pool, scope, &leaves, 8));
    assert_eq!(leaves.get(), 256);
    pool.install(|| pool.scope(|scope| grow(&pool, scope, &leaves, 8))).unwrap();
    assert_eq!(leaves.get(), 512);
    assert_eq!(balanced(&pool).panicked, 0);
}

fn a_panic_through_all_of_them(setup: Setup) {
    let (pool, ran) = (setup.pool(), Tally::default());
    let innermost = || panic!("innermost, on purpose");
    let in_join = || _ = pool.join(|| ran.add(), innermost);
    let in_scope = || pool.scope(|scope| scope.spawn(in_join));
    let in_install = || {
        // The thread that runs a half is inside already, so this is a call.
        let caller = thread::current().id();
        assert_eq!(pool.install(|| thread::current().id()).unwrap(), caller);
        pool.install(in_scope).unwrap();
    };
    let in_join = || pool.join(in_install, || ran.add());
    assert_eq!(thrown(in_join), "innermost, on purpose");
    assert_eq!(ran.get(), 2, "all the others ran");
    assert_eq!(balanced(&pool).accepted, 0, "all of it is borrowed work");
}

fn joins_in_nested_jobs(setup: Setup) {
    fn fib(pool: &Handle, n: u32) -> u64 {
        if n < 2 {
            return u64::from(n);
        }
        let handle = pool.clone();
        // One half is a job of its own, the other two quarters of a join.
        let other = pool.spawn(move || fib(&handle, n - 2)).unwrap();
        let (a, b) =
            pool.join(|| if n > 2 { fib(pool, n - 2) } else { 1 }, || fib(pool, n.max(3) - 3));
        a + b + other.join().unwrap()
    }
    let pool = setup.pool();
    let handle = pool.handle();
    assert_eq!(pool.spawn(move || fib(&handle, 12)).unwrap().join().unwrap(), 144);
    assert_eq!(balanced(&pool).panicked, 0);
}

fn an_install_waits_its_turn(setup: Setup) {
    let pool = setup.pool();
    let held = hold(&pool, setup.threads);
    thread::scope(|threads| {
        let installed = threads.spawn(|| pool.install(|| thread::current().id()).unwrap());
        eventually(|| pool.stats().queued == 1);
        drop(held);
        let installer = installed.thread().id();
        assert_ne!(installed.join().unwrap(), installer, "it ran on a worker");
    });
    assert_eq!(balanced(&pool).done, setup.threads as u64 + 1);
}

/// Spawns to and fro between two pools, each job waiting for the next.
fn to_and_fro(here: &Handle, there: &Handle, depth: u32) -> u32 {
    if depth == 0 {
        return 0;
    }
    let (back, on) = (here.clone(), there.clone());
    let job = there.spawn(move || to_and_fro(&on, &back, depth - 1)).unwrap();
    1 + job.join().unwrap()
}

fn jobs_wait_to_and_fro_between_two_pools(setup: Setup) {
    let one = setup.with_threads(1);
    let (a, b) = (one.pool(), one.pool());
    // Neither worker is free when the other waits for it.
    let both = Arc::new(Barrier::new(2));
    let start = |from: &Pool, to: &Pool| {
        let (both, here, there) = (both.clone(), from.handle(), to.handle());
        let job = from.spawn(move || {
            both.wait();
            to_and_fro(&here, &there, 50)
        });
        job.unwrap()
    };
    let jobs = [start(&a, &b), start(&b, &a)];
    assert_eq!(results(jobs), [50, 50]);
    assert_eq!(balanced(&a).done + balanced(&b).done, 102);
}

fn pools_that_sleep_are_woken_by_each_other(setup: Setup) {
    let one = setup.with_threads(1);
    let (a, b) = (one.pool(), one.pool());
    for round in 1..=5 {
        fall_asleep(&a);
        let visit = || {
            fall_asleep(&b);
            b.install(|| a.install(|| 22).unwrap()).unwrap()
        };
        assert_eq!(a.install(visit).unwrap(), 22);
        fall_asleep(&a);
        let (here, there) = (a.handle(), b.handle());
        let job = a.spawn(move || {
            fall_asleep(&there);
            to_and_fro(&here, &there, round)
        });
        assert_eq!(job.unwrap().join().unwrap(), round);
    }
    assert_eq!(balanced(&a).panicked + balanced(&b).panicked, 0);
}

fn scopes_to_and_fro_between_two_pools(setup: Setup) {
    fn nest(here: &Handle, there: &Handle, ran: &Tally, depth: u32) {
        if depth > 0 {
            here.scope(|scope| {
                scope.spawn(|| nest(there, here, ran, depth - 1));
                scope.spawn(|| ran.add());
            });
        }
    }
    let (a, b, ran) = (setup.pool(), setup.pool(), Tally::default());
    nest(&a, &b, &ran, 20);
    a.install(|| nest(&a, &b, &ran, 20)).unwrap();
    assert_eq!(ran.get(), 40);
    assert_eq!(balanced(&a).done + balanced(&b).done, 1);
}

fn scopes_of_five_pools_in_each_other(setup: Setup) {
    /// Opens a scope of each pool inside of the former's; the innermost spawns in all of them.
    fn nest(pools: &[Pool], spawn_in_all: &dyn Fn(), ran: &Tally) {
        let Some((pool, others)) = pools.split_first() else { return spawn_in_all() };
        pool.scope(|scope| {
            let spawn = || {
                spawn_in_all();
                scope.spawn(|| ran.add());
            };
            nest(others, &spawn, ran);
        });
    }
    let pools: Vec<Pool> = (0..5).map(|_| setup.pool()).collect();
    let ran = Tally::default();
    nest(&pools, &|| (), &ran);
    assert_eq!(ran.get(), 5);
    pools[2].install(|| nest(&pools, &|| (), &ran)).unwrap();
    assert_eq!(ran.get(), 10);
}
