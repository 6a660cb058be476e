//! The errors of a timer, and its report.

use std::fmt;
use std::io;
use std::sync::{Mutex, PoisonError};

/// The error of a timer that was not started: the operating system gave no thread. Nothing is left of it.
#[derive(Debug)]
pub struct TimerStartError(pub(crate) io::Error);

impl fmt::Display for TimerStartError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "the timer's thread did not start: {}", self.0)
    }
}

impl std::error::Error for TimerStartError {
    fn source(&self) -> Option<&(dyn std::error::Error + 'static)> {
        Some(&self.0)
    }
}

/// The error of a job that a timer did not take. It holds the closure (C1).
///
/// # Examples
///
/// ```
/// use std::time::Duration;
/// use drainpool::{ThreadPool, Timer, TimerRefusal};
///
/// let pool = ThreadPool::new(2)?;
/// let timer = Timer::new(&pool)?;
/// timer.shutdown();
/// let refused = timer.after(Duration::from_secs(1), || println!("late")).unwrap_err();
/// assert_eq!(refused.reason(), TimerRefusal::Closed);
/// let job = refused.into_inner();
/// job();
/// # Ok::<(), Box<dyn std::error::Error + Send + Sync>>(())
/// ```
pub struct TimerError<F> {
    reason: TimerRefusal,
    /// The lock, which is never held, makes the error `Sync`, whatever the closure is.
    job: Mutex<F>,
}

/// The reason why a timer did not take a job.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub enum TimerRefusal {
    /// The timer was shut down, or its pool is closed.
    Closed,
    /// The interval of a periodic job is zero.
    ZeroInterval,
    /// This process was forked from the one that has the timer's thread.
    Forked,
}

impl<F> TimerError<F> {
    pub(crate) fn new(reason: TimerRefusal, job: F) -> Self {
        Self { reason, job: Mutex::new(job) }
    }

    /// The reason why the job was not taken.
    #[must_use]
    pub fn reason(&self) -> TimerRefusal {
        self.reason
    }

    /// The closure that was not taken.
    #[must_use]
    pub fn into_inner(self) -> F {
        self.job.into_inner().unwrap_or_else(PoisonError::into_inner)
    }
}

impl fmt::Display for TimerRefusal {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Closed => "the timer or its pool is closed and takes no more jobs",
            Self::ZeroInterval => "a periodic job needs an interval longer than zero",
            Self::Forked => "the timer's thread is in the process that this one was forked from",
        })
    }
}

impl std::error::Error for TimerRefusal {}

impl<F> fmt::Debug for TimerError<F> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("TimerError").field("reason", &self.reason).finish_non_exhaustive()
    }
}

impl<F> fmt::Display for TimerError<F> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.reason.fmt(f)
    }
}

impl<F> std::error::Error for TimerError<F> {}

/// What became of the jobs of a timer; returned by [`Timer::shutdown`](crate::Timer::shutdown).
///
/// Each job that was set once is in exactly one of these counts. A periodic job is counted as fired for each
/// of its runs, and as cancelled or not due when it ends.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct TimerReport {
    /// The jobs that the pool accepted when they were due. What became of them is in the pool's own report.
    pub fired: u64,
    /// The jobs that were cancelled before they were handed to the pool.
    pub cancelled: u64,
    /// The jobs that were due and that the pool did not accept: it was closed, had no worker and could not
    /// start one, or its queue refused them; or they still waited for room when the timer ended.
    pub dropped: u64,
    /// The jobs that were given up before they were due, because the timer was shut down or its pool closed.
    pub not_due: u64,
}
