//! The queue under the contract, in both orders.

use pool_crossbeam::{CrossbeamQueue, LocalOrder};

pool_conformance::conformance_tests! {
    lifo: CrossbeamQueue::with_order(LocalOrder::Lifo);
    order: none;
    stealing: moving;
}

pool_conformance::conformance_tests! {
    fifo: CrossbeamQueue::with_order(LocalOrder::Fifo);
    order: none;
    stealing: moving;
}
