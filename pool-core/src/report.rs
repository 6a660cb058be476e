//! The counts (books) of a pool: at shutdown, and at one moment.

use std::fmt;

/// The counts (books) of a pool that has shut down (C5). They balance:
///
/// `accepted == done + panicked + cancelled + expired + unfinished`, always.
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
    /// The number of jobs that were accepted and had no outcome yet. Zero, with three exceptions: the
    /// shutdown was called by a job of the pool itself, which cannot wait for its own end; the pool's queue
    /// panicked and its jobs cannot be reached; or all workers had left, and none could be started for a
    /// job that was accepted meanwhile.
    pub unfinished: u64,
    /// The number of outcomes, counted above too, that the sink did not take.
    pub undelivered: u64,
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
    /// The number of submitters that wait for room in the queue.
    pub waiting_submitters: usize,
    /// The number of jobs accepted up to now.
    pub accepted: u64,
    /// The number of jobs that wait to be started.
    pub queued: u64,
    /// The number of jobs that run.
    pub running: u64,
    /// The number of jobs that ran and returned.
    pub done: u64,
    /// The number of jobs that ran and panicked.
    pub panicked: u64,
    /// The number of jobs whose handle cancelled them before they started.
    pub cancelled: u64,
    /// The number of jobs that were not started because their time was over.
    pub expired: u64,
}

impl fmt::Display for ShutdownReport {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { accepted, done, panicked, cancelled, expired, unfinished, undelivered } = self;
        write!(f, "{accepted} jobs accepted: {done} done")?;
        let rare = [
            (panicked, "panicked"),
            (cancelled, "cancelled"),
            (expired, "expired"),
            (unfinished, "unfinished"),
        ];
        for (count, how) in rare.into_iter().filter(|(count, _)| **count > 0) {
            write!(f, ", {count} {how}")?;
        }
        if *undelivered > 0 {
            write!(f, "; {undelivered} outcomes not delivered")?;
        }
        Ok(())
    }
}
