//! In a bounded pool, a job that is over leaves its place at once.

use std::time::Duration;

use drainpool::{JobHandle, JobSet, ManualClock, SubmitOptions};

use crate::setup::held::occupy;
use crate::setup::{Latch, Pool, Setup, balanced, pause_at_rest};

on_every_backend! {
    crate::level::alone_on =>
    what_is_over_leaves_its_place
}

const PLACES: usize = 4;
const ROUNDS: usize = if cfg!(debug_assertions) { 50 } else { 5_000 };
const MS: Duration = Duration::from_millis(1);

/// How some jobs that wait come to their end.
type End = (&'static str, fn(Vec<JobHandle<u64>>, &ManualClock));

/// They are spawned with a millisecond of time.
const ENDS: &[End] = &[
    ("cancel", |jobs, _| jobs.iter().for_each(|job| assert!(job.cancel()))),
    ("drop, cancel by a canceller", |jobs, _| {
        for job in jobs {
            let canceller = job.canceller();
            drop(job);
            assert!(canceller.cancel());
        }
    }),
    ("join_or_run", |jobs, _| {
        jobs.into_iter().for_each(|job| assert_eq!(job.join_or_run().unwrap(), 7));
    }),
    ("join_timeout, cancel", |jobs, _| {
        for mut job in jobs {
            job.join_timeout(Duration::ZERO).expect_err("it cannot have run");
            assert!(job.cancel());
        }
    }),
    ("cancel_all", |jobs, _| {
        let jobs: JobSet<u64> = jobs.into_iter().collect();
        assert_eq!(jobs.cancel_all(), PLACES);
    }),
    ("expire", |_, clock| clock.advance(MS)),
    ("drop, expire", |jobs, clock| {
        drop(jobs);
        clock.advance(MS);
    }),
    ("one after the other", |jobs, clock| {
        for (nth, job) in jobs.into_iter().enumerate() {
            match nth {
                0 => assert!(job.cancel()),
                1 => assert_eq!(job.join_or_run().unwrap(), 7),
                _ => drop(job),
            }
        }
        clock.advance(MS);
    }),
];

/// Spawns a job, if there is room, that will expire.
fn spawn(pool: &Pool, nth: usize) -> JobHandle<u64> {
    let stats = pool.stats();
    assert_eq!(stats.queued, nth as u64, "{stats:?}");
    assert!(pool.try_spawn(|| 7).map(|probe| probe.cancel()).unwrap(), "job {nth} finds no room");
    pool.with(SubmitOptions::new().start_within(MS)).spawn(|| 7).unwrap()
}

fn round(pool: &Pool, clock: &ManualClock, (name, end): End) {
    let jobs = (0..PLACES).map(|nth| spawn(pool, nth)).collect();
    assert!(pool.try_spawn(|| 7).is_err_and(|refused| refused.is_full()), "before {name}");
    end(jobs, clock);
    assert_eq!(pool.stats().queued, 0, "after {name}");
}

fn what_is_over_leaves_its_place(setup: Setup) {
    if setup.capacity.is_none() {
        return;
    }
    let clock = ManualClock::new();
    for paused in [false, true] {
        let builder = setup.builder().capacity(PLACES).clock(clock.clone());
        let pool = builder.build().unwrap();
        let free = Latch::default();
        if paused {
            pause_at_rest(&pool, 0);
        } else {
            occupy(&pool, setup.threads, &free);
        }
        let all = || {
            for _ in 0..ROUNDS {
                ENDS.iter().for_each(|end| round(&pool, &clock, *end));
            }
        };
        let checked = std::panic::catch_unwind(std::panic::AssertUnwindSafe(all));
        // Before anything else: a pool that is dropped waits for its jobs.
        free.open();
        checked.unwrap_or_else(|payload| std::panic::resume_unwind(payload));
        let held = if paused { 0 } else { setup.threads as u64 };
        let report = balanced(&pool);
        // In each round: one after the other once, and all at once.
        assert_eq!(report.done, held + (ROUNDS * (PLACES + 1)) as u64);
        assert_eq!(report.expired, (ROUNDS * (2 * PLACES + 2)) as u64);
    }
}
