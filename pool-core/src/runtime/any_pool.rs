//! A pool, to code that does not know the type of its jobs.

use std::sync::Arc;

use crate::runtime::job_ref::JobRef;
use crate::runtime::pool_state::PoolState;

/// A pool behind a handle that does not know the type of its jobs.
pub(crate) trait AnyPool: Send + Sync {
    /// The part of it that does not depend on that type.
    fn state(&self) -> &PoolState;

    /// Puts a job ref that is no job of its own into the queue, where a free worker finds it. If the queue
    /// refuses it, it is abandoned.
    fn offer(self: Arc<Self>, job_ref: JobRef);
}
