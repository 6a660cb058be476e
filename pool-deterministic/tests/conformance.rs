//! The seeded queue under the contract.

use pool_deterministic::SeededQueue;

pool_conformance::conformance_tests! {
    seeded: SeededQueue::new(4711);
    order: none;
}
