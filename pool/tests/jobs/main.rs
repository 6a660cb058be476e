//! All that can be done with a pool, by topic; what the users of other pools rely on, and the ways in which
//! those have failed: on every backend, with 1, 2 and 8 workers, bounded and not.
#![cfg(all(feature = "crossbeam", feature = "flume", feature = "std-only"))]

#[path = "../setup/mod.rs"]
#[macro_use]
mod setup;

mod allocations;
mod batches;
mod blocking;
mod borrowing;
mod calls;
mod cancelling;
mod contexts;
mod current;
mod deserted;
mod ending;
mod ending_async;
mod ending_in_time;
mod ending_races;
mod ending_waiters;
mod failures;
mod fairness;
mod figures;
mod futures;
mod handles;
mod inputs;
mod joins;
mod limits;
mod makers;
mod maps;
mod nesting;
mod observers;
mod odd_contexts;
mod options;
mod order;
#[cfg(feature = "parallel-iterators")]
mod parallel;
mod policies;
mod priority;
mod scopes;
mod sets;
mod sinks;
mod sizes;
#[cfg(feature = "stream")]
mod streams;
mod submits_async;
mod threads;
#[cfg(feature = "timer")]
mod timers;
mod tracking;
mod trees;
mod waiting;
