//! What the view shows of a pool at one moment.

use std::time::Instant;

use pool_core::{Handle, Job, RunningJob, Stats, WorkQueue};

/// A pool at one moment: its counts, and the jobs that run.
///
/// # Examples
///
/// ```
/// use drainpool::{Sample, ThreadPool};
///
/// let pool: ThreadPool = ThreadPool::new(2)?;
/// pool.execute(|| ())?;
/// pool.wait_idle()?;
/// let sample = Sample::of(&pool);
/// assert_eq!((sample.stats.done, sample.running.len()), (1, 0));
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Debug, Clone)]
#[non_exhaustive]
pub struct Sample {
    /// When it was taken, by the system's clock.
    pub at: Instant,
    /// The pool's counts.
    pub stats: Stats,
    /// The jobs that run, those that have run longest first, each with the name of its worker's thread. Empty for a
    /// pool that does not [track its jobs](pool_core::ThreadPoolBuilder::track_jobs).
    pub running: Vec<(String, RunningJob)>,
}

impl Sample {
    /// Takes a sample.
    ///
    /// # Panics
    ///
    /// If the pool's clock panics.
    #[must_use]
    pub fn of<J, R, Q>(pool: &Handle<J, R, Q>) -> Self
    where
        J: Send + 'static,
        R: 'static,
        Q: WorkQueue<Job<J>>,
    {
        let mut running = pool.running_jobs();
        running.sort_by_key(|job| std::cmp::Reverse(job.elapsed));
        let named = |job: RunningJob| {
            let name = pool.thread_name(job.worker).unwrap_or_default();
            (name.to_owned(), job)
        };
        Self {
            at: Instant::now(),
            stats: pool.stats(),
            running: running.into_iter().map(named).collect(),
        }
    }
}
