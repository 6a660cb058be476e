//! The checks of the clauses about handles, borrowed work and waiting (C1, C2, C3, C8, C11), on pools over
//! the queue under test.

use std::sync::Arc;

use pool_core::{Handle, JobError, JobHandle, Task, WorkQueue};

use crate::support::{
    Closure, Latch, Tally, builder, panic_quietly, submit, with_pools, within_patience,
};

/// C2, C3, C9: a job that its handle cancels in time does not run, and its captures are gone at once; the
/// job ref that is left in the queue is stale, and no job.
///
/// # Panics
///
/// If the queue fails the check.
pub fn c3_a_cancelled_job_never_runs<Q: WorkQueue<Closure>>(make: impl Fn() -> Q) {
    with_pools(make, |pool, results, threads| {
        let (latch, begun) = (Latch::default(), Tally::default());
        for _ in 0..threads {
            let (latch, begun) = (latch.clone(), begun.clone());
            submit(&pool, move || {
                begun.add();
                latch.wait();
                0
            });
        }
        while begun.get() < threads as u64 {
            std::thread::yield_now();
        }
        let captured = Arc::new(());
        let mut cancelled = 0;
        for _ in 0..100 {
            let captured = Arc::clone(&captured);
            // A queue of limited size may refuse.
            let Ok(job) = pool.spawn(move || drop(captured)) else { break };
            cancelled += 1;
            assert!(job.cancel(), "no worker can have begun it");
            assert!(matches!(job.join(), Err(JobError::Cancelled)));
        }
        assert_eq!(Arc::strong_count(&captured), 1, "captures of cancelled jobs");
        assert_eq!(pool.stats().queued, 0, "stale job refs count as jobs");
        latch.open();
        let report = pool.shutdown();
        assert_eq!(
            (report.done, report.cancelled, report.unfinished),
            (threads as u64, cancelled, 0)
        );
        assert_eq!(results.take().len(), threads);
    });
}

/// Spawns a closure, and repeats that while the queue is full: of stale job refs, for example.
fn spawn<Q: WorkQueue<Closure>, T: Send + 'static>(
    pool: &Handle<Task<usize>, usize, Q>,
    mut closure: impl FnOnce() -> T + Send + 'static,
) -> JobHandle<T> {
    loop {
        match pool.spawn(closure) {
            Ok(job) => return job,
            Err(refused) if refused.is_full() => closure = refused.into_inner(),
            Err(error) => panic!("a spawn on an open pool failed: {error}"),
        }
        std::thread::yield_now();
    }
}

/// A job that waits for a job that waits for a job…
fn chain<Q: WorkQueue<Closure>>(pool: &Handle<Task<usize>, usize, Q>, depth: usize) -> usize {
    if depth == 0 {
        return 0;
    }
    let inner = pool.clone();
    1 + spawn(pool, move || chain(&inner, depth - 1)).join().unwrap()
}

/// C11: jobs that wait for jobs need no free worker.
///
/// # Panics
///
/// If the queue fails the check.
pub fn c11_jobs_wait_for_jobs<Q: WorkQueue<Closure>>(make: impl Fn() -> Q) {
    with_pools(make, |pool, results, threads| {
        // More than there are workers, each with a chain of its own.
        for _ in 0..2 * threads {
            let handle = pool.handle();
            submit(&pool, move || chain(&handle, 50));
        }
        let report = pool.shutdown();
        assert_eq!((report.done, report.unfinished), (2 * threads as u64 * 51, 0));
        assert!(results.take().into_iter().all(|done| done.outcome.unwrap() == 50));
    });
}

/// Sums up by joins, and counts leaves by a scope.
fn divide<Q: WorkQueue<Closure>>(pool: &Handle<Task<usize>, usize, Q>, numbers: &[usize]) -> usize {
    if numbers.len() < 4 {
        let leaves = Tally::default();
        pool.scope(|scope| numbers.iter().for_each(|_| scope.spawn(|| leaves.add())));
        assert_eq!(leaves.get(), numbers.len() as u64);
        return numbers.iter().sum();
    }
    let (left, right) = numbers.split_at(numbers.len() / 2);
    let (left, right) = pool.join(|| divide(pool, left), || divide(pool, right));
    left + right
}

/// C11: borrowed work is done when its borrower goes on, inside of jobs and outside; and a job ref to
/// borrowed work that comes too late does no harm.
///
/// # Panics
///
/// If the queue fails the check.
pub fn c11_borrowed_work_is_done<Q: WorkQueue<Closure>>(make: impl Fn() -> Q) {
    with_pools(make, |pool, results, threads| {
        let numbers: Vec<usize> = (0..1_000).collect();
        assert_eq!(divide(&pool, &numbers), 499_500);
        for _ in 0..2 * threads {
            let (handle, numbers) = (pool.handle(), numbers.clone());
            submit(&pool, move || divide(&handle, &numbers));
        }
        let report = pool.shutdown();
        assert_eq!((report.accepted, report.done), (2 * threads as u64, 2 * threads as u64));
        assert!(results.take().into_iter().all(|done| done.outcome.unwrap() == 499_500));
        assert_eq!(divide(&pool, &numbers), 499_500, "without any worker");
    });
}

/// C8, C11: the panic of borrowed work goes to its borrower only, after everything has ended.
///
/// # Panics
///
/// If the queue fails the check.
pub fn c8_panics_of_borrowed_work_are_thrown_on<Q: WorkQueue<Closure>>(make: impl Fn() -> Q) {
    with_pools(make, |pool, _, threads| {
        let ended = Tally::default();
        let spawn_some = || {
            pool.scope(|scope| {
                for n in 0..20 {
                    let ended = &ended;
                    scope.spawn(move || {
                        ended.add();
                        if n % 5 == 0 {
                            panic_quietly()
                        }
                    });
                }
            });
        };
        let thrown = std::panic::catch_unwind(std::panic::AssertUnwindSafe(spawn_some));
        assert!(thrown.is_err(), "the scope has swallowed a panic");
        assert_eq!(ended.get(), 20);
        let second = || pool.join(|| panic_quietly(), || ended.add());
        assert!(std::panic::catch_unwind(std::panic::AssertUnwindSafe(second)).is_err());
        assert_eq!(ended.get(), 21, "the second closure runs all the same");
        let handle = pool.handle();
        let job = spawn(&pool, move || handle.join(|| (), || panic_quietly()).0);
        assert!(matches!(job.join(), Err(JobError::Panicked(_))));
        assert_eq!((pool.stats().threads, pool.shutdown().panicked), (threads, 1));
    });
}

/// C1, C4: jobs that wait for room get it, in the order of arrival; nested jobs need none.
///
/// # Panics
///
/// If the queue fails the check.
pub fn c1_submits_that_wait_for_room<Q: WorkQueue<Closure>>(make: impl Fn() -> Q) {
    for threads in [1, 2, 16] {
        let queue = make();
        within_patience(move || {
            let pool = builder(queue, threads).capacity(2).sink(pool_core::Collect::new()).build();
            let pool = pool.unwrap();
            std::thread::scope(|scope| {
                for _ in 0..3 {
                    scope.spawn(|| {
                        for n in 0..200 {
                            let handle = pool.handle();
                            let job = move || {
                                handle.execute(move || n).unwrap();
                                n
                            };
                            submit(&pool, job);
                        }
                    });
                }
            });
            let report = pool.shutdown();
            assert_eq!((report.done, report.unfinished), (1_200, 0));
        });
    }
}
