//! The errors.

use std::error::Error as StdError;
use std::fmt;
use std::time::Duration;

use crate::id::StreamId;

/// A boxed error of another crate.
type Cause = Box<dyn StdError + Send + Sync>;

/// The error of a call to the server. None of these has a password in it.
#[derive(Debug)]
#[non_exhaustive]
pub enum Error {
    /// There is no connection: nothing was sent.
    Unreachable(Cause),
    /// The connection broke, or the answer did not come in time. The server may have done what it was told, or not.
    Lost(Cause),
    /// The server refused.
    Server(Cause),
    /// What is there is not what was expected: the keys were changed by a foreign hand, or the program that wrote a
    /// result has another type.
    Unexpected(Cause),
    /// The queue was [deleted](crate::RedisQueue::delete).
    Deleted,
}

impl fmt::Display for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Unreachable(cause) => write!(f, "no connection to the server: {cause}"),
            Self::Lost(cause) => write!(f, "the connection to the server broke: {cause}"),
            Self::Server(cause) => write!(f, "the server refused: {cause}"),
            Self::Unexpected(cause) => write!(f, "unexpected content: {cause}"),
            Self::Deleted => f.write_str("the queue was deleted"),
        }
    }
}

impl StdError for Error {}

/// The error of a queue that was not opened.
#[derive(Debug)]
#[non_exhaustive]
pub enum OpenError {
    /// The address is none: see [`RedisQueue::open`](crate::RedisQueue::open).
    Address(Cause),
    /// The name is empty, or has a brace in it.
    Name(String),
    /// A lease of less than a tenth of a second, or more than a day.
    Lease(Duration),
    /// No worker could ever be given a job.
    ZeroDeliveries,
    /// No job could ever be accepted.
    ZeroCapacity,
    /// The server could not be asked.
    Call(Error),
    /// The server is older than Redis 7.0.
    TooOld {
        /// Its version.
        version: String,
    },
    /// The server removes keys when its memory is used up, the jobs among them. `maxmemory-policy noeviction` is what it
    /// needs.
    Evicts {
        /// Its policy.
        policy: String,
    },
    /// The server writes nothing to a disk. It needs `appendonly yes`, and `appendfsync always` if no job that was
    /// accepted is to be lost; or say [`allow_volatile`](crate::QueueOptions::allow_volatile).
    Volatile,
    /// The queue was made by another version of this crate.
    Format {
        /// The version of what the keys hold.
        found: String,
    },
    /// There is no queue of this name, and it was [to exist](crate::QueueOptions::existing).
    Missing,
    /// The queue was made with another setting.
    Differs {
        /// The setting.
        setting: &'static str,
        /// Its value in the queue, in milliseconds if it is a time, and 0 if there is no limit.
        found: u64,
        /// The value that was asked for.
        asked: u64,
    },
}

impl fmt::Display for OpenError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Address(cause) => write!(f, "not the address of a Redis server: {cause}"),
            Self::Name(name) => {
                write!(f, "a queue's name is not empty and has no braces in it, but {name:?}")
            }
            Self::Lease(lease) => {
                write!(f, "a lease lasts from a tenth of a second to a day, not {lease:?}")
            }
            Self::ZeroDeliveries => f.write_str("a job has to be delivered at least once"),
            Self::ZeroCapacity => f.write_str("a bounded queue needs room for at least one job"),
            Self::Call(error) => error.fmt(f),
            Self::TooOld { version } => write!(f, "Redis 7.0 is needed, and this is {version}"),
            Self::Evicts { policy } => write!(
                f,
                "the server may remove jobs when its memory is used up ({policy}); set `maxmemory-policy noeviction`"
            ),
            Self::Volatile => f.write_str(
                "the server writes nothing to a disk; set `appendonly yes`, or open the queue with `allow_volatile`",
            ),
            Self::Format { found } => {
                write!(f, "the queue was made by another version of this program ({found:?})")
            }
            Self::Missing => f.write_str("there is no queue of this name"),
            Self::Differs { setting: "lease", found, asked } => {
                write!(f, "the queue's lease is {found} ms, and {asked} ms was asked for")
            }
            Self::Differs { setting: "capacity", found: 0, asked } => {
                write!(f, "the queue has no capacity set, and {asked} was asked for")
            }
            Self::Differs { setting, found, asked } => {
                write!(f, "the queue's {setting} is {found}, and {asked} was asked for")
            }
        }
    }
}

impl StdError for OpenError {}

impl From<Error> for OpenError {
    fn from(error: Error) -> Self {
        Self::Call(error)
    }
}

/// The reason why a job was not accepted, as far as is known.
#[derive(Debug)]
#[non_exhaustive]
pub enum PushRefusal {
    /// The queue is closed, for good.
    Closed,
    /// The queue has no room at present.
    Full,
    /// The server's memory is used up.
    OutOfMemory,
    /// The codec cannot encode the job.
    Encode(Cause),
    /// The call failed. After [`Error::Lost`] the job may have been accepted all the same;
    /// [`push_once`](crate::RedisQueue::push_once) can be repeated then.
    Call(Error),
}

impl fmt::Display for PushRefusal {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Closed => f.write_str("the queue is closed and accepts no more jobs"),
            Self::Full => f.write_str("the queue is full; try again later"),
            Self::OutOfMemory => f.write_str("the server's memory is used up; try again later"),
            Self::Encode(cause) => write!(f, "the job cannot be encoded: {cause}"),
            Self::Call(error) => error.fmt(f),
        }
    }
}

/// The error of a job that was not accepted. It gives the job back.
pub struct PushError<J> {
    pub(crate) reason: PushRefusal,
    pub(crate) job: J,
}

impl<J> PushError<J> {
    /// The reason.
    #[must_use]
    pub fn reason(&self) -> &PushRefusal {
        &self.reason
    }

    /// Whether the job may have been accepted all the same: the connection broke before the answer came.
    #[must_use]
    pub fn is_unknown(&self) -> bool {
        matches!(self.reason, PushRefusal::Call(Error::Lost(_)))
    }

    /// Returns the job.
    #[must_use]
    pub fn into_inner(self) -> J {
        self.job
    }
}

impl<J> fmt::Debug for PushError<J> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("PushError").field("reason", &self.reason).finish_non_exhaustive()
    }
}

impl<J> fmt::Display for PushError<J> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.reason.fmt(f)
    }
}

impl<J> StdError for PushError<J> {}

/// The error of a batch of which not all jobs were accepted.
pub struct PushBatchError<J> {
    pub(crate) reason: PushRefusal,
    pub(crate) accepted: Vec<StreamId>,
    pub(crate) jobs: Vec<J>,
}

impl<J> PushBatchError<J> {
    /// The reason why the first of the others was not accepted.
    #[must_use]
    pub fn reason(&self) -> &PushRefusal {
        &self.reason
    }

    /// The ids of the jobs that were accepted, in order.
    #[must_use]
    pub fn accepted(&self) -> &[StreamId] {
        &self.accepted
    }

    /// Returns the jobs that are not known to have been accepted, in order.
    #[must_use]
    pub fn into_inner(self) -> Vec<J> {
        self.jobs
    }
}

impl<J> fmt::Debug for PushBatchError<J> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("PushBatchError")
            .field("reason", &self.reason)
            .field("accepted", &self.accepted.len())
            .field("jobs", &self.jobs.len())
            .finish()
    }
}

impl<J> fmt::Display for PushBatchError<J> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (jobs, accepted) = (self.jobs.len(), self.accepted.len());
        write!(f, "{jobs} jobs were not accepted after {accepted} that were: {}", self.reason)
    }
}

impl<J> StdError for PushBatchError<J> {}
