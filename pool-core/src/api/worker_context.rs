//! The argument of the closure that makes a worker's handler.

use crate::api::handle::Handle;
use crate::id::PoolId;
use crate::queue::WorkQueue;
use crate::runtime::job::Job;

/// The worker for which a handler is made.
///
/// See [`ThreadPoolBuilder::build_with`](crate::ThreadPoolBuilder::build_with).
pub struct WorkerContext<J, R, Q> {
    pub(crate) index: usize,
    pub(crate) handle: Handle<J, R, Q>,
}

impl<J: Send + 'static, R: 'static, Q: WorkQueue<Job<J>>> WorkerContext<J, R, Q> {
    /// The worker's index, from 0.
    #[must_use]
    pub fn index(&self) -> usize {
        self.index
    }

    /// The name of the worker's thread.
    #[must_use]
    pub fn name(&self) -> &str {
        &self.handle.inner.config.names[self.index]
    }

    /// The id of the pool to which the worker belongs.
    #[must_use]
    pub fn pool(&self) -> PoolId {
        self.handle.id()
    }

    /// Returns a handle to the pool, by which jobs can submit jobs.
    #[must_use]
    pub fn handle(&self) -> Handle<J, R, Q> {
        self.handle.clone()
    }
}
