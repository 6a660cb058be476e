//! The clauses of the contract, on pools over the queue under test.

use std::collections::BTreeSet;
use std::sync::{Arc, Barrier, mpsc};
use std::thread;
use std::time::Duration;

use super::support::{
    Closure, Latch, Tally, builder, panic_quietly, submit, with_pools, within_patience,
};
use crate::{Completed, Handle, JobError, SubmitError, Task, WorkQueue};

/// C1, C6: a closed pool gives the job back.
///
/// # Panics
///
/// Like every check: if the queue fails it.
pub fn c1_a_closed_pool_gives_the_job_back<Q: WorkQueue<Closure>>(make: impl Fn() -> Q) {
    with_pools(make, |pool, _, _| {
        pool.close();
        match pool.execute(|| 42) {
            Err(SubmitError::Closed(task)) => assert_eq!(task.run(), 42),
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
            let pool = builder(queue, 2).sink(crate::Collect::new()).build().unwrap();
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

/// C3: outcomes that find no taker are counted, and the jobs go on.
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
    fn chain<Q: WorkQueue<Closure>>(handle: &Handle<Task<usize>, Q>, length: usize) -> usize {
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
        assert!(matches!(forgotten.execute(|| 8), Err(SubmitError::Closed(_))));
    });
}

/// C7: as many jobs run at once as there are workers.
///
/// # Panics
///
/// If the queue fails the check.
pub fn c7_as_many_jobs_run_at_once_as_there_are_workers<Q: WorkQueue<Closure>>(
    make: impl Fn() -> Q,
) {
    with_pools(make, |pool, _, threads| {
        for _ in 0..100 {
            // Passes only when all of them run at the same time.
            let meeting = Arc::new(Barrier::new(threads));
            for _ in 0..threads {
                let meeting = Arc::clone(&meeting);
                submit(&pool, move || {
                    meeting.wait();
                    0
                });
            }
            pool.wait_idle().unwrap();
        }
    });
}

/// C4, C7: the children of a busy parent are run by the other workers.
///
/// # Panics
///
/// If the queue fails the check.
pub fn c7_children_of_a_busy_parent_find_the_other_workers<Q: WorkQueue<Closure>>(
    make: impl Fn() -> Q,
) {
    with_pools(make, |pool, _, threads| {
        for _ in 0..100 {
            let meeting = Arc::new(Barrier::new(threads));
            let handle = pool.handle();
            submit(&pool, move || {
                for _ in 1..threads {
                    let meeting = Arc::clone(&meeting);
                    submit(&handle, move || {
                        meeting.wait();
                        0
                    });
                }
                meeting.wait();
                0
            });
            pool.wait_idle().unwrap();
        }
    });
}

/// C7: a job from outside starts although a worker keeps feeding itself.
///
/// # Panics
///
/// If the queue fails the check.
pub fn c7_a_job_from_outside_starts_while_a_worker_feeds_itself<Q: WorkQueue<Closure>>(
    make: impl Fn() -> Q,
) {
    /// So many jobs in a row are no coincidence.
    const ENOUGH: usize = 100_000;
    fn feed<Q: WorkQueue<Closure>>(
        handle: Handle<Task<usize>, Q>,
        stop: Latch,
        round: usize,
    ) -> usize {
        if !stop.is_open() && round < ENOUGH {
            let again = handle.clone();
            submit(&handle, move || feed(again, stop, round + 1));
        }
        round
    }
    let queue = make();
    within_patience(move || {
        let results = crate::Collect::new();
        let pool = builder(queue, 1).sink(results.clone()).paused().build().unwrap();
        let stop = Latch::default();
        let (handle, until) = (pool.handle(), stop.clone());
        submit(&pool, move || feed(handle, until, 0));
        submit(&pool, move || {
            stop.open();
            0
        });
        pool.resume();
        pool.shutdown();
        let rounds = results.take().into_iter().map(|done| done.outcome.unwrap()).max();
        assert!(rounds < Some(ENOUGH), "starved for {ENOUGH} jobs");
    });
}

/// C8: panics of jobs leave the workers, the counts and the other jobs alone.
///
/// # Panics
///
/// If the queue fails the check.
pub fn c8_panics_stay_with_their_jobs<Q: WorkQueue<Closure>>(make: impl Fn() -> Q) {
    with_pools(make, |pool, results, threads| {
        for n in 0..300 {
            submit(&pool, move || if n % 3 == 0 { panic_quietly() } else { n });
        }
        let meeting = Arc::new(Barrier::new(threads));
        for _ in 0..threads {
            let meeting = Arc::clone(&meeting);
            submit(&pool, move || {
                meeting.wait();
                1
            });
        }
        let report = pool.shutdown();
        assert_eq!((report.done, report.panicked), (200 + threads as u64, 100));
        let failed = results.take().into_iter().filter(|done| {
            matches!(&done.outcome, Err(JobError::Panicked(panic)) if panic.message() == Some("on purpose"))
        });
        assert_eq!(failed.count(), 100);
    });
}

/// C9: captures are gone when the pool is idle, and with a paused pool's queue when it is dropped.
///
/// # Panics
///
/// If the queue fails the check.
pub fn c9_nothing_lingers<Q: WorkQueue<Closure>>(make: impl Fn() -> Q) {
    with_pools(make, |pool, results, _| {
        let captured = Arc::new(());
        for _ in 0..200 {
            let held = Arc::clone(&captured);
            submit(&pool, move || Arc::strong_count(&held));
        }
        pool.wait_idle().unwrap();
        assert_eq!(Arc::strong_count(&captured), 1, "captures of jobs that are done");
        assert_eq!(results.take().len(), 200);
        assert!(pool.execute(|| 0).is_ok(), "an empty queue that is full");
    });
}

/// C10: workers come and go all the time and no job is forgotten; pools end within their own jobs.
///
/// # Panics
///
/// If the queue fails the check.
pub fn c10_workers_come_and_go<Q: WorkQueue<Closure>>(make: impl Fn() -> Q) {
    for threads in [1, 3] {
        let queue = make();
        within_patience(move || {
            let (started, stopped) = (Tally::default(), Tally::default());
            let (starts, stops) = (started.clone(), stopped.clone());
            let pool = builder(queue, threads)
                .thread_keep_alive(Duration::ZERO)
                .on_thread_start(move |_| starts.add())
                .on_thread_stop(move |_| stops.add())
                .sink(crate::Collect::new())
                .build()
                .unwrap();
            for n in 0..500 {
                submit(&pool, move || n);
                if n % 3 == 0 {
                    pool.wait_idle().unwrap();
                }
            }
            assert_eq!(pool.shutdown().done, 500);
            assert_eq!(started.get(), stopped.get());
        });
    }
    let queue = make();
    within_patience(move || {
        let (ended, end) = (Latch::default(), Latch::default());
        let opened = ended.clone();
        let sink = crate::sink_fn(|_: Completed<usize>| ());
        let pool = builder(queue, 1).on_thread_stop(move |_| opened.open()).sink(sink).build();
        let pool = Arc::new(pool.unwrap());
        let (inner, owner_gone) = (Arc::clone(&pool), end.clone());
        submit(&pool, move || {
            owner_gone.wait();
            drop(inner);
            0
        });
        drop(pool);
        end.open();
        ended.wait();
    });
}
