//! The checks with a million waiting jobs.

use pool_core::{LocalQueue, WorkQueue};

use super::calls::{attached, fill, fill_batch, take};
use crate::support::within_patience;

/// The number of jobs: more than a queue has at work, and few enough for a quick check.
const JOBS: usize = 1 << 20;

/// A million jobs may wait, outside or in one worker's end, and none is lost.
///
/// # Panics
///
/// If the queue fails the check.
pub fn a_million_jobs_may_wait<Q: WorkQueue<usize>>(make: impl Fn() -> Q) {
    let queue = attached(&make);
    within_patience(move || {
        // As many as it accepts: a queue of limited size is full soon.
        let single = fill(&queue, 0..JOBS / 2);
        let batch = fill_batch(&queue, JOBS / 2..JOBS);
        come_out_once(&queue, single + batch.len(), |job| job < single || batch.contains(&job));
    });
    let queue = attached(&make);
    within_patience(move || {
        let mut end = queue.local(0);
        (0..JOBS).for_each(|n| end.push(n));
        drop(end);
        come_out_once(&queue, JOBS, |job| job < JOBS);
    });
}

/// Two workers take all of the `count` jobs.
fn come_out_once<Q: WorkQueue<usize>>(queue: &Q, count: usize, is_one: impl Fn(usize) -> bool) {
    let mut ends = [queue.local(0), queue.local(1)];
    let mut seen = vec![false; JOBS];
    let mut taken = 0;
    while let Some(job) = take(&mut ends[taken % 2]) {
        assert!(is_one(job) && !seen[job], "of many jobs one came twice");
        seen[job] = true;
        taken += 1;
    }
    assert_eq!(taken, count, "of many jobs some are lost");
}

/// No call takes longer the more jobs wait. If one looks at all of them, or copies them, this check hangs,
/// since it makes a quarter of a million calls of each kind while a million jobs wait.
///
/// # Panics
///
/// If the queue fails the check.
pub fn calls_take_no_longer_the_more_jobs_wait<Q: WorkQueue<usize>>(make: impl Fn() -> Q) {
    let queue = attached(&make);
    within_patience(move || {
        let (mut busy, mut end) = (queue.local(0), queue.local(1));
        fill_batch(&queue, 0..JOBS / 2);
        (0..JOBS / 2).for_each(|n| busy.push(n));
        for round in 0..JOBS / 4 {
            // It may be full.
            let _ = queue.push(round).is_ok();
            busy.push(round);
            assert!(!queue.is_empty(), "jobs wait, and the queue says that none does");
            let found = [take(&mut busy), end.steal().or_else(|| end.pop())];
            assert!(found.iter().all(Option::is_some), "a worker did not find any of many jobs");
        }
    });
}
