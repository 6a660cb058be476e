//! The configuration of a pool's threads.

use std::any::Any;
use std::rc::Rc;

use crate::thread_factory::ThreadFactory;

/// A thread hook, called with the worker's index.
pub(crate) type Hook = Box<dyn Fn(usize) + Send + Sync>;

/// Makes the state of the worker with this index.
pub(crate) type StateMaker = Box<dyn Fn(usize) -> Rc<dyn Any> + Send + Sync>;

/// The configuration that the builder leaves to the pool.
pub(crate) struct Config {
    /// The names of the worker threads, one for each possible worker.
    pub(crate) names: Box<[String]>,
    pub(crate) stack_size: Option<usize>,
    pub(crate) on_thread_start: Option<Hook>,
    pub(crate) on_thread_stop: Option<Hook>,
    pub(crate) worker_state: Option<StateMaker>,
    pub(crate) factory: Box<dyn ThreadFactory>,
}
