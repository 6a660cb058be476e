//! No job waits for ever.

use super::super::support::within_patience;
use super::push;
use crate::{LocalQueue, WorkQueue};

/// Within so many pops a worker that feeds itself comes to the oldest jobs of every place.
const BOUND: usize = 2_000;

/// What the worker feeds itself with, and what comes from elsewhere all the time.
const NEW: usize = 0;
/// The oldest job of the worker's own end.
const OWN: usize = 1;
/// The oldest job from outside.
const OUTSIDE: usize = 2;
/// The oldest jobs of the other ends are numbered from here on.
const ELSEWHERE: usize = 3;

/// The oldest job from outside and the oldest of its own come out within 2,000 pops of a worker whose
/// own end is never empty, while more come from outside.
///
/// # Panics
///
/// If the queue fails the check.
pub fn a_worker_that_feeds_itself_starves_nobody<Q: WorkQueue<usize>>(make: impl Fn() -> Q) {
    let queue = make();
    within_patience(move || feeds_itself(&queue, 0));
}

/// The oldest jobs of busy workers come out within 2,000 pops of one whose own end is never empty, though
/// the busy ones go on submitting: four of one busy worker, or one of each of seven. So does the oldest
/// from outside.
///
/// # Panics
///
/// If the queue fails the check.
pub fn a_busy_workers_jobs_are_not_starved<Q: WorkQueue<usize>>(make: impl Fn() -> Q) {
    for busy in [1, 7] {
        let queue = make();
        within_patience(move || feeds_itself(&queue, busy));
    }
}

/// One worker feeds itself. So many others run a job that takes long and submits jobs meanwhile, so
/// they push and never pop.
fn feeds_itself<Q: WorkQueue<usize>>(queue: &Q, others: usize) {
    let mut busy: Vec<_> = (0..others).map(|worker| queue.local(worker)).collect();
    let mut end = queue.local(others);
    let mut waiting = vec![OWN, OUTSIDE];
    let old_of_each = if others == 1 { 4 } else { 1 };
    for old in 0..others * old_of_each {
        busy[old % others].push(ELSEWHERE + old);
        waiting.push(ELSEWHERE + old);
    }
    end.push(OWN);
    push(queue, OUTSIDE);
    for _ in 0..BOUND {
        end.push(NEW);
        busy.iter_mut().for_each(|busy| busy.push(NEW));
        // It may be full.
        let _ = queue.push(NEW).is_ok();
        if let Some(job) = end.pop() {
            waiting.retain(|waits| *waits != job);
        }
    }
    assert!(!waiting.contains(&OUTSIDE), "starved outside for {BOUND} pops");
    assert!(!waiting.contains(&OWN), "starved in the worker's own end for {BOUND} pops");
    assert_eq!(waiting, [], "starved in the ends of busy workers for {BOUND} pops");
}
