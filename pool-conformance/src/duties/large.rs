//! The check that large jobs leave no large memory.

use std::iter::from_fn;

use pool_core::{LocalQueue, WorkQueue};

use super::calls::{attached, take};
use crate::support::within_patience;

const JOBS: usize = 200;

/// The maximum number of bytes that a queue may keep for the jobs from outside.
const KEPT_OUTSIDE: usize = 32 * 1024;

/// A queue takes little memory before its first job and keeps little after its last, however large the
/// jobs are: 32 KiB, and `kept_by_an_end` bytes for each of its `ends`. For queues that are never full.
///
/// As [`a_burst_leaves_no_memory`](super::a_burst_leaves_no_memory) this needs an allocator that counts, and
/// a program in which nothing else is allocated at the same time.
///
/// # Panics
///
/// If the queue fails the check.
///
/// # Examples
///
/// ```standalone_crate
/// use peak_alloc::PeakAlloc;
/// use pool_conformance::large_jobs_leave_little_memory;
/// use pool_std::StdQueue;
///
/// #[global_allocator]
/// static ALLOCATED: PeakAlloc = PeakAlloc;
///
/// let make = StdQueue::<[u64; 2_048]>::new;
/// large_jobs_leave_little_memory(make, || ALLOCATED.current_usage(), 16, 4_096);
/// ```
pub fn large_jobs_leave_little_memory<const WORDS: usize, Q: WorkQueue<[u64; WORDS]>>(
    make: impl Fn() -> Q + Send + 'static,
    live_bytes: impl Fn() -> usize + Send + 'static,
    ends: usize,
    kept_by_an_end: usize,
) {
    within_patience(move || {
        // Once before, for the memory that a thread keeps for itself.
        drain(&mut [attached(&make).local(0)]);
        let before = live_bytes();
        let queue = attached(&make);
        let mut ends: Vec<_> = (0..ends).map(|worker| queue.local(worker)).collect();
        let limit = ends.len() * kept_by_an_end + KEPT_OUTSIDE;
        let assert_little = |when: &str| {
            let kept = live_bytes().saturating_sub(before);
            assert!(kept <= limit, "{kept} bytes are kept {when}, and not {limit} at most");
        };
        assert_little("before the first job");
        for round in 0..3 {
            (0..JOBS).for_each(|_| queue.push([0; WORDS]).unwrap());
            assert_eq!(drain(&mut ends), JOBS);
            assert_little("after jobs from outside");
            queue.push_batch(&mut (0..JOBS).map(|_| [0; WORDS])).unwrap();
            assert_eq!(drain(&mut ends), JOBS);
            assert_little("after a batch");
            ends.iter_mut().for_each(|end| (0..JOBS / 20).for_each(|_| end.push([0; WORDS])));
            assert_eq!(drain(&mut ends), JOBS / 20 * ends.len());
            assert_little("after jobs of jobs");
            let (busy, others) = ends.split_first_mut().unwrap();
            (0..JOBS).for_each(|_| busy.push([0; WORDS]));
            assert_eq!(drain(others), JOBS);
            assert!(take(busy).is_none());
            assert_little("after jobs that were stolen");
            for end in &mut ends {
                (0..3 + round).for_each(|_| queue.push([0; WORDS]).unwrap());
                assert_eq!(from_fn(|| take(end)).count(), 3 + round);
            }
            assert_little("after few jobs");
        }
    });
}

/// Takes every job, one at each end after the other, until no end finds any. Returns the number of jobs.
fn drain<J>(ends: &mut [impl LocalQueue<J>]) -> usize {
    let (mut taken, mut idle) = (0, 0);
    while idle < 2 {
        let before = taken;
        taken += ends.iter_mut().filter_map(take).count();
        idle = if taken == before { idle + 1 } else { 0 };
    }
    taken
}
