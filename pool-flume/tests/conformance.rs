//! The queue under the contract.

use pool_flume::FlumeQueue;

pool_conformance::conformance_tests! {
    flume: FlumeQueue::new();
    order: fifo;
    stealing: in_place;
}
