//! A web service that keeps notes in SQLite. A pool of threads does the blocking work, one connection each; the
//! async side waits for the outcomes.
//!
//! Each query runs in a span within that of its request, for whatever subscriber of `tracing` the program installs;
//! `tests/load.rs` has one, with metrics and a timeline beside it, and a few thousand requests over the network.

mod http;
mod store;

pub use http::{Limits, router};
pub use store::{Answer, Query, Store, StorePool, StoreQueue, open};
