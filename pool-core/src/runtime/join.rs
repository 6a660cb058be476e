//! Joins: two closures, perhaps on two threads. The second is a stack job.

pub(crate) mod pending_joins;
pub(crate) mod share_slot;
pub(crate) mod stack_job;
