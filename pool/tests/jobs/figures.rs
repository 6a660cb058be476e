//! What a pool says of itself does not contradict itself, whenever it is asked.

use std::sync::atomic::{AtomicBool, Ordering};
use std::thread;

use drainpool::{NoSink, Stats};

use crate::setup::tools::Bomb;
use crate::setup::{Setup, balanced};

on_every_backend! {
    stats_hold_together_under_load
    a_payload_that_panics_when_dropped_was_delivered
}

/// Whether so many workers can be in this state.
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
