//! Scenarios, written once and generic over the pool, and the contestants that run them.
//!
//! `cargo bench --workspace` runs them all under criterion.

pub mod contestants;
pub mod scenarios;
