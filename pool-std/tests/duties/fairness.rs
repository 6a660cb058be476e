//! No job waits for ever, whatever the others do meanwhile.

use pool_conformance::within_patience;
use pool_core::{LocalQueue, WorkQueue};

/// For so many pops a worker may let the jobs of one source wait, for each other source that there is.
const PATIENCE: usize = 500;

/// A job that a worker feeds itself with.
const OWN: usize = usize::MAX;

/// What came of the jobs of one source, which are numbered in the order in which they were submitted.
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

/// Adds the job to what was taken of its source, of which it must be the oldest.
fn take(sources: &mut [Source], job: Option<usize>) {
    let Some(job) = job.filter(|job| *job != OWN) else { return };
    let source = &mut sources[job >> 32];
    assert_eq!(job & 0xFFFF_FFFF, source.taken, "an older one was passed over");
    source.taken += 1;
}

/// The jobs of workers that are busy for ever, and submit more at each moment, are run by one who feeds
/// itself; those of each of them, and those from outside and its own oldest ones as well.
pub(crate) fn every_source_is_served<Q: WorkQueue<usize>>(make: impl Fn() -> Q) {
    for busy in [1, 2, 3, 7] {
        let queue = make();
        within_patience(move || {
            let mut peers: Vec<_> = (1..=busy).map(|worker| queue.local(worker)).collect();
            let mut greedy = queue.local(0);
            // The busy ones, outside, and its own.
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
                take(&mut sources, job);
                let due = (pop + 1) / (PATIENCE * (busy + 2));
                let starved =
                    sources.iter().position(|source| source.taken < due.min(source.pushed));
                assert_eq!(starved, None, "after {} pops: {sources:?}", pop + 1);
            }
        });
    }
}

/// The same for one who has no jobs of its own, but finds some outside whenever it looks.
pub(crate) fn busy_workers_are_served_though_outside_jobs_come<Q: WorkQueue<usize>>(
    make: impl Fn() -> Q,
) {
    for busy in [1, 3, 7] {
        let queue = make();
        within_patience(move || {
            let mut peers: Vec<_> = (1..=busy).map(|worker| queue.local(worker)).collect();
            let mut idle = queue.local(0);
            let mut sources: Vec<_> = (0..busy).map(|_| Source::default()).collect();
            for pop in 0..PATIENCE * 20 * busy {
                for (nth, peer) in peers.iter_mut().enumerate() {
                    sources[nth].push(nth, |job| peer.push(job));
                }
                queue.push(OWN).unwrap();
                let job = idle.pop().or_else(|| idle.steal());
                take(&mut sources, job);
                let due = (pop + 1) / (PATIENCE * (busy + 1));
                let starved = sources.iter().position(|source| source.taken < due);
                assert_eq!(starved, None, "after {} pops: {sources:?}", pop + 1);
            }
        });
    }
}

/// Workers that feed themselves alone take each other's jobs, and those from outside, nonetheless.
pub(crate) fn everybody_is_served_though_all_feed_themselves<Q: WorkQueue<usize>>(
    make: impl Fn() -> Q,
) {
    for workers in [1, 2, 4, 8] {
        let queue = make();
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
                    take(&mut outside, job);
                }
                assert!(outside[0].taken >= round / PATIENCE, "starved after {round}: {outside:?}");
            }
        });
    }
}
