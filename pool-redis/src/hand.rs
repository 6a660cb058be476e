//! The jobs that a worker has in hand: fetched, and not run to their end.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use crate::stop::Stop;

/// Counts the jobs that a worker has in hand.
#[derive(Debug, Default)]
pub(crate) struct Hand {
    jobs: AtomicUsize,
    stop: Arc<Stop>,
}

impl Hand {
    pub(crate) fn new(stop: Arc<Stop>) -> Self {
        Self { jobs: AtomicUsize::new(0), stop }
    }

    pub(crate) fn take(&self) {
        self.jobs.fetch_add(1, Ordering::Relaxed);
    }

    /// One has run to its end.
    pub(crate) fn put_down(&self) {
        self.jobs.fetch_sub(1, Ordering::Relaxed);
        // The lock in there orders the count for the one that looks.
        self.stop.nudge();
    }

    /// The number of jobs that may be fetched, if there may be this many in hand. Waits until there is one, or the
    /// worker is to stop, or this time is over.
    pub(crate) fn wait_for_room(&self, limit: usize, time: Duration) -> usize {
        let room = || limit.saturating_sub(self.jobs.load(Ordering::Relaxed));
        self.stop.wait_or(time, || room() > 0);
        room()
    }
}
