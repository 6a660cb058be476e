//! Waiting for a job of a lane inside of a job (C11).

use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Barrier, Mutex};
use std::thread;

use drainpool::{Collect, JobError, JobSet, LanesExt};

use crate::setup::{Latch, Setup, balanced};

on_every_backend! {
    a_waiter_runs_what_comes_before_in_order
    a_waiter_waits_for_what_runs_elsewhere
    every_worker_waits_for_the_same_lane
    join_or_run_brings_the_lane_to_its_turn
    a_job_that_waits_for_itself_is_told
    a_job_waits_for_another_within_the_limit
    jobs_that_keep_each_other_from_a_turn_are_told
    a_job_waits_for_one_of_another_lane
    sets_of_jobs_of_a_lane
    outcomes_reach_the_sink_from_a_waiter
}

/// With one worker it runs them all; with more, others may.
fn a_waiter_runs_what_comes_before_in_order(setup: Setup) {
    let pool = setup.pool();
    let (lane, log) = (pool.lane(1), Arc::new(Mutex::new(Vec::new())));
    let noted = log.clone();
    let outer = pool.spawn(move || {
        for n in 0..20 {
            let log = log.clone();
            let job = move || log.lock().unwrap().push(n);
            if n % 2 == 0 {
                lane.execute(job).unwrap();
            } else {
                drop(lane.spawn(job).unwrap());
            }
        }
        lane.spawn(|| 20).unwrap().join().unwrap()
    });
    assert_eq!(outer.unwrap().join().unwrap(), 20);
    assert_eq!(balanced(&pool).done, 22);
    assert!(noted.lock().unwrap().iter().copied().eq(0..20));
}

fn a_waiter_waits_for_what_runs_elsewhere(setup: Setup) {
    if setup.threads == 1 {
        return;
    }
    let pool = setup.pool();
    let lane = pool.lane(1);
    let (begun, waits) = (Arc::new(Latch::default()), Arc::new(Latch::default()));
    lane.execute({
        let (begun, waits) = (begun.clone(), waits.clone());
        move || {
            begun.open();
            waits.wait();
        }
    })
    .unwrap();
    begun.wait();
    let outer = pool.spawn(move || {
        let second = lane.spawn(|| 2).unwrap();
        let third = lane.spawn(|| 3).unwrap();
        waits.open();
        (third.join().unwrap(), second.join().unwrap())
    });
    assert_eq!(outer.unwrap().join().unwrap(), (3, 2));
    assert_eq!(balanced(&pool).done, 4);
}

fn every_worker_waits_for_the_same_lane(setup: Setup) {
    let pool = setup.pool();
    let running = Arc::new(AtomicUsize::new(0));
    let lane = pool.lane(1);
    let waiters: Vec<_> = (0..4 * setup.threads)
        .map(|n| {
            let (lane, running) = (lane.clone(), running.clone());
            let waiter = move || {
                let running = running.clone();
                let job = move || {
                    assert_eq!(running.fetch_add(1, Ordering::SeqCst), 0);
                    thread::yield_now();
                    running.fetch_sub(1, Ordering::SeqCst);
                    n
                };
                let (early, late) = (lane.spawn(job.clone()).unwrap(), lane.spawn(job).unwrap());
                late.join().unwrap() + early.join().unwrap()
            };
            pool.spawn(waiter).unwrap()
        })
        .collect();
    let sum: usize = waiters.into_iter().map(|job| job.join().unwrap()).sum();
    assert_eq!(sum, (0..4 * setup.threads).sum::<usize>() * 2);
    balanced(&pool);
}

fn join_or_run_brings_the_lane_to_its_turn(setup: Setup) {
    let pool = setup.builder().paused().build().unwrap();
    let (lane, here) = (pool.lane(1), thread::current().id());
    let first = lane.spawn(|| thread::current().id()).unwrap();
    let second = lane.spawn(|| thread::current().id()).unwrap();
    let third = lane.spawn(|| ()).unwrap();
    assert_eq!(second.join_or_run().unwrap(), here);
    assert!(first.is_finished());
    assert_eq!(first.join().unwrap(), here);
    assert!(!third.is_finished());
    pool.resume();
    third.join().unwrap();
    assert_eq!(balanced(&pool).done, 3);
}

fn a_job_that_waits_for_itself_is_told(setup: Setup) {
    let pool = setup.pool();
    let lane = pool.lane(1);
    let own = lane.clone();
    let outer = lane.spawn(move || own.spawn(|| ()).unwrap().join());
    match outer.unwrap().join().unwrap() {
        Err(JobError::Panicked(panic)) => {
            assert!(panic.message().unwrap().contains("cannot run before it has ended"));
        }
        other => panic!("{other:?}"),
    }
    lane.spawn(|| ()).unwrap().join().unwrap();
    let report = balanced(&pool);
    assert_eq!((report.done, report.panicked), (2, 1));
}

fn a_job_waits_for_another_within_the_limit(setup: Setup) {
    // With more workers the second job may run elsewhere: a circle over two threads, which is not found out.
    let pool = setup.with_threads(1).pool();
    let lane = pool.lane(2);
    let own = lane.clone();
    let outer = lane.spawn(move || {
        let inner = own.clone();
        own.spawn(move || inner.spawn(|| ()).unwrap().join().is_err()).unwrap().join()
    });
    assert!(outer.unwrap().join().unwrap().unwrap(), "there is no third turn");
    assert_eq!(balanced(&pool).panicked, 1);
}

/// Both jobs that may run keep their turns, on two threads, while each waits for a third turn.
fn jobs_that_keep_each_other_from_a_turn_are_told(setup: Setup) {
    if setup.threads == 1 {
        return;
    }
    let pool = setup.pool();
    let (lane, meeting) = (pool.lane(2), Arc::new(Barrier::new(2)));
    let outer: Vec<_> = (0..2)
        .map(|_| {
            let (own, meeting) = (lane.clone(), meeting.clone());
            let job = move || {
                meeting.wait();
                own.spawn(|| ()).unwrap().join().is_err()
            };
            lane.spawn(job).unwrap()
        })
        .collect();
    let told: Vec<_> = outer.into_iter().map(|job| job.join().unwrap()).collect();
    // The second to wait is told, and hands its turn to the job of the first.
    assert_eq!(told.iter().filter(|&&told| told).count(), 1);
    let report = balanced(&pool);
    assert_eq!((report.done, report.panicked), (3, 1));
}

fn a_job_waits_for_one_of_another_lane(setup: Setup) {
    let pool = setup.pool();
    let lanes = pool.lanes::<u32>();
    let waits = lanes.clone();
    let outer = lanes.lane(&0).spawn(move || {
        let deeper = waits.clone();
        let inner = waits.lane(&1).spawn(move || deeper.lane(&2).spawn(|| 7).unwrap().join());
        inner.unwrap().join()
    });
    assert_eq!(outer.unwrap().join().unwrap().unwrap().unwrap(), 7);
    balanced(&pool);
}

fn sets_of_jobs_of_a_lane(setup: Setup) {
    let pool = setup.pool();
    let lane = pool.lane(1);
    let outer = pool.spawn(move || {
        let mut jobs = JobSet::new();
        for n in 0..10_u32 {
            jobs.insert(lane.spawn(move || n).unwrap());
        }
        jobs.join_all().into_iter().map(|outcome| outcome.unwrap()).sum::<u32>()
    });
    assert_eq!(outer.unwrap().join().unwrap(), 45);
    balanced(&pool);
}

fn outcomes_reach_the_sink_from_a_waiter(setup: Setup) {
    let results = Collect::new();
    let pool = setup.builder().paused().sink(results.clone()).build().unwrap();
    let lane = pool.lane(1);
    lane.execute(|| 1).unwrap();
    lane.execute(|| panic!("of a lane, on purpose")).unwrap();
    lane.spawn(|| ()).unwrap().join_or_run().unwrap();
    let done = results.take();
    assert_eq!(done.len(), 2);
    assert!(matches!(done[0].outcome, Ok(1)) && done[1].outcome.is_err());
    assert!(done.iter().all(|done| done.worker.is_none()));
    let report = pool.shutdown();
    assert_eq!((report.done, report.panicked, report.unfinished), (2, 1, 0));
}
