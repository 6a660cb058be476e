//! The checks of fairness: no job waits for ever.

use std::iter::once;

use pool_core::{LocalQueue, WorkQueue};

use super::calls::{attached, fill, on_threads_in_turn, push, take};
use crate::support::within_patience;

/// The maximum number of pops in which a worker that feeds itself comes to the oldest jobs of every place.
const BOUND: usize = 2_000;

/// The jobs with which the worker feeds itself, and that come from elsewhere all the time.
const NEW: usize = 0;
/// The oldest job of the worker's own end.
const OWN: usize = 1;
/// The oldest job from outside.
const OUTSIDE: usize = 2;
/// The oldest job from outside that came in a batch.
const BATCH: usize = 3;
/// The number of the first of the oldest jobs in the other ends.
const ELSEWHERE: usize = 4;
/// The number of the first of the oldest jobs of other threads outside.
const OTHER_THREADS: usize = 100;

/// The oldest job from outside, single or of a batch, of each of some threads, and the oldest of its own come out
/// within 2,000 pops of a worker whose own end is never empty, while one of these threads goes on submitting.
///
/// # Panics
///
/// If the queue fails the check.
pub fn a_worker_that_feeds_itself_starves_nobody<Q: WorkQueue<usize>>(make: impl Fn() -> Q) {
    let queue = attached(&make);
    within_patience(move || {
        let mut end = queue.local(0);
        feeds_itself(&queue, &mut end, &mut [], vec![]);
    });
}

/// The oldest jobs of busy workers come out within 2,000 pops of a worker whose own end is never empty,
/// though the busy ones go on submitting: four of one busy worker, or one of each of seven. So do the
/// oldest from outside. It holds for any worker that feeds itself: the first, the last, or one between
/// them.
///
/// # Panics
///
/// If the queue fails the check.
pub fn a_busy_workers_jobs_are_not_starved<Q: WorkQueue<usize>>(make: impl Fn() -> Q) {
    for (workers, feeder) in [(2, 0), (2, 1), (8, 0), (8, 3), (8, 7)] {
        let queue = attached(&make);
        within_patience(move || {
            let mut busy: Vec<_> = (0..workers).map(|worker| queue.local(worker)).collect();
            let mut end = busy.remove(feeder);
            let old: Vec<_> = (ELSEWHERE..).take(if workers == 2 { 4 } else { 7 }).collect();
            for (n, job) in old.iter().enumerate() {
                busy[n % (workers - 1)].push(*job);
            }
            feeds_itself(&queue, &mut end, &mut busy, old);
        });
    }
}

/// The jobs in the ends of workers that have left come out within 2,000 pops of a worker whose own end is
/// never empty.
///
/// # Panics
///
/// If the queue fails the check.
pub fn what_a_worker_left_is_not_starved<Q: WorkQueue<usize>>(make: impl Fn() -> Q) {
    for feeder in 0..3 {
        let queue = attached(&make);
        within_patience(move || {
            let mut leaving: Vec<_> = (0..3).map(|worker| queue.local(worker)).collect();
            let mut end = leaving.remove(feeder);
            let old = vec![ELSEWHERE, ELSEWHERE + 1];
            leaving.iter_mut().zip(&old).for_each(|(leaving, job)| leaving.push(*job));
            drop(leaving);
            feeds_itself(&queue, &mut end, &mut [], old);
        });
    }
}

/// One worker feeds itself. The others run a long job that submits jobs meanwhile, so they push and never
/// pop. `waiting` are the jobs in other ends than the worker's.
fn feeds_itself<J: LocalQueue<usize>>(
    queue: &impl WorkQueue<usize, Local = J>,
    end: &mut J,
    busy: &mut [J],
    mut waiting: Vec<usize>,
) {
    end.push(OWN);
    push(queue, OUTSIDE);
    waiting.extend([OWN, OUTSIDE]);
    // There may be no room for a second one.
    if queue.push_batch(&mut once(BATCH)).is_ok() {
        waiting.push(BATCH);
    }
    // This thread goes on submitting, those do not.
    let push_one = |place| (OTHER_THREADS + place, queue.push(OTHER_THREADS + place).is_ok());
    let others = on_threads_in_turn(push_one).into_iter().filter(|(_, accepted)| *accepted);
    waiting.extend(others.map(|(job, _)| job));
    for round in 0..BOUND {
        end.push(NEW);
        busy.iter_mut().for_each(|busy| busy.push(NEW));
        // It may be full.
        let _ = match round % 2 {
            0 => queue.push(NEW).is_ok(),
            _ => queue.push_batch(&mut once(NEW)).is_ok(),
        };
        if let Some(job) = end.pop() {
            waiting.retain(|waits| *waits != job);
        }
    }
    assert!(!waiting.contains(&OUTSIDE), "starved outside for {BOUND} pops");
    assert!(!waiting.contains(&BATCH), "starved outside in a batch for {BOUND} pops");
    assert!(!waiting.contains(&OWN), "starved in the worker's own end for {BOUND} pops");
    let outside = waiting.iter().any(|waits| *waits >= OTHER_THREADS);
    assert!(!outside, "starved outside, of another thread, for {BOUND} pops");
    assert_eq!(waiting, [], "starved in other workers' ends for {BOUND} pops");
}

/// Of 64 jobs that wait outside, or 8 in a worker's own end, each comes out within 2,000 pops though
/// [`retain`](WorkQueue::retain) is called repeatedly, and one new job comes for each that goes.
///
/// # Panics
///
/// If the queue fails the check.
pub fn retain_starves_nobody<Q: WorkQueue<usize>>(make: impl Fn() -> Q) {
    /// A job that comes while they wait.
    const NEW: usize = 64;
    for (every, outside) in [1, 16, 61].map(|every| [(every, false), (every, true)]).concat() {
        let queue = attached(&make);
        within_patience(move || {
            let mut end = queue.local(0);
            // A worker whose newest jobs come first takes its oldest one by one, in its fair turns.
            let mut waiting: Vec<_> = (0..if outside { NEW } else { 8 }).collect();
            if outside {
                // As many as it accepts.
                waiting.truncate(fill(&queue, 0..NEW));
            } else {
                waiting.iter().for_each(|job| end.push(*job));
            }
            for pops in 1..=BOUND {
                if outside {
                    // It may be full.
                    let _ = queue.push(NEW).is_ok();
                } else {
                    end.push(NEW);
                }
                let found = take(&mut end);
                waiting.retain(|waits| Some(*waits) != found);
                if pops % every == 0 {
                    queue.retain(|_| true);
                }
            }
            assert_eq!(waiting, [], "starved by retain, called every {every} pops");
        });
    }
}
