//! C10: threads that start, fail to start, leave, come back, and end.
#![cfg(not(any(loom, shuttle)))]

mod support;

use std::io;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use pool_core::{
    BuildError, Collect, JoinHandle, LocalQueue, MAX_THREADS, ManualClock, PushError, StartCause,
    StdThreads, SubmitError, ThreadFactory, ThreadPoolBuilder, WaitError, WorkQueue, WorkerThread,
};
use support::{Latch, Tally, builder, eventually, pool, within_patience};

/// Fails at the starts that `fails` says, counted from 0.
struct Moody<F> {
    starts: Tally,
    fails: F,
}

impl<F: Fn(u64) -> bool + Send + Sync + 'static> ThreadFactory for Moody<F> {
    fn start(&self, worker: WorkerThread) -> io::Result<JoinHandle<()>> {
        let nth = self.starts.get();
        self.starts.add();
        if (self.fails)(nth) {
            return Err(io::Error::new(io::ErrorKind::WouldBlock, "no more threads, on purpose"));
        }
        StdThreads.start(worker)
    }
}

/// A builder's hooks, counted.
#[derive(Clone, Default)]
struct Hooks {
    started: Tally,
    stopped: Tally,
}

// ---- Bad input ---------------------------------------------------------------------------------

#[test]
fn a_build_refuses_what_can_not_be() {
    within_patience(|| {
        let build = |threads| builder().num_threads(threads).build::<()>().map(drop);
        assert!(matches!(build(0), Err(BuildError::ZeroThreads)));
        assert!(matches!(
            build(usize::MAX),
            Err(BuildError::TooManyThreads { requested: usize::MAX, max: MAX_THREADS })
        ));

        let named = builder()
            .num_threads(3)
            .thread_name(|worker| if worker == 2 { "a\0b".to_owned() } else { "fine".to_owned() });
        match named.build() {
            Err(BuildError::ThreadName { worker: 2, name }) => assert_eq!(name, "a\0b"),
            other => panic!("expected ThreadName, got {other:?}"),
        }

        let many_core = builder().num_threads(2).core_threads(3).build();
        assert!(matches!(many_core, Err(BuildError::CoreThreads { core: 3, num_threads: 2 })));
    });
}

#[test]
fn a_build_refuses_absurd_stacks() {
    within_patience(|| {
        let build = |bytes| builder().num_threads(1).stack_size(bytes).build::<()>();
        for bytes in [usize::MAX, isize::MAX as usize + 1] {
            let refused =
                matches!(build(bytes), Err(BuildError::StackSize { bytes: b }) if b == bytes);
            assert!(refused);
        }
        // An address space that large does not exist, but the system has to say so.
        match build(isize::MAX as usize) {
            Err(BuildError::Start(error)) => assert_eq!(error.worker(), 0),
            other => panic!("expected Start, got {other:?}"),
        }
        // Too small is rounded up by the standard library.
        assert_eq!(build(0).unwrap().shutdown().accepted, 0);
    });
}

#[test]
fn errors_say_what_to_do() {
    let text = builder().num_threads(0).build::<()>().unwrap_err().to_string();
    assert_eq!(text, "a pool needs at least one thread");
    let refusing = |_: WorkerThread| Err(io::Error::other("out of threads"));
    let error = builder().num_threads(1).thread_factory(refusing).build::<()>().unwrap_err();
    assert_eq!(
        error.to_string(),
        "worker 0 did not start: out of threads; try fewer threads or smaller stacks"
    );
}

// ---- Failing starts ----------------------------------------------------------------------------

/// Checks that a build fails for want of a worker and that nothing is left of it.
fn fails_and_leaves_nothing(
    hooks: &Hooks,
    build: impl FnOnce() -> Result<(), BuildError>,
) -> StartCause {
    let Err(BuildError::Start(error)) = build() else { panic!("the build should have failed") };
    assert_eq!(hooks.stopped.get(), hooks.started.get(), "every start hook has its stop hook");
    error.cause().clone()
}

#[test]
fn a_start_that_fails_at_the_kth_thread_undoes_the_others() {
    within_patience(|| {
        const THREADS: usize = 5;
        for k in 0..THREADS as u64 {
            let hooks = Hooks::default();
            let (started, stopped) = (hooks.started.clone(), hooks.stopped.clone());
            let cause = fails_and_leaves_nothing(&hooks, || {
                builder()
                    .num_threads(THREADS)
                    .thread_factory(Moody { starts: Tally::default(), fails: move |nth| nth == k })
                    .on_thread_start(move |_| started.add())
                    .on_thread_stop(move |_| stopped.add())
                    .build::<()>()
                    .map(drop)
            });
            assert!(matches!(cause, StartCause::Thread(_)));
            assert_eq!(hooks.started.get(), k, "no further thread is asked for");
        }
    });
}

#[test]
fn a_start_hook_that_panics_at_the_kth_thread_undoes_the_others() {
    within_patience(|| {
        const THREADS: usize = 4;
        for k in 0..THREADS {
            let hooks = Hooks::default();
            let (started, stopped) = (hooks.started.clone(), hooks.stopped.clone());
            let cause = fails_and_leaves_nothing(&hooks, || {
                builder()
                    .num_threads(THREADS)
                    .on_thread_start(move |worker| {
                        assert!(worker != k, "hook {worker} panics, on purpose");
                        started.add();
                    })
                    .on_thread_stop(move |_| stopped.add())
                    .build::<()>()
                    .map(drop)
            });
            match cause {
                StartCause::Panicked(panic) => {
                    assert_eq!(panic.message().unwrap(), format!("hook {k} panics, on purpose"));
                }
                other => panic!("expected a panic, got {other:?}"),
            }
        }
    });
}

#[test]
fn a_maker_of_handlers_that_panics_undoes_the_build() {
    within_patience(|| {
        let hooks = Hooks::default();
        let (started, stopped) = (hooks.started.clone(), hooks.stopped.clone());
        let cause = fails_and_leaves_nothing(&hooks, || {
            builder()
                .num_threads(3)
                .on_thread_start(move |_| started.add())
                .on_thread_stop(move |_| stopped.add())
                .build_with(|worker| {
                    assert!(worker.index() != 1, "no handler, on purpose");
                    |_: u32| ()
                })
                .map(drop)
        });
        assert!(matches!(cause, StartCause::Panicked(_)));
    });
}

#[test]
fn a_name_that_panics_and_a_factory_that_panics_or_forgets() {
    within_patience(|| {
        let named = builder().num_threads(2).thread_name(|_| panic!("no name, on purpose"));
        assert!(matches!(named.build::<()>(), Err(BuildError::Start(_))));

        let panics = |_: WorkerThread| -> io::Result<JoinHandle<()>> { panic!("on purpose") };
        let build = builder().num_threads(2).thread_factory(panics).build::<()>();
        assert!(matches!(build, Err(BuildError::Start(_))));

        let forgets = |worker: WorkerThread| {
            drop(worker);
            Ok(std::thread::spawn(|| ()))
        };
        match builder().num_threads(2).thread_factory(forgets).build::<()>() {
            Err(BuildError::Start(error)) => {
                assert!(matches!(error.cause(), StartCause::Factory));
            }
            other => panic!("expected Start, got {other:?}"),
        }
    });
}

// ---- The end -----------------------------------------------------------------------------------

#[test]
fn a_shutdown_may_be_called_twice_and_by_several_at_once() {
    within_patience(|| {
        let stops = Tally::default();
        let count = stops.clone();
        let pool = builder().num_threads(3).on_thread_stop(move |_| count.add()).build().unwrap();
        let pool = Arc::new(pool);
        pool.execute(|| ()).unwrap();
        let callers: Vec<_> = (0..4)
            .map(|_| {
                let pool = Arc::clone(&pool);
                std::thread::spawn(move || (pool.shutdown(), pool.stats().threads))
            })
            .collect();
        for caller in callers {
            let (report, threads) = caller.join().unwrap();
            assert_eq!((report.accepted, report.done, threads), (1, 1, 0));
        }
        assert_eq!(pool.shutdown().done, 1);
        assert_eq!(stops.get(), 3);
    });
}

#[test]
fn a_drop_runs_what_was_accepted() {
    within_patience(|| {
        let ran = Tally::default();
        let pool = pool(2);
        for _ in 0..100 {
            let ran = ran.clone();
            pool.execute(move || ran.add()).unwrap();
        }
        drop(pool);
        assert_eq!(ran.get(), 100);
    });
}

#[test]
fn a_paused_pool_that_is_dropped_runs_what_was_accepted() {
    within_patience(|| {
        let ran = Tally::default();
        let pool = builder().num_threads(2).paused().build().unwrap();
        let count = ran.clone();
        pool.execute(move || count.add()).unwrap();
        pool.close();
        drop(pool);
        assert_eq!(ran.get(), 1);
    });
}

#[test]
fn a_pause_does_not_stop_a_shutdown() {
    within_patience(|| {
        let pool = pool(1);
        let handle = pool.handle();
        pool.execute(move || {
            eventually(|| handle.is_closed());
            for _ in 0..10_000 {
                handle.pause();
            }
        })
        .unwrap();
        pool.execute(|| ()).unwrap();
        assert_eq!(pool.shutdown().done, 2);
    });
}

#[test]
fn a_job_may_drop_its_own_pool() {
    within_patience(|| {
        let (stops, ran) = (Tally::default(), Tally::default());
        for _ in 0..50 {
            let (stopped, done) = (stops.clone(), ran.clone());
            let built = builder().num_threads(2).on_thread_stop(move |_| stopped.add()).build();
            let pool = Arc::new(built.unwrap());
            let (inner, count, go) = (Arc::clone(&pool), ran.clone(), Latch::default());
            let owner_gone = go.clone();
            pool.execute(move || {
                owner_gone.wait();
                inner.execute(move || count.add()).unwrap();
                drop(inner);
                done.add();
            })
            .unwrap();
            drop(pool);
            go.open();
        }
        // Both jobs of each pool ran, and all threads end by themselves.
        eventually(|| ran.get() == 100 && stops.get() == 100);
    });
}

#[test]
fn a_shutdown_inside_a_job_reports_what_is_unfinished() {
    within_patience(|| {
        let results = Collect::new();
        let pool = builder().num_threads(1).sink(results.clone()).build().unwrap();
        let pool = Arc::new(pool);
        let inner = Arc::clone(&pool);
        pool.execute(move || inner.shutdown().unfinished).unwrap();
        assert_eq!(pool.shutdown().unfinished, 0);
        assert_eq!(results.take().pop().unwrap().outcome.unwrap(), 1);
    });
}

#[test]
fn two_pools_may_drop_each_other() {
    within_patience(|| {
        let (a, b) = (pool(1), pool(1));
        let handle = b.handle();
        a.execute(move || drop(b)).unwrap();
        a.shutdown();
        assert!(handle.is_closed());
        assert_eq!(handle.stats().threads, 0);
    });
}

#[test]
fn thread_locals_are_destroyed_before_shutdown_returns() {
    struct Mark(Tally);
    impl Drop for Mark {
        fn drop(&mut self) {
            self.0.add();
        }
    }
    thread_local!(static MARK: std::cell::RefCell<Option<Mark>> = const { std::cell::RefCell::new(None) });
    within_patience(|| {
        let gone = Tally::default();
        let pool = pool(1);
        let mark = Mark(gone.clone());
        pool.execute(move || MARK.set(Some(mark))).unwrap();
        pool.shutdown();
        assert_eq!(gone.get(), 1);
    });
}

#[test]
fn pools_come_and_go_without_leaving_threads() {
    const POOLS: u64 = if cfg!(debug_assertions) { 1_000 } else { 10_000 };
    within_patience(|| {
        let hooks = Hooks::default();
        for n in 0..POOLS {
            let (started, stopped) = (hooks.started.clone(), hooks.stopped.clone());
            let pool = builder()
                .num_threads(1 + n as usize % 3)
                .on_thread_start(move |_| started.add())
                .on_thread_stop(move |_| stopped.add())
                .build()
                .unwrap();
            if n % 2 == 0 {
                pool.execute(|| ()).unwrap();
            }
            drop(pool);
            assert_eq!(hooks.started.get(), hooks.stopped.get());
        }
    });
}

// ---- Keep-alive --------------------------------------------------------------------------------

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
            match pool.execute(|| ()) {
                Err(SubmitError::NoThread(_, error)) => {
                    assert!(matches!(error.cause(), StartCause::Thread(_)));
                }
                other => panic!("expected NoThread, got {other:?}"),
            }
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

/// The last worker's stop hook submits: it can not be served by the worker that just leaves.
#[test]
fn a_leaving_worker_that_submits_does_not_wait_for_itself() {
    within_patience(|| {
        type Given = Arc<Mutex<Option<pool_core::Handle<pool_core::Task, support::Queue>>>>;
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
                    Err(SubmitError::NoThread(..)) => count.add(),
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

// ---- A queue that breaks the rules -------------------------------------------------------------

/// Panics when a worker asks it for a job.
struct Broken;

impl<J: Send + 'static> WorkQueue<J> for Broken {
    type Local = Self;

    fn local(&self, _worker: usize) -> Self {
        Self
    }

    fn push(&self, _job: J) -> Result<(), PushError<J>> {
        Ok(())
    }

    fn len(&self) -> usize {
        0
    }

    fn is_empty(&self) -> bool {
        false
    }
}

impl<J> LocalQueue<J> for Broken {
    fn push(&mut self, _job: J) {}

    fn pop(&mut self) -> Option<J> {
        panic!("the queue panics, on purpose");
    }
}

#[test]
fn a_queue_that_panics_ends_its_pool_but_hangs_nobody() {
    within_patience(|| {
        let pool = ThreadPoolBuilder::with_queue(Broken).num_threads(2).paused().build().unwrap();
        pool.execute(|| ()).unwrap();
        pool.resume();
        assert_eq!(pool.wait_idle(), Err(WaitError::QueueFailed));
        assert!(matches!(pool.execute(|| ()), Err(SubmitError::Closed(_))));
        let report = pool.shutdown();
        assert_eq!((report.accepted, report.done, report.unfinished), (1, 0, 1));
    });
}
