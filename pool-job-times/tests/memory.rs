//! A burst of jobs leaves no memory (C9). Alone in its program, for the allocator's count.

use peak_alloc::PeakAlloc;
use pool_job_times::JobTimes;

#[global_allocator]
static ALLOCATED: PeakAlloc = PeakAlloc;

/// What may stay of it, in bytes: far less than it took.
const SLACK: usize = 512 * 1_024;

#[test]
fn a_burst_leaves_no_memory() {
    let pool = drainpool::ThreadPoolBuilder::new().num_threads(1).build().unwrap();
    let ids: Vec<_> = (0..100_000).map(|_| pool.execute(|| ()).unwrap()).collect();
    pool.wait_idle().unwrap();
    let times = JobTimes::new();
    let before = ALLOCATED.current_usage();
    ids.iter().for_each(|id| times.submitted(*id));
    let full = ALLOCATED.current_usage() - before;
    assert!(full > 4 * SLACK, "{full}");
    assert!(ids.iter().all(|id| times.ended(*id).is_some()));
    let after = ALLOCATED.current_usage().saturating_sub(before);
    assert!(after < SLACK, "{after} of {full}");
    assert_eq!(times.pending(), 0);
}
