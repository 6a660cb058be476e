//! C8 and C9: what panics stays with one job, and what is done is let go.
#![cfg(not(any(loom, shuttle)))]

mod support;

use std::panic::panic_any;
use std::sync::{Arc, mpsc};

use pool_core::{
    Collect, Completed, JobError, PanicPolicy, ResultSink, SinkClosed, SubmitOptions, WhenFull,
    sink_fn,
};
use support::{Bomb, Latch, Tally, builder, pool, within_patience};

/// After whatever happened before, `threads` jobs still run at the same time.
fn all_workers_live<R: 'static>(pool: &support::StdPool<R>, threads: usize, result: fn() -> R) {
    let meeting = Arc::new(std::sync::Barrier::new(threads));
    for _ in 0..threads {
        let meeting = Arc::clone(&meeting);
        pool.execute(move || {
            meeting.wait();
            result()
        })
        .unwrap();
    }
    pool.wait_idle().unwrap();
}

#[test]
fn c8_every_third_job_panics_and_the_rest_goes_on() {
    within_patience(|| {
        let results = Collect::new();
        let pool = builder().num_threads(4).sink(results.clone()).build().unwrap();
        for n in 0..300_u32 {
            pool.execute(move || {
                assert!(n % 3 != 0, "job {n} panics, on purpose");
                n
            })
            .unwrap();
        }
        all_workers_live(&pool, 4, || 1_000);
        let report = pool.shutdown();
        assert_eq!((report.done, report.panicked, report.unfinished), (204, 100, 0));
        for done in results.take() {
            match done.outcome {
                Ok(n) => assert!(n % 3 != 0 || n == 1_000),
                Err(JobError::Panicked(panic)) => {
                    assert!(panic.message().unwrap().ends_with("panics, on purpose"));
                }
                Err(error) => panic!("{error}"),
            }
        }
    });
}

#[test]
fn c8_a_panic_in_the_drop_of_captures() {
    within_patience(|| {
        let pool = pool(1);
        let bomb = Bomb;
        pool.execute(move || {
            let _captured = &bomb;
        })
        .unwrap();
        all_workers_live(&pool, 1, || ());
        let report = pool.shutdown();
        assert_eq!((report.done, report.panicked), (1, 1));
    });
}

#[test]
fn c8_a_panic_in_the_drop_of_the_payload() {
    within_patience(|| {
        let pool = pool(2);
        pool.execute(|| panic_any(Bomb)).unwrap();
        all_workers_live(&pool, 2, || ());
        let report = pool.shutdown();
        assert_eq!((report.done, report.panicked), (2, 1));
    });
}

#[test]
fn c8_a_panic_in_the_drop_of_a_result_that_nobody_takes() {
    within_patience(|| {
        let (results, received) = mpsc::channel::<Completed<Option<Bomb>>>();
        drop(received);
        let pool = builder().num_threads(2).sink(results).build().unwrap();
        pool.execute(|| Some(Bomb)).unwrap();
        all_workers_live(&pool, 2, || None);
        let report = pool.shutdown();
        assert_eq!((report.done, report.panicked, report.undelivered), (3, 0, 3));
    });
}

/// Panics in whatever it is asked to do, once told to.
#[derive(Clone)]
struct Cursed {
    flushes: Tally,
}

impl ResultSink for Cursed {
    type Result = u32;

    fn put(&mut self, done: Completed<u32>) -> Result<(), SinkClosed<u32>> {
        assert!(done.outcome.unwrap() != 13, "the sink panics, on purpose");
        Ok(())
    }

    fn flush(&mut self) -> u64 {
        self.flushes.add();
        panic!("the flush panics, on purpose");
    }
}

#[test]
fn c8_a_sink_that_panics() {
    within_patience(|| {
        let flushes = Tally::default();
        let sink = Cursed { flushes: flushes.clone() };
        let pool = builder().num_threads(2).sink(sink).build().unwrap();
        for n in 10..20 {
            pool.execute(move || n).unwrap();
        }
        all_workers_live(&pool, 2, || 0);
        let report = pool.shutdown();
        assert_eq!((report.done, report.panicked, report.undelivered), (12, 0, 1));
        assert!(flushes.get() >= 2);
    });
}

#[test]
fn c8_a_stop_hook_and_a_handler_whose_drops_panic() {
    within_patience(|| {
        let stops = Tally::default();
        let count = stops.clone();
        let pool = builder()
            .num_threads(3)
            .on_thread_stop(move |_| {
                count.add();
                panic!("the hook panics, on purpose");
            })
            .build_with(|_| {
                let bomb = Bomb;
                move |_: u32| {
                    let _state = &bomb;
                }
            })
            .unwrap();
        pool.submit(1).unwrap();
        let report = pool.shutdown();
        assert_eq!((report.done, report.panicked), (1, 0));
        assert_eq!(stops.get(), 3);
    });
}

#[test]
fn c8_a_sink_whose_original_panics_in_its_drop() {
    within_patience(|| {
        let bomb = Arc::new(Bomb);
        let pool = builder()
            .num_threads(2)
            .sink(sink_fn(move |_: Completed<u32>| drop(Arc::clone(&bomb))))
            .build()
            .unwrap();
        pool.execute(|| 1).unwrap();
        assert_eq!(pool.shutdown().done, 1);
    });
}

#[test]
fn a_handler_goes_on_after_a_panic_with_the_state_it_has() {
    within_patience(|| {
        let results = Collect::new();
        let pool = builder()
            .num_threads(1)
            .sink(results.clone())
            .build_with(|_| {
                let mut calls = 0;
                move |panics: bool| {
                    calls += 1;
                    assert!(!panics, "on purpose");
                    calls
                }
            })
            .unwrap();
        for panics in [false, true, false] {
            pool.submit(panics).unwrap();
        }
        pool.shutdown();
        let calls: Vec<_> = results.take().into_iter().map(|done| done.outcome.ok()).collect();
        assert_eq!(calls, [Some(1), None, Some(3)]);
    });
}

#[test]
fn c9_captures_are_gone_before_the_outcome_is_there() {
    within_patience(|| {
        let (results, received) = mpsc::channel();
        let pool = builder().num_threads(2).sink(results).build().unwrap();
        for panics in [false, true] {
            for _ in 0..100 {
                let captured = Arc::new(());
                let watch = Arc::downgrade(&captured);
                pool.execute(move || {
                    let _captured = captured;
                    assert!(!panics, "on purpose");
                })
                .unwrap();
                let done = received.recv().unwrap();
                assert_eq!(done.outcome.is_err(), panics);
                assert!(watch.upgrade().is_none(), "captures outlive the outcome");
            }
        }
    });
}

#[test]
fn c9_an_idle_worker_keeps_nothing_alive() {
    within_patience(|| {
        let results = Collect::new();
        let pool = builder().num_threads(3).sink(results.clone()).build().unwrap();
        let value = Arc::new(7);
        for _ in 0..30 {
            let value = Arc::clone(&value);
            pool.execute(move || value).unwrap();
        }
        pool.wait_idle().unwrap();
        assert_eq!(Arc::strong_count(&value), 31);
        drop(results.take());
        assert_eq!(Arc::strong_count(&value), 1);
    });
}

#[test]
fn c9_jobs_in_a_queue_that_is_dropped_are_dropped() {
    let value = Arc::new(());
    let queue = pool_std::StdQueue::new();
    for _ in 0..10 {
        pool_core::WorkQueue::push(&queue, Arc::clone(&value)).unwrap();
    }
    drop(queue);
    assert_eq!(Arc::strong_count(&value), 1);
}

/// The drop of a capture calls back into the pool.
#[test]
fn a_drop_that_submits() {
    struct Submits(pool_core::Handle<pool_core::Task, (), support::Queue>, Latch);
    impl Drop for Submits {
        fn drop(&mut self) {
            let open = self.1.clone();
            self.0.execute(move || open.open()).unwrap();
        }
    }
    within_patience(|| {
        let pool = pool(1);
        let opened = Latch::default();
        let submits = Submits(pool.handle(), opened.clone());
        pool.execute(move || drop(submits)).unwrap();
        opened.wait();
        assert_eq!(pool.shutdown().done, 2);
    });
}

/// C10: the clone of the sink panics, and so does the drop of the handler that was made before it.
#[test]
fn a_set_up_that_panics_twice_is_an_error() {
    #[derive(Debug)]
    struct Unclonable;
    impl Clone for Unclonable {
        fn clone(&self) -> Self {
            panic!("no clone, on purpose")
        }
    }
    impl pool_core::ResultSink for Unclonable {
        type Result = ();

        fn put(&mut self, _: pool_core::Completed<()>) -> Result<(), pool_core::SinkClosed<()>> {
            Ok(())
        }
    }
    within_patience(|| {
        let builder = builder().num_threads(2).sink(Unclonable);
        let built = builder.build_with(|_| {
            let bomb = Bomb;
            move |_: u8| {
                let _ = &bomb;
            }
        });
        assert!(matches!(built.unwrap_err(), pool_core::BuildError::Start(_)));
    });
}

/// C5, C8: a clock that panics once is a clock that does not know the time, once.
#[test]
fn a_clock_that_panics_in_a_worker_s_hands() {
    use std::sync::atomic::{AtomicBool, Ordering};
    use std::time::{Duration, Instant};
    #[derive(Clone, Default)]
    struct Moment(std::sync::Arc<AtomicBool>);
    impl pool_core::Clock for Moment {
        fn now(&self) -> Instant {
            assert!(!self.0.swap(false, Ordering::SeqCst), "out of order, on purpose");
            Instant::now()
        }
        fn sleep_for(&self, deadline: Instant) -> Option<Duration> {
            Some(deadline.saturating_duration_since(Instant::now()))
        }
    }
    within_patience(|| {
        let clock = Moment::default();
        let pool = builder()
            .num_threads(2)
            .core_threads(1)
            .thread_keep_alive(Duration::from_secs(3_600))
            .clock(clock.clone())
            .build()
            .unwrap();
        for _ in 0..100 {
            let late = pool
                .with(SubmitOptions::new().start_within(Duration::from_secs(3_600)))
                .spawn(|| ())
                .unwrap();
            let inner = clock.clone();
            pool.execute(move || inner.0.store(true, Ordering::SeqCst)).unwrap();
            drop(late);
            // It looks at the clock, too, and what that throws is for the caller.
            while std::panic::catch_unwind(|| pool.wait_idle()).is_err() {}
        }
        let report = pool.shutdown();
        assert_eq!((report.done, report.unfinished), (200, 0));
    });
}

/// C6: a submit that a clock's panic ends, while a first worker starts, gives back its place in the queue.
#[test]
fn a_clock_that_panics_over_a_place_gives_it_back() {
    use std::sync::atomic::{AtomicBool, Ordering};
    use std::time::{Duration, Instant};
    #[derive(Clone, Default)]
    struct Odd(std::sync::Arc<AtomicBool>);
    impl pool_core::Clock for Odd {
        fn now(&self) -> Instant {
            Instant::now()
        }
        fn sleep_for(&self, deadline: Instant) -> Option<Duration> {
            assert!(!self.0.load(Ordering::SeqCst), "out of order, on purpose");
            Some(deadline.saturating_duration_since(Instant::now()))
        }
    }
    within_patience(|| {
        let (clock, go) = (Odd::default(), Latch::default());
        let (breaks, may_start) = (clock.clone(), go.clone());
        let builder = builder().num_threads(1).capacity(2).core_threads(0).clock(clock.clone());
        let builder = builder.thread_keep_alive(Duration::from_secs(3_600));
        let pool = builder
            .thread_factory(move |thread: pool_core::WorkerThread| {
                // While the submitter waits for the start, it asks the clock for how long.
                breaks.0.store(true, Ordering::SeqCst);
                let go = may_start.clone();
                std::thread::Builder::new().spawn(move || {
                    go.wait();
                    thread.run();
                })
            })
            .build()
            .unwrap();
        let in_time = pool.with(WhenFull::WaitFor(Duration::from_secs(3_600)));
        let ended = [
            std::panic::catch_unwind(|| in_time.execute(|| ()).is_ok()),
            std::panic::catch_unwind(|| in_time.execute_batch([|| (), || (), || ()]).is_ok()),
        ];
        assert!(ended.iter().all(Result::is_err));
        clock.0.store(false, Ordering::SeqCst);
        pool.pause();
        go.open();
        let accepted = (0..3).map(|_| pool.try_execute(|| ()).is_ok());
        assert_eq!(accepted.collect::<Vec<_>>(), [true, true, false]);
        pool.resume();
        assert_eq!(pool.shutdown().done, 2);
    });
}

/// The policy to abort ends the process, after the panic hook has printed. The test runs itself in a process
/// of its own for that.
#[test]
fn a_policy_to_abort_ends_the_process() {
    const CHILD: &str = "POOL_TEST_ABORTS";
    if let Ok(place) = std::env::var(CHILD) {
        let builder = builder().num_threads(1).capacity(1).panic_policy(PanicPolicy::Abort);
        let pool = builder.paused().build().unwrap();
        if place == "the submitter" {
            pool.execute(|| ()).unwrap();
        } else {
            pool.resume();
        }
        let _ = pool.with(WhenFull::RunHere).execute(|| panic!("the hook has printed"));
        pool.resume();
        let _ = pool.wait_idle();
        std::process::exit(0);
    }
    for place in ["the submitter", "a worker"] {
        let mut child = std::process::Command::new(std::env::current_exe().unwrap());
        child.args(["--exact", "a_policy_to_abort_ends_the_process", "--nocapture"]);
        let output = child.env(CHILD, place).output().unwrap();
        assert!(!output.status.success(), "{place}: {output:?}");
        let printed = String::from_utf8_lossy(&output.stderr);
        assert!(printed.contains("the hook has printed"), "{place}: {printed}");
    }
}
