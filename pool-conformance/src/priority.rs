//! The checks of the order by priority, for queues that promise it: of the queue alone, and of a pool over
//! it.

use std::sync::{Arc, Mutex};

use pool_core::{Collect, Handle, LocalQueue, Prioritized, Priority, Task, WorkQueue};

use crate::duties::calls::{drain, take};
use crate::support::{Closure, builder, within_patience};

/// A job of the checks of the queue alone: a number, and its priority.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Ranked {
    /// The number: by it the jobs of one priority are told apart.
    pub number: usize,
    /// The priority.
    pub priority: Priority,
}

impl Prioritized for Ranked {
    fn priority(&self) -> Priority {
        self.priority
    }
}

/// The priorities of the checks. The names stand for three of them, and the others lie beside these.
const PRIORITIES: [Priority; 7] = [
    Priority::NORMAL,
    Priority::HIGH,
    Priority::new(1),
    Priority::MIN,
    Priority::MAX,
    Priority::LOW,
    Priority::new(-1),
];

/// The maximum number of jobs that wait at once in the checks. A queue in which the oldest of all has its
/// turn now and then passes them if that is no more often than every 64 pops.
const JOBS: usize = 48;

/// Returns these jobs, whose priorities change from each to the next.
fn ranked(numbers: std::ops::Range<usize>) -> impl Iterator<Item = Ranked> {
    numbers.map(|number| Ranked { number, priority: PRIORITIES[number * 5 % PRIORITIES.len()] })
}

/// Pushes 48 jobs in three ways, as single ones from outside, as a batch, and through the worker's own end,
/// or as many of them as are accepted. Returns those that were, in the order of the pushes.
fn fill<Q: WorkQueue<Ranked>>(queue: &Q, end: &mut Q::Local, first: usize) -> Vec<Ranked> {
    let third = JOBS / 3;
    let mut accepted = Vec::new();
    for job in ranked(first..first + third) {
        if queue.push(job).is_ok() {
            accepted.push(job);
        }
    }
    let batch: Vec<_> = ranked(first + third..first + 2 * third).collect();
    let refused = queue.push_batch(&mut batch.iter().copied()).err();
    let taken = batch.iter().take_while(|job| refused.is_none_or(|refused| refused.0 != **job));
    accepted.extend(taken);
    for job in ranked(first + 2 * third..first + JOBS) {
        end.push(job);
        accepted.push(job);
    }
    accepted
}

/// Compares with what is expected: the highest priority first, and of one priority the oldest.
#[track_caller]
fn assert_ranked(taken: &[Ranked], mut expected: Vec<Ranked>, what: &str) {
    assert_eq!(taken.len(), expected.len(), "{what}: jobs are lost or doubled");
    expected.sort_by_key(|job| std::cmp::Reverse(job.priority));
    for (position, (found, wanted)) in taken.iter().zip(&expected).enumerate() {
        assert_eq!(
            found.priority, wanted.priority,
            "{what}: at position {position} comes another priority than the highest"
        );
        assert_eq!(
            found.number, wanted.number,
            "{what}: at position {position} comes another job than the oldest of its priority"
        );
    }
}

/// For queues that promise it: the job of the highest priority comes first, and of one priority the oldest,
/// whether a job came from outside, in a batch, or through a worker's own end.
///
/// # Panics
///
/// If the queue fails the check.
pub fn the_highest_priority_comes_first<Q: WorkQueue<Ranked>>(make: impl Fn() -> Q) {
    let queue = make();
    within_patience(move || {
        let mut end = queue.local(0);
        for round in 0..20 {
            let accepted = fill(&queue, &mut end, round * JOBS);
            let taken: Vec<_> = drain(&mut end).collect();
            assert_ranked(&taken, accepted, "of all that waits");
        }
    });
}

/// For queues that promise it: what comes while jobs are taken has its place among those that wait.
///
/// # Panics
///
/// If the queue fails the check.
pub fn a_later_job_of_higher_priority_comes_first<Q: WorkQueue<Ranked>>(make: impl Fn() -> Q) {
    let queue = make();
    within_patience(move || {
        let mut end = queue.local(0);
        let low = Ranked { number: 0, priority: Priority::LOW };
        end.push(low);
        for number in 1..JOBS / 2 {
            let urgent = Ranked { number, priority: Priority::HIGH };
            // It may be full; then one that a running job submits.
            if queue.push(urgent).is_err() {
                end.push(urgent);
            }
            assert_eq!(take(&mut end), Some(urgent), "a later job of higher priority waits");
        }
        assert_eq!(take(&mut end), Some(low), "a job of low priority is lost");
        assert_eq!(take(&mut end), None, "a job is doubled");
    });
}

/// For queues that promise an order by priority: the jobs that [`retain`](WorkQueue::retain) keeps stay in
/// it.
///
/// # Panics
///
/// If the queue fails the check.
pub fn retain_keeps_the_order_by_priority<Q: WorkQueue<Ranked>>(make: impl Fn() -> Q) {
    let queue = make();
    within_patience(move || {
        let mut end = queue.local(0);
        let mut accepted = fill(&queue, &mut end, 0);
        let mut shown = 0;
        queue.retain(|job| {
            shown += 1;
            !job.number.is_multiple_of(3)
        });
        // A queue may remove nothing at all.
        if shown > 0 {
            accepted.retain(|job| !job.number.is_multiple_of(3));
        }
        let taken: Vec<_> = drain(&mut end).collect();
        assert_ranked(&taken, accepted, "after retain");
    });
}

type Pool<Q> = Handle<Task<usize>, usize, Q>;

/// What the jobs of a check note when they start.
#[derive(Clone, Default)]
struct Starts(Arc<Mutex<Vec<Ranked>>>);

impl Starts {
    fn note(&self, job: Ranked) -> impl FnOnce() -> usize + Send + 'static + use<> {
        let starts = Arc::clone(&self.0);
        move || {
            starts.lock().unwrap().push(job);
            job.number
        }
    }

    fn take(&self) -> Vec<Ranked> {
        std::mem::take(&mut self.0.lock().unwrap())
    }
}

/// Submits jobs of all priorities in turn: without a handle, with one, and in batches of both. Returns those
/// that were accepted; those that were not found the queue full.
fn submit_ranked<Q: WorkQueue<Closure>>(pool: &Pool<Q>, starts: &Starts) -> Vec<Ranked> {
    let mut accepted = Vec::new();
    for job in ranked(0..JOBS / 2) {
        let with = pool.with(job.priority);
        let submitted = match job.number % 2 {
            0 => with.execute(starts.note(job)).is_ok(),
            _ => with.spawn(starts.note(job)).is_ok(),
        };
        accepted.extend(submitted.then_some(job));
    }
    for (nth, priority) in PRIORITIES.into_iter().enumerate() {
        let number = JOBS / 2 + 3 * nth;
        let batch = [0, 1, 2].map(|next| Ranked { number: number + next, priority });
        let (with, notes) = (pool.with(priority), batch.map(|job| starts.note(job)));
        let count = match nth % 2 {
            0 => with
                .execute_batch(notes)
                .map_or_else(|error| error.accepted().len(), |ids| ids.len()),
            _ => with
                .spawn_batch(notes)
                .map_or_else(|error| error.accepted().len(), |jobs| jobs.len()),
        };
        accepted.extend(&batch[..count]);
    }
    accepted
}

/// For queues that promise an order by priority: the jobs of a pool with one worker start in it, those with
/// a handle among the others, and so do batches.
///
/// # Panics
///
/// If the queue fails the check.
pub fn jobs_and_handles_start_by_priority<Q: WorkQueue<Closure>>(make: impl Fn() -> Q) {
    let queue = make();
    within_patience(move || {
        let pool = builder(queue, 1).sink(Collect::new()).paused().build().unwrap();
        let starts = Starts::default();
        let accepted = submit_ranked(&pool, &starts);
        pool.shutdown();
        assert_ranked(&starts.take(), accepted, "of what was submitted from outside");
    });
}

/// For queues that promise an order by priority: the jobs that a job submits start in it.
///
/// # Panics
///
/// If the queue fails the check.
pub fn nested_jobs_start_by_priority<Q: WorkQueue<Closure>>(make: impl Fn() -> Q) {
    let queue = make();
    within_patience(move || {
        let pool = builder(queue, 1).sink(Collect::new()).build().unwrap();
        let (starts, nested, handle) = (Starts::default(), Starts::default(), pool.handle());
        let (notes, submitted) = (starts.clone(), nested.clone());
        pool.execute(move || {
            let accepted = submit_ranked(&handle, &notes);
            submitted.0.lock().unwrap().extend(accepted);
            0
        })
        .unwrap();
        pool.shutdown();
        assert_ranked(&starts.take(), nested.take(), "of what a job submitted");
    });
}

/// For queues that promise an order by priority: a job that waits for one of low priority has it run at
/// once.
///
/// # Panics
///
/// If the queue fails the check.
pub fn what_is_waited_for_does_not_wait_its_turn<Q: WorkQueue<Closure>>(make: impl Fn() -> Q) {
    let queue = make();
    within_patience(move || {
        let pool = builder(queue, 1).sink(Collect::new()).build().unwrap();
        let (starts, handle) = (Starts::default(), pool.handle());
        let notes = starts.clone();
        let rank = |number, priority| Ranked { number, priority };
        let (low, high) = (rank(0, Priority::MIN), rank(1, Priority::MAX));
        let waits = pool.with(Priority::HIGH).spawn(move || {
            let low = handle.with(low.priority).spawn(notes.note(low)).unwrap();
            handle.with(high.priority).execute(notes.note(high)).unwrap();
            low.join().unwrap()
        });
        assert_eq!(waits.unwrap().join().unwrap(), low.number);
        pool.shutdown();
        assert_eq!(starts.take(), [low, high], "a job that is waited for waits its turn");
    });
}
