//! What a job costs in allocations, as far as that is promised.

use allocation_counter::measure;

use crate::setup::tools::fib;
use crate::setup::{Handle, Pool, Setup, balanced};

on_every_backend! {
    a_join_allocates_nothing
    a_spawned_job_is_one_allocation
    a_small_closure_is_none
}

/// The allocations of some code inside of the pool, on the thread that runs it. Other workers may
/// make room in the queue meanwhile, which is not counted here.
fn inside(pool: &Pool, code: impl Fn(&Handle) + Send + Sync) -> u64 {
    // Once before: what a thread needs once, it then has.
    let twice = || {
        code(pool);
        measure(|| code(pool)).count_total
    };
    pool.install(twice).unwrap()
}

fn a_join_allocates_nothing(setup: Setup) {
    let pool = setup.pool();
    let count = inside(&pool, |pool| assert_eq!(fib(pool, 16), 987));
    // The tickets by which other workers come for work lie in the queue, and flume's grows.
    let tickets = if setup.backend == drainpool::Backend::Flume { 8 } else { 0 };
    assert!(count <= tickets, "{count} allocations");
    balanced(&pool);
}

fn a_spawned_job_is_one_allocation(setup: Setup) {
    let pool = setup.with_threads(1).pool();
    let count = inside(&pool, |pool| {
        for n in 0..1_000_u64 {
            assert_eq!(pool.spawn(move || n).unwrap().join().unwrap(), n);
        }
    });
    // Beside those of the jobs, those of a queue that grows, and a few each time that it is rid of the
    // entries of 64 jobs that were run by whoever waited for them.
    assert!((1_000..1_064).contains(&count), "{count} allocations");
    balanced(&pool);
}

fn a_small_closure_is_none(setup: Setup) {
    let pool = setup.with_threads(1).pool();
    let captured = [7_u64; 5];
    let count = inside(&pool, |pool| {
        for _ in 0..1_000 {
            pool.execute(move || assert_eq!(captured.iter().sum::<u64>(), 35)).unwrap();
        }
    });
    assert!(count < 20, "{count} allocations");
    assert_eq!(balanced(&pool).panicked, 0);
}
