//! After rayon-core's tests, with joins, scopes and installs in each other.

use std::thread;

use pool::Scope;

use crate::rayon_tools::{outside_and_inside, results, thrown};
use crate::setup::{Handle, Setup, Tally, balanced};

on_every_backend! {
    join_in_scope
    scope_in_join
    join_in_install
    install_in_join
    scope_in_install
    install_in_scope
    all_in_each_other
    panic_through_all_of_them
    spawn_in_join
    spawn_in_scope
    join_in_nested_jobs
}

/// The sum of these numbers, by joins.
fn sum(pool: &Handle, numbers: &[u64]) -> u64 {
    match numbers {
        [] => 0,
        [number] => *number,
        _ => {
            let (low, high) = numbers.split_at(numbers.len() / 2);
            let (low, high) = pool.join(|| sum(pool, low), || sum(pool, high));
            low + high
        }
    }
}

fn numbers() -> Vec<u64> {
    (1..=100).collect()
}

fn join_in_scope(setup: Setup) {
    outside_and_inside(setup, |pool| {
        let mut sums = [0; 10];
        let numbers = numbers();
        pool.scope(|scope| {
            for (slot, part) in sums.iter_mut().zip(numbers.chunks(10)) {
                scope.spawn(move || *slot = sum(pool, part));
            }
        });
        assert_eq!(sums.iter().sum::<u64>(), 5_050);
    });
}

fn scope_in_join(setup: Setup) {
    outside_and_inside(setup, |pool| {
        let count = |wanted: u64| {
            let ran = Tally::default();
            pool.scope(|scope| (0..wanted).for_each(|_| scope.spawn(|| ran.add())));
            ran.get()
        };
        let (first, (second, third)) =
            pool.join(|| count(10), || pool.join(|| count(20), || count(30)));
        assert_eq!((first, second, third), (10, 20, 30));
    });
}

fn join_in_install(setup: Setup) {
    let pool = setup.pool();
    let numbers = numbers();
    assert_eq!(pool.install(|| sum(&pool, &numbers)).unwrap(), 5_050);
    assert_eq!(balanced(&pool).done, 1);
}

fn install_in_join(setup: Setup) {
    let pool = setup.pool();
    let numbers = numbers();
    let (low, high) = numbers.split_at(50);
    let install = |part| pool.install(|| sum(&pool, part)).unwrap();
    let (low, high) = pool.join(|| install(low), || install(high));
    assert_eq!((low, high), (1_275, 3_775));
    // Both closures are inside already, whichever thread runs them.
    assert_eq!(balanced(&pool).done, 0);
}

fn scope_in_install(setup: Setup) {
    let pool = setup.pool();
    let mut sums = [0; 10];
    let fill = || {
        pool.scope(|scope| {
            for (nth, slot) in (0..).zip(&mut sums) {
                scope.spawn(move || *slot = nth);
            }
        });
    };
    pool.install(fill).unwrap();
    assert_eq!(sums, [0, 1, 2, 3, 4, 5, 6, 7, 8, 9]);
    assert_eq!(balanced(&pool).done, 1);
}

fn install_in_scope(setup: Setup) {
    let pool = setup.pool();
    let ran = Tally::default();
    pool.scope(|scope| {
        for _ in 0..10 {
            scope.spawn(|| {
                // A child is inside already, also if the scope's owner runs it.
                let thread = pool.install(|| thread::current().id()).unwrap();
                assert_eq!(thread, thread::current().id());
                ran.add();
            });
        }
    });
    assert_eq!(ran.get(), 10);
    balanced(&pool);
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

fn panic_through_all_of_them(setup: Setup) {
    let (pool, ran) = (setup.pool(), Tally::default());
    let innermost = || panic!("innermost, on purpose");
    let in_join = || _ = pool.join(|| ran.add(), innermost);
    let in_scope = || pool.scope(|scope| scope.spawn(in_join));
    let in_install = || pool.install(in_scope).unwrap();
    let in_join = || pool.join(in_install, || ran.add());
    assert_eq!(thrown(in_join), "innermost, on purpose");
    assert_eq!(ran.get(), 2, "all the others ran");
    let report = balanced(&pool);
    assert_eq!(
        report.accepted, 0,
        "all of it is borrowed work: what is installed inside is a call"
    );
}

fn spawn_in_join(setup: Setup) {
    let pool = setup.pool();
    let spawn = |n: u64| move || n * n;
    let (first, second) = pool.join(
        || pool.spawn(spawn(3)).unwrap().join().unwrap(),
        || pool.spawn(spawn(4)).unwrap().join().unwrap(),
    );
    assert_eq!((first, second), (9, 16));
    assert_eq!(balanced(&pool).done, 2);
}

fn spawn_in_scope(setup: Setup) {
    let (pool, ran) = (setup.pool(), Tally::default());
    let mut jobs = Vec::new();
    pool.scope(|scope| {
        scope.spawn(|| {
            for _ in 0..10 {
                let ran = ran.clone();
                jobs.push(pool.spawn(move || ran.add()).unwrap());
            }
        });
    });
    // The scope has not waited for these: they are the pool's.
    assert_eq!(results(jobs).len(), 10);
    assert_eq!((ran.get(), balanced(&pool).done), (10, 10));
}

fn join_in_nested_jobs(setup: Setup) {
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
