//! Handles, borrowing, maps, limits and sinks, and the ways in which other pools have failed at
//! them: on every backend, with 1, 2 and 8 workers, bounded and not.
#![cfg(all(feature = "crossbeam", feature = "flume", feature = "std-only"))]

#[path = "ported/setup.rs"]
#[macro_use]
mod setup;

#[path = "jobs/allocations.rs"]
mod allocations;
#[path = "jobs/batches.rs"]
mod batches;
#[path = "jobs/borrowing.rs"]
mod borrowing;
#[path = "jobs/failures.rs"]
mod failures;
#[path = "jobs/fairness.rs"]
mod fairness;
#[path = "jobs/figures.rs"]
mod figures;
#[path = "jobs/futures.rs"]
mod futures;
#[path = "jobs/handles.rs"]
mod handles;
#[path = "jobs/limits.rs"]
mod limits;
#[path = "jobs/maps.rs"]
mod maps;
#[path = "jobs/sinks.rs"]
mod sinks;
#[path = "jobs/trees.rs"]
mod trees;
