//! The configuration of a pool's threads.

use crate::panics::PanicPolicy;
use crate::thread_factory::ThreadFactory;

/// A thread hook, called with the worker's index.
pub(crate) type Hook = Box<dyn Fn(usize) + Send + Sync>;

/// The configuration that the builder leaves to the pool.
pub(crate) struct Config {
    /// The names of the worker threads, one for each possible worker.
    pub(crate) names: Box<[String]>,
    pub(crate) stack_size: Option<usize>,
    pub(crate) on_thread_start: Option<Hook>,
    pub(crate) on_thread_stop: Option<Hook>,
    pub(crate) panic_policy: PanicPolicy,
    pub(crate) factory: Box<dyn ThreadFactory>,
}

impl Config {
    /// Aborts the process after a panic of a job for the handler, if the policy says so.
    pub(crate) fn abort_if_asked(&self) {
        if self.panic_policy == PanicPolicy::Abort {
            std::process::abort();
        }
    }
}
