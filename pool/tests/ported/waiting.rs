//! The suites of CPython's `concurrent.futures` on `wait` and `as_completed`.

use std::pin::Pin;
use std::sync::{Arc, Barrier};
use std::task::{Context, Wake, Waker};
use std::thread;
use std::time::Duration;

use pool::{JobError, JobHandle, JobSet, ManualClock, WaitError, as_completed};

use crate::held::Gate;
use crate::setup::{CAPACITY, Handle, Latch, Pool, Setup, Tally, balanced, eventually};

on_every_backend! {
    test_20369
    test_first_completed
    test_first_completed_some_already_completed
    test_first_exception
    test_first_exception_some_already_complete
    test_first_exception_one_already_failed
    test_all_completed
    test_timeout
    test_pending_calls_race
    test_no_timeout
    test_future_times_out
    test_duplicate_futures
    test_free_reference_yielded_future
    test_correct_timeout_exception_msg
}

const HOUR: Duration = Duration::from_secs(3600);

/// A pool with one worker to spare when all others are held.
fn spacious(setup: Setup) -> Pool {
    setup.with_threads(setup.threads + 1).pool()
}

/// A job that waits for a latch, and then returns this.
fn behind<T: Send + 'static>(gate: &Latch, pool: &Handle, result: T) -> JobHandle<T> {
    let gate = gate.clone();
    let job = move || {
        gate.wait();
        result
    };
    pool.spawn(job).unwrap()
}

/// A job that has ended.
fn ended<T: Send + 'static>(
    pool: &Handle,
    job: impl FnOnce() -> T + Send + 'static,
) -> JobHandle<T> {
    let job = pool.spawn(job).unwrap();
    eventually(|| job.is_finished());
    job
}

/// A failure of any type.
fn fail<T>() -> T {
    panic!("a failure on purpose")
}

/// Has the job told to wake somebody, in each way that there is, while it has not ended.
fn wait_in_vain(mut job: JobHandle<u32>) -> JobHandle<u32> {
    let mut context = Context::from_waker(Waker::noop());
    assert!(Pin::new(&mut job).poll(&mut context).is_pending());
    let mut job = job.join_timeout(Duration::ZERO).unwrap_err();
    assert!(Pin::new(&mut job).poll(&mut context).is_pending());
    job
}

/// A waker that lets its job end, and waits for that, while another takes its place.
struct Last {
    gate: Latch,
    pool: Handle,
}

impl Wake for Last {
    fn wake(self: Arc<Self>) {}
}

impl Drop for Last {
    fn drop(&mut self) {
        self.gate.open();
        // A worker that drops it can not wait, and need not.
        let _ = self.pool.wait_idle();
    }
}

/// A job can not be in a set twice. But it can have been waited for before, and end while it is put
/// into the set: it counts once even then.
fn test_20369(setup: Setup) {
    let pool = setup.pool();
    let gate = Gate::default();
    let mut job = wait_in_vain(behind(&gate, &pool, 7));
    let last = Waker::from(Arc::new(Last { gate: Latch::clone(&gate), pool: pool.handle() }));
    assert!(Pin::new(&mut job).poll(&mut Context::from_waker(&last)).is_pending());
    drop(last);
    let mut jobs: JobSet<u32> = [job, behind(&gate, &pool, 8)].into_iter().collect();
    gate.open();
    for expected in [7, 8] {
        assert_eq!(jobs.join_next().expect("two jobs, two ends").1.unwrap(), expected);
    }
    assert!(jobs.is_empty() && jobs.join_next().is_none());
    assert_eq!(balanced(&pool).done, 2);
}

fn test_first_completed(setup: Setup) {
    let pool = spacious(setup);
    let gate = Gate::default();
    let mut jobs = JobSet::new();
    jobs.insert(behind(&gate, &pool, "late"));
    let first = jobs.insert(pool.spawn(|| "first").unwrap());
    let (nth, outcome) = jobs.join_next().unwrap();
    assert_eq!((nth, outcome.unwrap()), (first, "first"));
    assert_eq!(jobs.len(), 1);
    gate.open();
    assert_eq!(jobs.join_next().unwrap().1.unwrap(), "late");
    assert_eq!(balanced(&pool).done, 2);
}

fn test_first_completed_some_already_completed(setup: Setup) {
    let pool = spacious(setup);
    let gate = Gate::default();
    let before = ended(&pool, || 0);
    let mut jobs: JobSet<u32> = [behind(&gate, &pool, 1), before].into_iter().collect();
    assert_eq!(jobs.join_next().unwrap().0, 1, "the one that had ended before it was waited for");
    assert_eq!(jobs.join_next_timeout(Duration::ZERO).unwrap_err(), WaitError::TimedOut);
    gate.open();
    assert_eq!(jobs.join_next().unwrap().0, 0);
    assert_eq!(balanced(&pool).done, 2);
}

/// So many jobs that run, each on a worker of its own, until the latch opens.
fn running(pool: &Handle, jobs: usize) -> (Gate, Vec<JobHandle<u32>>) {
    let (gate, started) = (Gate::default(), Tally::default());
    let job = |_| {
        let (gate, started) = (Latch::clone(&gate), started.clone());
        let job = move || {
            started.add();
            gate.wait();
            1
        };
        pool.spawn(job).unwrap()
    };
    let handles = (0..jobs).map(job).collect();
    eventually(|| started.get() == jobs as u64);
    (gate, handles)
}

/// Checks that a wait ends by a failure, although so many others still run, which then run on.
fn assert_first_failure(pool: &Pool, jobs: JobSet<u32>, gate: &Latch, others: usize) {
    let error = jobs.try_join_all().unwrap_err();
    assert!(matches!(error, JobError::Panicked(_)), "{error}");
    assert_eq!(pool.stats().running, others as u64);
    gate.open();
    let report = balanced(pool);
    assert_eq!((report.done, report.panicked, report.cancelled), (report.accepted - 1, 1, 0));
}

fn test_first_exception(setup: Setup) {
    let pool = spacious(setup);
    let (gate, mut jobs) = running(&pool, setup.threads);
    jobs.push(pool.spawn(fail).unwrap());
    assert_first_failure(&pool, jobs.into_iter().collect(), &gate, setup.threads);
}

fn test_first_exception_some_already_complete(setup: Setup) {
    let pool = spacious(setup);
    let mut jobs = vec![ended(&pool, || 2), ended(&pool, || 3)];
    let (gate, more) = running(&pool, setup.threads);
    jobs.extend(more);
    jobs.push(pool.spawn(fail).unwrap());
    assert_first_failure(&pool, jobs.into_iter().collect(), &gate, setup.threads);
}

fn test_first_exception_one_already_failed(setup: Setup) {
    let pool = setup.pool();
    let failed = ended(&pool, fail);
    let (gate, mut jobs) = running(&pool, setup.threads);
    jobs.push(failed);
    assert_first_failure(&pool, jobs.into_iter().collect(), &gate, setup.threads);
}

fn test_all_completed(setup: Setup) {
    let pool = setup.pool();
    let before = ended(&pool, || 2);
    let (gate, mut jobs) = running(&pool, setup.threads);
    jobs.push(before);
    let cancelled = pool.spawn(|| 3).unwrap();
    assert!(cancelled.cancel());
    jobs.extend([cancelled, pool.spawn(fail).unwrap(), pool.spawn(|| 4).unwrap()]);
    let jobs: JobSet<u32> = jobs.into_iter().collect();
    gate.open();

    let mut outcomes = jobs.join_all();
    let special = outcomes.split_off(setup.threads);
    assert!(outcomes.into_iter().all(|outcome| outcome.unwrap() == 1));
    match &special[..] {
        [Ok(2), Err(JobError::Cancelled), Err(JobError::Panicked(_)), Ok(4)] => {}
        other => panic!("{other:?}"),
    }
    let report = balanced(&pool);
    assert_eq!((report.panicked, report.cancelled), (1, 1));
}

/// By the pool's clock.
fn test_timeout(setup: Setup) {
    let clock = ManualClock::new();
    let pool: Pool = setup.builder().clock(clock.clone()).build().unwrap();
    let gate = Gate::default();
    let before = ended(&pool, || 7);
    let mut jobs: JobSet<u32> = [behind(&gate, &pool, 8), before].into_iter().collect();
    assert_eq!(jobs.join_next_timeout(HOUR).unwrap().unwrap().0, 1);

    let waiter = thread::spawn(move || (jobs.join_next_timeout(HOUR).map(drop), jobs));
    eventually(|| {
        clock.advance(HOUR);
        waiter.is_finished()
    });
    let (outcome, mut jobs) = waiter.join().unwrap();
    assert_eq!(outcome, Err(WaitError::TimedOut));
    assert_eq!(jobs.len(), 1, "it is still in the set");
    gate.open();
    assert_eq!(jobs.join_next().unwrap().1.unwrap(), 8);
    assert_eq!(balanced(&pool).done, 2);
}

/// All end at the same time, while somebody begins to wait for them.
fn test_pending_calls_race(setup: Setup) {
    let pool = setup.pool();
    for _ in 0..50 {
        let together = Arc::new(Barrier::new(setup.threads + 1));
        let job = |nth| {
            let together = together.clone();
            let job = move || {
                together.wait();
                nth
            };
            pool.spawn(job).unwrap()
        };
        let jobs: Vec<_> = (0..setup.threads).map(job).collect();
        together.wait();
        let mut seen: Vec<usize> = as_completed(jobs).map(|(_, nth)| nth.unwrap()).collect();
        seen.sort_unstable();
        assert!(seen.into_iter().eq(0..setup.threads));
    }
    assert_eq!(balanced(&pool).done, 50 * setup.threads as u64);
}

/// In the order in which they end, whatever that is.
fn test_no_timeout(setup: Setup) {
    let pool = spacious(setup);
    let gates: Vec<_> = (0..setup.threads).map(|_| Gate::default()).collect();
    let mut jobs: Vec<_> = gates.iter().map(|gate| behind(gate, &pool, 1)).collect();
    jobs.push(ended(&pool, || 2));
    let mut completed = as_completed(jobs);
    assert_eq!(completed.len(), setup.threads + 1);
    let (nth, outcome) = completed.next().unwrap();
    assert_eq!((nth, outcome.unwrap()), (setup.threads, 2));
    for (expected, gate) in gates.iter().enumerate().rev() {
        gate.open();
        let (nth, outcome) = completed.next().unwrap();
        assert_eq!((nth, outcome.unwrap()), (expected, 1));
    }
    assert!(completed.next().is_none());
    assert_eq!(balanced(&pool).done, setup.threads as u64 + 1);
}

/// A look at the set, for which no time at all is needed.
fn test_future_times_out(setup: Setup) {
    let pool = spacious(setup);
    let gate = Gate::default();
    let before = [ended(&pool, || 0), ended(&pool, || 1)];
    let mut jobs: JobSet<u32> = before.into_iter().collect();
    jobs.insert(behind(&gate, &pool, 2));
    let mut yielded = Vec::new();
    let error = loop {
        match jobs.join_next_timeout(Duration::ZERO) {
            Ok(finished) => yielded.push(finished.unwrap().1.unwrap()),
            Err(error) => break error,
        }
    };
    assert_eq!((yielded, error), (vec![0, 1], WaitError::TimedOut));
    gate.open();
    assert_eq!(jobs.into_iter().next().unwrap().1.unwrap(), 2);
    assert_eq!(balanced(&pool).done, 3);
}

/// The same while the jobs end, which then may tell of it whoever waited before or who does now.
fn test_duplicate_futures(setup: Setup) {
    let pool = setup.pool();
    for _ in 0..50 {
        let gate = Gate::default();
        let jobs: Vec<_> =
            (0..CAPACITY).map(|_| behind(&gate, &pool, 7)).map(wait_in_vain).collect();
        gate.open();
        let mut seen: Vec<_> = as_completed(jobs).map(|(nth, end)| (nth, end.unwrap())).collect();
        seen.sort_unstable();
        assert!(seen.iter().copied().eq((0..CAPACITY).map(|nth| (nth, 7))), "each once: {seen:?}");
    }
    assert_eq!(balanced(&pool).done, 50 * CAPACITY as u64);
}

/// What was yielded is kept by nobody, while the rest is waited for.
fn test_free_reference_yielded_future(setup: Setup) {
    let pool = spacious(setup);
    let gate = Gate::default();
    let last = behind(&gate, &pool, Arc::new(0));
    let jobs = [last, ended(&pool, || Arc::new(1)), ended(&pool, || Arc::new(2))];
    let mut completed = as_completed(jobs);
    for _ in 0..2 {
        let result = completed.next().unwrap().1.unwrap();
        assert_eq!(Arc::strong_count(&result), 1);
    }
    assert_eq!(completed.len(), 1);
    gate.open();
    assert_eq!(completed.next().unwrap().1.map(Arc::into_inner).unwrap(), Some(0));
    assert_eq!(balanced(&pool).done, 3);
}

fn test_correct_timeout_exception_msg(setup: Setup) {
    let pool = spacious(setup);
    let gate = Gate::default();
    let before = ended(&pool, || 0);
    let mut jobs: JobSet<u32> = [before, behind(&gate, &pool, 1)].into_iter().collect();
    assert_eq!(jobs.join_next().unwrap().0, 0);
    let error = jobs.join_next_timeout(Duration::ZERO).unwrap_err();
    assert_eq!(error.to_string(), "the time ran out first");
    assert_eq!(jobs.len(), 1, "the set says how many are left");
    gate.open();
    assert!(jobs.join_all().iter().all(Result::is_ok));
    assert_eq!(balanced(&pool).done, 2);
}
