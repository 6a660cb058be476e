//! The names of the metrics, and what they say of themselves.

use metrics::{KeyName, Recorder, SharedString, Unit};

pub(crate) const SUBMITTED: &str = "drainpool_jobs_submitted_total";
pub(crate) const WITHDRAWN: &str = "drainpool_jobs_withdrawn_total";
pub(crate) const REFUSED: &str = "drainpool_jobs_refused_total";
pub(crate) const ENDED: &str = "drainpool_jobs_ended_total";
pub(crate) const QUEUED: &str = "drainpool_jobs_queued";
pub(crate) const RUNNING: &str = "drainpool_jobs_running";
pub(crate) const WAIT: &str = "drainpool_job_wait_seconds";
pub(crate) const RUN: &str = "drainpool_job_run_seconds";
pub(crate) const WORKERS: &str = "drainpool_workers";
pub(crate) const ASLEEP: &str = "drainpool_workers_asleep";
pub(crate) const FAILED_STARTS: &str = "drainpool_worker_starts_failed_total";
pub(crate) const SLEEPS: &str = "drainpool_worker_sleeps_total";

/// Describes a metric of one kind.
type Describe = fn(&dyn Recorder, KeyName, Option<Unit>, SharedString);

const COUNTER: Describe = |recorder, name, unit, text| recorder.describe_counter(name, unit, text);
const GAUGE: Describe = |recorder, name, unit, text| recorder.describe_gauge(name, unit, text);
const HISTOGRAM: Describe =
    |recorder, name, unit, text| recorder.describe_histogram(name, unit, text);

/// All metrics: the name, the kind, the unit, and what it is.
pub(crate) const DESCRIPTIONS: &[(&str, Describe, Option<Unit>, &str)] = &[
    (SUBMITTED, COUNTER, None, "Jobs that were accepted."),
    (WITHDRAWN, COUNTER, None, "Accepted jobs that the queue refused, or that were given up."),
    (REFUSED, COUNTER, None, "Jobs that were given back to their submitter."),
    (ENDED, COUNTER, None, "Jobs that have ended, by outcome."),
    (QUEUED, GAUGE, None, "Jobs that wait to be started."),
    (RUNNING, GAUGE, None, "Jobs that run."),
    (WAIT, HISTOGRAM, Some(Unit::Seconds), "Time from a job's submit to its start."),
    (RUN, HISTOGRAM, Some(Unit::Seconds), "Time from a job's start to its end."),
    (WORKERS, GAUGE, None, "Workers that have come and not left."),
    (ASLEEP, GAUGE, None, "Workers that sleep."),
    (FAILED_STARTS, COUNTER, None, "Times that a worker did not start."),
    (SLEEPS, COUNTER, None, "Times that a worker fell asleep."),
];
