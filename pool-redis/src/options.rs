//! The settings of a queue.

use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use crate::reconnect::{OnReconnect, Reconnect};

/// The settings with which a queue is opened.
///
/// Capacity, lease and deliveries belong to the queue: they are set by the program that opens it first, and the others
/// take what they find. A program that asks for another value is refused.
///
/// # Examples
///
/// ```
/// use std::time::Duration;
/// use drainpool::redis::QueueOptions;
///
/// let options = QueueOptions::new().capacity(100_000).lease(Duration::from_secs(60)).max_deliveries(3);
/// ```
#[derive(Clone, Default)]
#[must_use]
pub struct QueueOptions {
    pub(crate) capacity: Option<u64>,
    pub(crate) lease: Option<Duration>,
    pub(crate) max_deliveries: Option<u64>,
    pub(crate) known_for: Option<Duration>,
    pub(crate) allows_volatile: bool,
    pub(crate) must_exist: bool,
    pub(crate) on_reconnect: Option<OnReconnect>,
}

impl QueueOptions {
    /// Returns the default settings.
    pub fn new() -> Self {
        Self::default()
    }

    /// The maximum number of jobs that wait or run; a push beyond it is refused. No maximum by default.
    pub fn capacity(mut self, jobs: u64) -> Self {
        self.capacity = Some(jobs);
        self
    }

    /// How long a worker may be silent until its jobs are given to others. It renews its leases three times as often,
    /// however long a job runs. 30 seconds by default.
    pub fn lease(mut self, lease: Duration) -> Self {
        self.lease = Some(lease);
        self
    }

    /// How many times a job is given to a worker before it is taken for dead. 5 by default. A lost connection may
    /// count as a delivery, too.
    pub fn max_deliveries(mut self, deliveries: u64) -> Self {
        self.max_deliveries = Some(deliveries);
        self
    }

    /// How long the queue knows the name of a job that is [pushed once](crate::RedisQueue::push_once). A day by
    /// default.
    pub fn known_for(mut self, time: Duration) -> Self {
        self.known_for = Some(time);
        self
    }

    /// Accepts a server that does not write to a disk: if it stops, all its jobs are lost. For tests, and for jobs
    /// that can be lost.
    pub fn allow_volatile(mut self) -> Self {
        self.allows_volatile = true;
        self
    }

    /// Opens a queue that is there, and makes none: for programs that look at it or collect what is left.
    pub fn existing(mut self) -> Self {
        self.must_exist = true;
        self
    }

    /// Calls this when a worker or an iterator over results has lost its connection, before each attempt to have
    /// another one. It runs on the thread that waits for that.
    pub fn on_reconnect(mut self, told: impl Fn(&Reconnect<'_>) + Send + Sync + 'static) -> Self {
        self.on_reconnect = Some(Arc::new(told));
        self
    }
}

impl fmt::Debug for QueueOptions {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("QueueOptions")
            .field("capacity", &self.capacity)
            .field("lease", &self.lease)
            .field("max_deliveries", &self.max_deliveries)
            .field("known_for", &self.known_for)
            .field("allows_volatile", &self.allows_volatile)
            .finish_non_exhaustive()
    }
}
