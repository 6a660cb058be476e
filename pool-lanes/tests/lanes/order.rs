//! Order, and the limit.

use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};
use std::thread;

use drainpool::{Collect, LanesExt, SubmitOptions, current_label};

use crate::setup::request::{Request, request, requested};
use crate::setup::{Latch, Setup, balanced, eventually};

on_every_backend! {
    the_jobs_of_one_submitter_run_in_order
    each_of_many_submitters_keeps_its_order
    no_more_than_the_limit_run_at_a_time
    as_many_as_the_limit_do_run_at_a_time
    a_lane_holds_up_no_other_job
    a_job_submits_to_its_own_lane
    a_limit_of_zero_is_one
    a_paused_pool_starts_none
    a_job_has_its_id_at_once
    a_job_has_its_label
    a_job_runs_in_the_context_of_its_submit
}

const JOBS: usize = 500;

fn the_jobs_of_one_submitter_run_in_order(setup: Setup) {
    let pool = setup.pool();
    let (lane, log) = (pool.lane(1), Arc::new(Mutex::new(Vec::new())));
    for n in 0..JOBS {
        let log = log.clone();
        let job = move || log.lock().unwrap().push(n);
        // Those for the sink and those with handles are in one order.
        if n % 3 == 0 {
            drop(lane.spawn(job).unwrap());
        } else {
            lane.execute(job).unwrap();
        }
    }
    pool.wait_idle().unwrap();
    assert!(lane.is_empty());
    assert!(log.lock().unwrap().iter().copied().eq(0..JOBS));
    assert_eq!(balanced(&pool).done, JOBS as u64);
}

fn each_of_many_submitters_keeps_its_order(setup: Setup) {
    let pool = setup.pool();
    let (lane, log) = (pool.lane(1), Arc::new(Mutex::new(Vec::new())));
    let running = Arc::new(AtomicUsize::new(0));
    thread::scope(|scope| {
        for submitter in 0..4 {
            let (lane, log, running) = (lane.clone(), &log, &running);
            scope.spawn(move || {
                for n in 0..JOBS / 4 {
                    let (log, running) = (log.clone(), running.clone());
                    let submitted = lane.execute(move || {
                        assert_eq!(running.fetch_add(1, Ordering::SeqCst), 0);
                        log.lock().unwrap().push((submitter, n));
                        running.fetch_sub(1, Ordering::SeqCst);
                    });
                    submitted.unwrap();
                }
            });
        }
    });
    assert_eq!(balanced(&pool).done, JOBS as u64);
    let log = log.lock().unwrap();
    for submitter in 0..4 {
        let own = log.iter().filter(|(by, _)| *by == submitter).map(|(_, n)| *n);
        assert!(own.eq(0..JOBS / 4));
    }
}

fn no_more_than_the_limit_run_at_a_time(setup: Setup) {
    for limit in [1, 2, 3] {
        let pool = setup.pool();
        let lane = pool.lane(limit);
        let running = Arc::new(AtomicUsize::new(0));
        for _ in 0..JOBS {
            let running = running.clone();
            let submitted = lane.execute(move || {
                assert!(running.fetch_add(1, Ordering::SeqCst) < limit);
                thread::yield_now();
                running.fetch_sub(1, Ordering::SeqCst);
            });
            submitted.unwrap();
        }
        assert_eq!(balanced(&pool).done, JOBS as u64);
    }
}

fn as_many_as_the_limit_do_run_at_a_time(setup: Setup) {
    let pool = setup.pool();
    let limit = setup.threads;
    let lane = pool.lane(limit);
    for _ in 0..3 {
        // None of them goes on before as many as the limit have begun.
        let all = Arc::new(std::sync::Barrier::new(limit));
        for _ in 0..limit {
            let all = all.clone();
            let job = move || {
                all.wait();
            };
            lane.execute(job).unwrap();
        }
    }
    assert_eq!(balanced(&pool).done, 3 * limit as u64);
}

fn a_lane_holds_up_no_other_job(setup: Setup) {
    if setup.threads == 1 {
        return;
    }
    let pool = setup.pool();
    let (lane, go) = (pool.lane(1), Arc::new(Latch::default()));
    let first = lane.spawn({
        let go = go.clone();
        move || go.wait()
    });
    let second = lane.spawn(|| ()).unwrap();
    // With the second job waiting for its turn, the other workers are free.
    for _ in 0..10 {
        pool.spawn(|| ()).unwrap().join().unwrap();
    }
    assert!(!second.is_finished());
    go.open();
    first.unwrap().join().unwrap();
    second.join().unwrap();
    balanced(&pool);
}

fn a_job_submits_to_its_own_lane(setup: Setup) {
    let pool = setup.pool();
    let (lane, log) = (pool.lane(1), Arc::new(Mutex::new(Vec::new())));
    for n in 0..50 {
        let (own, log) = (lane.clone(), log.clone());
        let submitted = lane.execute(move || {
            for child in 0..3 {
                let log = log.clone();
                own.execute(move || log.lock().unwrap().push((n, child))).unwrap();
            }
            drop(own.spawn(|| ()).unwrap());
            log.lock().unwrap().push((n, 3));
        });
        submitted.unwrap();
    }
    assert_eq!(balanced(&pool).done, 50 * 5);
    let log = log.lock().unwrap();
    for n in 0..50 {
        let own: Vec<_> = log.iter().filter(|(by, _)| *by == n).map(|(_, at)| *at).collect();
        assert_eq!(own, [3, 0, 1, 2]);
    }
}

fn a_limit_of_zero_is_one(setup: Setup) {
    let pool = setup.pool();
    assert_eq!(pool.lane(0).limit(), 1);
    pool.lane(0).spawn(|| ()).unwrap().join().unwrap();
    pool.lanes::<str>().with_limit(0).lane("key").spawn(|| ()).unwrap().join().unwrap();
    balanced(&pool);
}

fn a_paused_pool_starts_none(setup: Setup) {
    let pool = setup.builder().paused().build().unwrap();
    let (lane, count) = (pool.lane(1), Arc::new(AtomicUsize::new(0)));
    let jobs = setup.room().min(20);
    for _ in 0..jobs {
        let count = count.clone();
        let job = move || {
            count.fetch_add(1, Ordering::SeqCst);
        };
        lane.execute(job).unwrap();
    }
    assert_eq!((pool.stats().queued, pool.stats().running), (jobs as u64, 0));
    assert_eq!(lane.len(), jobs);
    pool.resume();
    eventually(|| lane.is_empty());
    assert_eq!(balanced(&pool).done, jobs as u64);
    assert_eq!(count.load(Ordering::SeqCst), jobs);
}

fn a_job_has_its_id_at_once(setup: Setup) {
    let results = drainpool::Collect::new();
    let pool = setup.builder().sink(results.clone()).build().unwrap();
    let lane = pool.lane(2);
    let mut ids: Vec<_> = (0..JOBS).map(|n| (lane.execute(move || n).unwrap(), n)).collect();
    assert_eq!(pool.shutdown().done, JOBS as u64);
    let mut done: Vec<_> =
        results.take().into_iter().map(|done| (done.id, done.outcome.unwrap())).collect();
    ids.sort_unstable();
    done.sort_unstable();
    assert_eq!(ids, done);
}

fn a_job_has_its_label(setup: Setup) {
    let seen = Collect::new();
    let pool = setup.builder().track_jobs().sink(seen.clone()).build().unwrap();
    let lane = pool.lane(1);
    let labelled = lane.with(SubmitOptions::new().label("booking"));
    for _ in 0..3 {
        labelled.execute(current_label).unwrap();
        assert_eq!(
            labelled.spawn(current_label).unwrap().join().unwrap().as_deref(),
            Some("booking")
        );
        assert_eq!(lane.spawn(current_label).unwrap().join().unwrap(), None);
    }
    assert_eq!(balanced(&pool).done, 9);
    assert!(
        seen.take().into_iter().all(|done| done.outcome.unwrap().as_deref() == Some("booking"))
    );
}

fn a_job_runs_in_the_context_of_its_submit(setup: Setup) {
    let seen = Collect::new();
    let builder = setup.builder().context::<Request>().sink(seen.clone());
    let pool = builder.build().unwrap();
    let lane = pool.lane(1);
    for n in 1..=20 {
        requested(n, || {
            lane.execute(move || (n, request())).unwrap();
            let job = lane.spawn(request).unwrap();
            assert_eq!(requested(100, || job.join_or_run().unwrap()), n);
        });
    }
    assert_eq!(pool.shutdown().done, 40);
    assert!(seen.take().into_iter().map(|done| done.outcome.unwrap()).all(|(n, seen)| n == seen));
}
