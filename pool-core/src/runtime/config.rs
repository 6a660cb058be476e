//! The configuration of a pool's threads.

use std::any::Any;
use std::error::Error;
use std::rc::Rc;
use std::sync::Arc;

use crate::panics::PanicPolicy;
use crate::thread_factory::ThreadFactory;

/// A thread hook, called with the worker's index.
pub(crate) type Hook = Box<dyn Fn(usize) + Send + Sync>;

/// Why a handler or a worker's state was not made.
pub(crate) type MakerError = Arc<dyn Error + Send + Sync>;

/// Makes the state of the worker with this index.
pub(crate) type StateMaker = Box<dyn Fn(usize) -> Result<Rc<dyn Any>, MakerError> + Send + Sync>;

/// The configuration that the builder leaves to the pool.
pub(crate) struct Config {
    /// The names of the worker threads, one for each possible worker.
    pub(crate) names: Box<[String]>,
    pub(crate) stack_size: Option<usize>,
    pub(crate) on_thread_start: Option<Hook>,
    pub(crate) on_thread_stop: Option<Hook>,
    pub(crate) worker_state: Option<StateMaker>,
    pub(crate) panic_policy: PanicPolicy,
    pub(crate) factory: Box<dyn ThreadFactory>,
    pub(crate) on_drop: OnDrop,
}

/// What the drop of a [`Pool`](crate::Pool) does with the jobs that it has accepted; set by
/// [`ThreadPoolBuilder::on_drop`](crate::ThreadPoolBuilder::on_drop).
///
/// In each case the pool is closed, and a job that drops its own pool does not wait.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
#[non_exhaustive]
pub enum OnDrop {
    /// All of them run; the drop waits for their end, as [`Pool::shutdown`](crate::Pool::shutdown) does.
    /// The default.
    #[default]
    Drain,
    /// Those that wait in the queue are thrown away, as by
    /// [`Pool::shutdown_now`](crate::Pool::shutdown_now); the drop waits for those that run.
    Discard,
    /// Those that wait in the queue are thrown away, and the drop waits for nothing: jobs that run go on, on
    /// threads that nobody joins. For jobs that may be stuck, such as in a read without a timeout. The
    /// threads end with their jobs, at the latest with the process.
    Detach,
}

impl Config {
    /// Aborts the process after a panic of a job for the handler, if the policy says so.
    pub(crate) fn abort_if_asked(&self) {
        if self.panic_policy == PanicPolicy::Abort {
            std::process::abort();
        }
    }
}
