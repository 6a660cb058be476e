//! The checks of the clauses about workers and their jobs (C7, C8, C9, C10), on pools over the queue under
//! test. For C7, jobs wait for each other: a lost wake-up is a hang.

use std::sync::{Arc, Barrier};
use std::time::Duration;

use pool_core::{Completed, Handle, JobError, Task, WorkQueue};

use crate::support::{
    Closure, Latch, Tally, builder, panic_quietly, submit, with_pools, within_patience,
};

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
            // Passes only if all of them run at the same time.
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
    /// The number of jobs in a row that are no coincidence.
    const ENOUGH: usize = 100_000;
    fn feed<Q: WorkQueue<Closure>>(
        handle: Handle<Task<usize>, usize, Q>,
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
        let results = pool_core::Collect::new();
        let pool = builder(queue, 1).sink(results.clone()).build().unwrap();
        let (both, stop) = (Latch::default(), Latch::default());
        let (handle, accepted, until) = (pool.handle(), both.clone(), stop.clone());
        // Keeps the worker until the other job waits: before, there may be no room for it.
        submit(&pool, move || {
            accepted.wait();
            feed(handle, until, 0)
        });
        submit(&pool, move || {
            stop.open();
            0
        });
        both.open();
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

/// C9: captures are gone when the pool is idle.
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

/// C10: workers come and go all the time and no job is lost; pools end within their own jobs.
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
                .sink(pool_core::Collect::new())
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
        let sink = pool_core::sink_fn(|_: Completed<usize>| ());
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
