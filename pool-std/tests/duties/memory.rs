//! C9: the memory of a burst is given back. Each queue's test of it is alone in its program, for the
//! allocator's count.

use std::sync::Mutex;

use peak_alloc::PeakAlloc;
use pool_core::{LocalQueue, WorkQueue};

#[global_allocator]
static ALLOCATED: PeakAlloc = PeakAlloc;

const JOBS: u64 = 200_000;
/// What a drained queue with two workers may keep.
const KEPT: usize = 64 * 1024;

/// Each of these needs the allocator's count for itself.
static ALONE: Mutex<()> = Mutex::new(());

pub(crate) fn the_memory_of_a_burst_is_given_back<Q: WorkQueue<u64>>(queue: Q) {
    let _alone = ALONE.lock();
    let (mut one, mut other) = (queue.local(0), queue.local(1));
    let before = ALLOCATED.current_usage();
    for round in 0..3 {
        (0..JOBS).for_each(|n| queue.push(n).unwrap());
        queue.push_batch(&mut (0..JOBS)).unwrap();
        (0..JOBS).for_each(|n| one.push(n));
        assert!(ALLOCATED.current_usage() > before + JOBS as usize * 3 * size_of::<u64>());
        let mut left = 3 * JOBS;
        while left > 0 {
            // Now one takes in from outside and the other steals, now the other way round.
            let (first, second) =
                if round == 0 { (&mut one, &mut other) } else { (&mut other, &mut one) };
            for end in [first, second] {
                left -= u64::from(end.pop().or_else(|| end.steal()).is_some());
            }
        }
        assert!(one.steal().or_else(|| other.steal()).is_none());
        let kept = ALLOCATED.current_usage().saturating_sub(before);
        assert!(kept <= KEPT, "{kept} bytes are kept by an empty queue");
    }
}

/// The same if others took the jobs of a worker, who then finds none of its own.
pub(crate) fn the_memory_of_stolen_jobs_is_given_back<Q: WorkQueue<u64>>(queue: Q) {
    let _alone = ALONE.lock();
    let (mut busy, mut other) = (queue.local(0), queue.local(1));
    let before = ALLOCATED.current_usage();
    for _ in 0..3 {
        (0..JOBS).for_each(|n| busy.push(n));
        let taken = std::iter::from_fn(|| other.pop().or_else(|| other.steal())).count();
        assert_eq!(taken, JOBS as usize);
        assert!(busy.pop().or_else(|| busy.steal()).is_none());
        let kept = ALLOCATED.current_usage().saturating_sub(before);
        assert!(kept <= KEPT, "{kept} bytes are kept by an empty queue");
    }
}

/// The same if nobody took the jobs, but they were removed.
pub(crate) fn the_memory_of_stale_jobs_is_given_back<Q: WorkQueue<u64>>(queue: Q) {
    let _alone = ALONE.lock();
    let (mut one, mut other) = (queue.local(0), queue.local(1));
    let before = ALLOCATED.current_usage();
    let kept = || ALLOCATED.current_usage().saturating_sub(before);
    for _ in 0..3 {
        (0..JOBS).for_each(|n| queue.push(n).unwrap());
        queue.push_batch(&mut (0..JOBS)).unwrap();
        (0..JOBS).for_each(|n| one.push(n));
        (0..JOBS).for_each(|n| other.push(n));
        queue.retain(|n| n.is_multiple_of(1_000));
        for _ in 0..50 {
            assert!(one.pop().or_else(|| one.steal()).is_some());
            assert!(other.pop().or_else(|| other.steal()).is_some());
        }
        assert!(kept() <= 2 * KEPT, "{} bytes are kept by one thousandth of the jobs", kept());
        queue.retain(|_| false);
        assert!(one.pop().or_else(|| one.steal()).or_else(|| other.pop()).is_none());
        assert!(other.steal().is_none());
        assert!(kept() <= KEPT, "{} bytes are kept by an empty queue", kept());
    }
}

/// What the queue may keep for the jobs from outside.
const KEPT_OUTSIDE: usize = 32 * 1024;

/// A queue takes little memory before its first job and keeps little after its last, however large the
/// jobs are: no more than so many bytes for each of its workers' ends.
pub(crate) fn little_is_kept_for_large_jobs<const WORDS: usize, Q: WorkQueue<[u64; WORDS]>>(
    make: impl Fn() -> Q,
    ends: usize,
    kept_by_an_end: usize,
) {
    const LARGE: usize = 200;
    let _alone = ALONE.lock();
    // Once before, for what a thread keeps for itself.
    drain(&mut [make().local(0)]);
    let before = ALLOCATED.current_usage();
    let queue = make();
    let mut ends: Vec<_> = (0..ends).map(|worker| queue.local(worker)).collect();
    let limit = ends.len() * kept_by_an_end + KEPT_OUTSIDE;
    let assert_little = |when: &str| {
        let kept = ALLOCATED.current_usage().saturating_sub(before);
        assert!(kept <= limit, "{kept} bytes are kept {when}, not {limit}");
    };
    assert_little("before the first job");
    for round in 0..3 {
        (0..LARGE).for_each(|_| queue.push([0; WORDS]).unwrap());
        assert_eq!(drain(&mut ends), LARGE);
        assert_little("after jobs from outside");
        queue.push_batch(&mut (0..LARGE).map(|_| [0; WORDS])).unwrap();
        assert_eq!(drain(&mut ends), LARGE);
        assert_little("after a batch");
        ends.iter_mut().for_each(|end| (0..LARGE / 20).for_each(|_| end.push([0; WORDS])));
        assert_eq!(drain(&mut ends), LARGE / 20 * ends.len());
        assert_little("after jobs of jobs");
        let (busy, others) = ends.split_first_mut().unwrap();
        (0..LARGE).for_each(|_| busy.push([0; WORDS]));
        assert_eq!(drain(others), LARGE);
        assert!(busy.pop().or_else(|| busy.steal()).is_none());
        assert_little("after jobs that were stolen");
        for end in &mut ends {
            (0..3 + round).for_each(|_| queue.push([0; WORDS]).unwrap());
            let taken = std::iter::from_fn(|| end.pop().or_else(|| end.steal())).count();
            assert_eq!(taken, 3 + round);
        }
        assert_little("after few jobs");
    }
}

/// Takes every job, one at each end after the other, until they are idle. How many jobs there were.
fn drain<J>(ends: &mut [impl LocalQueue<J>]) -> usize {
    let (mut taken, mut idle) = (0, 0);
    while idle < 2 {
        let before = taken;
        for end in &mut *ends {
            taken += usize::from(end.pop().or_else(|| end.steal()).is_some());
        }
        idle = if taken == before { idle + 1 } else { 0 };
    }
    taken
}
