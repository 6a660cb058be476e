//! The contract, clause by clause.
#![cfg(not(loom))]

mod support;

use std::collections::BTreeSet;
use std::sync::{Arc, Barrier, Mutex, mpsc};
use std::time::Duration;

use pool_core::{
    Collect, Completed, Handle, Job, LocalQueue, PushError, SubmitError, Task, ThreadPoolBuilder,
    WaitError, WorkQueue,
};
use pool_std::StdQueue;
use support::{Latch, Queue, Tally, builder, pool, within_patience};

// ---- C1: accepted or returned ------------------------------------------------------------------

#[test]
fn c1_a_closed_pool_gives_the_job_back() {
    within_patience(|| {
        let pool = builder().build_with(|_| |_: String| ()).unwrap();
        pool.close();
        let job = String::from("precious");
        let address = job.as_ptr();
        match pool.submit(job) {
            Err(SubmitError::Closed(job)) => {
                assert_eq!((job.as_str(), job.as_ptr()), ("precious", address));
            }
            other => panic!("expected Closed, got {other:?}"),
        }
        assert_eq!(pool.shutdown().accepted, 0);
    });
}

#[test]
fn c1_a_refused_closure_can_be_run_by_the_caller() {
    within_patience(|| {
        let pool = builder().sink(Collect::new()).build().unwrap();
        pool.close();
        let refused = pool.execute(|| 42).unwrap_err();
        assert_eq!(refused.into_inner().run(), 42);
    });
}

/// A queue that takes no more than a set number of jobs at a time.
struct Bounded<J>(Arc<Mutex<Vec<J>>>, usize);

impl<J: Send + 'static> WorkQueue<J> for Bounded<J> {
    type Local = Self;

    fn local(&self, _worker: usize) -> Self {
        Self(Arc::clone(&self.0), self.1)
    }

    fn push(&self, job: J) -> Result<(), PushError<J>> {
        let mut jobs = self.0.lock().unwrap();
        if jobs.len() == self.1 {
            return Err(PushError(job));
        }
        jobs.push(job);
        Ok(())
    }

    fn len(&self) -> usize {
        self.0.lock().unwrap().len()
    }
}

impl<J> LocalQueue<J> for Bounded<J> {
    fn push(&mut self, job: J) {
        self.0.lock().unwrap().push(job);
    }

    fn pop(&mut self) -> Option<J> {
        self.0.lock().unwrap().pop()
    }
}

#[test]
fn c1_a_full_queue_gives_the_job_back_and_nobody_waits_for_it() {
    within_patience(|| {
        let pool = ThreadPoolBuilder::with_queue(Bounded(Arc::default(), 2))
            .num_threads(1)
            .paused()
            .build_with(|_| |_: u32| ())
            .unwrap();
        pool.submit(1).unwrap();
        pool.submit(2).unwrap();
        match pool.submit(3) {
            Err(SubmitError::Full(job)) => assert_eq!(job, 3),
            other => panic!("expected Full, got {other:?}"),
        }
        pool.resume();
        pool.wait_idle().unwrap();
        let report = pool.shutdown();
        assert_eq!((report.accepted, report.done), (2, 2));
    });
}

#[test]
fn c1_submits_that_race_with_close_run_or_come_back() {
    within_patience(|| {
        for round in 0..200 {
            let pool = pool(2);
            let ran = Tally::new();
            let start = Arc::new(Barrier::new(4));
            let submitters: Vec<_> = (0..3)
                .map(|_| {
                    let (handle, ran, start) = (pool.handle(), ran.clone(), start.clone());
                    std::thread::spawn(move || {
                        start.wait();
                        let submit = |_| {
                            let ran = ran.clone();
                            handle.execute(move || ran.add()).is_ok()
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
        }
    });
}

// ---- C2, C3: once, one outcome -----------------------------------------------------------------

#[test]
fn c2_c3_every_job_runs_once_and_has_one_outcome() {
    const JOBS: u64 = if cfg!(debug_assertions) { 20_000 } else { 1_000_000 };
    within_patience(|| {
        for threads in [1, 2, 8] {
            let results = Collect::new();
            let pool = builder().num_threads(threads).sink(results.clone()).build().unwrap();
            let mut ids = BTreeSet::new();
            for n in 0..JOBS {
                ids.insert(pool.execute(move || n).unwrap());
            }
            let report = pool.shutdown();
            assert_eq!((report.accepted, report.done, report.panicked), (JOBS, JOBS, 0));
            assert_eq!((report.unfinished, report.undelivered), (0, 0));

            let mut seen = vec![false; JOBS as usize];
            for done in results.take() {
                assert!(done.worker < threads);
                assert!(ids.remove(&done.id), "outcome of {} twice, or never submitted", done.id);
                let n = done.outcome.unwrap() as usize;
                assert!(!std::mem::replace(&mut seen[n], true), "job {n} ran twice");
            }
            assert!(ids.is_empty(), "jobs without an outcome: {}", ids.len());
            assert!(seen.into_iter().all(|seen| seen));
        }
    });
}

#[test]
fn c3_outcomes_that_find_no_taker_are_counted() {
    within_patience(|| {
        let (results, received) = mpsc::channel::<Completed<u8>>();
        let pool = builder().sink(results).build().unwrap();
        drop(received);
        for _ in 0..10 {
            pool.execute(|| 1).unwrap();
        }
        let report = pool.shutdown();
        assert_eq!((report.done, report.undelivered), (10, 10));
    });
}

#[test]
fn c3_a_bounded_sink_holds_its_workers_up_and_loses_nothing() {
    within_patience(|| {
        let (results, received) = mpsc::sync_channel(1);
        let pool = builder().num_threads(4).sink(results).build().unwrap();
        for n in 0..100 {
            pool.execute(move || n).unwrap();
        }
        let reader = std::thread::spawn(move || {
            received.iter().map(|done| done.outcome.unwrap()).collect::<BTreeSet<i32>>()
        });
        assert_eq!(pool.shutdown().undelivered, 0);
        assert_eq!(reader.join().unwrap(), (0..100).collect());
    });
}

#[test]
fn outside_ids_count_up_and_nested_ones_are_unique() {
    within_patience(|| {
        let pool = builder().num_threads(2).sink(Collect::new()).build().unwrap();
        let nested = Arc::new(Mutex::new(BTreeSet::new()));
        for n in 0..10 {
            let (handle, nested) = (pool.handle(), Arc::clone(&nested));
            let id = pool.execute(move || {
                for _ in 0..500 {
                    let id = handle.execute(|| ()).unwrap();
                    assert!(nested.lock().unwrap().insert(id.as_u64()));
                }
            });
            assert_eq!(id.unwrap().as_u64(), n);
        }
        let report = pool.shutdown();
        assert_eq!((report.done, report.panicked), (10 + 5_000, 0));
        assert!(nested.lock().unwrap().iter().all(|id| *id >= 10));
    });
}

// ---- C4, C5, C6: nested, drain then exit, closed -----------------------------------------------

/// Submits its own successor, so many times.
fn chain<Q: WorkQueue<Job<Task>>>(handle: Handle<Task, Q>, length: u32, ran: Tally) {
    ran.add();
    if length > 0 {
        let next = handle.clone();
        handle.execute(move || chain(next, length - 1, ran)).unwrap();
    }
}

#[test]
fn c4_jobs_submit_jobs_during_the_drain() {
    within_patience(|| {
        for threads in [1, 2, 8] {
            let pool = pool(threads);
            let (ran, begun, go) = (Tally::new(), Latch::new(), Latch::new());
            let (handle, count, running, wait) =
                (pool.handle(), ran.clone(), begun.clone(), go.clone());
            pool.execute(move || {
                running.open();
                wait.wait();
                chain(handle, 1_000, count);
            })
            .unwrap();
            begun.wait();
            pool.close();
            assert!(pool.execute(|| ()).is_err(), "closed for those outside");
            go.open();
            let report = pool.shutdown();
            assert_eq!((report.accepted, report.done), (1_001, 1_001));
            assert_eq!(ran.get(), 1_001);
        }
    });
}

#[test]
fn c5_workers_stay_while_a_job_runs_and_leave_after_it() {
    within_patience(|| {
        let left = Tally::new();
        let count = left.clone();
        let pool = builder().num_threads(3).on_thread_stop(move |_| count.add()).build().unwrap();
        let (begun, go) = (Latch::new(), Latch::new());
        let (running, wait) = (begun.clone(), go.clone());
        pool.execute(move || {
            running.open();
            wait.wait();
        })
        .unwrap();
        begun.wait();
        pool.close();
        // The running job might still submit more, so nobody may leave.
        assert_eq!(pool.stats().threads, 3);
        assert_eq!(left.get(), 0);
        go.open();
        assert_eq!(pool.shutdown().done, 1);
        assert_eq!(left.get(), 3);
        assert_eq!(pool.stats().threads, 0);
    });
}

#[test]
fn c5_an_unused_pool_shuts_down() {
    within_patience(|| {
        for threads in [1, 2, 16] {
            let report = pool(threads).shutdown();
            assert_eq!((report.accepted, report.unfinished), (0, 0));
        }
    });
}

#[test]
fn c6_a_forgotten_handle_keeps_nothing_open() {
    within_patience(|| {
        let (results, received) = mpsc::channel();
        let pool = builder().num_threads(2).sink(results).build().unwrap();
        let forgotten = pool.handle();
        pool.execute(|| 7).unwrap();
        forgotten.close();
        // Ends only when every clone of the sink is gone, although neither pool nor handle is.
        assert_eq!(received.iter().count(), 1);
        assert!(forgotten.is_closed());
        assert!(matches!(forgotten.execute(|| 8), Err(SubmitError::Closed(_))));
        drop(pool);
        assert!(matches!(forgotten.execute(|| 9), Err(SubmitError::Closed(_))));
    });
}

// ---- C7: no lost wake-up -----------------------------------------------------------------------

#[test]
fn c7_as_many_jobs_run_at_once_as_there_are_workers() {
    within_patience(|| {
        for threads in [1, 2, 3, 8] {
            let pool = pool(threads);
            for _ in 0..100 {
                // Passes only when all of them run at the same time.
                let meeting = Arc::new(Barrier::new(threads));
                for _ in 0..threads {
                    let meeting = Arc::clone(&meeting);
                    pool.execute(move || {
                        meeting.wait();
                    })
                    .unwrap();
                }
                pool.wait_idle().unwrap();
            }
        }
    });
}

#[test]
fn c7_children_of_a_busy_parent_find_the_other_workers() {
    within_patience(|| {
        for threads in [2, 3, 8] {
            let pool = pool(threads);
            for _ in 0..100 {
                let meeting = Arc::new(Barrier::new(threads));
                let handle = pool.handle();
                pool.execute(move || {
                    for _ in 1..threads {
                        let meeting = Arc::clone(&meeting);
                        handle
                            .execute(move || {
                                meeting.wait();
                            })
                            .unwrap();
                    }
                    meeting.wait();
                })
                .unwrap();
                pool.wait_idle().unwrap();
            }
        }
    });
}

/// A worker that feeds itself must not starve a job from outside.
#[test]
fn c7_a_job_from_outside_starts_while_a_worker_feeds_itself() {
    fn feed(handle: Handle<Task, Queue>, stop: Latch) {
        if !stop.is_open() {
            let again = handle.clone();
            handle.execute(move || feed(again, stop)).unwrap();
        }
    }
    within_patience(|| {
        let pool = pool(1);
        let stop = Latch::new();
        let (handle, until) = (pool.handle(), stop.clone());
        pool.execute(move || feed(handle, until)).unwrap();
        pool.execute(move || stop.open()).unwrap();
        assert_eq!(pool.shutdown().panicked, 0);
    });
}

// ---- Waiting, pausing --------------------------------------------------------------------------

#[test]
fn wait_idle_returns_at_once_when_idle_and_releases_everyone() {
    within_patience(|| {
        let pool = pool(2);
        pool.wait_idle().unwrap();
        let go = Latch::new();
        let wait = go.clone();
        pool.execute(move || wait.wait()).unwrap();
        let waiters: Vec<_> = (0..4)
            .map(|_| {
                let handle = pool.handle();
                std::thread::spawn(move || handle.wait_idle())
            })
            .collect();
        go.open();
        for waiter in waiters {
            waiter.join().unwrap().unwrap();
        }
    });
}

#[test]
fn wait_idle_ends_though_others_keep_submitting() {
    within_patience(|| {
        let pool = pool(2);
        let stop = Latch::new();
        let other = {
            let (handle, stop) = (pool.handle(), stop.clone());
            std::thread::spawn(move || {
                while !stop.is_open() {
                    handle.execute(|| ()).unwrap();
                    handle.wait_idle().unwrap();
                }
            })
        };
        for _ in 0..100 {
            let done = Latch::new();
            let open = done.clone();
            pool.execute(move || open.open()).unwrap();
            pool.wait_idle().unwrap();
            assert!(done.is_open());
        }
        stop.open();
        other.join().unwrap();
    });
}

#[test]
fn wait_idle_inside_a_job_is_an_error() {
    within_patience(|| {
        let results = Collect::new();
        let pool = builder().num_threads(1).sink(results.clone()).build().unwrap();
        let handle = pool.handle();
        pool.execute(move || (handle.wait_idle(), handle.wait_idle_timeout(Duration::MAX)))
            .unwrap();
        pool.wait_idle().unwrap();
        let inside = Err(WaitError::InsideJob);
        assert_eq!(results.take().pop().unwrap().outcome.unwrap(), (inside, inside));
    });
}

#[test]
fn a_job_may_wait_for_another_pool() {
    within_patience(|| {
        let outer = pool(1);
        outer
            .execute(|| {
                let inner = pool(1);
                inner.execute(|| ()).unwrap();
                inner.wait_idle().unwrap();
            })
            .unwrap();
        assert_eq!(outer.shutdown().done, 1);
    });
}

#[test]
fn a_paused_pool_starts_nothing_until_it_is_resumed() {
    within_patience(|| {
        let pool = builder().num_threads(2).paused().build().unwrap();
        let ran = Tally::new();
        for _ in 0..10 {
            let ran = ran.clone();
            pool.execute(move || ran.add()).unwrap();
        }
        assert_eq!(pool.wait_idle_timeout(Duration::from_millis(20)), Err(WaitError::TimedOut));
        let stats = pool.stats();
        assert_eq!((ran.get(), stats.queued, stats.running), (0, 10, 0));
        pool.resume();
        pool.wait_idle().unwrap();
        assert_eq!(ran.get(), 10);

        pool.pause();
        pool.wait_idle().unwrap();
        let count = ran.clone();
        pool.execute(move || count.add()).unwrap();
        assert_eq!(ran.get(), 10);
        assert_eq!(pool.shutdown().done, 11);
    });
}

#[test]
fn one_worker_starts_jobs_in_the_order_of_submission() {
    within_patience(|| {
        let (results, received) = mpsc::channel();
        let pool = ThreadPoolBuilder::with_queue(StdQueue::new())
            .num_threads(1)
            .sink(results)
            .build()
            .unwrap();
        for n in 0..1_000 {
            pool.execute(move || n).unwrap();
        }
        pool.shutdown();
        let order: Vec<i32> = received.iter().map(|done| done.outcome.unwrap()).collect();
        assert_eq!(order, (0..1_000).collect::<Vec<_>>());
    });
}
