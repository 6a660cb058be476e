//! The figures that the pools are held to: forks and trees, on every backend.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use crate::setup::tools::fib;
use crate::setup::{Handle, Setup};

on_every_backend! {
    fib_by_join
    a_tree_of_nested_jobs
    a_tree_in_a_scope
}

fn fib_by_join(setup: Setup) {
    let pool = setup.pool();
    assert_eq!(fib(&pool, 25), 75_025, "from outside");
    let handle = pool.handle();
    assert_eq!(pool.spawn(move || fib(&handle, 25)).unwrap().join().unwrap(), 75_025);
    let report = pool.shutdown();
    assert_eq!((report.accepted, report.done), (1, 1));
}

/// A million in an optimised build.
const TREE: u64 = if cfg!(debug_assertions) { 1 << 16 } else { 1 << 20 };

fn a_tree_of_nested_jobs(setup: Setup) {
    fn grow(pool: &Handle, ran: &Arc<AtomicU64>, node: u64) {
        ran.fetch_add(1, Ordering::Relaxed);
        for child in [2 * node, 2 * node + 1] {
            if child < TREE {
                let (handle, ran) = (pool.clone(), ran.clone());
                drop(pool.spawn(move || grow(&handle, &ran, child)).unwrap());
            }
        }
    }
    let pool = setup.pool();
    let ran = Arc::new(AtomicU64::new(0));
    grow(&pool, &ran, 1);
    let report = pool.shutdown();
    assert_eq!(ran.load(Ordering::Relaxed), TREE - 1);
    assert_eq!((report.accepted, report.done), (TREE - 2, TREE - 2));
}

fn a_tree_in_a_scope(setup: Setup) {
    fn grow<'scope>(
        scope: &'scope drainpool::Scope<'scope, '_>,
        ran: &'scope AtomicU64,
        node: u64,
    ) {
        ran.fetch_add(1, Ordering::Relaxed);
        for child in [2 * node, 2 * node + 1] {
            if child < TREE {
                scope.spawn(move || grow(scope, ran, child));
            }
        }
    }
    let pool = setup.pool();
    let ran = AtomicU64::new(0);
    pool.scope(|scope| grow(scope, &ran, 1));
    assert_eq!(ran.load(Ordering::Relaxed), TREE - 1);
}
