//! The check that a drained queue takes no memory.

use pool_core::{LocalQueue, WorkQueue};

use super::calls::{attached, fill, take};
use crate::support::within_patience;

/// A job of the check: 64 bytes, about the size of a pool's.
type Block = [u64; 8];

const JOBS: usize = 100_000;

/// The maximum number of bytes that a drained queue with two ends keeps.
const KEPT: usize = 64 * 1024;

/// The memory of a burst is given back when the queue is drained, or when [`retain`](WorkQueue::retain) has
/// removed the waiting jobs and each worker has taken some jobs since. Of 100,000 jobs of 64 bytes, a queue
/// with two ends keeps 64 KiB at most. A batch takes memory for its jobs and not for its `size_hint`.
///
/// `live_bytes` returns the number of bytes that are allocated at the moment. This crate brings no
/// allocator, so the test has to, and [`conformance_tests!`](crate::conformance_tests) does not list this
/// check. It must be the only test of its program, since the count is of all threads.
///
/// # Panics
///
/// If the queue fails the check, or the count does not move.
///
/// # Examples
///
/// With the allocator of the crate `peak_alloc`:
///
/// ```standalone_crate
/// use peak_alloc::PeakAlloc;
/// use pool_conformance::a_burst_leaves_no_memory;
/// use pool_std::StdQueue;
///
/// #[global_allocator]
/// static ALLOCATED: PeakAlloc = PeakAlloc;
///
/// a_burst_leaves_no_memory(StdQueue::new, || ALLOCATED.current_usage());
/// ```
pub fn a_burst_leaves_no_memory<Q: WorkQueue<Block>>(
    make: impl Fn() -> Q,
    live_bytes: impl Fn() -> usize + Send + 'static,
) {
    let queue = attached(&make);
    within_patience(move || {
        let mut ends = [queue.local(0), queue.local(1)];
        let before = live_bytes();
        let kept = || live_bytes().saturating_sub(before);
        // The worker to whose end jobs are pushed takes all, or none, or both take in turn.
        for round in 0..6 {
            let jobs = burst(&queue, &mut ends[round % 2]);
            assert!(kept() >= jobs * size_of::<Block>(), "live_bytes does not count");
            let mut taken = 0;
            while take(&mut ends[if round < 2 { taken % 2 } else { round / 4 }]).is_some() {
                taken += 1;
            }
            assert_eq!(taken, jobs, "jobs are lost or doubled");
            ends.iter_mut().for_each(|end| assert_eq!(take(end), None));
            let kept = kept();
            assert!(kept <= KEPT, "{kept} bytes are kept of a burst that is over");
        }
        let jobs = burst(&queue, &mut ends[0]);
        let mut removed = 0;
        queue.retain(|_| {
            removed += 1;
            // A hundredth stays.
            removed % 100 == 0
        });
        // A worker's end may shrink when its worker comes to it.
        let taken = ends.iter_mut().flat_map(|end| (0..50).map_while(|_| take(end))).count();
        let left = if removed == 0 { jobs } else { jobs / 100 } - taken;
        let kept_by_retain = kept();
        // Some times the need of the jobs left: they may lie in buffers that have room to grow.
        assert!(
            removed == 0 || kept_by_retain <= KEPT + 4 * left * size_of::<Block>(),
            "{kept_by_retain} bytes are kept of a burst after all but {left} of its jobs are removed"
        );
        while ends.iter_mut().any(|end| take(end).is_some()) {}
        let mut few = (0..10).map(|_| Block::default()).chain(Boast);
        let refused = queue.push_batch(&mut few).is_err();
        let kept = kept();
        assert!(refused || kept <= KEPT, "{kept} bytes for a batch of ten jobs");
    });
}

/// Pushes from outside, one by one and as a batch, and through an end. Returns the number of accepted jobs.
fn burst<Q: WorkQueue<Block>>(queue: &Q, end: &mut Q::Local) -> usize {
    let mut outside = fill(queue, (0..JOBS).map(|_| Block::default()));
    let mut batch = 0;
    let mut jobs = (0..JOBS).map(|_| {
        batch += 1;
        Block::default()
    });
    let refused = queue.push_batch(&mut jobs).is_err();
    outside += batch - usize::from(refused);
    (0..JOBS).for_each(|_| end.push(Block::default()));
    outside + JOBS
}

/// An iterator that promises a million jobs and has none.
struct Boast;

impl Iterator for Boast {
    type Item = Block;

    fn next(&mut self) -> Option<Block> {
        None
    }

    fn size_hint(&self) -> (usize, Option<usize>) {
        (1_000_000, None)
    }
}
