//! The queue that the documentation of `WorkQueue` shows, under the contract: the very lines.
#![cfg(not(any(loom, shuttle)))]

include!("../docs/queue.rs");

pool_conformance::conformance_tests! {
    fifo: Fifo(Arc::default());
    order: fifo;
}
