//! C9: the memory of a burst is given back.

#[path = "../../pool-std/tests/duties/memory.rs"]
mod memory;

use pool_flume::FlumeQueue;

#[test]
fn the_memory_of_a_burst_is_given_back() {
    memory::the_memory_of_a_burst_is_given_back(FlumeQueue::new());
}

#[test]
fn the_memory_of_stale_jobs_is_given_back() {
    memory::the_memory_of_stale_jobs_is_given_back(FlumeQueue::new());
}

#[test]
fn little_is_kept_for_large_jobs() {
    memory::little_is_kept_for_large_jobs(FlumeQueue::<[u64; 2_048]>::new, 16, 4_096);
    memory::little_is_kept_for_large_jobs(FlumeQueue::<[u64; 4_096]>::new, 16, 4_096);
    memory::little_is_kept_for_large_jobs(FlumeQueue::<[u64; 64]>::new, 2, 4_096);
}

#[test]
fn the_memory_of_stolen_jobs_is_given_back() {
    memory::the_memory_of_stolen_jobs_is_given_back(FlumeQueue::new());
}
