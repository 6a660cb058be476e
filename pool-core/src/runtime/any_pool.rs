//! The erased pool: a pool for code that does not know the type of its jobs.

use std::sync::Arc;
use std::time::Instant;

use crate::id::JobId;
use crate::runtime::job_ref::JobRef;
use crate::runtime::pool_state::PoolState;

/// A pool, without the type of its jobs.
pub(crate) trait AnyPool: Send + Sync {
    /// The part of the pool that does not depend on that type.
    fn state(&self) -> &PoolState;

    /// Starts a worker if jobs wait, there is none, and starts have failed since `seen`. If that fails too,
    /// gives the pool up.
    fn start_if_deserted(self: Arc<Self>, seen: &mut u64);

    /// Starts a worker if there is none, by the deadline. Returns whether there is one.
    fn revive(self: Arc<Self>, deadline: Option<Instant>) -> bool;

    /// Puts a job ref that is not counted as a job into the queue, where a free worker finds it. A job ref
    /// that the queue refuses is abandoned.
    fn offer(self: Arc<Self>, job_ref: JobRef);

    /// Puts the job ref of an accepted job into the queue. If the queue refuses it, the job runs here.
    fn enqueue(self: Arc<Self>, id: JobId, job_ref: JobRef);

    /// Tells the sink that this job has no outcome for it.
    fn skip(&self, id: JobId);
}
