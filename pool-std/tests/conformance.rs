//! The queues under the contract.

use pool_std::{ChannelQueue, StdQueue};

pool_conformance::conformance_tests! {
    std: StdQueue::new();
    order: fifo;
    stealing: in_place;
}

pool_conformance::conformance_tests! {
    channel: ChannelQueue::new();
    order: fifo;
}
