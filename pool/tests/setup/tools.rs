//! What tests of several topics do.

use std::io;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Barrier};
use std::task::{Wake, Waker};
use std::thread;

use drainpool::{JobHandle, Panic, WorkerThread};

use super::{Handle, Latch, Setup, balanced, eventually};

/// The text of the panic that this code must end in.
pub(crate) fn thrown<T>(code: impl FnOnce() -> T) -> String {
    let outcome = catch_unwind(AssertUnwindSafe(code));
    let payload = outcome.err().expect("it should have panicked");
    Panic::new(payload).message().expect("the payload should be text").to_owned()
}

/// Checks something from outside of a pool and then, once more, inside of a job. It must not leave
/// anything in the books.
pub(crate) fn outside_and_inside(setup: Setup, check: impl Fn(&Handle) + Sync) {
    let pool = setup.pool();
    check(&pool);
    pool.install(|| check(&pool)).unwrap();
    let report = balanced(&pool);
    assert_eq!((report.accepted, report.done), (1, 1), "only what was installed is a job");
}

/// Waits until every worker sleeps.
pub(crate) fn fall_asleep(pool: &Handle) {
    eventually(|| pool.stats().idle_threads == pool.num_threads());
}

/// Spawns one job for each worker. None of them goes on before all have started, so no two are on one
/// thread.
pub(crate) fn one_for_each<T: Send + 'static>(
    pool: &Handle,
    job: impl Fn(usize) -> T + Send + Sync + 'static,
) -> Vec<JobHandle<T>> {
    let (all, job) = (Arc::new(Barrier::new(pool.num_threads())), Arc::new(job));
    let spawn = |nth| {
        let (all, job) = (all.clone(), job.clone());
        let spawned = pool.spawn(move || {
            all.wait();
            job(nth)
        });
        spawned.unwrap()
    };
    (0..pool.num_threads()).map(spawn).collect()
}

/// What these jobs return.
pub(crate) fn results<T>(jobs: impl IntoIterator<Item = JobHandle<T>>) -> Vec<T> {
    jobs.into_iter().map(|job| job.join().unwrap()).collect()
}

/// The Fibonacci number, by a join at each step.
pub(crate) fn fib(pool: &Handle, n: u32) -> u64 {
    if n < 2 {
        return u64::from(n);
    }
    let (a, b) = pool.join(|| fib(pool, n - 1), || fib(pool, n - 2));
    a + b
}

/// Panics when it is dropped.
pub(crate) struct Bomb;

impl Drop for Bomb {
    fn drop(&mut self) {
        panic!("a bomb was dropped, on purpose");
    }
}

/// Some numbers in no order, always the same.
pub(crate) fn scrambled(count: usize) -> Vec<u32> {
    // Knuth's MMIX generator, of which the upper half is good enough.
    let next = |seed: &u64| {
        Some(seed.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407))
    };
    std::iter::successors(Some(7), next).map(|seed| (seed >> 32) as u32).take(count).collect()
}

/// Gets threads from the system as long as this holds.
pub(crate) fn threads_while(
    allowed: &Arc<AtomicBool>,
) -> impl Fn(WorkerThread) -> io::Result<thread::JoinHandle<()>> + Send + Sync + 'static {
    let allowed = Arc::clone(allowed);
    move |worker| {
        if !allowed.load(Ordering::SeqCst) {
            return Err(io::Error::new(io::ErrorKind::WouldBlock, "no more threads, on purpose"));
        }
        thread::Builder::new().name(worker.name().to_owned()).spawn(|| worker.run())
    }
}

/// Returns a waker that opens a latch.
pub(crate) fn waker_that_opens(latch: &Latch) -> Waker {
    struct Opens(Latch);

    impl Wake for Opens {
        fn wake(self: Arc<Self>) {
            self.0.open();
        }
    }

    Waker::from(Arc::new(Opens(latch.clone())))
}
