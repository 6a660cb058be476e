//! C9: the memory of a burst is given back. A program of its own with one test, for the allocator's count.

use peak_alloc::PeakAlloc;
use pool_conformance::a_burst_leaves_no_memory;
use pool_deterministic::SeededQueue;

#[global_allocator]
static ALLOCATED: PeakAlloc = PeakAlloc;

#[test]
fn the_memory_of_a_burst_is_given_back() {
    a_burst_leaves_no_memory(|| SeededQueue::new(1), || ALLOCATED.current_usage());
}
