//! The runtime, which does what the calls ask for: admission, the workers, and each job's way to its
//! outcome.

pub(crate) mod account;
pub(crate) mod admission;
pub(crate) mod any_pool;
pub(crate) mod call;
pub(crate) mod cancellable;
pub(crate) mod config;
pub(crate) mod handler;
pub(crate) mod inner;
pub(crate) mod job;
pub(crate) mod job_ref;
pub(crate) mod join;
pub(crate) mod launch;
mod offer;
pub(crate) mod pool_state;
mod purge;
pub(crate) mod run_here;
pub(crate) mod scope_state;
pub(crate) mod sink_clones;
mod start;
mod take_back;
pub(crate) mod task_cell;
pub(crate) mod task_handle;
pub(crate) mod terms;
pub(crate) mod timed_job;
pub(crate) mod worker;
