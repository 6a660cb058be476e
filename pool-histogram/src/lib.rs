//! Percentiles of how long the jobs of a pool wait and run, through the crate `hdrhistogram`: [`Histograms`], an
//! [`Observer`], and what it returns, a [`TimesSnapshot`].
//!
//! Most users enable the feature `histogram` of the facade crate `drainpool`, which re-exports it.
//!
//! # Examples
//!
//! ```
//! use std::time::Duration;
//! use drainpool::{Histograms, ThreadPoolBuilder};
//!
//! let times = Histograms::new();
//! let pool = ThreadPoolBuilder::new().observer(times.clone()).build()?;
//! pool.execute_batch((0..1_000_u64).map(|n| move || println!("{}", n * n)))?;
//! pool.wait_idle()?;
//!
//! let now = times.snapshot();
//! let wait = now.wait.percentile(99.0).expect("jobs have run");
//! println!("99 % of the jobs waited for no longer than {wait:?}");
//! assert_eq!(now.run.count(), 1_000);
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```
//!
//! # Cost
//!
//! Each job whose times are taken costs two looks at a clock for each of submit and end, one at the start, and three short
//! locks: a few hundred nanoseconds. With [`one_in`](Histograms::one_in) the others cost some ten.

mod distribution;

use std::fmt;
use std::sync::atomic::{AtomicU64, Ordering::Relaxed};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use pool_core::{Clock, Ended, JobId, ObservedJob, Observer, Priority, Refusal};
use pool_job_times::{JobTimes, Times};

pub use crate::distribution::Distribution;

/// The number of pairs of histograms among which the workers are divided, so that they rarely meet.
const SHARDS: usize = 8;

/// Records how long the jobs of one pool wait and run; see [the crate](crate).
///
/// Clones record the same: one is the observer of the pool, another is [looked at](Self::snapshot). It is for one
/// pool; the snapshots of several can be [merged](TimesSnapshot::merge).
///
/// # Examples
///
/// See [the crate](crate).
#[derive(Clone, Default)]
pub struct Histograms(Arc<Inner>);

#[derive(Default)]
struct Inner {
    times: JobTimes,
    shards: [Mutex<Shard>; SHARDS],
    refused: AtomicU64,
    sleeps: AtomicU64,
}

#[derive(Default)]
struct Shard {
    wait: Distribution,
    run: Distribution,
}

impl Inner {
    fn record(&self, worker: Option<usize>, times: Times) {
        let mut shard = lock(&self.shards[worker.unwrap_or(0) % SHARDS]);
        shard.wait.record(times.wait);
        if let Some(run) = times.run {
            shard.run.record(run);
        }
    }
}

impl Histograms {
    /// Returns histograms of all jobs, by the operating system's monotonic clock.
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }

    /// Returns histograms of one job in `every`; see [`JobTimes::one_in`]. The counts of refusals and sleeps are of all.
    ///
    /// # Examples
    ///
    /// ```
    /// use drainpool::{Histograms, ThreadPoolBuilder};
    ///
    /// let times = Histograms::one_in(7);
    /// let pool = ThreadPoolBuilder::new().observer(times.clone()).build()?;
    /// pool.execute_batch((0..70).map(|n| move || drop(n)))?;
    /// pool.shutdown();
    /// assert_eq!(times.snapshot().run.count(), 10);
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    #[must_use]
    pub fn one_in(every: u64) -> Self {
        Self::with_times(JobTimes::new().one_in(every))
    }

    /// Returns histograms of all jobs by this clock, such as the pool's.
    #[must_use]
    pub fn with_clock(clock: impl Clock) -> Self {
        Self::with_times(JobTimes::new().clock(clock))
    }

    fn with_times(times: JobTimes) -> Self {
        Self(Arc::new(Inner { times, ..Inner::default() }))
    }

    /// Returns what was recorded up to now. Jobs that end meanwhile may be in it or not.
    #[must_use]
    pub fn snapshot(&self) -> TimesSnapshot {
        let mut all = TimesSnapshot {
            refused: self.0.refused.load(Relaxed),
            sleeps: self.0.sleeps.load(Relaxed),
            ..TimesSnapshot::default()
        };
        for shard in &self.0.shards {
            let shard = lock(shard);
            all.wait.merge(&shard.wait);
            all.run.merge(&shard.run);
        }
        all
    }
}

/// No foreign code runs under these locks.
fn lock(shard: &Mutex<Shard>) -> MutexGuard<'_, Shard> {
    shard.lock().unwrap_or_else(PoisonError::into_inner)
}

/// What [`Histograms`] have recorded up to one moment.
///
/// # Examples
///
/// See [the crate](crate).
#[derive(Debug, Clone, Default)]
#[non_exhaustive]
pub struct TimesSnapshot {
    /// How long the jobs waited: from the submit to the start or, for those that never started, to the end.
    pub wait: Distribution,
    /// How long the jobs ran.
    pub run: Distribution,
    /// The number of jobs that were given back to their submitter.
    pub refused: u64,
    /// The number of times that a worker fell asleep.
    pub sleeps: u64,
}

impl TimesSnapshot {
    /// Adds what another snapshot has: that of another pool, or of the time before.
    ///
    /// # Examples
    ///
    /// ```
    /// use drainpool::{Histograms, ThreadPool, ThreadPoolBuilder};
    ///
    /// let times = [Histograms::new(), Histograms::new()];
    /// for times in &times {
    ///     let pool = ThreadPoolBuilder::new().observer(times.clone()).build()?;
    ///     pool.execute(|| ())?;
    /// }
    /// let mut both = times[0].snapshot();
    /// both.merge(&times[1].snapshot());
    /// assert_eq!(both.run.count(), 2);
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    pub fn merge(&mut self, other: &Self) {
        self.wait.merge(&other.wait);
        self.run.merge(&other.run);
        self.refused += other.refused;
        self.sleeps += other.sleeps;
    }
}

impl Observer for Histograms {
    fn submitted(&self, job: ObservedJob, _: Priority) {
        self.0.times.submitted(job.id);
    }

    fn withdrawn(&self, job: JobId) {
        self.0.times.withdrawn(job);
    }

    fn refused(&self, _: &Refusal, jobs: usize) {
        self.0.refused.fetch_add(jobs as u64, Relaxed);
    }

    fn started(&self, job: ObservedJob, _: Option<usize>) {
        self.0.times.started(job.id);
    }

    fn ended(&self, job: ObservedJob, worker: Option<usize>, _: Ended) {
        if let Some(times) = self.0.times.ended(job.id) {
            self.0.record(worker, times);
        }
    }

    fn worker_sleeps(&self, _: usize) {
        self.0.sleeps.fetch_add(1, Relaxed);
    }
}

impl fmt::Debug for Histograms {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Histograms").field("times", &self.0.times).finish_non_exhaustive()
    }
}
