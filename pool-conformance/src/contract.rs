//! The checks of the clauses about submitting, closing and draining (C1 to C6), on pools over the queue
//! under test.

use std::collections::BTreeSet;
use std::sync::{Arc, Barrier, mpsc};
use std::thread;

use pool_core::{Completed, Handle, Task, WorkQueue};

use crate::support::{Closure, Latch, Tally, builder, submit, with_pools, within_patience};

/// C1, C6: a closed pool gives the job back.
///
/// # Panics
///
/// Like every check: if the queue fails it.
pub fn c1_a_closed_pool_gives_the_job_back<Q: WorkQueue<Closure>>(make: impl Fn() -> Q) {
    with_pools(make, |pool, _, _| {
        pool.close();
        match pool.execute(|| 42) {
            Err(refused) if refused.is_closed() => assert_eq!(refused.into_inner().run(), 42),
            other => panic!("expected Closed, got {other:?}"),
        }
        assert_eq!(pool.shutdown().accepted, 0);
    });
}

/// C1, C5, C6: submits that race with close are run or given back.
///
/// # Panics
///
/// If the queue fails the check.
pub fn c1_submits_that_race_with_close_run_or_come_back<Q: WorkQueue<Closure>>(
    make: impl Fn() -> Q,
) {
    for round in 0..100 {
        let queue = make();
        within_patience(move || {
            let pool = builder(queue, 2).sink(pool_core::Collect::new()).build().unwrap();
            let ran = Tally::default();
            let start = Arc::new(Barrier::new(4));
            let submitters: Vec<_> = (0..3)
                .map(|_| {
                    let (handle, ran, start) = (pool.handle(), ran.clone(), start.clone());
                    thread::spawn(move || {
                        start.wait();
                        let submit = |_| {
                            let ran = ran.clone();
                            let job = move || {
                                ran.add();
                                0
                            };
                            handle.execute(job).is_ok()
                        };
                        (0..20 + round % 7).map(submit).filter(|accepted| *accepted).count()
                    })
                })
                .collect();
            start.wait();
            pool.close();
            let accepted: usize = submitters.into_iter().map(|s| s.join().unwrap()).sum();
            let report = pool.shutdown();
            assert_eq!((report.accepted, report.done), (accepted as u64, accepted as u64));
            assert_eq!(ran.get(), accepted as u64);
        });
    }
}

/// C2, C3: every job runs once and has one outcome.
///
/// # Panics
///
/// If the queue fails the check.
pub fn c2_c3_every_job_runs_once_and_has_one_outcome<Q: WorkQueue<Closure>>(make: impl Fn() -> Q) {
    const JOBS: usize = if cfg!(debug_assertions) { 10_000 } else { 200_000 };
    with_pools(make, |pool, results, threads| {
        let mut ids = BTreeSet::new();
        for n in 0..JOBS {
            // Every tenth job submits the next, and so on for a while.
            if n % 10 == 0 {
                let handle = pool.handle();
                ids.insert(submit(&pool, move || {
                    submit(&handle, move || JOBS + n / 10);
                    n
                }));
            } else {
                ids.insert(submit(&pool, move || n));
            }
        }
        let all = JOBS + JOBS / 10;
        let report = pool.shutdown();
        assert_eq!((report.accepted, report.done), (all as u64, all as u64));
        assert_eq!((report.panicked, report.unfinished, report.undelivered), (0, 0, 0));

        let mut seen = vec![false; all];
        for done in results.take() {
            assert!(done.worker.is_some_and(|worker| worker < threads));
            ids.remove(&done.id);
            let n = done.outcome.unwrap();
            assert!(!std::mem::replace(&mut seen[n], true), "job {n} ran twice");
        }
        assert!(seen.into_iter().all(|seen| seen), "a job was lost");
        assert!(ids.is_empty(), "jobs without an outcome: {}", ids.len());
    });
}

/// C3: outcomes that the sink does not take are counted, and the jobs go on.
///
/// # Panics
///
/// If the queue fails the check.
pub fn c3_outcomes_that_find_no_taker_are_counted<Q: WorkQueue<Closure>>(make: impl Fn() -> Q) {
    let queue = make();
    within_patience(move || {
        let (results, received) = mpsc::channel::<Completed<usize>>();
        let pool = builder(queue, 2).sink(results).build().unwrap();
        submit(&pool, || 1);
        assert_eq!(received.recv().unwrap().outcome.unwrap(), 1);
        drop(received);
        for _ in 0..10 {
            submit(&pool, || 1);
        }
        let report = pool.shutdown();
        assert_eq!((report.done, report.undelivered), (11, 10));
    });
}

/// C4, C5: jobs submit jobs while the pool drains.
///
/// # Panics
///
/// If the queue fails the check.
pub fn c4_jobs_submit_jobs_during_the_drain<Q: WorkQueue<Closure>>(make: impl Fn() -> Q) {
    fn chain<Q: WorkQueue<Closure>>(
        handle: &Handle<Task<usize>, usize, Q>,
        length: usize,
    ) -> usize {
        if length > 0 {
            let next = handle.clone();
            submit(handle, move || chain(&next, length - 1));
        }
        length
    }
    with_pools(make, |pool, results, _| {
        let (begun, go) = (Latch::default(), Latch::default());
        let (handle, running, wait) = (pool.handle(), begun.clone(), go.clone());
        submit(&pool, move || {
            running.open();
            wait.wait();
            chain(&handle, 500)
        });
        begun.wait();
        pool.close();
        go.open();
        let report = pool.shutdown();
        assert_eq!((report.accepted, report.done), (501, 501));
        assert_eq!(results.take().len(), 501);
    });
}

/// C5: the workers stay while a job runs, and leave after it.
///
/// # Panics
///
/// If the queue fails the check.
pub fn c5_workers_stay_while_a_job_runs_and_leave_after_it<Q: WorkQueue<Closure>>(
    make: impl Fn() -> Q,
) {
    with_pools(make, |pool, _, threads| {
        let (begun, go) = (Latch::default(), Latch::default());
        let (running, wait) = (begun.clone(), go.clone());
        submit(&pool, move || {
            running.open();
            wait.wait();
            0
        });
        begun.wait();
        pool.close();
        assert_eq!(pool.stats().threads, threads);
        go.open();
        assert_eq!(pool.shutdown().done, 1);
        assert_eq!(pool.stats().threads, 0);
    });
}

/// C6: a forgotten handle keeps nothing open.
///
/// # Panics
///
/// If the queue fails the check.
pub fn c6_a_forgotten_handle_keeps_nothing_open<Q: WorkQueue<Closure>>(make: impl Fn() -> Q) {
    let queue = make();
    within_patience(move || {
        let (results, received) = mpsc::channel();
        let pool = builder(queue, 2).sink(results).build().unwrap();
        let forgotten = pool.handle();
        submit(&pool, || 7);
        forgotten.close();
        // Ends only when every clone of the sink is gone, although neither pool nor handle is.
        assert_eq!(received.iter().count(), 1);
        drop(pool);
        assert!(forgotten.execute(|| 8).is_err_and(|refused| refused.is_closed()));
    });
}
