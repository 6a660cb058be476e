//! The queue under the contract.

use pool_std::StdQueue;

pool_conformance::conformance_tests! {
    std: StdQueue::new();
    order: fifo;
    stealing: in_place;
}
