//! The queues under the contract.

use pool_std::{ChannelQueue, PriorityQueue, StdQueue};

pool_conformance::conformance_tests! {
    std: StdQueue::new();
    order: fifo;
    stealing: in_place;
}

pool_conformance::conformance_tests! {
    channel: ChannelQueue::new();
    order: fifo;
}

pool_conformance::conformance_tests! {
    priority: PriorityQueue::new();
    order: priority;
}

pool_conformance::conformance_tests! {
    strict_priority: PriorityQueue::strict();
    order: priority;
}
