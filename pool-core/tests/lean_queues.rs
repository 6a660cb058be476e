//! The memory of a burst, with an allocator that counts: a program of its own, with one test.
#![cfg(not(any(loom, shuttle)))]

#[path = "broken_queues/faulty/mod.rs"]
mod faulty;
#[allow(dead_code, reason = "its main is run as a test of the documentation")]
mod documented {
    include!("../docs/queue.rs");

    pub(crate) fn queue<J: Send + 'static>() -> impl WorkQueue<J> {
        Fifo(Arc::default())
    }
}

use std::panic::{AssertUnwindSafe, catch_unwind};

use peak_alloc::PeakAlloc;
use pool_conformance::a_burst_leaves_no_memory;
use pool_std::StdQueue;

use faulty::{Fault, Faulty};

#[global_allocator]
static ALLOCATED: PeakAlloc = PeakAlloc;

fn live_bytes() -> usize {
    ALLOCATED.current_usage()
}

/// The reason for which this fault is caught.
fn caught(fault: Fault) -> String {
    let check = || a_burst_leaves_no_memory(|| Faulty::new(fault), live_bytes);
    let payload = catch_unwind(AssertUnwindSafe(check)).expect_err("the kit let a fault pass");
    pool_core::Panic::new(payload).message().unwrap_or_default().to_owned()
}

#[test]
fn memory_that_is_kept_is_caught_and_no_other() {
    a_burst_leaves_no_memory(|| Faulty::new(Fault::None), live_bytes);
    a_burst_leaves_no_memory(documented::queue, live_bytes);
    a_burst_leaves_no_memory(StdQueue::new, live_bytes);
    for (fault, reason) in [
        (Fault::KeepsABurst, "are kept of a burst that is over"),
        (Fault::KeepsWhatWasRemoved, "of its jobs are removed"),
        (Fault::AllocatesByTheSizeHint, "for a batch of ten jobs"),
    ] {
        let message = caught(fault);
        assert!(message.contains(reason), "{fault:?} is caught for another reason: {message}");
    }
    let blind = || a_burst_leaves_no_memory(|| Faulty::new(Fault::None), || 0);
    assert!(catch_unwind(AssertUnwindSafe(blind)).is_err(), "an allocator that does not count");
}
