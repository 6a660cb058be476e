//! Threads from outside that help a worker with a piece of its job are inside of the pool meanwhile.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering::SeqCst};
use std::thread::yield_now;

use crate::setup::{Handle, Setup, Tally, balanced};

on_every_backend! {
    a_helper_spawns_a_job_and_waits_for_it
    a_helper_submits_more_than_there_is_room_for
    a_helper_is_told_that_it_is_inside
}

fn wait_for(flag: &AtomicBool) {
    while !flag.load(SeqCst) {
        yield_now();
    }
}

/// Has a worker fork, whose second half `help` the present thread runs: of one worker only that thread
/// can, and with several perhaps another does.
fn be_helped_by(pool: &Handle, help: impl FnOnce() + Send) {
    let (worker_runs, help_runs) = (AtomicBool::new(false), AtomicBool::new(false));
    let second_half = || {
        worker_runs.store(true, SeqCst);
        let help = || {
            help_runs.store(true, SeqCst);
            help();
        };
        pool.join(|| wait_for(&help_runs), help);
    };
    pool.join(|| wait_for(&worker_runs), second_half);
    assert!(help_runs.into_inner());
}

fn a_helper_spawns_a_job_and_waits_for_it(setup: Setup) {
    let pool = setup.pool();
    be_helped_by(&pool, || assert_eq!(pool.spawn(|| 7).unwrap().join().unwrap(), 7));
    assert_eq!(balanced(&pool).done, 1);
}

fn a_helper_submits_more_than_there_is_room_for(setup: Setup) {
    let (pool, ran) = (setup.pool(), Tally::default());
    let jobs = 2 * setup.capacity.unwrap_or(1) as u64 + 2;
    be_helped_by(&pool, || {
        for _ in 0..jobs {
            let ran = ran.clone();
            pool.execute(move || ran.add()).unwrap();
        }
    });
    assert_eq!((balanced(&pool).done, ran.get()), (jobs, jobs));
}

fn a_helper_is_told_that_it_is_inside(setup: Setup) {
    let pool = Arc::new(setup.pool());
    be_helped_by(&pool, || {
        assert_eq!(pool.wait_idle(), Err(drainpool::WaitError::InsideJob));
        pool.close();
        // Nested, and so accepted.
        assert_eq!(pool.install(|| 7).unwrap(), 7);
        pool.execute(|| ()).unwrap();
    });
    assert_eq!(balanced(&pool).done, 1);
}
