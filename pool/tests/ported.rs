//! What the users of other pools rely on, written anew for this one: each test bears the name that
//! its idea has in the suite it comes from, and runs on every backend, with 1, 2 and 8 workers,
//! bounded and not.
#![cfg(all(feature = "crossbeam", feature = "flume", feature = "std-only"))]

#[path = "ported/setup.rs"]
#[macro_use]
mod setup;

#[path = "ported/first.rs"]
mod first;
