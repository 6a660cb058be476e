//! Two closures, perhaps on two threads: the second stays on its thread's stack.

pub(crate) mod pending_joins;
pub(crate) mod share_slot;
pub(crate) mod stack_job;
