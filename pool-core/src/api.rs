//! What a user calls: building a pool, submitting to it, waiting, and ending it.

pub(crate) mod batch;
pub(crate) mod builder;
pub(crate) mod handle;
mod install;
pub(crate) mod job_handle;
pub(crate) mod job_set;
mod join;
pub(crate) mod map;
pub(crate) mod pool;
pub(crate) mod scope;
pub(crate) mod settings;
mod size;
mod spawn;
mod submit;
pub(crate) mod submit_options;
pub(crate) mod submitter;
pub(crate) mod worker_context;
