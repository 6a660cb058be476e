//! The contract as a test kit, for any queue.
//!
//! A [`WorkQueue`](crate::WorkQueue) that passes it can be trusted with a pool. There is a check for
//! each clause of [the contract](crate#the-contract), run with pools of one, two and sixteen workers,
//! one for each [duty of a queue](crate::WorkQueue), run on the queue alone, and a
//! [plan](Plan) of random steps whose outcome a sequential model foretells.
//!
//! [`conformance_tests!`](crate::conformance_tests) makes a named test of each:
//!
//! ```
//! use pool_std::StdQueue;
//!
//! pool_core::conformance_tests! {
//!     my_queue: StdQueue::new();
//!     order: fifo;
//! }
//! # fn main() {}
//! ```
//!
//! That is all of a test file in a crate with the dev-dependencies `pool-core`, with the feature
//! `conformance`, and `proptest`. A check is a function and can be called by itself, too.
//!
//! Every check has a watchdog: what hangs fails, after [a time](set_patience). It, [`Latch`] and
//! [`Tally`] are there for checks of your own.

mod contract;
mod duties;
mod macros;
mod plan;
mod support;
mod waiting;

pub use contract::*;
pub use duties::*;
pub use plan::{Plan, Step, Tree};
pub use support::{Latch, Tally, set_patience, within_patience};
pub use waiting::*;
