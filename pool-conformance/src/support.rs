//! Helpers of the checks: the watchdog, the latch, the tally.

use std::cell::Cell;
use std::panic::resume_unwind;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Condvar, Mutex, mpsc};
use std::thread;
use std::time::Duration;

use pool_core::{
    Collect, Handle, Job, JobId, NoSink, Ready, Task, ThreadPool, ThreadPoolBuilder, WorkQueue,
};

/// The jobs in the queues of the checks.
pub(crate) type Closure = Job<Task<usize>>;
/// The pools of the checks.
pub(crate) type Pool<Q> = ThreadPool<usize, Q>;

thread_local! {
    static PATIENCE: Cell<Duration> = const { Cell::new(Duration::from_secs(60)) };
}

/// Sets the time after which a check counts as hanging, for all checks that the present thread begins from here on. The
/// default is one minute.
pub fn set_patience(patience: Duration) {
    PATIENCE.set(patience);
}

/// Runs a check with a watchdog: a hang is a failure that says so.
///
/// # Panics
///
/// If the check takes longer than [a set time](set_patience), or panics itself.
pub fn within_patience(check: impl FnOnce() + Send + 'static) {
    let patience = PATIENCE.get();
    let (finished, outcome) = mpsc::channel();
    let thread = thread::spawn(move || {
        check();
        // The watchdog may have given up.
        let _ = finished.send(());
    });
    if outcome.recv_timeout(patience) == Err(mpsc::RecvTimeoutError::Timeout) {
        panic!("hangs: not done after {patience:?}");
    }
    if let Err(payload) = thread.join() {
        resume_unwind(payload);
    }
}

/// Returns a builder over a queue under test.
pub(crate) fn builder<Q>(queue: Q, threads: usize) -> ThreadPoolBuilder<Ready<Q>, NoSink> {
    ThreadPoolBuilder::with_queue(queue).num_threads(threads)
}

/// Runs a check on pools of one, two and sixteen workers with a collecting sink. Sixteen are more than the
/// processors of a small machine, where what holds for two may not hold.
pub(crate) fn with_pools<Q: WorkQueue<Closure>>(
    make: impl Fn() -> Q,
    check: impl Fn(Pool<Q>, Collect<usize>, usize) + Send + Copy + 'static,
) {
    for threads in [1, 2, 16] {
        let queue = make();
        within_patience(move || {
            let results = Collect::new();
            let pool = builder(queue, threads).sink(results.clone()).build().unwrap();
            check(pool, results, threads);
        });
    }
}

/// Submits a closure, and repeats that while the queue is full.
pub(crate) fn submit<Q: WorkQueue<Closure>>(
    handle: &Handle<Task<usize>, usize, Q>,
    closure: impl FnOnce() -> usize + Send + 'static,
) -> JobId {
    let mut task = Task::new(closure);
    loop {
        match handle.submit(task) {
            Ok(id) => return id,
            Err(refused) if refused.is_full() => task = refused.into_inner(),
            Err(error) => panic!("a submit to an open pool failed: {error}"),
        }
        thread::yield_now();
    }
}

/// Panics without a message on the standard error output, where it would bury the messages that matter.
pub(crate) fn panic_quietly() -> ! {
    resume_unwind(Box::new("on purpose"))
}

/// A latch that opens once, for all threads that wait. Clones are one latch.
#[derive(Debug, Clone, Default)]
pub struct Latch(Arc<(Mutex<bool>, Condvar)>);

impl Latch {
    /// Opens the latch.
    pub fn open(&self) {
        *self.0.0.lock().unwrap() = true;
        self.0.1.notify_all();
    }

    /// Waits until the latch is open.
    pub fn wait(&self) {
        let mut open = self.0.0.lock().unwrap();
        while !*open {
            open = self.0.1.wait(open).unwrap();
        }
    }

    /// Whether the latch is open.
    #[must_use]
    pub fn is_open(&self) -> bool {
        *self.0.0.lock().unwrap()
    }
}

/// A count that several threads raise. Clones are one count.
#[derive(Debug, Clone, Default)]
pub struct Tally(Arc<AtomicU64>);

impl Tally {
    /// Adds one.
    pub fn add(&self) {
        self.0.fetch_add(1, Ordering::SeqCst);
    }

    /// Returns the count.
    #[must_use]
    pub fn get(&self) -> u64 {
        self.0.load(Ordering::SeqCst)
    }
}
