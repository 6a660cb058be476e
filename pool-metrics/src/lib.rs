//! Metrics of a pool through the crate [`metrics`], for any of its exporters: [`Metrics`], an
//! [`Observer`].
//!
//! | metric | kind | labels | |
//! |---|---|---|---|
//! | `drainpool_jobs_submitted_total` | counter | `pool`, `job` | jobs that were accepted |
//! | `drainpool_jobs_withdrawn_total` | counter | `pool` | those of them that the queue refused afterwards, or whose admission was dropped |
//! | `drainpool_jobs_refused_total` | counter | `pool`, `reason` | jobs that were given back to their submitter: `full`, `closed`, `no_thread`, `returned` or `other` |
//! | `drainpool_jobs_ended_total` | counter | `pool`, `job`, `outcome` | `done`, `panicked`, `cancelled`, `expired`, `returned` or `other` |
//! | `drainpool_jobs_queued` | gauge | `pool` | jobs that wait to be started |
//! | `drainpool_jobs_running` | gauge | `pool` | jobs that run |
//! | `drainpool_job_wait_seconds` | histogram | `pool`, `job` | from the submit to the start |
//! | `drainpool_job_run_seconds` | histogram | `pool`, `job` | from the start to the end |
//! | `drainpool_workers` | gauge | `pool` | workers that have come and not left |
//! | `drainpool_workers_asleep` | gauge | `pool` | those of them that sleep |
//! | `drainpool_worker_starts_failed_total` | counter | `pool` | the times that a worker did not start |
//! | `drainpool_worker_sleeps_total` | counter | `pool` | the times that a worker fell asleep |
//!
//! `pool` is the name that the pool is given here, `job` the [label](pool_core::SubmitOptions::label) of the job, or
//! `none`. The counters agree with the pool's [report](pool_core::ShutdownReport): submitted without withdrawn is
//! `accepted`, and ended is its outcomes.
//!
//! Most users enable the feature `metrics` of the facade crate `drainpool`, which re-exports it.
//!
//! # Examples
//!
//! ```
//! use drainpool::{Metrics, SubmitOptions, ThreadPoolBuilder};
//!
//! // First of all, the program installs its exporter: here none, so that nothing is recorded.
//! let pool = ThreadPoolBuilder::new().observer(Metrics::new("thumbnails")).build()?;
//! pool.with(SubmitOptions::new().label("resize")).execute(|| println!("at work"))?;
//! assert_eq!(pool.shutdown().done, 1);
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```
//!
//! # Cost
//!
//! A job costs three looks at the table of its label's metrics, two at a clock, and four updates of counters, gauges
//! and histograms: about a microsecond with a recorder for Prometheus, half of that for jobs whose times are not taken, with
//! [`one_in`](Metrics::one_in).

mod names;

use std::collections::{HashMap, HashSet};
use std::fmt;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError, RwLock};

use metrics::{Counter, Gauge, Histogram, Key, Label, Metadata, Recorder};
use pool_core::{Clock, Ended, JobId, ObservedJob, Observer, Priority, Refusal, StartError};
use pool_job_times::JobTimes;

use crate::names as name;

/// The label of jobs that have none.
const NONE: &str = "none";

/// Records what happens in one pool as metrics; see [the crate](crate) for their names.
///
/// It finds the recorder of the program, which an exporter installs, when it is made and when a job with a new label comes:
/// make it after that. For two pools, make two, with names of their own.
///
/// # Examples
///
/// See [the crate](crate).
pub struct Metrics {
    pool: String,
    recorder: Option<Arc<dyn Recorder + Send + Sync>>,
    times: JobTimes,
    shared: Shared,
    by_label: RwLock<HashMap<&'static str, Arc<ByLabel>>>,
    /// The workers that sleep.
    asleep: Mutex<HashSet<usize>>,
}

/// No foreign code runs under this lock, so the set is whole whatever has panicked.
fn lock(asleep: &Mutex<HashSet<usize>>) -> MutexGuard<'_, HashSet<usize>> {
    asleep.lock().unwrap_or_else(PoisonError::into_inner)
}

/// The metrics of all jobs.
struct Shared {
    withdrawn: Counter,
    queued: Gauge,
    running: Gauge,
    workers: Gauge,
    asleep: Gauge,
    sleeps: Counter,
    failed_starts: Counter,
}

/// The metrics of the jobs with one label.
struct ByLabel {
    submitted: Counter,
    ended: [Counter; OUTCOMES.len()],
    wait: Histogram,
    run: Histogram,
}

const OUTCOMES: [&str; 6] = ["done", "panicked", "cancelled", "expired", "returned", "other"];

/// Where the counter of this outcome is.
fn outcome(how: Ended) -> usize {
    match how {
        Ended::Done => 0,
        Ended::Panicked => 1,
        Ended::Cancelled => 2,
        Ended::Expired => 3,
        Ended::Returned => 4,
        _ => 5,
    }
}

impl Metrics {
    /// Returns metrics of a pool with this name, for the program's recorder.
    #[must_use]
    pub fn new(pool: impl Into<String>) -> Self {
        Self::made(pool.into(), None)
    }

    /// Returns metrics for this recorder and no other, such as that of a test.
    ///
    /// # Examples
    ///
    /// ```
    /// use std::sync::Arc;
    /// use drainpool::{Metrics, ThreadPoolBuilder};
    /// use metrics_util::debugging::{DebugValue, DebuggingRecorder};
    ///
    /// let recorder = DebuggingRecorder::new();
    /// let snapshots = recorder.snapshotter();
    /// let metrics = Metrics::with_recorder("tests", Arc::new(recorder));
    /// let pool = ThreadPoolBuilder::new().observer(metrics).build()?;
    /// pool.execute(|| ())?;
    /// pool.shutdown();
    /// let submitted = snapshots.snapshot().into_vec().into_iter().find_map(|(key, _, _, value)| {
    ///     (key.key().name() == "drainpool_jobs_submitted_total").then_some(value)
    /// });
    /// assert_eq!(submitted, Some(DebugValue::Counter(1)));
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    #[must_use]
    pub fn with_recorder(
        pool: impl Into<String>,
        recorder: Arc<dyn Recorder + Send + Sync>,
    ) -> Self {
        Self::made(pool.into(), Some(recorder))
    }

    fn made(pool: String, recorder: Option<Arc<dyn Recorder + Send + Sync>>) -> Self {
        let register = Register { pool: &pool, recorder: recorder.as_deref() };
        register.describe();
        let shared = Shared {
            withdrawn: register.counter(name::WITHDRAWN, &[]),
            queued: register.gauge(name::QUEUED),
            running: register.gauge(name::RUNNING),
            workers: register.gauge(name::WORKERS),
            asleep: register.gauge(name::ASLEEP),
            sleeps: register.counter(name::SLEEPS, &[]),
            failed_starts: register.counter(name::FAILED_STARTS, &[]),
        };
        let (by_label, asleep) = (RwLock::default(), Mutex::default());
        Self { pool, recorder, times: JobTimes::new(), shared, by_label, asleep }
    }

    fn wakes(&self, worker: usize) {
        let was_asleep = lock(&self.asleep).remove(&worker);
        if was_asleep {
            self.shared.asleep.decrement(1);
        }
    }

    /// Takes the wait and run times of one job in `every`; see [`JobTimes::one_in`]. The counters and gauges count
    /// all.
    #[must_use]
    pub fn one_in(mut self, every: u64) -> Self {
        self.times = self.times.one_in(every);
        self
    }

    /// Takes wait and run times from this clock instead of the system's.
    #[must_use]
    pub fn clock(mut self, clock: impl Clock) -> Self {
        self.times = self.times.clock(clock);
        self
    }

    fn register(&self) -> Register<'_> {
        Register { pool: &self.pool, recorder: self.recorder.as_deref() }
    }

    /// The metrics of the jobs with this label.
    fn of(&self, job: ObservedJob) -> Arc<ByLabel> {
        let label = job.label.unwrap_or(NONE);
        let known = self.by_label.read().unwrap_or_else(PoisonError::into_inner);
        if let Some(metrics) = known.get(label) {
            return Arc::clone(metrics);
        }
        drop(known);
        // Made without the lock: the recorder is foreign.
        let made = Arc::new(self.register().by_label(label));
        let mut known = self.by_label.write().unwrap_or_else(PoisonError::into_inner);
        Arc::clone(known.entry(label).or_insert(made))
    }
}

impl Observer for Metrics {
    fn submitted(&self, job: ObservedJob, _: Priority) {
        self.of(job).submitted.increment(1);
        self.shared.queued.increment(1);
        self.times.submitted(job.id);
    }

    fn withdrawn(&self, job: JobId) {
        self.shared.withdrawn.increment(1);
        self.shared.queued.decrement(1);
        self.times.withdrawn(job);
    }

    fn refused(&self, reason: &Refusal, jobs: usize) {
        let reason = match reason {
            Refusal::Full => "full",
            Refusal::Closed => "closed",
            Refusal::NoThread(_) => "no_thread",
            Refusal::Returned => "returned",
            _ => "other",
        };
        let refused = self.register().counter(name::REFUSED, &[("reason", reason)]);
        refused.increment(jobs as u64);
    }

    fn started(&self, job: ObservedJob, _: Option<usize>) {
        self.shared.queued.decrement(1);
        self.shared.running.increment(1);
        if let Some(wait) = self.times.started(job.id) {
            self.of(job).wait.record(wait);
        }
    }

    fn ended(&self, job: ObservedJob, _: Option<usize>, how: Ended) {
        let has_run = matches!(how, Ended::Done | Ended::Panicked);
        let left = if has_run { &self.shared.running } else { &self.shared.queued };
        left.decrement(1);
        let metrics = self.of(job);
        metrics.ended[outcome(how)].increment(1);
        if let Some(run) = self.times.ended(job.id).and_then(|times| times.run) {
            metrics.run.record(run);
        }
    }

    fn worker_came(&self, _: usize) {
        self.shared.workers.increment(1);
    }

    fn worker_left(&self, worker: usize) {
        self.shared.workers.decrement(1);
        // It may have left without another job.
        self.wakes(worker);
    }

    fn start_failed(&self, _: &StartError) {
        self.shared.failed_starts.increment(1);
    }

    fn worker_sleeps(&self, worker: usize) {
        let is_new = lock(&self.asleep).insert(worker);
        if is_new {
            self.shared.asleep.increment(1);
        }
        self.shared.sleeps.increment(1);
    }

    fn worker_wakes(&self, worker: usize) {
        self.wakes(worker);
    }
}

impl fmt::Debug for Metrics {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Metrics").field("pool", &self.pool).finish_non_exhaustive()
    }
}

/// Registers the metrics of one pool.
struct Register<'a> {
    pool: &'a str,
    recorder: Option<&'a (dyn Recorder + Send + Sync)>,
}

/// Where the metrics come from, for those who collect them.
const METADATA: Metadata<'static> =
    Metadata::new(module_path!(), metrics::Level::INFO, Some(module_path!()));

impl Register<'_> {
    fn with<T>(&self, register: impl FnOnce(&dyn Recorder) -> T) -> T {
        match self.recorder {
            Some(recorder) => register(recorder),
            None => metrics::with_recorder(register),
        }
    }

    fn key(&self, name: &'static str, labels: &[(&'static str, &'static str)]) -> Key {
        let mut all = vec![Label::new("pool", self.pool.to_owned())];
        all.extend(labels.iter().map(|(key, value)| Label::new(*key, *value)));
        Key::from_parts(name, all)
    }

    fn counter(&self, name: &'static str, labels: &[(&'static str, &'static str)]) -> Counter {
        let key = self.key(name, labels);
        self.with(|recorder| recorder.register_counter(&key, &METADATA))
    }

    fn gauge(&self, name: &'static str) -> Gauge {
        let key = self.key(name, &[]);
        self.with(|recorder| recorder.register_gauge(&key, &METADATA))
    }

    fn histogram(&self, name: &'static str, label: &'static str) -> Histogram {
        let key = self.key(name, &[("job", label)]);
        self.with(|recorder| recorder.register_histogram(&key, &METADATA))
    }

    fn by_label(&self, label: &'static str) -> ByLabel {
        ByLabel {
            submitted: self.counter(name::SUBMITTED, &[("job", label)]),
            ended: OUTCOMES
                .map(|outcome| self.counter(name::ENDED, &[("job", label), ("outcome", outcome)])),
            wait: self.histogram(name::WAIT, label),
            run: self.histogram(name::RUN, label),
        }
    }

    fn describe(&self) {
        self.with(|recorder| {
            for (name, describe, unit, text) in name::DESCRIPTIONS {
                describe(recorder, (*name).into(), *unit, (*text).into());
            }
        });
    }
}
