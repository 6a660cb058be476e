//! Looking at the jobs that run: on which worker, for how long, and what they say of themselves.

use std::sync::Arc;
use std::time::Duration;

use crate::api::handle::Handle;
use crate::id::JobId;
use crate::parts::context;
use crate::queue::WorkQueue;
use crate::runtime::job::Job;

/// A job that a worker runs; from [`Handle::running_jobs`].
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct RunningJob {
    /// The index of the worker; its name is [`Handle::thread_name`].
    pub worker: usize,
    /// The id of the job. `None` for a part of a job of another thread: the half of a join or the child of a
    /// scope.
    pub id: Option<JobId>,
    /// What the job was called [at its submit](crate::SubmitOptions::label), or has called itself since by
    /// [`label_job`].
    pub label: Option<Arc<str>>,
    /// For how long the worker has run it, by the pool's clock.
    pub elapsed: Duration,
}

impl<J: Send + 'static, R: 'static, Q: WorkQueue<Job<J>>> Handle<J, R, Q> {
    /// Returns the jobs that the workers run now, by the index of the worker: to see which are stuck.
    ///
    /// Only a pool that was built with [`track_jobs`](crate::ThreadPoolBuilder::track_jobs) knows them; for
    /// others it is empty. A job that runs on a thread that is no worker is not among them, as with
    /// [`WhenFull::RunHere`](crate::WhenFull::RunHere).
    ///
    /// If a job waits for another and runs it meanwhile, both are listed, the one that waits first.
    ///
    /// Each worker is looked at for itself: two jobs of the list need not have run at the same time. A job whose
    /// handle has its outcome is not listed any more, nor is one whose outcome is on its way to the sink.
    ///
    /// # Panics
    ///
    /// If the pool's clock panics.
    ///
    /// # Examples
    ///
    /// ```
    /// use std::sync::mpsc;
    /// use std::time::Duration;
    /// use drainpool::{ManualClock, ThreadPoolBuilder, label_job};
    ///
    /// let clock = ManualClock::new();
    /// let pool = ThreadPoolBuilder::new().track_jobs().clock(clock.clone()).build()?;
    /// let (has_begun, begun) = mpsc::channel();
    /// let (go_on, may_go_on) = mpsc::channel::<()>();
    /// pool.execute(move || {
    ///     label_job("reading /mnt/slow");
    ///     has_begun.send(()).unwrap();
    ///     let _ = may_go_on.recv();
    /// })?;
    /// begun.recv()?;
    /// clock.advance(Duration::from_secs(90));
    /// for job in pool.running_jobs().iter().filter(|job| job.elapsed.as_secs() > 60) {
    ///     println!("worker {} is stuck: {:?}", job.worker, job.label);
    /// #   assert_eq!(job.label.as_deref(), Some("reading /mnt/slow"));
    /// }
    /// # assert_eq!(pool.running_jobs().len(), 1);
    /// # drop(go_on);
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    #[must_use]
    pub fn running_jobs(&self) -> Vec<RunningJob> {
        let state = &self.inner.state;
        if !state.running.is_tracked() {
            return Vec::new();
        }
        let now = state.clock().now();
        let jobs = state.running_jobs().into_iter().map(|(worker, running)| RunningJob {
            worker,
            id: (running.id != JobId::NONE).then_some(running.id),
            label: running.label,
            elapsed: running
                .since
                .map_or(Duration::ZERO, |since| now.saturating_duration_since(since)),
        });
        jobs.collect()
    }
}

/// Labels the job that the present worker runs, for [`Handle::running_jobs`]. It replaces the label that the job
/// had, such as that [of its submit](crate::SubmitOptions::label); with the job's end it is gone.
///
/// Nothing happens on a thread that is no worker, in a pool that does not
/// [track its jobs](crate::ThreadPoolBuilder::track_jobs), and in a job of another pool that the worker runs
/// because it waits for it.
pub fn label_job(label: impl Into<Arc<str>>) {
    if let Some(slot) = context::running_slot() {
        slot.label(label.into());
    }
}

/// Returns the id of the job that the present worker runs. In a handler, that is the job which it was called for.
///
/// Returns `None` on a thread that is no worker, in a pool that does not
/// [track its jobs](crate::ThreadPoolBuilder::track_jobs), in a job of another pool that the worker runs because
/// it waits for it, and in a part of a job of another thread: the half of a join or the child of a scope.
///
/// # Examples
///
/// ```
/// use drainpool::{Collect, ThreadPoolBuilder, current_job};
///
/// let seen = Collect::new();
/// let pool = ThreadPoolBuilder::new()
///     .track_jobs()
///     .sink(seen.clone())
///     .build_with(|_worker| |_page: &str| current_job())?;
/// let id = pool.submit("/index")?;
/// pool.shutdown();
/// assert_eq!(seen.take().remove(0).outcome?, Some(id));
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[must_use]
pub fn current_job() -> Option<JobId> {
    let running = context::running_slot()?.last()?;
    (running.id != JobId::NONE).then_some(running.id)
}

/// Returns the label of the job that the present worker runs: that [of its submit](crate::SubmitOptions::label),
/// or what it has [called itself](label_job) since.
///
/// Returns `None` if it has none, on a thread that is no worker, in a pool that does not
/// [track its jobs](crate::ThreadPoolBuilder::track_jobs), and in a job of another pool that the worker runs
/// because it waits for it.
///
/// # Examples
///
/// A handler that knows what its jobs are called:
///
/// ```
/// use drainpool::{SubmitOptions, ThreadPoolBuilder, current_label};
///
/// let pool = ThreadPoolBuilder::new().track_jobs().build_with(|_worker| {
///     |file: &str| {
///         let label = current_label();
///         println!("{}: {file}", label.as_deref().unwrap_or("job"));
/// #       assert_eq!(label.as_deref(), Some("index"));
///     }
/// })?;
/// pool.with(SubmitOptions::new().label("index")).submit("src/lib.rs")?;
/// assert_eq!(pool.shutdown().done, 1);
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[must_use]
pub fn current_label() -> Option<Arc<str>> {
    context::running_slot()?.last()?.label
}
