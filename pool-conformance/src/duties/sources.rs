//! The checks that no source of jobs waits for ever, whatever the others bring meanwhile: for queues with
//! stealing.

use pool_core::{LocalQueue, WorkQueue};

use super::calls::{attached, take};
use crate::support::within_patience;

/// The maximum number of pops that the jobs of one source may wait, for each source.
const PATIENCE: usize = 500;

/// A job with which a worker feeds itself.
const OWN: usize = usize::MAX;

/// The jobs of one source, which are numbered in the order in which they were submitted.
#[derive(Debug, Default)]
struct Source {
    pushed: usize,
    taken: usize,
}

impl Source {
    fn push(&mut self, nth: usize, push: impl FnOnce(usize)) {
        push(nth << 32 | self.pushed);
        self.pushed += 1;
    }
}

/// Counts the job as taken from its source, of which it must be the oldest.
fn count(sources: &mut [Source], job: Option<usize>) {
    let Some(job) = job.filter(|job| *job != OWN) else { return };
    let source = &mut sources[job >> 32];
    assert_eq!(job & 0xFFFF_FFFF, source.taken, "an older one was passed over");
    source.taken += 1;
}

/// The jobs of workers that are busy for ever, and submit more at each moment, are run by a worker that
/// feeds itself: those of each busy worker, those from outside, and its own oldest ones.
///
/// # Panics
///
/// If the queue fails the check.
pub fn every_source_is_served<Q: WorkQueue<usize>>(make: impl Fn() -> Q) {
    for busy in [1, 2, 3, 7] {
        let queue = attached(&make);
        within_patience(move || {
            let mut peers: Vec<_> = (1..=busy).map(|worker| queue.local(worker)).collect();
            let mut greedy = queue.local(0);
            // The busy workers, outside, and its own.
            let (outside, own) = (busy, busy + 1);
            let mut sources: Vec<_> = (0..busy + 2).map(|_| Source::default()).collect();
            for pop in 0..PATIENCE * 20 * (busy + 2) {
                for (nth, peer) in peers.iter_mut().enumerate() {
                    sources[nth].push(nth, |job| peer.push(job));
                }
                if pop % PATIENCE == 0 {
                    sources[outside].push(outside, |job| queue.push(job).unwrap());
                    sources[own].push(own, |job| greedy.push(job));
                }
                greedy.push(OWN);
                let job = greedy.pop();
                count(&mut sources, job);
                let due = (pop + 1) / (PATIENCE * (busy + 2));
                let starved =
                    sources.iter().position(|source| source.taken < due.min(source.pushed));
                assert_eq!(starved, None, "after {} pops: {sources:?}", pop + 1);
            }
        });
    }
}

/// The jobs of busy workers are run by a worker that has no jobs of its own, but always finds some outside.
///
/// # Panics
///
/// If the queue fails the check.
pub fn busy_workers_are_served_though_outside_jobs_come<Q: WorkQueue<usize>>(make: impl Fn() -> Q) {
    for busy in [1, 3, 7] {
        let queue = attached(&make);
        within_patience(move || {
            let mut peers: Vec<_> = (1..=busy).map(|worker| queue.local(worker)).collect();
            let mut idle = queue.local(0);
            let mut sources: Vec<_> = (0..busy).map(|_| Source::default()).collect();
            for pop in 0..PATIENCE * 20 * busy {
                for (nth, peer) in peers.iter_mut().enumerate() {
                    sources[nth].push(nth, |job| peer.push(job));
                }
                queue.push(OWN).unwrap();
                let job = take(&mut idle);
                count(&mut sources, job);
                let due = (pop + 1) / (PATIENCE * (busy + 1));
                let starved = sources.iter().position(|source| source.taken < due);
                assert_eq!(starved, None, "after {} pops: {sources:?}", pop + 1);
            }
        });
    }
}

/// Workers that only feed themselves still take each other's jobs, and those from outside.
///
/// # Panics
///
/// If the queue fails the check.
pub fn everybody_is_served_though_all_feed_themselves<Q: WorkQueue<usize>>(make: impl Fn() -> Q) {
    for workers in [1, 2, 4, 8] {
        let queue = attached(&make);
        within_patience(move || {
            let mut ends: Vec<_> = (0..workers).map(|worker| queue.local(worker)).collect();
            let mut outside = [Source::default()];
            ends.iter_mut().for_each(|end| end.push(OWN));
            for round in 0..PATIENCE * 20 {
                if round % PATIENCE == 0 {
                    outside[0].push(0, |job| queue.push(job).unwrap());
                }
                for end in &mut ends {
                    end.push(OWN);
                    let job = end.pop();
                    assert!(job.is_some(), "a job was out of sight");
                    count(&mut outside, job);
                }
                assert!(outside[0].taken >= round / PATIENCE, "starved after {round}: {outside:?}");
            }
        });
    }
}

/// With one worker, [`retain`](WorkQueue::retain) keeps the order of the jobs from outside, also of those
/// that the worker had taken in before.
///
/// # Panics
///
/// If the queue fails the check.
pub fn retain_keeps_the_order_of_what_is_taken_in<Q: WorkQueue<usize>>(make: impl Fn() -> Q) {
    // Many, so that they lie in several places, but too few for a fairness turn.
    for (before, after) in [(20, 4), (26, 1), (3, 24)] {
        let queue = attached(&make);
        within_patience(move || {
            let mut end = queue.local(0);
            (0..before).for_each(|n| queue.push(n).unwrap());
            let mut taken = vec![take(&mut end).unwrap()];
            (before..before + after).for_each(|n| queue.push(n).unwrap());
            queue.retain(|_| true);
            taken.extend(take(&mut end));
            queue.retain(|_| true);
            taken.extend(std::iter::from_fn(|| take(&mut end)));
            assert!(taken.iter().copied().eq(0..before + after), "out of order: {taken:?}");
        });
    }
}

/// No job in the end of a worker that feeds itself waits for ever, and none from outside, though
/// [`retain`](WorkQueue::retain) is called repeatedly.
///
/// # Panics
///
/// If the queue fails the check.
pub fn retain_starves_no_source<Q: WorkQueue<usize>>(make: impl Fn() -> Q) {
    const OWN: usize = 200;
    const ALL: usize = OWN + 10;
    /// The number of pops that each job may let others go first.
    const PATIENCE: usize = 200;
    /// The job with which the worker feeds itself.
    const FEED: usize = ALL;
    for every in [16, 61] {
        let queue = attached(&make);
        within_patience(move || {
            let mut end = queue.local(0);
            (0..OWN).for_each(|n| end.push(n));
            (OWN..ALL).for_each(|n| queue.push(n).unwrap());
            let mut taken = [false; ALL + 1];
            for pop in 0..ALL * PATIENCE {
                end.push(FEED);
                taken[take(&mut end).expect("a job was out of sight")] = true;
                if pop % every == 0 {
                    queue.retain(|_| true);
                }
            }
            let starved = taken.iter().position(|taken| !taken);
            assert_eq!(
                starved, None,
                "waits still, with a look after stale ones every {every} pops"
            );
        });
    }
}
