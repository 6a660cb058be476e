//! The injector that the documentation of `stealing` shows, under the contract: the very lines.

include!("../docs/injector.rs");

pool_conformance::conformance_tests! {
    line: StealingQueue::new(Line(Mutex::default()));
    order: fifo;
}
