//! C10: a pool ends, whoever ends it and wherever, and leaves no thread.
#![cfg(not(any(loom, shuttle)))]

mod support;

use std::collections::VecDeque;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use pool_core::{
    Collect, Job, LocalQueue, PushError, Ready, Task, ThreadPool, ThreadPoolBuilder, WaitError,
    WorkQueue,
};
use support::{Hooks, Latch, Tally, builder, eventually, pool, within_patience};

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
        assert!(pool.execute(|| ()).is_err_and(|refused| refused.is_closed()));
        let report = pool.shutdown();
        assert_eq!((report.accepted, report.done, report.unfinished), (1, 0, 1));
    });
}

/// The calls of a queue that panic.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Crack {
    /// Every push, once it has taken the job.
    Push,
    /// Those of its workers' ends.
    OwnPush,
    /// The question whether it is empty.
    Look,
}

/// Panics at some calls, once it is armed.
#[derive(Clone)]
struct Cracked {
    crack: Crack,
    armed: Arc<AtomicBool>,
    jobs: Arc<Mutex<VecDeque<Job<Task>>>>,
}

impl Cracked {
    fn new(crack: Crack, armed: bool) -> Self {
        Self { crack, armed: Arc::new(AtomicBool::new(armed)), jobs: Arc::default() }
    }

    /// To be called without the lock, which would be poisoned.
    fn panic_at(&self, calls: &[Crack]) {
        let panics = self.armed.load(Ordering::SeqCst) && calls.contains(&self.crack);
        assert!(!panics, "the queue panics, on purpose");
    }
}

impl WorkQueue<Job<Task>> for Cracked {
    type Local = Self;

    fn local(&self, _worker: usize) -> Self {
        self.clone()
    }

    fn push(&self, job: Job<Task>) -> Result<(), PushError<Job<Task>>> {
        self.jobs.lock().unwrap().push_back(job);
        self.panic_at(&[Crack::Push]);
        Ok(())
    }

    fn len(&self) -> usize {
        self.jobs.lock().unwrap().len()
    }

    fn is_empty(&self) -> bool {
        self.panic_at(&[Crack::Look]);
        WorkQueue::len(self) == 0
    }
}

impl LocalQueue<Job<Task>> for Cracked {
    fn push(&mut self, job: Job<Task>) {
        self.jobs.lock().unwrap().push_back(job);
        self.panic_at(&[Crack::Push, Crack::OwnPush]);
    }

    fn pop(&mut self) -> Option<Job<Task>> {
        self.jobs.lock().unwrap().pop_front()
    }
}

#[test]
fn a_queue_that_panics_at_a_push_hangs_nobody() {
    for from_inside in [false, true] {
        for one_by_one in [true, false] {
            within_patience(move || {
                let crack = if from_inside { Crack::OwnPush } else { Crack::Push };
                let queue = Cracked::new(crack, true);
                let pool = ThreadPoolBuilder::with_queue(queue).num_threads(2).build().unwrap();
                let handle = pool.handle();
                let submit = move || {
                    let _ = match one_by_one {
                        true => handle.execute(|| ()).map(drop).map_err(drop),
                        false => handle.execute_batch([|| (), || ()]).map(drop).map_err(drop),
                    };
                };
                if from_inside {
                    assert!(pool.spawn(submit).unwrap().join().is_err());
                } else {
                    assert!(catch_unwind(AssertUnwindSafe(submit)).is_err());
                }
                assert!(pool.is_closed());
                pool.shutdown();
            });
        }
    }
}

type Builder = ThreadPoolBuilder<Ready<Cracked>>;

/// Arms the queue, does this, and shuts the pool down, which was given up.
fn look_at_a_queue_that_panics(
    settings: fn(Builder) -> Builder,
    look: impl FnOnce(&ThreadPool<(), Cracked>) + Send + 'static,
) {
    within_patience(move || {
        let queue = Cracked::new(Crack::Look, false);
        let armed = Arc::clone(&queue.armed);
        let pool = settings(ThreadPoolBuilder::with_queue(queue)).build().unwrap();
        pool.execute(move || armed.store(true, Ordering::SeqCst)).unwrap();
        look(&pool);
        eventually(|| pool.is_closed());
        let report = pool.shutdown();
        assert_eq!(report.accepted, report.done + report.unfinished, "{report:?}");
        assert_eq!(pool.stats().threads, 0);
    });
}

#[test]
fn a_queue_that_panics_at_a_look_hangs_nobody() {
    // A worker looks as it leaves.
    let few = |builder: Builder| builder.num_threads(2).thread_keep_alive(Duration::ZERO);
    look_at_a_queue_that_panics(few, |_| ());
    // A resumed pool is looked at by who resumes it, and one that changes its size by who does that: if no worker
    // searches, which would look later, or not at all.
    let two = |builder: Builder| builder.num_threads(2);
    let rest = |pool: &ThreadPool<(), Cracked>| eventually(|| pool.stats().idle_threads == 2);
    look_at_a_queue_that_panics(two, move |pool| {
        rest(pool);
        pool.pause();
        pool.execute(|| ()).unwrap();
        pool.resume();
    });
    look_at_a_queue_that_panics(two, move |pool| {
        rest(pool);
        let _ = pool.set_num_threads(1);
    });
}
