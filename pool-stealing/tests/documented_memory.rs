//! C9: the injector that the documentation of the crate shows gives back the memory of a burst. Alone
//! in its program, for the allocator's count.

#[allow(dead_code, reason = "its main is run as a test of the documentation")]
mod documented {
    include!("../docs/injector.rs");

    pub(crate) fn queue<J: Send + 'static>() -> impl pool_core::WorkQueue<J> {
        StealingQueue::with_injector(Line(Mutex::default()))
    }
}

use peak_alloc::PeakAlloc;
use pool_conformance::a_burst_leaves_no_memory;

#[global_allocator]
static ALLOCATED: PeakAlloc = PeakAlloc;

#[test]
fn the_memory_of_a_burst_is_given_back() {
    a_burst_leaves_no_memory(documented::queue, || ALLOCATED.current_usage());
}
