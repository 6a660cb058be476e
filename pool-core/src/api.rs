//! What a user calls: building a pool, submitting to it, waiting, and ending it.

pub(crate) mod batch;
mod build;
pub(crate) mod builder;
mod call;
pub(crate) mod cancel_on_drop;
pub(crate) mod current;
pub(crate) mod handle;
pub(crate) mod held_job;
mod install;
pub(crate) mod job_handle;
pub(crate) mod job_set;
mod join;
pub(crate) mod map;
pub(crate) mod pool;
pub(crate) mod reserve;
pub(crate) mod running;
pub(crate) mod scope;
pub(crate) mod settings;
pub(crate) mod shutdown_future;
mod size;
pub(crate) mod spawn;
mod submit;
pub(crate) mod submit_async;
pub(crate) mod submit_options;
pub(crate) mod submitter;
mod watch;
pub(crate) mod worker_context;
