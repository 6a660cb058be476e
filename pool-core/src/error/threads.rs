//! The errors about threads: a pool that is not built, a worker that does not start, a number out of range.

use std::fmt;
use std::io;
use std::sync::Arc;

use crate::panics::Panic;

/// The error of a pool that was not built. Nothing is left of it: workers that had started have ended
/// (C10).
///
/// # Examples
///
/// ```
/// use drainpool::{BuildError, ThreadPoolBuilder};
///
/// let error = ThreadPoolBuilder::new().num_threads(0).build().unwrap_err();
/// assert!(matches!(error, BuildError::ZeroThreads));
/// ```
#[derive(Debug)]
#[non_exhaustive]
pub enum BuildError {
    /// `num_threads(0)`: there would be no thread to run the jobs.
    ZeroThreads,
    /// More threads than a pool can have.
    TooManyThreads {
        /// The requested number.
        requested: usize,
        /// The maximum number.
        max: usize,
    },
    /// A smaller `max_threads` than `num_threads`.
    MaxThreads {
        /// The requested maximum.
        max: usize,
        /// The pool's number of threads.
        num_threads: usize,
    },
    /// More `core_threads` than `num_threads`.
    CoreThreads {
        /// The requested number.
        core: usize,
        /// The pool's number of threads.
        num_threads: usize,
    },
    /// `capacity(0)`: no job could ever be accepted.
    ZeroCapacity,
    /// A larger capacity than can be counted.
    CapacityTooLarge {
        /// The requested capacity.
        requested: usize,
        /// The maximum capacity.
        max: usize,
    },
    /// A thread's name holds a NUL, which no operating system takes.
    ThreadName {
        /// The worker's index.
        worker: usize,
        /// The name, NUL included.
        name: String,
    },
    /// No thread can have a stack of this size.
    StackSize {
        /// The requested size in bytes.
        bytes: usize,
    },
    /// The [context](crate::ThreadPoolBuilder::context) of the jobs was replaced by another backend, of whose type
    /// it is a part.
    Context,
    /// A worker did not start.
    Start(StartError),
}

impl fmt::Display for BuildError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::ZeroThreads => f.write_str("a pool needs at least one thread"),
            Self::TooManyThreads { requested, max } => {
                write!(f, "{requested} threads are more than a pool can have, which is {max}")
            }
            Self::MaxThreads { max, num_threads } => {
                write!(f, "a pool of {num_threads} threads is larger than its maximum of {max}")
            }
            Self::CoreThreads { core, num_threads } => {
                write!(f, "{core} core threads do not fit in a pool of {num_threads}")
            }
            Self::ZeroCapacity => f.write_str("a bounded queue needs room for at least one job"),
            Self::CapacityTooLarge { requested, max } => {
                write!(f, "a capacity of {requested} is more than a pool can have, which is {max}")
            }
            Self::ThreadName { worker, name } => {
                write!(f, "the name of worker {worker}, {name:?}, contains a NUL")
            }
            Self::StackSize { bytes } => {
                write!(f, "a stack of {bytes} bytes is larger than any address space")
            }
            Self::Context => {
                f.write_str("the backend was set after the context; set the backend first")
            }
            Self::Start(error) => error.fmt(f),
        }
    }
}

impl std::error::Error for BuildError {
    fn source(&self) -> Option<&(dyn std::error::Error + 'static)> {
        match self {
            Self::Start(error) => error.source(),
            _ => None,
        }
    }
}

/// The error of a worker thread that did not start.
#[derive(Debug, Clone)]
pub struct StartError {
    worker: usize,
    cause: StartCause,
}

/// The reason why a worker thread did not start.
#[derive(Debug, Clone)]
#[non_exhaustive]
pub enum StartCause {
    /// The operating system gave no thread.
    Thread(Arc<io::Error>),
    /// The thread factory dropped the worker without running it.
    Factory,
    /// The thread factory, the hook `on_thread_start`, the maker of the handler, the sink's `clone`
    /// or the maker of the thread's name panicked.
    Panicked(Arc<Panic>),
    /// The maker of the handler returned this error; see
    /// [`try_build_with`](crate::ThreadPoolBuilder::try_build_with).
    Handler(Arc<dyn std::error::Error + Send + Sync>),
    /// The maker of the worker's state returned this error; see
    /// [`try_worker_state`](crate::ThreadPoolBuilder::try_worker_state).
    State(Arc<dyn std::error::Error + Send + Sync>),
    /// The pool has no worker at work, and the submitter is itself the one that is being set up or is
    /// leaving: it cannot wait for itself.
    NotAtWork,
    /// The worker did not start within the time that the submitter would wait.
    TimedOut,
    /// This process was forked from the one that has the pool's threads, and must not run its jobs.
    Forked,
}

impl StartError {
    pub(crate) fn new(worker: usize, cause: StartCause) -> Self {
        Self { worker, cause }
    }

    /// The index of the worker.
    #[must_use]
    pub fn worker(&self) -> usize {
        self.worker
    }

    /// The cause.
    #[must_use]
    pub fn cause(&self) -> &StartCause {
        &self.cause
    }
}

impl fmt::Display for StartError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "worker {} did not start: ", self.worker)?;
        match &self.cause {
            StartCause::Thread(error) => {
                write!(f, "{error}; try fewer threads or smaller stacks")
            }
            StartCause::Factory => f.write_str("the thread factory did not run it"),
            StartCause::Panicked(panic) => write!(f, "its set-up panicked: {panic}"),
            StartCause::Handler(error) => write!(f, "its handler was not made: {error}"),
            StartCause::State(error) => write!(f, "its state was not made: {error}"),
            StartCause::NotAtWork => {
                f.write_str("the submit came from its own set-up or end, or from what starts it")
            }
            StartCause::TimedOut => f.write_str("it was not there in time"),
            StartCause::Forked => {
                f.write_str("the pool belongs to the process that forked this one")
            }
        }
    }
}

impl std::error::Error for StartError {
    fn source(&self) -> Option<&(dyn std::error::Error + 'static)> {
        match &self.cause {
            StartCause::Thread(error) => Some(&**error),
            StartCause::Handler(error) | StartCause::State(error) => Some(&**error),
            _ => None,
        }
    }
}

/// The error of a [`set_num_threads`](crate::Handle::set_num_threads) with a number that the pool cannot have.
///
/// # Examples
///
/// ```
/// use drainpool::ThreadPoolBuilder;
///
/// let pool = ThreadPoolBuilder::new().num_threads(1).max_threads(4).build()?;
/// let error = pool.set_num_threads(5).unwrap_err();
/// assert_eq!(error.to_string(), "5 threads are not between 1 and the pool's maximum of 4");
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub struct ResizeError {
    /// The requested number.
    pub requested: usize,
    /// The maximum number.
    pub max: usize,
}

impl fmt::Display for ResizeError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { requested, max } = self;
        write!(f, "{requested} threads are not between 1 and the pool's maximum of {max}")
    }
}

impl std::error::Error for ResizeError {}
