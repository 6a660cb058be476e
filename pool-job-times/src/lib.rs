//! How long the jobs of a pool wait and run: [`JobTimes`], for an [`Observer`](pool_core::Observer) of your own. It
//! keeps the moment of each submit and each start until the job has ended, of all jobs or of a sample.
//!
//! A job has no room for these moments, and needs none in a pool that is not observed. So they lie here: in maps by the id
//! of the job, several of them, each behind a short lock, so that workers rarely meet. What it holds is bounded by the
//! jobs that are pending.
//!
//! # Examples
//!
//! An observer that tells of jobs that waited for long:
//!
//! ```
//! use std::time::Duration;
//! use drainpool::{Ended, JobId, ManualClock, ObservedJob, Observer, Priority, ThreadPoolBuilder};
//! use pool_job_times::JobTimes;
//!
//! struct Late(JobTimes);
//!
//! impl Observer for Late {
//!     fn submitted(&self, job: ObservedJob, _: Priority) {
//!         self.0.submitted(job.id);
//!     }
//!
//!     fn withdrawn(&self, job: JobId) {
//!         self.0.withdrawn(job);
//!     }
//!
//!     fn started(&self, job: ObservedJob, _: Option<usize>) {
//!         if let Some(wait) = self.0.started(job.id)
//!             && wait > Duration::from_secs(1)
//!         {
//!             println!("job {} has waited for {wait:?}", job.id);
//!         }
//!     }
//!
//!     fn ended(&self, job: ObservedJob, _: Option<usize>, _: Ended) {
//!         self.0.ended(job.id);
//!     }
//! }
//!
//! let pool = ThreadPoolBuilder::new().observer(Late(JobTimes::new())).build()?;
//! pool.execute(|| println!("at work"))?;
//! assert_eq!(pool.shutdown().done, 1);
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```

use std::collections::HashMap;
use std::fmt;
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use pool_core::{Clock, JobId, SystemClock};

/// The number of maps among which the jobs are divided.
const SHARDS: usize = 16;

/// The moments at which the pending jobs of one pool were submitted and started.
///
/// The methods are to be called for the events of the same name of an [`Observer`](pool_core::Observer). It is for one
/// pool: the ids of two pools are the same.
///
/// # Examples
///
/// See [the crate](crate).
pub struct JobTimes {
    shards: [Mutex<HashMap<JobId, Moments>>; SHARDS],
    clock: Box<dyn Clock>,
    every: u64,
}

#[derive(Clone, Copy)]
struct Moments {
    submitted: Instant,
    started: Option<Instant>,
}

/// For how long a job has waited and run.
///
/// # Examples
///
/// See [`JobTimes::ended`].
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub struct Times {
    /// From its submit to its start; for a job that was not started, to its end.
    pub wait: Duration,
    /// From its start to its end. `None` if it was not started.
    pub run: Option<Duration>,
}

impl JobTimes {
    /// Returns the times of all jobs, by the operating system's monotonic clock.
    #[must_use]
    pub fn new() -> Self {
        Self { shards: Default::default(), clock: Box::new(SystemClock), every: 1 }
    }

    /// Keeps the times of one job in `every`, by its id; 0 means 1. The others cost a division.
    ///
    /// The jobs of a thread outside are numbered in their order, so of jobs that come in a period, take a number that
    /// is no divisor of it, such as a prime.
    #[must_use]
    pub fn one_in(mut self, every: u64) -> Self {
        self.every = every.max(1);
        self
    }

    /// Takes the time from this clock, such as the pool's. No lock is held while it is called.
    #[must_use]
    pub fn clock(mut self, clock: impl Clock) -> Self {
        self.clock = Box::new(clock);
        self
    }

    /// Notes that a job was submitted.
    pub fn submitted(&self, job: JobId) {
        if self.is_kept(job) {
            let moments = Moments { submitted: self.clock.now(), started: None };
            self.shard(job).insert(job, moments);
        }
    }

    /// Forgets a job whose submit was undone.
    pub fn withdrawn(&self, job: JobId) {
        if self.is_kept(job) {
            remove(&mut self.shard(job), job);
        }
    }

    /// Notes that a job starts. Returns for how long it has waited, or `None` if it is not kept.
    pub fn started(&self, job: JobId) -> Option<Duration> {
        if !self.is_kept(job) {
            return None;
        }
        let now = self.clock.now();
        let mut shard = self.shard(job);
        let moments = shard.get_mut(&job)?;
        moments.started = Some(now);
        Some(now.saturating_duration_since(moments.submitted))
    }

    /// Forgets a job that has ended. Returns its times, or `None` if it is not kept.
    ///
    /// # Examples
    ///
    /// ```
    /// use std::time::Duration;
    /// use drainpool::{ManualClock, ThreadPoolBuilder};
    /// use pool_job_times::JobTimes;
    ///
    /// let clock = ManualClock::new();
    /// let times = JobTimes::new().clock(clock.clone());
    /// let pool = ThreadPoolBuilder::new().build()?;
    /// let job = pool.execute(|| ())?;
    ///
    /// times.submitted(job);
    /// clock.advance(Duration::from_secs(2));
    /// assert_eq!(times.started(job), Some(Duration::from_secs(2)));
    /// clock.advance(Duration::from_secs(3));
    /// let ended = times.ended(job).expect("it is kept");
    /// assert_eq!((ended.wait.as_secs(), ended.run.map(|run| run.as_secs())), (2, Some(3)));
    /// assert_eq!(times.pending(), 0);
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    pub fn ended(&self, job: JobId) -> Option<Times> {
        if !self.is_kept(job) {
            return None;
        }
        let now = self.clock.now();
        let Moments { submitted, started } = remove(&mut self.shard(job), job)?;
        let wait = started.unwrap_or(now).saturating_duration_since(submitted);
        let run = started.map(|started| now.saturating_duration_since(started));
        Some(Times { wait, run })
    }

    /// The number of jobs whose moments it keeps at present.
    #[must_use]
    pub fn pending(&self) -> usize {
        self.shards.iter().map(|shard| lock(shard).len()).sum()
    }

    fn is_kept(&self, job: JobId) -> bool {
        job.as_u64().is_multiple_of(self.every)
    }

    fn shard(&self, job: JobId) -> MutexGuard<'_, HashMap<JobId, Moments>> {
        lock(&self.shards[(job.as_u64() / self.every) as usize % SHARDS])
    }
}

/// The number of entries for which a map keeps its room.
const KEPT: usize = 256;

/// Takes a job out, and gives the memory of a burst back.
fn remove(shard: &mut HashMap<JobId, Moments>, job: JobId) -> Option<Moments> {
    let moments = shard.remove(&job);
    if shard.capacity() > KEPT && shard.len() < shard.capacity() / 8 {
        shard.shrink_to(2 * shard.len());
    }
    moments
}

/// No foreign code runs under these locks, so a map is whole whatever has panicked.
fn lock(shard: &Mutex<HashMap<JobId, Moments>>) -> MutexGuard<'_, HashMap<JobId, Moments>> {
    shard.lock().unwrap_or_else(PoisonError::into_inner)
}

impl Default for JobTimes {
    fn default() -> Self {
        Self::new()
    }
}

impl fmt::Debug for JobTimes {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("JobTimes")
            .field("one_in", &self.every)
            .field("pending", &self.pending())
            .finish_non_exhaustive()
    }
}
