//! The queue under the contract.

use pool_std::StdQueue;

pool_core::conformance_tests! {
    std: StdQueue::new();
    order: fifo;
}
