//! What lanes promise, on every backend, with 1, 2 and 8 workers, bounded and not.
#![cfg(not(shuttle))]

#[path = "../../../pool/tests/setup/mod.rs"]
#[macro_use]
mod setup;

mod ending;
mod keys;
mod order;
mod refusals;
mod waiting;
