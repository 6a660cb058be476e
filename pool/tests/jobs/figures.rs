//! What a pool says of itself does not contradict itself, whenever it is asked.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread;
use std::time::Duration;

use drainpool::{NoSink, Stats};

use crate::setup::tools::Bomb;
use crate::setup::{Setup, balanced};

on_every_backend! {
    stats_hold_together_under_load
    a_payload_that_panics_when_dropped_was_delivered
    what_has_ended_was_accepted
}

/// Whether this many workers can be in this state.
fn check(stats: Stats, threads: usize) {
    let ended = stats.done + stats.panicked + stats.cancelled + stats.expired + stats.returned;
    assert_eq!(stats.accepted, stats.queued + stats.running + ended, "{stats:?}");
    assert!(stats.running <= threads as u64, "{stats:?}");
    assert!(stats.idle_threads <= stats.threads && stats.threads <= threads, "{stats:?}");
}

fn stats_hold_together_under_load(setup: Setup) {
    const LOOKS: usize = 500;
    let (pool, over) = (setup.pool(), AtomicBool::new(false));
    let mut rounds = 0;
    thread::scope(|scope| {
        scope.spawn(|| {
            for _ in 0..LOOKS {
                check(pool.stats(), setup.threads);
                // The workers need the lock, too.
                thread::yield_now();
            }
            over.store(true, Ordering::Relaxed);
        });
        while !over.load(Ordering::Relaxed) {
            pool.execute_batch((0..500).map(|_| || ())).unwrap();
            pool.wait_idle().unwrap();
            rounds += 1;
        }
    });
    let report = balanced(&pool);
    assert_eq!(report.done, 500 * rounds);
}

fn a_payload_that_panics_when_dropped_was_delivered(setup: Setup) {
    let pool = setup.builder().sink(NoSink).build().unwrap();
    for _ in 0..3 {
        pool.execute(|| std::panic::resume_unwind(Box::new(Bomb))).unwrap();
    }
    let report = balanced(&pool);
    assert_eq!((report.panicked, report.undelivered), (3, 0));
}

/// Nested jobs are counted before others can take them, so that nobody sees one end that was not accepted.
fn what_has_ended_was_accepted(setup: Setup) {
    let pool = setup.with_threads(setup.threads.max(2)).pool();
    let (handle, over) = (pool.handle(), Arc::new(AtomicBool::new(false)));
    let ends = Arc::clone(&over);
    pool.execute(move || {
        for _ in 0..40 {
            handle.execute_batch((0..1_000).map(|_| || ())).unwrap();
        }
        ends.store(true, Ordering::SeqCst);
    })
    .unwrap();
    while !over.load(Ordering::SeqCst) {
        let report = pool.shutdown_timeout(Duration::ZERO);
        let ended = report.done + report.panicked + report.cancelled + report.expired;
        let all = ended + report.returned + report.unfinished;
        assert_eq!(report.accepted, all, "{report:?}");
        check(pool.stats(), pool.num_threads());
    }
    assert_eq!(balanced(&pool).done, 40_001);
}
