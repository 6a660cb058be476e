//! Scenarios, written once and generic over the pool, and the contestants that run them.
//!
//! `cargo bench --workspace` runs them all under criterion, `compare` lets the contestants take turns
//! and reports on them.

pub mod contestants;
pub mod report;
pub mod scenarios;
pub mod work;
pub mod workloads;
