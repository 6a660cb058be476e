//! C9: the memory of a burst is given back. Each queue's test of it is alone in its program, for the
//! allocator's count.

use peak_alloc::PeakAlloc;
use pool_core::{LocalQueue, WorkQueue};

#[global_allocator]
static ALLOCATED: PeakAlloc = PeakAlloc;

const JOBS: u64 = 200_000;
/// What a drained queue with two workers may keep.
const KEPT: usize = 64 * 1024;

pub(crate) fn the_memory_of_a_burst_is_given_back<Q: WorkQueue<u64>>(queue: Q) {
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
