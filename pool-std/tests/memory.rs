//! C9: the memory of a burst is given back. A program of its own with one test, for the allocator's count.

use peak_alloc::PeakAlloc;
use pool_conformance::{a_burst_leaves_no_memory, large_jobs_leave_little_memory};
use pool_std::{ChannelQueue, PriorityQueue, StdQueue};

#[global_allocator]
static ALLOCATED: PeakAlloc = PeakAlloc;

fn live_bytes() -> usize {
    ALLOCATED.current_usage()
}

#[test]
fn the_memory_of_a_burst_is_given_back() {
    a_burst_leaves_no_memory(StdQueue::new, live_bytes);
    a_burst_leaves_no_memory(ChannelQueue::new, live_bytes);
    a_burst_leaves_no_memory(PriorityQueue::new, live_bytes);
    large_jobs_leave_little_memory(StdQueue::<[u64; 2_048]>::new, live_bytes, 16, 4_096);
    large_jobs_leave_little_memory(StdQueue::<[u64; 4_096]>::new, live_bytes, 16, 4_096);
    large_jobs_leave_little_memory(StdQueue::<[u64; 64]>::new, live_bytes, 2, 4_096);
}
