//! Taking back, with and without the end of the pool: what has not started comes back, what runs goes on,
//! and all of it is counted.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering::SeqCst};
use std::thread;
use std::time::Duration;

use drainpool::{Collect, InOrder, JobError, ManualClock, Refusal, SubmitOptions};

use crate::setup::held::{Gate, hold, occupy};
use crate::setup::{Latch, Pool, Setup, Tally, at_rest, balanced, eventually};

on_every_backend! {
    what_waits_comes_back_in_order
    handles_end_as_returned
    submitters_that_wait_are_refused
    a_paused_pool_is_ended
    ended_by_one_of_its_jobs
    what_jobs_submit_afterwards_is_not_run
    parts_of_running_jobs_run
    jobs_that_expire_come_back
    jobs_whose_time_is_over_come_back
    payloads_come_back
    a_sink_in_order_is_told_to_skip
    what_is_taken_leaves_room
    an_installed_call_comes_back
    a_second_end_finds_nothing
}

/// Submits this many closures, whose runs are counted.
pub(crate) fn fill(pool: &Pool, jobs: usize) -> Tally {
    let ran = Tally::default();
    for _ in 0..jobs {
        let ran = ran.clone();
        pool.execute(move || ran.add()).unwrap();
    }
    ran
}

fn what_waits_comes_back_in_order(setup: Setup) {
    let pool = setup.pool();
    let held = hold(&pool, setup.threads);
    let jobs = setup.room().min(100);
    let ran = fill(&pool, jobs);
    let back = pool.shutdown_now();
    assert!(pool.is_closed() && pool.execute(|| ()).is_err_and(|refused| refused.is_closed()));
    assert_eq!((back.len(), ran.get()), (jobs, 0));
    assert!(back.is_sorted_by_key(|(id, _)| *id));
    assert_eq!(pool.stats().running, setup.threads as u64, "they go on");
    back.into_iter().for_each(|(_, job)| job.run());
    assert_eq!(ran.get(), jobs as u64);
    held.release();
    let report = balanced(&pool);
    assert!(report.is_complete());
    assert_eq!((report.done, report.returned), (setup.threads as u64, jobs as u64));
}

fn handles_end_as_returned(setup: Setup) {
    let pool = setup.pool();
    let held = hold(&pool, setup.threads);
    let captured = Arc::new(());
    let spawn = |_| {
        let captured = captured.clone();
        pool.spawn(move || drop(captured)).unwrap()
    };
    let jobs: Vec<_> = (0..setup.room().min(50)).map(spawn).collect();
    assert!(jobs[0].cancel());
    assert!(pool.shutdown_now().is_empty());
    assert_eq!(Arc::strong_count(&captured), 1, "all closures are gone");
    let count = jobs.len() as u64;
    for (nth, job) in jobs.into_iter().enumerate() {
        assert!(job.is_finished());
        match job.join() {
            Err(JobError::Cancelled) if nth == 0 => {}
            Err(JobError::Returned) if nth > 0 => {}
            other => panic!("{other:?}"),
        }
    }
    held.release();
    let report = balanced(&pool);
    assert_eq!((report.cancelled, report.returned), (1, count - 1));
}

fn submitters_that_wait_are_refused(setup: Setup) {
    let Some(capacity) = setup.capacity else { return };
    let pool = setup.pool();
    let held = hold(&pool, setup.threads);
    fill(&pool, capacity);
    thread::scope(|scope| {
        let waits = scope.spawn(|| pool.execute(|| ()));
        eventually(|| pool.stats().waiting_submitters == 1);
        assert_eq!(pool.shutdown_now().len(), capacity);
        assert!(waits.join().unwrap().is_err_and(|refused| refused.is_closed()));
    });
    held.release();
    balanced(&pool);
}

fn a_paused_pool_is_ended(setup: Setup) {
    let pool = setup.builder().paused().build().unwrap();
    let ran = fill(&pool, 2);
    let job = pool.spawn(|| ()).unwrap();
    assert_eq!(pool.shutdown_now().len(), 2);
    pool.pause();
    assert!(matches!(job.join(), Err(JobError::Returned)));
    let report = balanced(&pool);
    assert_eq!((report.done, report.returned, ran.get()), (0, 3, 0));
}

fn ended_by_one_of_its_jobs(setup: Setup) {
    let pool = Arc::new(setup.pool());
    let held = hold(&pool, setup.threads - 1);
    let (mine, go) = (Arc::clone(&pool), Latch::default());
    let begin = go.clone();
    let job = pool.spawn(move || {
        begin.wait();
        let back = mine.shutdown_now().len();
        let job = mine.spawn(|| ()).unwrap();
        assert!(matches!(job.join(), Err(JobError::Returned)), "it is accepted, and not run");
        let report = mine.shutdown();
        assert_eq!(report.running, mine.num_threads() as u64, "and this one");
        back
    });
    eventually(|| pool.stats().running == setup.threads as u64);
    let ran = fill(&pool, 2);
    go.open();
    assert_eq!(job.unwrap().join().unwrap(), 2);
    held.release();
    let report = balanced(&pool);
    assert_eq!((report.done, report.returned, ran.get()), (setup.threads as u64, 3, 0));
}

fn what_jobs_submit_afterwards_is_not_run(setup: Setup) {
    let results = Collect::new();
    let pool = setup.builder().sink(results.clone()).build().unwrap();
    let (handle, go, begun) = (pool.handle(), Latch::default(), Latch::default());
    let (ended, begins) = (go.clone(), begun.clone());
    let job = pool.spawn(move || {
        begins.open();
        ended.wait();
        for _ in 0..10 {
            handle.execute(|| true).unwrap();
        }
        handle.spawn_batch((0..10).map(|_| || true)).unwrap()
    });
    begun.wait();
    at_rest(&pool, 1);
    assert!(pool.shutdown_now().is_empty());
    go.open();
    for job in job.unwrap().join().unwrap() {
        assert!(matches!(job.join(), Err(JobError::Returned)));
    }
    let report = pool.shutdown();
    assert_eq!((report.accepted, report.done, report.returned), (21, 1, 20));
    let outcomes = results.take();
    assert_eq!(outcomes.len(), 10, "the sink has those without a handle");
    for done in outcomes {
        assert!(matches!(done.outcome, Err(JobError::Returned)) && done.worker.is_none());
    }
}

fn parts_of_running_jobs_run(setup: Setup) {
    let pool = setup.pool();
    let (handle, go, begun) = (pool.handle(), Latch::default(), Latch::default());
    let (ended, begins) = (go.clone(), begun.clone());
    let job = pool.spawn(move || {
        begins.open();
        ended.wait();
        let mut numbers: Vec<u64> = (0..100).collect();
        handle.for_each(&mut numbers, |n| *n += 1);
        let sum = AtomicU64::new(0);
        handle.scope(|scope| {
            for n in &numbers {
                scope.spawn(|| {
                    sum.fetch_add(*n, SeqCst);
                });
            }
        });
        let (a, b) = handle.join(|| sum.load(SeqCst), || numbers.len());
        (a, b)
    });
    begun.wait();
    pool.shutdown_now();
    go.open();
    assert_eq!(job.unwrap().join().unwrap(), (5_050, 100));
    balanced(&pool);
}

fn jobs_that_expire_come_back(setup: Setup) {
    let clock = ManualClock::new();
    let pool = setup.builder().clock(clock.clone()).paused().build().unwrap();
    let soon = SubmitOptions::new().start_within(Duration::from_secs(1));
    let ran = Tally::default();
    let run = ran.clone();
    pool.with(soon).execute(move || run.add()).unwrap();
    let job = pool.with(soon).spawn(|| ()).unwrap();
    let back = pool.shutdown_now();
    clock.advance(Duration::from_secs(2));
    assert!(matches!(job.join(), Err(JobError::Returned)), "before it could expire");
    assert_eq!((back.len(), pool.stats().expired), (1, 0));
    back.into_iter().for_each(|(_, job)| job.run());
    assert_eq!((ran.get(), balanced(&pool).returned), (1, 2));
}

fn jobs_whose_time_is_over_come_back(setup: Setup) {
    let clock = ManualClock::new();
    let pool = setup.builder().clock(clock.clone()).paused().build().unwrap();
    let soon = SubmitOptions::new().start_within(Duration::from_secs(1));
    let id = pool.with(soon).execute(|| ()).unwrap();
    let job = pool.with(soon).spawn(|| ()).unwrap();
    clock.advance(Duration::from_secs(2));
    assert!(matches!(job.join(), Err(JobError::Expired)));
    let back: Vec<_> = pool.take_queued().into_iter().map(|(id, _)| id).collect();
    assert_eq!(back, [id], "it had no outcome yet");
    let report = balanced(&pool);
    assert_eq!((report.expired, report.returned), (1, 1));
}

fn payloads_come_back(setup: Setup) {
    let pool = setup.builder().paused().build_with(|_| |text: String| drop(text)).unwrap();
    let ids: Vec<_> = ["a", "b"].map(|text| pool.submit(text.to_owned()).unwrap()).into();
    let (back, texts): (Vec<_>, Vec<_>) = pool.shutdown_now().into_iter().unzip();
    assert_eq!((back, texts), (ids, vec!["a".to_owned(), "b".to_owned()]));
}

fn a_sink_in_order_is_told_to_skip(setup: Setup) {
    let results = Collect::new();
    let pool = setup.builder().sink(InOrder::new(results.clone())).build().unwrap();
    let gate = Gate::default();
    let held = occupy(&pool, setup.threads, &gate);
    let (first, job) = (pool.execute(|| 1).unwrap(), pool.spawn(|| 1).unwrap());
    assert_eq!(pool.take_queued().into_iter().map(|(id, _)| id).collect::<Vec<_>>(), [first]);
    assert!(job.join().is_err());
    let last = pool.execute(|| 2).unwrap();
    gate.open();
    pool.wait_idle().unwrap();
    let ids: Vec<_> = results.take().into_iter().map(|done| done.id).collect();
    assert_eq!(ids, [last], "it does not wait for those that were taken");
    drop(held);
}

fn what_is_taken_leaves_room(setup: Setup) {
    let pool = setup.pool();
    let held = hold(&pool, setup.threads);
    for _ in 0..3 {
        let jobs = setup.room().min(20);
        fill(&pool, jobs);
        assert_eq!(pool.take_queued().len(), jobs);
        let jobs: Vec<_> = (0..jobs).map(|_| pool.try_spawn(|| ()).unwrap()).collect();
        assert!(pool.take_queued().is_empty() && jobs.iter().all(|job| job.is_finished()));
        assert_eq!(pool.stats().queued, 0);
    }
    let ran = fill(&pool, 2);
    held.release();
    pool.wait_idle().unwrap();
    assert_eq!(ran.get(), 2, "the pool goes on");
    balanced(&pool);
}

fn an_installed_call_comes_back(setup: Setup) {
    let pool = setup.builder().paused().build().unwrap();
    thread::scope(|scope| {
        let called = scope.spawn(|| pool.install(|| 7).map_err(|refused| refused.into_parts()));
        // Again and again: it is counted before it lies in the queue.
        eventually(|| pool.take_queued().is_empty() && called.is_finished());
        let (reason, closure) = called.join().unwrap().err().unwrap();
        assert!(matches!(reason, Refusal::Returned));
        assert_eq!(closure(), 7);
    });
    balanced(&pool);
}

fn a_second_end_finds_nothing(setup: Setup) {
    let pool = setup.builder().thread_keep_alive(Duration::ZERO).build().unwrap();
    fill(&pool, 2);
    pool.wait_idle().unwrap();
    assert!(pool.shutdown_now().is_empty() && pool.shutdown_now().is_empty());
    assert_eq!(balanced(&pool).done, 2);
    assert!(pool.shutdown_now().is_empty() && pool.take_queued().is_empty());
}
