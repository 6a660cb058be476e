//! C7, C10: workers that leave when they are idle and come back on demand, and waits with a timeout.
#![cfg(not(any(loom, shuttle)))]

mod support;

use std::sync::{Arc, Mutex};
use std::time::Duration;

use pool_core::{ManualClock, Refusal, StartCause, WaitError};
use support::{Hooks, Latch, Moody, Tally, builder, eventually, pool, within_patience};

const SECOND: Duration = Duration::from_secs(1);

#[test]
fn idle_workers_leave_and_come_back() {
    within_patience(|| {
        let clock = ManualClock::new();
        let hooks = Hooks::default();
        let (started, stopped) = (hooks.started.clone(), hooks.stopped.clone());
        let pool = builder()
            .num_threads(2)
            .thread_keep_alive(SECOND)
            .clock(clock.clone())
            .on_thread_start(move |_| started.add())
            .on_thread_stop(move |_| stopped.add())
            .build()
            .unwrap();
        assert_eq!(pool.stats().threads, 0, "all start on demand");
        for round in 1..=10 {
            pool.execute(|| ()).unwrap();
            pool.wait_idle().unwrap();
            assert!(pool.stats().threads >= 1);
            clock.advance(SECOND / 2);
            assert!(pool.stats().threads >= 1, "half the time is not enough");
            clock.advance(SECOND / 2);
            eventually(|| pool.stats().threads == 0);
            assert!(hooks.stopped.get() >= round);
        }
        assert_eq!(pool.shutdown().done, 10);
        assert_eq!(hooks.started.get(), hooks.stopped.get());
    });
}

#[test]
fn core_threads_stay() {
    within_patience(|| {
        let clock = ManualClock::new();
        let pool = builder()
            .num_threads(4)
            .core_threads(2)
            .thread_keep_alive(SECOND)
            .clock(clock.clone())
            .build()
            .unwrap();
        assert_eq!(pool.stats().threads, 2);
        let meeting = Arc::new(std::sync::Barrier::new(4));
        for _ in 0..4 {
            let meeting = Arc::clone(&meeting);
            pool.execute(move || {
                meeting.wait();
            })
            .unwrap();
        }
        pool.wait_idle().unwrap();
        assert_eq!(pool.stats().threads, 4);
        clock.advance(10 * SECOND);
        eventually(|| pool.stats().threads == 2);
        clock.advance(10 * SECOND);
        pool.execute(|| ()).unwrap();
        assert_eq!(pool.shutdown().done, 5);
    });
}

#[test]
fn keep_alive_of_any_length() {
    within_patience(|| {
        for keep_alive in [Duration::ZERO, Duration::from_nanos(1), Duration::MAX] {
            let pool = builder().num_threads(2).thread_keep_alive(keep_alive).build().unwrap();
            for _ in 0..200 {
                pool.execute(|| ()).unwrap();
                pool.wait_idle().unwrap();
            }
            assert_eq!(pool.wait_idle_timeout(Duration::MAX), Ok(()));
            assert_eq!(pool.shutdown().done, 200);
        }
    });
}

#[test]
fn timeouts_of_any_length() {
    within_patience(|| {
        let pool = pool(1);
        let go = Latch::default();
        let wait = go.clone();
        pool.execute(move || wait.wait()).unwrap();
        assert_eq!(pool.wait_idle_timeout(Duration::ZERO), Err(WaitError::TimedOut));
        go.open();
        assert_eq!(pool.wait_idle_timeout(Duration::MAX), Ok(()));
        assert_eq!(pool.wait_idle_timeout(Duration::ZERO), Ok(()));
    });
}

#[test]
fn jobs_keep_arriving_while_workers_leave() {
    const JOBS: u64 = if cfg!(debug_assertions) { 5_000 } else { 50_000 };
    within_patience(|| {
        let pool = builder().num_threads(3).thread_keep_alive(Duration::ZERO).build().unwrap();
        let submitters: Vec<_> = (0..3)
            .map(|_| {
                let handle = pool.handle();
                std::thread::spawn(move || {
                    for n in 0..JOBS {
                        handle.execute(|| ()).unwrap();
                        if n % 8 == 0 {
                            handle.wait_idle().unwrap();
                        }
                    }
                })
            })
            .collect();
        for submitter in submitters {
            submitter.join().unwrap();
        }
        assert_eq!(pool.shutdown().done, 3 * JOBS);
    });
}

#[test]
fn a_job_comes_back_if_its_worker_can_not_be_started() {
    within_patience(|| {
        let pool = builder()
            .num_threads(2)
            .thread_keep_alive(SECOND)
            .thread_factory(Moody { starts: Tally::default(), fails: |nth| nth < 3 })
            .build()
            .unwrap();
        for _ in 0..3 {
            let refused = pool.execute(|| ()).unwrap_err();
            let Refusal::NoThread(error) = refused.reason() else {
                panic!("expected NoThread, got {refused:?}");
            };
            assert!(matches!(error.cause(), StartCause::Thread(_)));
        }
        pool.wait_idle().unwrap();
        pool.execute(|| ()).unwrap();
        let report = pool.shutdown();
        assert_eq!((report.accepted, report.done), (1, 1));
    });
}

#[test]
fn the_first_worker_does_all_if_no_other_can_be_started() {
    within_patience(|| {
        let starts = Tally::default();
        let pool = builder()
            .num_threads(8)
            .thread_keep_alive(SECOND)
            .thread_factory(Moody { starts: starts.clone(), fails: |nth| nth > 0 })
            .build()
            .unwrap();
        let go = Latch::default();
        let wait = go.clone();
        pool.execute(move || wait.wait()).unwrap();
        for _ in 0..1_000 {
            pool.execute(|| ()).unwrap();
        }
        assert!(starts.get() < 10, "{} attempts at starting threads", starts.get());
        go.open();
        assert_eq!(pool.shutdown().done, 1_001);
    });
}

/// That a pool could not grow once is no reason to refuse a job later.
#[test]
fn a_start_that_failed_long_ago_is_forgotten() {
    within_patience(|| {
        let clock = ManualClock::new();
        let pool = builder()
            .num_threads(2)
            .thread_keep_alive(SECOND)
            .clock(clock.clone())
            .thread_factory(Moody { starts: Tally::default(), fails: |nth| nth == 1 })
            .build()
            .unwrap();
        let (begun, go) = (Latch::default(), Latch::default());
        let (running, wait) = (begun.clone(), go.clone());
        pool.execute(move || {
            running.open();
            wait.wait();
        })
        .unwrap();
        begun.wait();
        pool.execute(|| ()).unwrap();
        go.open();
        pool.wait_idle().unwrap();
        clock.advance(SECOND);
        eventually(|| pool.stats().threads == 0);
        pool.execute(|| ()).unwrap();
        assert_eq!(pool.shutdown().done, 3);
    });
}

/// The last worker's stop hook submits: it cannot be served by the worker that just leaves.
#[test]
fn a_leaving_worker_that_submits_does_not_wait_for_itself() {
    within_patience(|| {
        type Given = Arc<Mutex<Option<pool_core::Handle<pool_core::Task, (), support::Queue>>>>;
        let clock = ManualClock::new();
        let given: Given = Arc::default();
        let handle = Arc::clone(&given);
        let refused = Tally::default();
        let count = refused.clone();
        let pool = builder()
            .num_threads(1)
            .thread_keep_alive(SECOND)
            .clock(clock.clone())
            .on_thread_stop(move |_| {
                let Some(handle) = handle.lock().unwrap().take() else { return };
                match handle.execute(|| ()) {
                    Err(refused) if matches!(refused.reason(), Refusal::NoThread(_)) => count.add(),
                    other => panic!("expected NoThread, got {other:?}"),
                }
            })
            .build()
            .unwrap();
        *given.lock().unwrap() = Some(pool.handle());
        pool.execute(|| ()).unwrap();
        pool.wait_idle().unwrap();
        clock.advance(SECOND);
        eventually(|| refused.get() == 1);
        pool.execute(|| ()).unwrap();
        assert_eq!(pool.shutdown().done, 2);
    });
}

/// C1, C4: borrowed work on an outside thread submits to a pool that has no worker, and none can be had.
#[test]
fn a_nested_job_for_which_there_is_no_thread_comes_back() {
    within_patience(|| {
        let starts = Tally::default();
        let moody = Moody { starts: starts.clone(), fails: |_| true };
        let pool = builder()
            .num_threads(2)
            .thread_keep_alive(SECOND)
            .thread_factory(moody)
            .build()
            .unwrap();
        let submit = || {
            assert!(
                pool.execute(|| ())
                    .is_err_and(|refused| matches!(refused.reason(), Refusal::NoThread(_)))
            )
        };
        pool.scope(|scope| scope.spawn(submit));
        pool.join(submit, submit);
        assert_eq!(pool.shutdown().accepted, 0);
    });
}

/// A pool whose only worker accepts a job in its set-up, which then fails, and the handle of that job.
fn deserted_pool() -> (support::StdPool, pool_core::JobHandle<()>) {
    type Given = Arc<Mutex<Option<pool_core::Handle<pool_core::Task, (), support::Queue>>>>;
    let (given, left): (Given, Arc<Mutex<Vec<_>>>) = Default::default();
    let (handle, jobs) = (Arc::clone(&given), Arc::clone(&left));
    let pool = builder()
        .num_threads(1)
        .thread_keep_alive(SECOND)
        .on_thread_start(move |_| {
            let Some(handle) = handle.lock().unwrap().take() else { panic!("on purpose") };
            // Borrowed work, so what it spawns is nested.
            handle.join(|| (), || jobs.lock().unwrap().push(handle.spawn(|| ()).unwrap()));
            panic!("on purpose");
        })
        .build()
        .unwrap();
    *given.lock().unwrap() = Some(pool.handle());
    assert!(
        pool.execute(|| ()).is_err_and(|refused| matches!(refused.reason(), Refusal::NoThread(_)))
    );
    let job = left.lock().unwrap().pop().unwrap();
    (pool, job)
}

/// C10: jobs were accepted by a worker whose set-up then failed, and no other can be had: the shutdown gives
/// them up, and their handles say so.
#[test]
fn jobs_that_no_worker_will_come_for_are_given_up() {
    within_patience(|| {
        let (pool, left) = deserted_pool();
        let report = pool.shutdown();
        assert_eq!((report.accepted, report.unfinished), (1, 1));
        assert!(matches!(left.join(), Err(pool_core::JobError::Returned)));
    });
}

/// C10: the same while borrowed work on an outside thread keeps the pool from its end.
#[test]
fn jobs_that_no_worker_will_come_for_are_given_up_after_the_last_guest() {
    within_patience(|| {
        let (pool, left) = deserted_pool();
        let (begun, go) = (Latch::default(), Latch::default());
        std::thread::scope(|scope| {
            scope.spawn(|| {
                let wait = || {
                    begun.open();
                    go.wait();
                };
                pool.join(wait, || ());
            });
            begun.wait();
            let end = scope.spawn(|| pool.shutdown().unfinished);
            eventually(|| pool.is_closed());
            // It may have begun to wait by now, or not.
            (0..1_000).for_each(|_| std::thread::yield_now());
            go.open();
            assert_eq!(end.join().unwrap(), 1);
        });
        assert!(matches!(left.join(), Err(pool_core::JobError::Returned)));
    });
}
