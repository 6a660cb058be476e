//! The errors: what was refused, or did not happen, and why.

mod threads;

use std::fmt;
use std::sync::{Mutex, PoisonError};

pub use self::threads::{BuildError, ResizeError, StartCause, StartError};
use crate::panics::Panic;

/// The error of a submit, with the job that was not accepted, untouched (C1).
///
/// It is `Send` and `Sync` if the job is `Send`, so `?` takes it into a `Box<dyn Error + Send + Sync>`.
///
/// # Examples
///
/// ```
/// use drainpool::{Refusal, ThreadPoolBuilder};
///
/// let pool = ThreadPoolBuilder::new()
///     .build_with(|_worker| |order: Vec<u8>| drop(order))?;
/// pool.close();
/// let refused = pool.submit(vec![1, 2, 3]).unwrap_err();
/// assert!(matches!(refused.reason(), Refusal::Closed));
/// assert_eq!(refused.into_inner(), [1, 2, 3]);
/// # Ok::<(), Box<dyn std::error::Error + Send + Sync>>(())
/// ```
pub struct SubmitError<J> {
    reason: Refusal,
    /// The lock, which is never held, makes the error `Sync`, whatever the job is.
    job: Mutex<J>,
}

/// The reason why a job was not accepted.
#[derive(Debug, Clone)]
#[non_exhaustive]
pub enum Refusal {
    /// The pool is closed.
    Closed,
    /// The queue is full at present. Code that the pool calls beside its jobs (a hook, the drop of a
    /// handler or of a worker's thread-local) gets this at once instead of waiting, which could be for
    /// itself.
    Full,
    /// There is no worker, and none could be started to run the job.
    NoThread(StartError),
    /// The pool is open, but [`take_queued`](crate::Handle::take_queued) took the job back before a worker
    /// had begun it. Only [`install`](crate::Handle::install) fails so.
    Returned,
}

impl Refusal {
    /// Returns the error that gives the job back.
    pub(crate) fn with<J>(self, job: J) -> SubmitError<J> {
        SubmitError { reason: self, job: Mutex::new(job) }
    }
}

impl fmt::Display for Refusal {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Closed => f.write_str("the pool is closed and accepts no more jobs"),
            Self::Full => f.write_str("the pool's queue is full; try again later"),
            Self::NoThread(error) => write!(f, "the pool has no worker for the job: {error}"),
            Self::Returned => f.write_str("the job was taken back before it started"),
        }
    }
}

impl std::error::Error for Refusal {
    fn source(&self) -> Option<&(dyn std::error::Error + 'static)> {
        match self {
            Self::NoThread(error) => Some(error),
            _ => None,
        }
    }
}

impl<J> SubmitError<J> {
    /// Returns the error that gives this job back, for code that submits in other ways.
    ///
    /// # Examples
    ///
    /// ```
    /// use drainpool::{Refusal, SubmitError};
    ///
    /// let refused = SubmitError::new(Refusal::Full, "job");
    /// assert!(refused.is_full() && refused.into_inner() == "job");
    /// ```
    #[must_use]
    pub fn new(reason: Refusal, job: J) -> Self {
        reason.with(job)
    }

    /// The reason why the job was not accepted.
    #[must_use]
    pub fn reason(&self) -> &Refusal {
        &self.reason
    }

    /// Whether the pool is closed.
    #[must_use]
    pub fn is_closed(&self) -> bool {
        matches!(self.reason, Refusal::Closed)
    }

    /// Whether there was no room in the queue.
    #[must_use]
    pub fn is_full(&self) -> bool {
        matches!(self.reason, Refusal::Full)
    }

    /// The job that was not accepted.
    #[must_use]
    pub fn into_inner(self) -> J {
        self.into_parts().1
    }

    /// The reason alone; the job is dropped. For `?` where the job borrows, which an error in a box may not:
    /// `.map_err(SubmitError::into_reason)?`.
    #[must_use]
    pub fn into_reason(self) -> Refusal {
        self.reason
    }

    /// The reason and the job.
    #[must_use]
    pub fn into_parts(self) -> (Refusal, J) {
        (self.reason, self.job.into_inner().unwrap_or_else(PoisonError::into_inner))
    }

    /// Returns the same error for another form of the job.
    pub(crate) fn map<K>(self, f: impl FnOnce(J) -> K) -> SubmitError<K> {
        let (reason, job) = self.into_parts();
        reason.with(f(job))
    }
}

impl<J> fmt::Debug for SubmitError<J> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("SubmitError").field("reason", &self.reason).finish_non_exhaustive()
    }
}

impl<J> fmt::Display for SubmitError<J> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.reason.fmt(f)
    }
}

impl<J> std::error::Error for SubmitError<J> {
    fn source(&self) -> Option<&(dyn std::error::Error + 'static)> {
        self.reason.source()
    }
}

/// The error of a wait that ended without what it waited for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub enum WaitError {
    /// The time ran out first.
    TimedOut,
    /// The caller is inside of the pool: its own job would have to end first.
    InsideJob,
    /// This process was forked from the one that has the pool's threads.
    Forked,
    /// Jobs wait, but the pool has no worker, and none could be started. The jobs stay where they are; the
    /// next submit or wait tries again.
    NoThread,
    /// The pool's queue panicked, and the pool was given up; see
    /// [`ShutdownReport::unfinished`](crate::ShutdownReport::unfinished).
    QueueFailed,
}

impl fmt::Display for WaitError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::TimedOut => "the time ran out first",
            Self::InsideJob => "a job cannot wait for its own pool to be idle",
            Self::Forked => "the pool's threads are in the process that this one was forked from",
            Self::NoThread => "the pool has no worker for its jobs, and none could be started",
            Self::QueueFailed => "the pool's queue panicked; its jobs cannot be reached",
        })
    }
}

impl std::error::Error for WaitError {}

/// The error of a job that asks its [token](crate::CancellationToken) and was cancelled while it runs.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct Cancelled;

impl fmt::Display for Cancelled {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("the job was cancelled while it ran")
    }
}

impl std::error::Error for Cancelled {}

/// The reason why an accepted job has no result.
///
/// # Examples
///
/// ```
/// use drainpool::{Collect, JobError, ThreadPoolBuilder};
///
/// let results = Collect::new();
/// let pool = ThreadPoolBuilder::new().sink(results.clone()).build()?;
/// pool.execute(|| -> u32 { panic!("no luck") })?;
/// pool.shutdown();
/// match results.take().remove(0).outcome {
///     Err(JobError::Panicked(panic)) => assert_eq!(panic.message(), Some("no luck")),
///     other => panic!("{other:?}"),
/// }
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Debug)]
#[non_exhaustive]
pub enum JobError {
    /// The job panicked.
    Panicked(Panic),
    /// The job's handle cancelled it before it had started. It never ran.
    Cancelled,
    /// The job had not started by its [time](crate::SubmitOptions::start_within). It never ran.
    Expired,
    /// A thread inside of the same pool waited for the job before a worker had begun it, and it is a
    /// [call](crate::Handle::call), which only a worker's handler can run: the wait might never have ended.
    /// It never ran, and is counted as cancelled.
    InsideJob,
    /// The pool gave the job back unrun: it was taken back by
    /// [`shutdown_now`](crate::Pool::shutdown_now) or [`take_queued`](crate::Handle::take_queued), or the
    /// pool's queue panicked or dropped it. It never ran.
    Returned,
}

impl fmt::Display for JobError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Panicked(panic) => write!(f, "the job panicked: {panic}"),
            Self::Cancelled => f.write_str("the job was cancelled before it started"),
            Self::Expired => f.write_str("the job expired before it could start"),
            Self::InsideJob => {
                f.write_str("a job of the same pool waited for the call before it started")
            }
            Self::Returned => f.write_str("the pool gave the job back without running it"),
        }
    }
}

impl std::error::Error for JobError {}
