//! What a pool tells about itself.

use std::fmt;

/// The books of a pool that has shut down (C5).
///
/// `accepted == done + panicked + cancelled + expired + unfinished`, always.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub struct ShutdownReport {
    /// Jobs that the pool accepted, from outside and from its own jobs.
    pub accepted: u64,
    /// Jobs that ran and returned.
    pub done: u64,
    /// Jobs that ran and panicked.
    pub panicked: u64,
    /// Jobs whose handle cancelled them before they started.
    pub cancelled: u64,
    /// Jobs that were not started because their time was over.
    pub expired: u64,
    /// Jobs that were accepted and had no outcome yet. Zero, with three exceptions: the shutdown was
    /// called by a job of the pool itself, which cannot wait for its own end; the pool's queue
    /// panicked and its jobs cannot be reached; or all workers had left, and none could be started
    /// for a job that was accepted meanwhile.
    pub unfinished: u64,
    /// Outcomes, counted above too, that the sink did not take.
    pub undelivered: u64,
}

/// A pool at one moment. The jobs' figures are those of a moment ago while jobs run, and exact
/// when the pool is idle.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub struct Stats {
    /// Worker threads that exist, those that are just starting or leaving included.
    pub threads: usize,
    /// Worker threads that sleep for want of a job.
    pub idle_threads: usize,
    /// Submitters that wait for room in the queue.
    pub waiting_submitters: usize,
    /// Jobs accepted up to now.
    pub accepted: u64,
    /// Jobs that wait to be started.
    pub queued: u64,
    /// Jobs that run.
    pub running: u64,
    /// Jobs that ran and returned.
    pub done: u64,
    /// Jobs that ran and panicked.
    pub panicked: u64,
    /// Jobs whose handle cancelled them before they started.
    pub cancelled: u64,
    /// Jobs that were not started because their time was over.
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
