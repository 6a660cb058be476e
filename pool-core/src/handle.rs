//! Submitting, waiting, pausing, closing: what anybody may do with a pool.

use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use crate::current;
use crate::error::{SubmitError, WaitError};
use crate::job::{Job, JobId};
use crate::queue::WorkQueue;
use crate::report::{ShutdownReport, Stats};
use crate::shared::Shared;
use crate::task::Task;
use crate::worker::Worker;

/// Access to a pool, for other threads and for its own jobs.
///
/// A handle is cheap to clone. It does not keep the pool open: after
/// [`close`](Self::close) every handle's submits are refused, however many are left (C6).
/// [`Pool`](crate::Pool) dereferences to one.
pub struct Handle<J, Q> {
    pub(crate) shared: Arc<Shared<J, Q>>,
}

impl<J, Q> Clone for Handle<J, Q> {
    fn clone(&self) -> Self {
        Self { shared: Arc::clone(&self.shared) }
    }
}

impl<J: Send + 'static, Q: WorkQueue<Job<J>>> Handle<J, Q> {
    /// Submits a job.
    ///
    /// It never blocks, except to start the first worker of a pool that has none at present
    /// (keep-alive). Called by a running job of the same pool, it submits a nested job: that is
    /// accepted after [`close`](Self::close) too, and drained (C4).
    ///
    /// # Errors
    ///
    /// The job comes back (C1) if the pool is closed, if its queue is full, or if it has no worker
    /// and none could be started.
    ///
    /// # Examples
    ///
    /// ```
    /// use pool_core::ThreadPoolBuilder;
    /// use pool_std::StdQueue;
    ///
    /// let pool = ThreadPoolBuilder::with_queue(StdQueue::new())
    ///     .build_with(|_worker| |word: String| println!("{word}"))?;
    /// pool.submit("hello".to_owned())?;
    /// pool.close();
    /// let refused = pool.submit("too late".to_owned()).unwrap_err();
    /// assert_eq!(refused.into_inner(), "too late");
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    // Inlined down to the queue: a job that is moved from hand to hand on the way, before the
    // processor has finished writing it, costs more than all the rest.
    #[inline]
    pub fn submit(&self, job: J) -> Result<JobId, SubmitError<J>> {
        if let Some(worker) = current::worker::<Worker<J, Q>>(self.shared.address())
            && let Some(end) = worker.own_end()
        {
            return Ok(worker.submit(end, job));
        }
        self.shared.submit(job)
    }

    /// Waits until the pool is idle: nothing queued, nothing running, every outcome with the sink.
    ///
    /// It also returns when the pool was idle at some moment since the call and has new jobs by
    /// now. A paused pool with jobs in its queue is not idle.
    ///
    /// # Errors
    ///
    /// [`WaitError::InsideJob`] if a worker of this pool calls it, whose own job could never end.
    ///
    /// # Examples
    ///
    /// ```
    /// # use std::sync::atomic::{AtomicU32, Ordering};
    /// # use std::sync::Arc;
    /// use pool_core::ThreadPoolBuilder;
    /// use pool_std::StdQueue;
    ///
    /// let pool = ThreadPoolBuilder::with_queue(StdQueue::new()).build()?;
    /// let count = Arc::new(AtomicU32::new(0));
    /// for _ in 0..100 {
    ///     let count = Arc::clone(&count);
    ///     pool.execute(move || {
    ///         count.fetch_add(1, Ordering::Relaxed);
    ///     })?;
    /// }
    /// pool.wait_idle()?;
    /// assert_eq!(count.load(Ordering::Relaxed), 100);
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    pub fn wait_idle(&self) -> Result<(), WaitError> {
        self.wait(None)
    }

    /// Waits until the pool is idle, at most for `timeout`. One that is too long to be expressed
    /// as a moment, such as [`Duration::MAX`], means for ever; zero means to look once.
    ///
    /// # Examples
    ///
    /// ```
    /// use std::time::Duration;
    /// use pool_core::{ThreadPoolBuilder, WaitError};
    /// use pool_std::StdQueue;
    ///
    /// let pool = ThreadPoolBuilder::with_queue(StdQueue::new()).paused().build()?;
    /// pool.execute(|| ())?;
    /// assert_eq!(pool.wait_idle_timeout(Duration::ZERO), Err(WaitError::TimedOut));
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    ///
    /// # Errors
    ///
    /// [`WaitError::TimedOut`], and as for [`wait_idle`](Self::wait_idle).
    pub fn wait_idle_timeout(&self, timeout: Duration) -> Result<(), WaitError> {
        self.wait(Some(timeout))
    }

    fn wait(&self, timeout: Option<Duration>) -> Result<(), WaitError> {
        if current::is_worker_of(self.shared.address()) {
            return Err(WaitError::InsideJob);
        }
        self.shared.sleep.wait_rest(&self.shared.ledger, &*self.shared.config.clock, timeout)
    }

    /// Closes the pool: from here on nothing is accepted from outside (C6). The jobs that were
    /// accepted, and those they submit, still run; then the workers leave (C5). It does not wait.
    /// A paused pool stays paused.
    ///
    /// # Examples
    ///
    /// ```
    /// use pool_core::ThreadPoolBuilder;
    /// use pool_std::StdQueue;
    ///
    /// let pool = ThreadPoolBuilder::with_queue(StdQueue::new()).build()?;
    /// let forgotten = pool.handle();
    /// pool.execute(|| ())?;
    /// pool.close();
    /// assert!(forgotten.is_closed());
    /// assert!(forgotten.execute(|| ()).is_err());
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    pub fn close(&self) {
        self.shared.close();
    }

    /// Whether the pool is closed.
    #[must_use]
    pub fn is_closed(&self) -> bool {
        self.shared.ledger.gate.0.read().is_closed()
    }

    /// Starts no more jobs until [`resume`](Self::resume). Jobs that run go on, and a worker that
    /// is just about to start one may do so. Submits are still accepted. Once
    /// [`shutdown`](crate::Pool::shutdown) was called, or the pool dropped, it does nothing.
    ///
    /// # Examples
    ///
    /// ```
    /// use pool_core::ThreadPoolBuilder;
    /// use pool_std::StdQueue;
    ///
    /// let pool = ThreadPoolBuilder::with_queue(StdQueue::new()).paused().build()?;
    /// pool.execute(|| println!("at last"))?;
    /// assert_eq!(pool.stats().queued, 1);
    /// pool.resume();
    /// pool.wait_idle()?;
    /// pool.pause();
    /// assert_eq!(pool.stats().done, 1);
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    pub fn pause(&self) {
        self.shared.pause();
    }

    /// Starts jobs again after [`pause`](Self::pause), or for the first time in a pool that was
    /// built [`paused`](crate::ThreadPoolBuilder::paused).
    pub fn resume(&self) {
        self.shared.resume();
    }

    /// The pool at this moment.
    #[must_use]
    pub fn stats(&self) -> Stats {
        let (threads, idle_threads) = self.shared.sleep.threads();
        let sums = self.shared.ledger.sums();
        Stats {
            threads,
            idle_threads,
            accepted: sums.accepted,
            queued: sums.accepted.saturating_sub(sums.popped),
            running: sums.popped.saturating_sub(sums.done + sums.panicked),
            done: sums.done,
            panicked: sums.panicked,
        }
    }

    /// How many threads the pool may have.
    #[must_use]
    pub fn num_threads(&self) -> usize {
        self.shared.config.names.len()
    }

    /// The name of the thread of the worker with this index, if there is such a worker.
    #[must_use]
    pub fn thread_name(&self, worker: usize) -> Option<&str> {
        self.shared.config.names.get(worker).map(String::as_str)
    }

    /// See [`Pool::shutdown`](crate::Pool::shutdown).
    pub(crate) fn shutdown(&self) -> ShutdownReport {
        self.shared.drain();
        if !current::is_worker_of(self.shared.address()) {
            self.shared.sleep.wait_gone();
            self.shared.finish_if_over();
        }
        let sums = self.shared.ledger.sums();
        ShutdownReport {
            accepted: sums.accepted,
            done: sums.done,
            panicked: sums.panicked,
            unfinished: sums.accepted.saturating_sub(sums.done + sums.panicked),
            undelivered: sums.undelivered,
        }
    }
}

impl<R: 'static, Q: WorkQueue<Job<Task<R>>>> Handle<Task<R>, Q> {
    /// Submits a closure. Its result goes to the pool's sink.
    ///
    /// Like [`submit`](Self::submit) in everything else. A closure with captures of up to 48 bytes
    /// costs no allocation.
    ///
    /// # Errors
    ///
    /// The closure comes back as a [`Task`], which can be [run](Task::run) on the spot.
    ///
    /// # Examples
    ///
    /// ```
    /// use pool_core::ThreadPoolBuilder;
    /// use pool_std::StdQueue;
    ///
    /// let pool = ThreadPoolBuilder::with_queue(StdQueue::new()).build()?;
    /// let handle = pool.handle();
    /// pool.execute(move || {
    ///     // A job may submit jobs, even while the pool shuts down.
    ///     handle.execute(|| println!("and I am its child")).unwrap();
    /// })?;
    /// assert_eq!(pool.shutdown().done, 2);
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    #[inline]
    pub fn execute<F>(&self, closure: F) -> Result<JobId, SubmitError<Task<R>>>
    where
        F: FnOnce() -> R + Send + 'static,
    {
        self.submit(Task::new(closure))
    }
}

impl<J: Send + 'static, Q: WorkQueue<Job<J>>> fmt::Debug for Handle<J, Q> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Handle").field("stats", &self.stats()).finish_non_exhaustive()
    }
}
