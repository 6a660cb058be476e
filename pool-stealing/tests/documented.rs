//! The injector that the documentation of the crate shows, under the contract: the very lines.

include!("../docs/injector.rs");

pool_conformance::conformance_tests! {
    line: StealingQueue::with_injector(Line(Mutex::default()));
    order: fifo;
    stealing: in_place;
}
