//! Many jobs at the price of one, and many handles at once.

use std::collections::BTreeSet;
use std::time::Duration;

use drainpool::{Collect, JobError, JobSet, Refusal, WaitError, as_completed};

use crate::setup::{Latch, Setup, Tally, balanced};

on_every_backend! {
    a_batch_runs_in_full
    a_batch_of_nothing
    a_batch_from_inside
    a_batch_after_close_comes_back
    a_batch_stops_at_the_first_refusal
    a_batch_of_handles
    ids_come_in_the_order_of_the_batch
    as_completed_yields_each_once
    the_first_to_end
    all_in_order
    the_first_error_cancels_the_rest
    a_set_inside_of_a_job_needs_no_worker
    a_set_waits_for_a_while
}

fn a_batch_runs_in_full(setup: Setup) {
    let (pool, ran) = (setup.pool(), Tally::default());
    let ids = pool
        .execute_batch((0..5_000).map(|_| {
            let ran = ran.clone();
            move || ran.add()
        }))
        .unwrap();
    assert_eq!(ids.len(), 5_000);
    assert_eq!(balanced(&pool).done, 5_000);
    assert_eq!(ran.get(), 5_000);
}

fn a_batch_of_nothing(setup: Setup) {
    let pool = setup.pool();
    assert_eq!(pool.execute_batch(std::iter::empty::<fn()>()).unwrap().count(), 0);
    assert!(pool.spawn_batch(std::iter::empty::<fn()>()).unwrap().is_empty());
    assert_eq!(balanced(&pool).accepted, 0);
}

fn a_batch_from_inside(setup: Setup) {
    let pool = setup.pool();
    let handle = pool.handle();
    let job = pool.spawn(move || {
        let jobs = handle.spawn_batch((0..100).map(|n| move || n)).unwrap();
        jobs.into_iter().map(|job| job.join().unwrap()).sum::<i32>()
    });
    assert_eq!(job.unwrap().join().unwrap(), 4_950);
    assert_eq!(balanced(&pool).done, 101);
}

fn a_batch_after_close_comes_back(setup: Setup) {
    let pool = setup.builder().build_with(|_| |_: String| ()).unwrap();
    pool.close();
    let words = ["drain", "then", "exit"].map(str::to_owned);
    let error = pool.submit_batch(words.clone()).unwrap_err();
    assert!(matches!(error.reason(), Refusal::Closed));
    assert_eq!(error.accepted().len(), 0);
    let (read, rest) = error.into_inner();
    assert!(read.into_iter().chain(rest).eq(words));
    let (closures, _) = pool.spawn_batch([|| 1, || 2]).unwrap_err().into_inner();
    assert_eq!(closures.iter().map(|closure| closure()).sum::<i32>(), 3);
    assert_eq!(pool.shutdown().accepted, 0);
}

/// What is refused is not read to its end, which may be far.
fn a_batch_stops_at_the_first_refusal(setup: Setup) {
    let pool = setup.pool();
    pool.close();
    let endless = || std::iter::repeat_with(|| || ());
    let read = std::cell::Cell::new(0_u64);
    let counted = endless().inspect(|_| read.set(read.get() + 1));
    let error = pool.execute_batch(counted).unwrap_err();
    let (tasks, mut rest) = error.into_inner();
    assert_eq!(tasks.len() as u64, read.get());
    rest.next().unwrap()();
    assert_eq!(tasks.len() as u64 + 1, read.get());
    // An iterator that knows that it has no end.
    let (closures, _) = pool.spawn_batch(endless()).unwrap_err().into_inner();
    assert!(!closures.is_empty());
    assert_eq!(pool.shutdown().accepted, 0);
}

fn a_batch_of_handles(setup: Setup) {
    let pool = setup.pool();
    let jobs = pool.spawn_batch((0..1_000_u64).map(|n| move || n)).unwrap();
    let sum: u64 = jobs.into_iter().map(|job| job.join().unwrap()).sum();
    assert_eq!(sum, 499_500);
    assert_eq!(balanced(&pool).done, 1_000);
}

fn ids_come_in_the_order_of_the_batch(setup: Setup) {
    let results = Collect::new();
    let pool = setup.builder().sink(results.clone()).build_with(|_| |n: usize| n).unwrap();
    let ids: Vec<_> = pool.submit_batch(0..2_500).unwrap().collect();
    assert_eq!(ids.iter().collect::<BTreeSet<_>>().len(), 2_500);
    pool.wait_idle().unwrap();
    for done in results.take() {
        assert_eq!(ids[done.outcome.unwrap()], done.id);
    }
}

fn as_completed_yields_each_once(setup: Setup) {
    let pool = setup.pool();
    let jobs = pool.spawn_batch((0..200).map(|n| move || n)).unwrap();
    let mut seen = BTreeSet::new();
    for (nth, outcome) in as_completed(jobs) {
        assert_eq!(outcome.unwrap(), nth);
        assert!(seen.insert(nth));
    }
    assert_eq!(seen.len(), 200);
}

fn the_first_to_end(setup: Setup) {
    // One more than are held, so that there is a worker for it.
    let pool = setup.with_threads(setup.threads + 1).pool();
    let latch = Latch::default();
    let mut jobs = JobSet::new();
    for _ in 0..setup.threads.min(2) {
        let latch = latch.clone();
        jobs.insert(pool.spawn(move || latch.wait()).unwrap());
    }
    let quick = jobs.insert(pool.spawn(|| ()).unwrap());
    let (first, outcome) = jobs.join_next().unwrap();
    outcome.unwrap();
    assert_eq!(first, quick);
    latch.open();
    assert!(jobs.join_all().into_iter().all(|outcome| outcome.is_ok()));
}

fn all_in_order(setup: Setup) {
    let pool = setup.pool();
    let jobs: JobSet<_> = (0..50).map(|n| pool.spawn(move || 100 / (n - 25)).unwrap()).collect();
    let outcomes = jobs.join_all();
    assert_eq!(outcomes.len(), 50);
    assert!(matches!(outcomes[25], Err(JobError::Panicked(_))));
    assert_eq!(*outcomes[26].as_ref().unwrap(), 100);
    assert_eq!(balanced(&pool).panicked, 1);
}

fn the_first_error_cancels_the_rest(setup: Setup) {
    let pool = setup.builder().paused().build().unwrap();
    let handle = pool.handle();
    // Nested, so that no bound stands in the way of a paused pool.
    let ran = Tally::default();
    let jobs = pool.spawn({
        let ran = ran.clone();
        move || {
            let bad = handle.spawn(|| -> () { panic!("on purpose") }).unwrap();
            let good = handle.spawn_batch((0..100).map(|_| {
                let ran = ran.clone();
                move || ran.add()
            }));
            [bad].into_iter().chain(good.unwrap()).collect::<JobSet<_>>()
        }
    });
    let jobs = jobs.unwrap().join_or_run().unwrap();
    assert_eq!(pool.stats().queued, 101);
    let failed = std::thread::spawn(move || jobs.try_join_all().unwrap_err());
    pool.resume();
    assert!(matches!(failed.join().unwrap(), JobError::Panicked(_)));
    let report = balanced(&pool);
    assert_eq!((report.panicked, report.done + report.cancelled), (1, 101));
    assert_eq!(ran.get() + 1, report.done);
}

fn a_set_inside_of_a_job_needs_no_worker(setup: Setup) {
    let pool = setup.pool();
    let handle = pool.handle();
    let sum = pool.spawn(move || {
        let jobs = (0..100).map(|n| handle.spawn(move || n).unwrap());
        as_completed(jobs.collect::<Vec<_>>()).map(|(_, outcome)| outcome.unwrap()).sum::<u32>()
    });
    assert_eq!(sum.unwrap().join().unwrap(), 4_950);
}

fn a_set_waits_for_a_while(setup: Setup) {
    let (pool, latch) = (setup.pool(), Latch::default());
    let held = latch.clone();
    let mut jobs: JobSet<()> = JobSet::new();
    assert!(jobs.join_next_timeout(Duration::ZERO).unwrap().is_none(), "an empty set has no next");
    jobs.insert(pool.spawn(move || held.wait()).unwrap());
    assert_eq!(jobs.join_next_timeout(Duration::ZERO).unwrap_err(), WaitError::TimedOut);
    latch.open();
    let (nth, outcome) = jobs.join_next_timeout(Duration::MAX).unwrap().unwrap();
    outcome.unwrap();
    assert_eq!((nth, jobs.len()), (0, 0));
}
