//! What the tests share.
#![allow(dead_code)]

use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Condvar, Mutex, Once, mpsc};
use std::time::Duration;

use pool_core::{Job, Ready, Task, ThreadPool, ThreadPoolBuilder};
use pool_std::StdQueue;

pub(crate) type Queue<R = ()> = StdQueue<Job<Task<R>>>;
pub(crate) type StdPool<R = ()> = ThreadPool<R, Queue<R>>;

/// How long a test may take before it counts as hanging.
const PATIENCE: Duration = Duration::from_secs(60);

/// Runs a test body with a watchdog: a hang is a failure that says so.
#[track_caller]
pub(crate) fn within_patience<T: Send + 'static>(body: impl FnOnce() -> T + Send + 'static) -> T {
    hush_intended_panics();
    let (finished, result) = mpsc::channel();
    let thread = std::thread::spawn(move || {
        let value = body();
        // The watchdog may have given up.
        let _ = finished.send(value);
    });
    match result.recv_timeout(PATIENCE) {
        Ok(value) => {
            thread.join().unwrap();
            value
        }
        Err(mpsc::RecvTimeoutError::Timeout) => panic!("hangs: not done after {PATIENCE:?}"),
        Err(mpsc::RecvTimeoutError::Disconnected) => match thread.join() {
            Err(payload) => std::panic::resume_unwind(payload),
            Ok(()) => unreachable!("the body sends before it ends"),
        },
    }
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

/// Opens once, for everybody who waits.
#[derive(Clone, Default)]
pub(crate) struct Latch(Arc<(Mutex<bool>, Condvar)>);

impl Latch {
    pub(crate) fn new() -> Self {
        Self::default()
    }

    pub(crate) fn open(&self) {
        *self.0.0.lock().unwrap() = true;
        self.0.1.notify_all();
    }

    pub(crate) fn wait(&self) {
        let mut open = self.0.0.lock().unwrap();
        while !*open {
            open = self.0.1.wait(open).unwrap();
        }
    }

    pub(crate) fn is_open(&self) -> bool {
        *self.0.0.lock().unwrap()
    }
}

/// A count that several threads raise.
#[derive(Clone, Default)]
pub(crate) struct Tally(Arc<AtomicU64>);

impl Tally {
    pub(crate) fn new() -> Self {
        Self::default()
    }

    pub(crate) fn add(&self) {
        self.0.fetch_add(1, Ordering::SeqCst);
    }

    pub(crate) fn get(&self) -> u64 {
        self.0.load(Ordering::SeqCst)
    }
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
