//! Jobs that are told to stop while they run, and handles that cancel when they are dropped.

use std::pin::Pin;
use std::sync::{Arc, mpsc};
use std::task::{Context, Waker};
use std::time::Duration;

use drainpool::{
    CancellationToken, Cancelled, JobError, JobHandle, JobSet, SubmitOptions, WhenFull,
};

use crate::setup::held::hold;
use crate::setup::{Handle, Latch, Setup, Tally, balanced, eventually};

on_every_backend! {
    a_running_job_is_told
    a_job_that_was_cancelled_in_time_never_runs
    a_job_that_stops_may_fail_or_panic
    a_canceller_and_a_set_tell_as_well
    a_token_reaches_what_the_job_starts
    a_job_run_by_its_waiter_is_told
    a_refused_closure_comes_back_without_its_token
    a_job_with_options_is_told
    a_cancel_after_the_end_changes_nothing
    a_dropped_handle_cancels
    a_dropped_handle_tells_a_running_job
    a_disarmed_handle_lets_the_job_go_on
    a_dropped_future_cancels
}

/// A job that runs until it is told to stop, and has begun.
fn endless(pool: &Handle) -> JobHandle<Result<(), Cancelled>> {
    let begun = Latch::default();
    let begins = begun.clone();
    let job = pool.spawn_cancellable(move |token| {
        begins.open();
        until_cancelled(token);
        token.check()
    });
    begun.wait();
    job.unwrap()
}

fn until_cancelled(token: &CancellationToken) {
    eventually(|| token.is_cancelled());
}

fn a_running_job_is_told(setup: Setup) {
    let pool = setup.pool();
    let job = endless(&pool);
    assert!(!job.is_finished());
    assert!(!job.cancel() && !job.cancel(), "it has started");
    assert_eq!(job.join().unwrap(), Err(Cancelled));
    let report = balanced(&pool);
    assert_eq!((report.done, report.cancelled), (1, 0));
}

fn a_job_that_was_cancelled_in_time_never_runs(setup: Setup) {
    let pool = setup.pool();
    let held = hold(&pool, setup.threads);
    let captured = Arc::new(());
    let moved = captured.clone();
    let job = pool.spawn_cancellable(move |_| drop(moved)).unwrap();
    assert!(job.cancel() && !job.cancel());
    assert_eq!(Arc::strong_count(&captured), 1);
    assert!(matches!(job.join(), Err(JobError::Cancelled)));
    held.release();
    assert_eq!(balanced(&pool).cancelled, 1);
}

fn a_job_that_stops_may_fail_or_panic(setup: Setup) {
    let pool = setup.pool();
    let begun = Latch::default();
    let begins = begun.clone();
    let job = pool.spawn_cancellable(move |token| {
        begins.open();
        until_cancelled(token);
        panic!("stops, on purpose");
    });
    begun.wait();
    let job: JobHandle<()> = job.unwrap();
    assert!(!job.cancel());
    assert!(matches!(job.join(), Err(JobError::Panicked(_))));
    assert_eq!(balanced(&pool).panicked, 1);
}

fn a_canceller_and_a_set_tell_as_well(setup: Setup) {
    let pool = setup.pool();
    let job = endless(&pool);
    let canceller = job.canceller();
    let thread = std::thread::spawn(move || canceller.cancel());
    assert_eq!(job.join().unwrap(), Err(Cancelled));
    assert!(!thread.join().unwrap());

    let jobs: JobSet<_> = [endless(&pool)].into_iter().collect();
    assert_eq!(jobs.cancel_all(), 0, "it has started");
    assert!(jobs.join_all().into_iter().all(|outcome| outcome.unwrap() == Err(Cancelled)));
    assert_eq!(balanced(&pool).done, 2);
}

fn a_token_reaches_what_the_job_starts(setup: Setup) {
    let (pool, begun) = (setup.pool(), Latch::default());
    let (handle, begins) = (pool.handle(), begun.clone());
    let job = pool
        .spawn_cancellable(move |token| {
            let token = token.clone();
            let child = handle.spawn(move || {
                begins.open();
                until_cancelled(&token);
                7
            });
            child.unwrap().join().unwrap()
        })
        .unwrap();
    begun.wait();
    job.cancel();
    assert_eq!(job.join().unwrap(), 7);
    assert_eq!(balanced(&pool).done, 2);
}

fn a_job_run_by_its_waiter_is_told(setup: Setup) {
    let pool = setup.pool();
    let held = hold(&pool, setup.threads);
    let (begun, begins) = mpsc::channel();
    let job = pool
        .spawn_cancellable(move |token| {
            begun.send(()).unwrap();
            until_cancelled(token);
        })
        .unwrap();
    let canceller = job.canceller();
    let thread = std::thread::spawn(move || {
        begins.recv().unwrap();
        canceller.cancel()
    });
    job.join_or_run().unwrap();
    assert!(!thread.join().unwrap());
    held.release();
    balanced(&pool);
}

fn a_refused_closure_comes_back_without_its_token(setup: Setup) {
    let pool = setup.pool();
    pool.close();
    let (small, large) = (Arc::new(5), ([1_u64; 100], Arc::new(6)));
    let (one, two) = (small.clone(), large.1.clone());
    let refused = pool.spawn_cancellable(move |token| token.check().map(|()| *one)).unwrap_err();
    assert!(refused.is_closed());
    drop(refused.into_inner());
    let refused =
        pool.spawn_cancellable(move |_| large.0.iter().sum::<u64>() + *large.1).unwrap_err();
    drop(refused.into_inner());
    assert_eq!((Arc::strong_count(&small), Arc::strong_count(&two)), (1, 1));
    assert_eq!(balanced(&pool).accepted, 0);
}

fn a_job_with_options_is_told(setup: Setup) {
    let pool = setup.pool();
    let options = SubmitOptions::new().when_full(WhenFull::Fail).start_within(Duration::MAX);
    let (begun, large) = (Latch::default(), [1_u64; 100]);
    let begins = begun.clone();
    let job = pool.with(options).spawn_cancellable(move |token| {
        begins.open();
        until_cancelled(token);
        large.iter().sum::<u64>()
    });
    begun.wait();
    let job = job.unwrap();
    job.cancel();
    assert_eq!(job.join().unwrap(), 100);
    balanced(&pool);
}

fn a_cancel_after_the_end_changes_nothing(setup: Setup) {
    let pool = setup.pool();
    let job = pool.spawn_cancellable(|token| token.check().map(|()| 7)).unwrap();
    let canceller = job.canceller();
    pool.wait_idle().unwrap();
    assert!(!job.cancel());
    assert_eq!(job.join().unwrap(), Ok(7));
    drop(pool);
    assert!(!canceller.cancel(), "after the pool's end");
}

fn a_dropped_handle_cancels(setup: Setup) {
    let pool = setup.pool();
    let held = hold(&pool, setup.threads);
    let captured = Arc::new(());
    let moved = captured.clone();
    let job = pool.spawn(move || drop(moved)).unwrap().cancel_on_drop();
    assert_eq!(pool.stats().queued, 1);
    drop(job);
    assert_eq!((Arc::strong_count(&captured), pool.stats().queued), (1, 0));
    held.release();
    assert_eq!(balanced(&pool).cancelled, 1);
}

fn a_dropped_handle_tells_a_running_job(setup: Setup) {
    let pool = setup.pool();
    drop(endless(&pool).cancel_on_drop());
    // It would not end otherwise.
    let report = balanced(&pool);
    assert_eq!((report.done, report.cancelled), (1, 0));
}

fn a_disarmed_handle_lets_the_job_go_on(setup: Setup) {
    let (pool, ran) = (setup.pool(), Tally::default());
    let held = hold(&pool, setup.threads);
    let counts = ran.clone();
    let mut job = pool.spawn(move || counts.add()).unwrap().cancel_on_drop();
    assert!(job.join_timeout(Duration::ZERO).is_err(), "it is a handle");
    drop(job.disarm());
    held.release();
    assert_eq!(balanced(&pool).cancelled, 0);
    assert_eq!(ran.get(), 1);
}

fn a_dropped_future_cancels(setup: Setup) {
    let pool = setup.pool();
    let held = hold(&pool, setup.threads);
    let mut waker = Context::from_waker(Waker::noop());
    let mut lost = pool.spawn(|| 7).unwrap().cancel_on_drop();
    let mut won = pool.spawn(|| 8).unwrap().cancel_on_drop();
    assert!(Pin::new(&mut lost).poll(&mut waker).is_pending());
    drop(lost);
    held.release();
    pool.wait_idle().unwrap();
    let std::task::Poll::Ready(outcome) = Pin::new(&mut won).poll(&mut waker) else {
        panic!("it has ended");
    };
    assert_eq!(outcome.unwrap(), 8);
    // It has ended: there is nothing to cancel.
    drop(won);
    let report = balanced(&pool);
    assert_eq!((report.done, report.cancelled), (setup.threads as u64 + 1, 1));
}
