//! An end that does not wait for everything: a shutdown with a timeout, and drops that throw away or let go.

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::thread;
use std::time::Duration;

use drainpool::{JobError, ManualClock, OnDrop};

use crate::ending::fill;
use crate::setup::held::{Gate, behind, hold};
use crate::setup::tools::Bomb;
use crate::setup::{Setup, balanced, eventually};

on_every_backend! {
    a_timeout_tells_what_still_runs
    a_drop_that_discards
    a_drop_that_detaches
}

fn a_timeout_tells_what_still_runs(setup: Setup) {
    let clock = ManualClock::new();
    let pool = setup.builder().clock(clock.clone()).build().unwrap();
    let held = hold(&pool, setup.threads);
    let ran = fill(&pool, 2);
    let report = pool.shutdown_timeout(Duration::ZERO);
    assert_eq!((report.unfinished, report.threads), (setup.threads as u64 + 2, setup.threads));
    thread::scope(|scope| {
        let waits = scope.spawn(|| pool.shutdown_timeout(Duration::from_secs(5)));
        // However often, as nothing tells that it waits.
        while !waits.is_finished() {
            clock.advance(Duration::from_secs(1));
            thread::yield_now();
        }
        let report = waits.join().unwrap();
        assert!(!report.is_complete());
        assert_eq!((report.running, report.done), (setup.threads as u64, 0));
    });
    held.release();
    let report = pool.shutdown_timeout(Duration::MAX);
    assert!(report.is_complete());
    assert_eq!((report.running, report.unfinished, ran.get()), (0, 0, 2), "they have run");
    assert!(pool.shutdown_timeout(Duration::ZERO).is_complete());
    balanced(&pool);
}

fn a_drop_that_discards(setup: Setup) {
    let pool = setup.builder().on_drop(OnDrop::Discard).build().unwrap();
    let held = hold(&pool, setup.threads);
    let (ran, handle) = (fill(&pool, 1), pool.handle());
    let bomb = Bomb;
    pool.execute(move || drop(bomb)).unwrap();
    let job = pool.spawn(|| ()).unwrap();
    let dropped = thread::spawn(move || catch_unwind(AssertUnwindSafe(|| drop(pool))).is_ok());
    assert!(matches!(job.join(), Err(JobError::Returned)));
    assert!(!dropped.is_finished() || handle.stats().threads == 0);
    held.release();
    assert!(dropped.join().unwrap(), "the drop of a job that panics goes no further");
    let stats = handle.stats();
    assert_eq!((stats.returned, stats.threads, ran.get()), (3, 0, 0));
}

fn a_drop_that_detaches(setup: Setup) {
    let pool = setup.builder().on_drop(OnDrop::Detach).build().unwrap();
    let gate = Gate::default();
    let stuck: Vec<_> = (0..setup.threads).map(|_| behind(&gate, &pool, 7)).collect();
    eventually(|| pool.stats().running == setup.threads as u64);
    let (ran, handle) = (fill(&pool, 2), pool.handle());
    drop(pool);
    assert!(handle.is_closed());
    assert_eq!((handle.stats().running, handle.stats().returned), (setup.threads as u64, 2));
    gate.open();
    for job in stuck {
        assert_eq!(job.join().unwrap(), 7);
    }
    eventually(|| handle.stats().threads == 0);
    assert_eq!(ran.get(), 0);
}
