//! Waiting for several jobs: sets, and jobs in the order in which they end.

use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Wake, Waker};
use std::thread;
use std::time::Duration;

use drainpool::{JobError, JobHandle, JobSet, ManualClock, WaitError, as_completed};

use crate::setup::held::{Gate, behind};
use crate::setup::{CAPACITY, Handle, Latch, Pool, Setup, Tally, balanced, eventually};

on_every_backend! {
    each_job_counts_once_though_it_ends_meanwhile
    each_counts_once_though_all_end_meanwhile
    what_has_ended_before_comes_first
    the_first_failure_leaves_what_runs_alone
    all_outcomes_in_the_order_of_the_set
    a_wait_ends_by_the_pool_s_clock
    in_the_order_in_which_they_end
}

const HOUR: Duration = Duration::from_secs(3600);

/// A pool with one worker to spare when all others are held.
fn spacious(setup: Setup) -> Pool {
    setup.with_threads(setup.threads + 1).pool()
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

/// Has the job told to wake somebody, in each way that there is, while it has not ended.
fn wait_in_vain(mut job: JobHandle<u32>) -> JobHandle<u32> {
    let mut context = Context::from_waker(Waker::noop());
    assert!(Pin::new(&mut job).poll(&mut context).is_pending());
    assert!(job.join_timeout(Duration::ZERO).is_err());
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
        // A worker that drops it cannot wait, and need not.
        let _ = self.pool.wait_idle();
    }
}

/// A job that was waited for before, and ends while it is put into the set.
fn each_job_counts_once_though_it_ends_meanwhile(setup: Setup) {
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

/// The same for several, each of which may still hold the waker of an earlier wait.
fn each_counts_once_though_all_end_meanwhile(setup: Setup) {
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

/// And nobody keeps what the set has yielded, while the rest is waited for.
fn what_has_ended_before_comes_first(setup: Setup) {
    let pool = spacious(setup);
    let gate = Gate::default();
    let before = [ended(&pool, || Arc::new(1)), ended(&pool, || Arc::new(2))];
    let late = behind(&gate, &pool, Arc::new(0));
    let mut jobs: JobSet<_> = [late].into_iter().chain(before).collect();
    let mut yielded = Vec::new();
    let error = loop {
        match jobs.join_next_timeout(Duration::ZERO) {
            Ok(next) => yielded.push(Arc::into_inner(next.unwrap().1.unwrap()).unwrap()),
            Err(error) => break error,
        }
    };
    yielded.sort_unstable();
    assert_eq!((yielded, error), (vec![1, 2], WaitError::TimedOut));
    assert_eq!(error.to_string(), "the time ran out first");
    assert_eq!(jobs.len(), 1, "the set says how many are left");
    gate.open();
    assert_eq!(*jobs.into_iter().next().unwrap().1.unwrap(), 0);
    assert_eq!(balanced(&pool).done, 3);
}

/// Jobs that run, each on a worker of its own, until the latch opens.
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

fn the_first_failure_leaves_what_runs_alone(setup: Setup) {
    for failed_before in [false, true] {
        let pool = spacious(setup);
        let fail = || panic!("a failure on purpose");
        let mut jobs = vec![ended(&pool, || 2)];
        jobs.extend(failed_before.then(|| ended(&pool, fail)));
        let (gate, more) = running(&pool, setup.threads);
        jobs.extend(more);
        jobs.extend((!failed_before).then(|| pool.spawn(fail).unwrap()));
        let error = jobs.into_iter().collect::<JobSet<u32>>().try_join_all().unwrap_err();
        assert!(matches!(error, JobError::Panicked(_)), "{error}");
        assert_eq!(pool.stats().running, setup.threads as u64);
        gate.open();
        let report = balanced(&pool);
        assert_eq!((report.done, report.panicked), (setup.threads as u64 + 1, 1));
    }
}

fn all_outcomes_in_the_order_of_the_set(setup: Setup) {
    let pool = setup.pool();
    let before = ended(&pool, || 2);
    let (gate, mut jobs) = running(&pool, setup.threads);
    let cancelled = pool.spawn(|| 3).unwrap();
    assert!(cancelled.cancel());
    let failing = pool.spawn(|| panic!("a failure on purpose")).unwrap();
    jobs.extend([before, cancelled, failing, pool.spawn(|| 4).unwrap()]);
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

fn a_wait_ends_by_the_pool_s_clock(setup: Setup) {
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

fn in_the_order_in_which_they_end(setup: Setup) {
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
