//! Scenarios, written once and generic over the pool, and the contestants that run them.
//!
//! `cargo bench --workspace` runs them all under criterion, `compare` lets the contestants take turns
//! and reports on them.

pub mod columns;
pub mod contestants;
mod entry;
pub mod line;
pub mod names;
pub mod progress;
pub mod report;
pub mod resident;
pub mod rounds;
pub mod scenarios;
pub mod statistics;
pub mod table;

pub mod work;
pub mod workloads;
