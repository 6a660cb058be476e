//! What a pool knows of its threads from the start.

use crate::thread_factory::ThreadFactory;

/// Called with a worker's index.
pub(crate) type Hook = Box<dyn Fn(usize) + Send + Sync>;

/// What the builder leaves to the pool.
pub(crate) struct Config {
    /// The names of the worker threads, one for each that there may be.
    pub(crate) names: Box<[String]>,
    pub(crate) stack_size: Option<usize>,
    pub(crate) on_thread_start: Option<Hook>,
    pub(crate) on_thread_stop: Option<Hook>,
    pub(crate) factory: Box<dyn ThreadFactory>,
}
