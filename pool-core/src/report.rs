//! The counts (books) of a pool: at shutdown, and at one moment.

use std::fmt;

/// The counts (books) of a pool that has shut down (C5). They balance:
///
/// `accepted == done + panicked + cancelled + expired + returned + unfinished`, always.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub struct ShutdownReport {
    /// The number of jobs that the pool accepted, from outside and from its own jobs.
    pub accepted: u64,
    /// The number of jobs that ran and returned.
    pub done: u64,
    /// The number of jobs that ran and panicked.
    pub panicked: u64,
    /// The number of jobs whose handle cancelled them before they started.
    pub cancelled: u64,
    /// The number of jobs that were not started because their time was over.
    pub expired: u64,
    /// The number of jobs that were given back unrun, by [`shutdown_now`](crate::Pool::shutdown_now) or
    /// [`take_queued`](crate::Handle::take_queued): to the caller, or as
    /// [`JobError::Returned`](crate::JobError::Returned) to their handle or the sink.
    pub returned: u64,
    /// The number of jobs that were accepted and had no outcome yet. Zero, with four exceptions: the time of
    /// a [`shutdown_timeout`](crate::Pool::shutdown_timeout) was over; the shutdown was called by a job of
    /// the pool itself, which cannot wait for its own end; the pool's queue panicked and its jobs cannot be
    /// reached; or all workers had left, and none could be started for a job that was accepted meanwhile.
    pub unfinished: u64,
    /// The number of the unfinished jobs that were running.
    pub running: u64,
    /// The number of outcomes, counted above too, that the sink did not take.
    pub undelivered: u64,
    /// The number of worker threads that had not left. All wait for the last job that runs (C5): one job that is
    /// stuck keeps them all.
    pub threads: usize,
}

impl ShutdownReport {
    /// Whether the pool has ended: every accepted job has its outcome, and every worker has left.
    ///
    /// # Examples
    ///
    /// ```
    /// use drainpool::ThreadPool;
    ///
    /// let pool = ThreadPool::new(2)?;
    /// pool.execute(|| ())?;
    /// assert!(pool.shutdown().is_complete());
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    #[must_use]
    pub fn is_complete(&self) -> bool {
        self.unfinished == 0 && self.threads == 0
    }
}

/// The threads and jobs of a pool at one moment. While jobs run, their counts may be a moment old; they are
/// exact when the pool is idle.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub struct Stats {
    /// The number of worker threads, including those that are starting or leaving.
    pub threads: usize,
    /// The number of worker threads that are parked without a job.
    pub idle_threads: usize,
    /// The number of times that a worker did not start, up to now. A pool that has other workers goes on
    /// without it, and this tells of it; see
    /// [`thread_keep_alive`](crate::ThreadPoolBuilder::thread_keep_alive).
    pub failed_starts: u64,
    /// The number of times that a worker fell asleep.
    pub sleeps: u64,
    /// The number of times that a worker has found a job elsewhere than at its own end of the queue: in the part that
    /// all share, or at another worker's end.
    pub steals: u64,
    /// The number of jobs that were given back to their submitter, as in a full or a closed pool; of a batch, those
    /// that were read.
    pub refused: u64,
    /// The number of submitters that wait for room in the queue.
    pub waiting_submitters: usize,
    /// The number of jobs accepted up to now.
    pub accepted: u64,
    /// The number of jobs that wait to be started: in the queue, or held back, as in a lane. A timer's job is
    /// none of them before it is due.
    pub queued: u64,
    /// The number of jobs that run: on workers, and on threads that run what they wait for or submit. A job that
    /// runs another while it waits for it runs too.
    pub running: u64,
    /// The number of jobs that ran and returned.
    pub done: u64,
    /// The number of jobs that ran and panicked.
    pub panicked: u64,
    /// The number of jobs whose handle cancelled them before they started.
    pub cancelled: u64,
    /// The number of jobs that were not started because their time was over.
    pub expired: u64,
    /// The number of jobs that were given back unrun; see [`ShutdownReport::returned`].
    pub returned: u64,
}

impl fmt::Display for ShutdownReport {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { accepted, done, panicked, cancelled, expired, returned, .. } = self;
        write!(f, "{accepted} jobs accepted: {done} done")?;
        let rare = [
            (panicked, "panicked"),
            (cancelled, "cancelled"),
            (expired, "expired"),
            (returned, "returned"),
            (&self.unfinished, "unfinished"),
        ];
        for (count, how) in rare.into_iter().filter(|(count, _)| **count > 0) {
            write!(f, ", {count} {how}")?;
        }
        if self.undelivered > 0 {
            write!(f, "; {} outcomes not delivered", self.undelivered)?;
        }
        Ok(())
    }
}
