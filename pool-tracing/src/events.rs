//! Events of what happens in a pool.

use pool_core::{Ended, JobId, ObservedJob, Observer, Priority, Refusal, StartError};
use tracing::{debug, trace, warn};

/// Tells what happens in a pool as events of [`tracing`]: an [`Observer`].
///
/// | event | level | fields beside `pool` |
/// |---|---|---|
/// | `job submitted`, `job started` | `TRACE` | `job`, `label`; `priority` or `worker` |
/// | `job ended` | `TRACE`, or `WARN` if it has panicked | `job`, `label`, `worker`, `outcome` |
/// | `job withdrawn` | `DEBUG` | `job` |
/// | `jobs refused` | `DEBUG` | `jobs`, `reason` |
/// | `worker came`, `worker left` | `DEBUG` | `worker` |
/// | `worker did not start` | `WARN` | `worker`, `reason` |
/// | `worker sleeps`, `worker wakes` | `TRACE` | `worker` |
///
/// Their target is `drainpool`. Each is told on the thread on which it happens, in the span that this thread is in: a
/// submit lies in the submitter's span. The start and the end of a job are told outside of the job's own
/// [span](crate::JobSpan).
///
/// # Examples
///
/// ```
/// use drainpool::{ThreadPoolBuilder, TraceEvents};
///
/// let pool = ThreadPoolBuilder::new().observer(TraceEvents::new("thumbnails")).build()?;
/// pool.execute(|| println!("at work"))?;
/// assert_eq!(pool.shutdown().done, 1);
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Debug, Clone)]
pub struct TraceEvents {
    pool: String,
}

impl TraceEvents {
    /// Returns an observer of a pool that its events call by this name.
    #[must_use]
    pub fn new(pool: impl Into<String>) -> Self {
        Self { pool: pool.into() }
    }
}

/// The target of all events.
const TARGET: &str = "drainpool";

impl Observer for TraceEvents {
    fn submitted(&self, job: ObservedJob, priority: Priority) {
        let (id, label, priority) = (job.id.as_u64(), job.label, priority.as_i8());
        trace!(target: TARGET, pool = self.pool, job = id, label, priority, "job submitted");
    }

    fn withdrawn(&self, job: JobId) {
        debug!(target: TARGET, pool = self.pool, job = job.as_u64(), "job withdrawn");
    }

    fn refused(&self, reason: &Refusal, jobs: usize) {
        debug!(target: TARGET, pool = self.pool, jobs, %reason, "jobs refused");
    }

    fn started(&self, job: ObservedJob, worker: Option<usize>) {
        let (id, label) = (job.id.as_u64(), job.label);
        trace!(target: TARGET, pool = self.pool, job = id, label, worker, "job started");
    }

    fn ended(&self, job: ObservedJob, worker: Option<usize>, how: Ended) {
        let (pool, id, label) = (&*self.pool, job.id.as_u64(), job.label);
        match how {
            Ended::Panicked => {
                warn!(target: TARGET, pool, job = id, label, worker, outcome = ?how, "job ended");
            }
            _ => trace!(target: TARGET, pool, job = id, label, worker, outcome = ?how, "job ended"),
        }
    }

    fn worker_came(&self, worker: usize) {
        debug!(target: TARGET, pool = self.pool, worker, "worker came");
    }

    fn start_failed(&self, error: &StartError) {
        let worker = error.worker();
        warn!(target: TARGET, pool = self.pool, worker, reason = %error, "worker did not start");
    }

    fn worker_left(&self, worker: usize) {
        debug!(target: TARGET, pool = self.pool, worker, "worker left");
    }

    fn worker_sleeps(&self, worker: usize) {
        trace!(target: TARGET, pool = self.pool, worker, "worker sleeps");
    }

    fn worker_wakes(&self, worker: usize) {
        trace!(target: TARGET, pool = self.pool, worker, "worker wakes");
    }
}
