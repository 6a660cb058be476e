//! C9: what a collector keeps is what it was given and nobody has taken yet, however many clones
//! have come and gone. Alone in its program, for the allocator's count.

use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use peak_alloc::PeakAlloc;
use pool_conformance::{Latch, within_patience};
use pool_core::{ResultSink, ThreadPoolBuilder, WhenFull};
use pool_crossbeam::{CrossbeamCollect, CrossbeamQueue};

#[global_allocator]
static ALLOCATED: PeakAlloc = PeakAlloc;

/// How many bytes may remain allocated that the collector does not hold for an outcome: for threads
/// that are about to end, and for the harness of the tests.
const SLACK: usize = 128 * 1024;

/// Makes the tests run one by one: there is one count for all.
fn alone() -> MutexGuard<'static, ()> {
    static ALONE: Mutex<()> = Mutex::new(());
    ALONE.lock().unwrap_or_else(PoisonError::into_inner)
}

/// Asserts that no more is allocated than `before`, and `outcomes` of some 64 bytes.
fn assert_flat(before: usize, outcomes: usize, when: &str) {
    let more = ALLOCATED.current_usage().saturating_sub(before);
    assert!(more <= SLACK + 96 * outcomes, "{more} bytes more are allocated {when}");
}

/// Calls `run` with a function that submits one more job to a pool whose worker is busy and whose queue
/// is full, so that the submitter runs it and delivers its outcome.
fn with_a_full_pool(results: &CrossbeamCollect<usize>, run: impl FnOnce(&dyn Fn(usize))) {
    let (begun, end) = (Latch::default(), Latch::default());
    let pool = ThreadPoolBuilder::with_queue(CrossbeamQueue::new())
        .num_threads(1)
        .capacity(1)
        .sink(results.clone())
        .build()
        .unwrap();
    let (begin, wait) = (begun.clone(), end.clone());
    pool.execute(move || {
        begin.open();
        wait.wait();
        0
    })
    .unwrap();
    let _end = OpenAtEnd(end);
    begun.wait();
    pool.execute(|| 0).unwrap();
    run(&|number| assert!(pool.with(WhenFull::RunHere).execute(move || number).is_ok()));
}

/// Opens its latch also if the test fails, so that the pool can end.
struct OpenAtEnd(Latch);

impl Drop for OpenAtEnd {
    fn drop(&mut self) {
        self.0.open();
    }
}

#[test]
fn submitters_that_run_their_jobs_leave_nothing_behind() {
    let _alone = alone();
    within_patience(|| {
        let results = CrossbeamCollect::new();
        with_a_full_pool(&results, |run_one| {
            let before = ALLOCATED.current_usage();
            for number in 0..100_000 {
                run_one(number);
                assert_eq!(results.pop().unwrap().outcome.unwrap(), number);
                assert!(results.pop().is_none());
                assert_flat(before, 0, "after each outcome was popped");
            }
        });
    });
}

#[test]
fn outcomes_that_nobody_has_taken_yet_cost_what_they_hold() {
    let _alone = alone();
    within_patience(|| {
        let results = CrossbeamCollect::new();
        with_a_full_pool(&results, |run_one| {
            let before = ALLOCATED.current_usage();
            let rounds = 20_000;
            for number in 0..rounds {
                run_one(number);
                assert_flat(before, number + 1, "while nobody takes");
            }
            let numbers: Vec<usize> =
                results.take().into_iter().map(|done| done.outcome.unwrap()).collect();
            assert!(numbers.into_iter().eq(0..rounds));
            assert_flat(before, 0, "after everything was taken");
        });
    });
}

#[test]
fn clones_that_go_leave_their_outcomes_and_no_more() {
    let _alone = alone();
    within_patience(|| {
        let source = CrossbeamCollect::new();
        with_a_full_pool(&source, |run_one| (0..20_000).for_each(run_one));
        let mut outcomes = source.take().into_iter();
        let all = outcomes.len();
        let results = CrossbeamCollect::new();
        let before = ALLOCATED.current_usage();
        let mut lifetimes = [1, 2, 3, 40].into_iter().cycle();
        while outcomes.len() > 0 {
            let mut clone = results.clone();
            let lifetime = lifetimes.next().unwrap();
            outcomes.by_ref().take(lifetime).for_each(|done| clone.put(done).unwrap());
            drop(clone);
            assert_flat(before, all - outcomes.len(), "while nobody takes");
        }
        assert_eq!(results.take().len(), all);
        assert_flat(before, 0, "after everything was taken");
    });
}

#[test]
fn workers_that_come_and_go_leave_nothing_behind() {
    let _alone = alone();
    within_patience(|| {
        let results = CrossbeamCollect::new();
        let pool = ThreadPoolBuilder::with_queue(CrossbeamQueue::new())
            .num_threads(2)
            .core_threads(0)
            .thread_keep_alive(Duration::ZERO)
            .sink(results.clone())
            .build()
            .unwrap();
        let before = ALLOCATED.current_usage();
        for number in 0..20_000 {
            // Two, so that a worker may put more than one outcome in its life.
            pool.execute(move || number).unwrap();
            pool.execute(move || number).unwrap();
            pool.wait_idle().unwrap();
            assert_eq!(results.pop().unwrap().outcome.unwrap(), number);
            assert_eq!(results.pop().unwrap().outcome.unwrap(), number);
            assert!(results.pop().is_none());
            assert_flat(before, 0, "after each outcome was popped");
        }
    });
}

#[test]
fn pools_in_a_row_leave_nothing_behind() {
    let _alone = alone();
    within_patience(|| {
        let results = CrossbeamCollect::new();
        let before = ALLOCATED.current_usage();
        for number in 0..4_000 {
            let pool = ThreadPoolBuilder::with_queue(CrossbeamQueue::new())
                .num_threads(2)
                .sink(results.clone())
                .build()
                .unwrap();
            pool.execute_batch((0..8).map(|job| move || job)).unwrap();
            if number % 2 == 0 {
                pool.wait_idle().unwrap();
                assert_eq!(std::iter::from_fn(|| results.pop()).count(), 8);
                pool.shutdown();
            } else {
                pool.shutdown();
                assert_eq!(std::iter::from_fn(|| results.pop()).count(), 8);
            }
            drop(pool);
            assert_flat(before, 0, "after each pool");
        }
    });
}

#[test]
fn a_burst_that_was_taken_is_given_back_though_its_workers_stay() {
    let _alone = alone();
    within_patience(|| {
        let results = CrossbeamCollect::new();
        let pool = ThreadPoolBuilder::with_queue(CrossbeamQueue::new())
            .num_threads(2)
            .sink(results.clone())
            .build()
            .unwrap();
        let before = ALLOCATED.current_usage();
        let burst = 200_000;
        for _ in 0..3 {
            pool.execute_batch((0..burst).map(|job| move || job)).unwrap();
            pool.wait_idle().unwrap();
            assert_eq!(results.take().len(), burst);
            assert_flat(before, 0, "after a burst was taken");
        }
    });
}
