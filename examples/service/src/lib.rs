//! A web service that keeps notes in SQLite. A pool of threads does the blocking work, one connection each; the
//! async side waits for the outcomes.

mod http;
mod store;

pub use http::{Limits, router};
pub use store::{Answer, Query, Store, StorePool, open};
