//! Runs: the same seed gives the same run, seeds differ, races and deadlocks are found and replayed.

mod calls;
mod failures;
mod races;
mod same;
mod time;
