//! What the tests share. Each file uses some of it.
#![allow(dead_code, unused_imports)]

pub(crate) mod bounded;

use std::io;
use std::sync::Once;

pub(crate) use pool_conformance::{Latch, Tally};
use pool_core::{
    Job, JoinHandle, Ready, StdThreads, Task, ThreadFactory, ThreadPool, ThreadPoolBuilder,
    WorkerThread,
};
use pool_std::StdQueue;

pub(crate) type Queue<R = ()> = StdQueue<Job<Task<R>>>;
pub(crate) type StdPool<R = ()> = ThreadPool<R, Queue<R>>;

/// Runs a test body with a watchdog.
#[track_caller]
pub(crate) fn within_patience(body: impl FnOnce() + Send + 'static) {
    hush_intended_panics();
    pool_conformance::within_patience(body);
}

/// Keeps panics that are meant out of the tests' output, where they would bury those that are not.
fn hush_intended_panics() {
    static ONCE: Once = Once::new();
    ONCE.call_once(|| {
        let report = std::panic::take_hook();
        std::panic::set_hook(Box::new(move |panic| {
            let payload = panic.payload();
            let text = payload.downcast_ref::<String>().map(String::as_str);
            let text = text.or_else(|| payload.downcast_ref::<&str>().copied());
            let meant = text.is_some_and(|text| text.ends_with("on purpose"));
            if !meant && !payload.is::<Bomb>() {
                report(panic);
            }
        }));
    });
}

/// A builder over the standard queue.
pub(crate) fn builder<J: Send + 'static>() -> ThreadPoolBuilder<Ready<StdQueue<J>>> {
    ThreadPoolBuilder::with_queue(StdQueue::new())
}

/// A pool of closures that return nothing.
pub(crate) fn pool(threads: usize) -> StdPool {
    builder().num_threads(threads).build().unwrap()
}

/// Panics when dropped.
pub(crate) struct Bomb;

impl Drop for Bomb {
    fn drop(&mut self) {
        panic!("a bomb was dropped, on purpose");
    }
}

/// Runs `check` again and again until it holds. For states that are reached by themselves and
/// that nothing announces, under the watchdog.
pub(crate) fn eventually(check: impl Fn() -> bool) {
    while !check() {
        std::thread::yield_now();
    }
}

/// Fails at the starts that `fails` says, counted from 0.
pub(crate) struct Moody<F> {
    pub(crate) starts: Tally,
    pub(crate) fails: F,
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
pub(crate) struct Hooks {
    pub(crate) started: Tally,
    pub(crate) stopped: Tally,
}
