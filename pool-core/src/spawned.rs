//! Jobs that have a handle: the cell in which such a job lies, the claims on it, and those who wait.

pub(crate) mod awaited;
pub(crate) mod cell;
pub(crate) mod errand;
pub(crate) mod job_handle;
pub(crate) mod job_set;
pub(crate) mod runner;
