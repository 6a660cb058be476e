//! Random plans of waiting, forking, borrowing, submitting and timing against pools of every shape, and threads
//! that leave while others submit.
//!
//! A plan follows from one number, its seed, and runs on every backend. What fails or hangs is reported
//! with the seed, the pools, and the plan with what had begun and ended. These variables of the
//! environment say what is run:
//!
//! * `POOL_STRESS_PLANS`: how many plans each backend runs, 3,000 unless set, or 10,000 in an optimised
//!   build;
//! * `POOL_STRESS_SEED`: the seed of the first plan, 1 unless set; the others have those that follow. If
//!   only this is set, just this one plan is run;
//! * `POOL_STRESS_TIMES`: how often each plan is run, once unless set: threads meet differently each time;
//! * `POOL_STRESS_PATIENCE`: how many seconds a plan may take before it counts as hanging, 20 unless set.
//!
//! ```text
//! POOL_STRESS_SEED=4711 POOL_STRESS_TIMES=1000 cargo test -p drainpool --all-features --test stress plans::flume
//! POOL_STRESS_PLANS=100000 cargo test --release -p drainpool --all-features --test stress plans
//! ```
#![cfg(all(
    feature = "crossbeam",
    feature = "flume",
    feature = "std-only",
    feature = "lanes",
    feature = "timer"
))]

#[path = "../setup/mod.rs"]
#[macro_use]
mod setup;

mod books;
mod cancelling;
mod held;
mod helping;
mod idling;
mod lanes;
mod leaving;
mod ops;
mod plan;
mod plans;
mod random;
mod spawns;
mod starting;
mod steps;
mod timers;
mod world;
