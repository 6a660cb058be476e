//! One job and its handle.

use std::panic::catch_unwind;
use std::sync::Arc;
use std::time::Duration;

use drainpool::{Collect, JobError, JobHandle, ManualClock, SubmitOptions, WaitError};

use crate::setup::held::{Held, hold};
use crate::setup::{Handle, Latch, Pool, Setup, Tally, balanced};

on_every_backend! {
    returns_what_the_job_returned
    a_panic_comes_with_its_payload
    a_cancelled_job_drops_its_closure_at_once
    a_job_that_runs_cannot_be_cancelled
    a_canceller_works_from_elsewhere
    a_job_that_comes_too_late_expires
    a_dropped_handle_lets_the_job_go_on
    a_result_that_nobody_wants_is_dropped
    join_timeout_leaves_the_handle
    a_refused_closure_comes_back
    waits_inside_of_jobs_to_any_depth
    a_wait_inside_of_a_job_runs_no_other
    a_wait_outside_runs_nothing
    an_outside_waiter_runs_the_job_itself
    a_job_run_outside_counts_as_running
    a_job_run_outside_may_not_wait_for_its_pool
    what_a_job_run_outside_submits_is_nested
    a_stale_claim_is_no_job
    typed_pools_spawn_as_well
}

/// A pool whose workers are all held, so that what is submitted stays queued, and what lets them go.
fn held(setup: Setup) -> (Pool, Held) {
    let pool = setup.pool();
    let held = hold(&pool, setup.threads);
    (pool, held)
}

/// A job that tells when it begins, and runs until the second latch opens.
fn latched(pool: &Pool) -> (JobHandle<u32>, Latch, Latch) {
    let (begun, end) = (Latch::default(), Latch::default());
    let (begins, ends) = (begun.clone(), end.clone());
    let job = move || {
        begins.open();
        ends.wait();
        7
    };
    (pool.spawn(job).unwrap(), begun, end)
}

fn returns_what_the_job_returned(setup: Setup) {
    let pool = setup.pool();
    let jobs: Vec<_> = (0..100).map(|n| pool.spawn(move || n * 2).unwrap()).collect();
    for (n, job) in jobs.into_iter().enumerate() {
        assert_eq!(job.join().unwrap(), n * 2);
    }
    assert_eq!(balanced(&pool).done, 100);
}

fn a_panic_comes_with_its_payload(setup: Setup) {
    let done: Collect<()> = Collect::new();
    let pool = setup.builder().sink(done.clone()).build().unwrap();
    let text = pool.spawn(|| -> () { panic!("number {}, on purpose", 7) }).unwrap();
    let Err(JobError::Panicked(panic)) = text.join() else { panic!("it has panicked") };
    assert_eq!(panic.message(), Some("number 7, on purpose"));
    let number = pool.spawn(|| -> () { std::panic::resume_unwind(Box::new(7_u64)) }).unwrap();
    let error = number.join().unwrap_err();
    assert_eq!(error.to_string(), "the job panicked: a payload that is not text");
    let JobError::Panicked(panic) = error else { panic!("{error}") };
    assert_eq!(*panic.into_payload().downcast::<u64>().unwrap(), 7);
    assert_eq!(balanced(&pool).panicked, 2);
    assert!(done.take().is_empty(), "what a handle gets, no sink gets");
}

fn a_cancelled_job_drops_its_closure_at_once(setup: Setup) {
    let (pool, held) = held(setup);
    let captured = Arc::new(());
    let jobs: Vec<_> = (0..3)
        .map(|_| {
            let captured = captured.clone();
            pool.spawn(move || drop(captured)).unwrap()
        })
        .collect();
    for (n, job) in jobs.iter().enumerate() {
        assert!(job.cancel() && !job.cancel());
        assert!(job.is_finished());
        assert_eq!(Arc::strong_count(&captured), 3 - n);
    }
    for job in jobs {
        assert!(matches!(job.join(), Err(JobError::Cancelled)));
    }
    held.release();
    let report = balanced(&pool);
    assert_eq!((report.cancelled, report.done), (3, setup.threads as u64));
}

fn a_job_that_runs_cannot_be_cancelled(setup: Setup) {
    let pool = setup.pool();
    let (job, begun, end) = latched(&pool);
    begun.wait();
    assert!(!job.cancel() && !job.is_finished());
    end.open();
    assert_eq!(job.join().unwrap(), 7);
    assert_eq!(balanced(&pool).cancelled, 0);
}

fn a_canceller_works_from_elsewhere(setup: Setup) {
    let (pool, held) = held(setup);
    let job = pool.spawn(|| ()).unwrap();
    let canceller = job.canceller();
    let thread = std::thread::spawn(move || canceller.clone().cancel());
    assert!(matches!(job.join(), Err(JobError::Cancelled)));
    assert!(thread.join().unwrap());
    held.release();
    let job = pool.spawn(|| ()).unwrap();
    let canceller = job.canceller();
    job.join().unwrap();
    drop(pool);
    assert!(!canceller.cancel(), "after the pool's end");
}

fn a_job_that_comes_too_late_expires(setup: Setup) {
    let clock = ManualClock::new();
    let pool = setup.builder().paused().clock(clock.clone()).build().unwrap();
    let (captured, second) = (Arc::new(()), Duration::from_secs(1));
    let job = || {
        let captured = captured.clone();
        move || drop(captured)
    };
    let late = pool.with(SubmitOptions::new().start_within(second)).spawn(job()).unwrap();
    let outside = pool.with(SubmitOptions::new().start_within(second)).spawn(job()).unwrap();
    let in_time = pool.with(SubmitOptions::new().start_within(Duration::MAX)).spawn(job()).unwrap();
    assert!(!late.is_finished(), "there is time left");
    clock.advance(second);
    assert!(late.is_finished(), "whoever asks is told at once");
    assert_eq!(Arc::strong_count(&captured), 2);
    assert!(matches!(outside.join_or_run(), Err(JobError::Expired)));
    assert!(matches!(late.join(), Err(JobError::Expired)));
    assert_eq!(pool.stats().queued, 1);
    pool.resume();
    in_time.join().unwrap();
    assert_eq!(Arc::strong_count(&captured), 1);
    let report = balanced(&pool);
    assert_eq!((report.done, report.expired), (1, 2));
}

fn a_dropped_handle_lets_the_job_go_on(setup: Setup) {
    let (pool, ran) = (setup.pool(), Tally::default());
    for _ in 0..10 {
        let ran = ran.clone();
        drop(pool.spawn(move || ran.add()).unwrap());
    }
    pool.wait_idle().unwrap();
    assert_eq!(ran.get(), 10);
}

fn a_result_that_nobody_wants_is_dropped(setup: Setup) {
    let (pool, result) = (setup.pool(), Arc::new(()));
    let (early, late) = (result.clone(), result.clone());
    drop(pool.spawn(move || early).unwrap());
    let job = pool.spawn(move || late).unwrap();
    pool.wait_idle().unwrap();
    assert_eq!(Arc::strong_count(&result), 2, "the one with a handle is kept");
    drop(job);
    assert_eq!(Arc::strong_count(&result), 1);
}

fn join_timeout_leaves_the_handle(setup: Setup) {
    let (pool, held) = held(setup);
    let mut job = pool.spawn(|| 7).unwrap();
    assert!(matches!(job.join_timeout(Duration::ZERO), Err(WaitError::TimedOut)));
    assert!(matches!(job.join_timeout(Duration::from_nanos(1)), Err(WaitError::TimedOut)));
    held.release();
    assert_eq!(job.join_timeout(Duration::MAX).unwrap().unwrap(), 7);
    // What is left of it is the handle of a job that has ended.
    assert!(job.is_finished() && !job.cancel());
    assert!(catch_unwind(|| job.join()).is_err(), "the outcome is gone");
}

fn a_refused_closure_comes_back(setup: Setup) {
    let pool = setup.pool();
    pool.close();
    let captured = Arc::new(5);
    let moved = captured.clone();
    match pool.spawn(move || *moved) {
        Err(refused) if refused.is_closed() => assert_eq!(refused.into_inner()(), 5),
        other => panic!("{:?}", other.map(|job| job.id())),
    }
    assert_eq!(Arc::strong_count(&captured), 1);
    assert_eq!(balanced(&pool).accepted, 0);
}

/// A job that waits for a job that waits for a job…
fn chain(pool: Handle, depth: usize) -> usize {
    if depth == 0 {
        return 0;
    }
    let inner = pool.clone();
    1 + pool.spawn(move || chain(inner, depth - 1)).unwrap().join().unwrap()
}

fn waits_inside_of_jobs_to_any_depth(setup: Setup) {
    const DEPTH: usize = 1_000;
    let pool = setup.builder().stack_size(16 << 20).build().unwrap();
    let handle = pool.handle();
    assert_eq!(pool.spawn(move || chain(handle, DEPTH)).unwrap().join().unwrap(), DEPTH);
    assert_eq!(balanced(&pool).done, DEPTH as u64 + 1);
}

fn a_wait_inside_of_a_job_runs_no_other(setup: Setup) {
    for wanted in [0, 5, 9] {
        let pool = setup.with_threads(1).pool();
        let (handle, ran) = (pool.handle(), Tally::default());
        let job = pool.spawn(move || {
            let spawn = |_| {
                let ran = ran.clone();
                let job = handle.spawn(move || {
                    ran.add();
                    std::thread::current().id()
                });
                job.unwrap()
            };
            let mut jobs: Vec<JobHandle<_>> = (0..10).map(spawn).collect();
            let thread = jobs.swap_remove(wanted).join().unwrap();
            (ran.get(), thread == std::thread::current().id())
        });
        assert_eq!(job.unwrap().join().unwrap(), (1, true), "that one, and on the spot");
        assert_eq!(balanced(&pool).done, 11);
    }
}

fn a_wait_outside_runs_nothing(setup: Setup) {
    let pool = setup.pool();
    let thread = pool.spawn(|| std::thread::current().id()).unwrap().join().unwrap();
    assert_ne!(thread, std::thread::current().id());
}

fn an_outside_waiter_runs_the_job_itself(setup: Setup) {
    let (pool, held) = held(setup);
    let job = pool.spawn(|| std::thread::current().id()).unwrap();
    assert_eq!(job.join_or_run().unwrap(), std::thread::current().id());
    held.release();
    assert_eq!(balanced(&pool).done, setup.threads as u64 + 1);
}

fn a_job_run_outside_counts_as_running(setup: Setup) {
    let pool = setup.builder().paused().build().unwrap();
    let (job, begun, end) = latched(&pool);
    assert_eq!((pool.stats().queued, pool.stats().running), (1, 0));
    let waiter = std::thread::spawn(move || job.join_or_run());
    begun.wait();
    assert_eq!((pool.stats().queued, pool.stats().running), (0, 1));
    assert!(pool.wait_idle_timeout(Duration::ZERO).is_err(), "the pool is not idle");
    end.open();
    assert_eq!(waiter.join().unwrap().unwrap(), 7);
    pool.wait_idle().unwrap();
    assert_eq!(balanced(&pool).done, 1);
}

fn a_job_run_outside_may_not_wait_for_its_pool(setup: Setup) {
    let (pool, held) = held(setup);
    let handle = pool.handle();
    let job = pool.spawn(move || handle.wait_idle()).unwrap();
    assert_eq!(job.join_or_run().unwrap(), Err(drainpool::WaitError::InsideJob));
    assert!(pool.wait_idle_timeout(Duration::ZERO) == Err(drainpool::WaitError::TimedOut));
    held.release();
    pool.wait_idle().unwrap();
}

fn what_a_job_run_outside_submits_is_nested(setup: Setup) {
    let (pool, held) = held(setup);
    let (handle, ran) = (pool.handle(), Tally::default());
    let child = ran.clone();
    let job = pool
        .spawn(move || {
            for _ in 0..10 {
                let child = child.clone();
                handle.execute(move || child.add()).unwrap();
            }
        })
        .unwrap();
    pool.close();
    job.join_or_run().unwrap();
    held.release();
    assert_eq!(balanced(&pool).done, setup.threads as u64 + 11);
    assert_eq!(ran.get(), 10);
}

fn a_stale_claim_is_no_job(setup: Setup) {
    let pool = setup.builder().paused().build().unwrap();
    let jobs: Vec<_> = (0..3).map(|_| pool.spawn(|| ()).unwrap()).collect();
    assert!(jobs.iter().all(|job| job.cancel()));
    assert_eq!((pool.stats().queued, pool.stats().cancelled), (0, 3));
    pool.wait_idle().expect("nothing is left, though the pool is paused");
    // The room is free again, too.
    for _ in 0..3 {
        assert!(pool.try_execute(|| ()).is_ok());
    }
    assert_eq!(balanced(&pool).done, 3);
}

fn typed_pools_spawn_as_well(setup: Setup) {
    let pool =
        setup.builder().sink(drainpool::Collect::new()).build_with(|_| |n: u32| n + 1).unwrap();
    pool.submit(1).unwrap();
    assert_eq!(pool.spawn(|| "closure").unwrap().join().unwrap(), "closure");
    assert_eq!(pool.join(|| 1, || 2), (1, 2));
    let report = pool.shutdown();
    assert_eq!((report.accepted, report.done), (2, 2));
}
