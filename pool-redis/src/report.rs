//! What a worker tells at its end.

use std::fmt;

use pool_core::{BuildError, Refusal};

use crate::error::Error;

/// Why a worker has ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum WorkerEnd {
    /// The queue is drained: every job has its outcome.
    Drained,
    /// It was told to [stop](crate::Stopper::stop).
    Stopped,
    /// The queue was [deleted](crate::RedisQueue::delete), after its end or before.
    Deleted,
}

/// What a worker has done.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub struct WorkerReport {
    /// Why it has ended.
    pub end: WorkerEnd,
    /// The jobs that returned here.
    pub done: u64,
    /// The jobs that panicked here.
    pub panicked: u64,
    /// The entries that were no job, and the results that could not be encoded.
    pub undecodable: u64,
    /// Those of all these that had an outcome from another worker before, which counts.
    pub superseded: u64,
    /// The jobs that were taken over from others, which were silent or had given them back.
    pub reclaimed: u64,
    /// The jobs that were found to be dead: delivered too often.
    pub dead: u64,
    /// The jobs that were given back to the queue.
    pub released: u64,
    /// The leases that could not be renewed in time.
    pub lost_leases: u64,
    /// The outcomes that could not be brought to the server at the end. Their jobs run again elsewhere.
    pub unsettled: u64,
}

/// The error of a worker that has ended before the queue was drained, without being told to. What it had begun is
/// finished, and what had not started is given back to the queue, if that was possible.
#[derive(Debug)]
#[non_exhaustive]
pub enum WorkerError {
    /// The pool was not built.
    Build(BuildError),
    /// A thread of the worker's own did not start.
    Thread(std::io::Error),
    /// The server refused.
    Server(Error),
    /// The pool did not take a job.
    Pool(Refusal),
    /// The pool has lost all its threads, and could start none.
    NoThread,
}

impl fmt::Display for WorkerError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Build(error) => write!(f, "the worker's pool was not built: {error}"),
            Self::Thread(error) => write!(f, "a thread of the worker did not start: {error}"),
            Self::Server(error) => error.fmt(f),
            Self::Pool(refused) => write!(f, "the worker's pool takes no jobs: {refused}"),
            Self::NoThread => f.write_str("the worker's pool has lost its threads"),
        }
    }
}

impl std::error::Error for WorkerError {}
