//! The handle to a pool: waiting until it is idle, closing, pausing, taking back, and its stats.

use std::fmt;
use std::panic::{RefUnwindSafe, UnwindSafe};
use std::sync::Arc;
use std::time::Duration;

use crate::error::WaitError;
use crate::id::{JobId, PoolId};
use crate::job_context::{Bound, JobContext};
use crate::parts::capacity::Capacity;
use crate::parts::context;
use crate::parts::sleep::Mode;
use crate::queue::WorkQueue;
use crate::report::Stats;
use crate::runtime::any_pool::AnyPool;
use crate::runtime::inner::Inner;
use crate::runtime::job::Job;

/// A handle to a pool, for other threads and for the pool's own jobs.
///
/// A handle is cheap to clone. It does not keep the pool open: after [`close`](Self::close) the submits of
/// all handles are refused (C6). [`Pool`](crate::Pool) dereferences to its handle.
pub struct Handle<J, R, Q> {
    pub(crate) inner: Arc<Inner<J, R, Q>>,
}

// A panic cannot leave a pool half changed: no foreign code runs while its state is.
impl<J, R, Q> UnwindSafe for Handle<J, R, Q> {}
impl<J, R, Q> RefUnwindSafe for Handle<J, R, Q> {}

impl<J, R, Q> Clone for Handle<J, R, Q> {
    fn clone(&self) -> Self {
        Self { inner: Arc::clone(&self.inner) }
    }
}

impl<J: Send + 'static, R: 'static, Q: WorkQueue<Job<J>>> Handle<J, R, Q> {
    /// Binds a closure to the [context](crate::ThreadPoolBuilder::context) of the present thread, in which it then
    /// runs, wherever it is called. In a pool without a context it stays as it is.
    ///
    /// Every submit does this by itself. It is for a closure that is submitted later or elsewhere, as by a
    /// timer. A submit of what was bound binds it once more, to be entered around the first; only
    /// [`Place::spawn_without_context`](crate::Place::spawn_without_context) does not.
    ///
    /// # Examples
    ///
    /// ```
    /// use drainpool::ThreadPool;
    ///
    /// let pool = ThreadPool::new(2)?;
    /// let later = pool.in_context(|| 42);
    /// let job = std::thread::scope(|scope| scope.spawn(|| pool.spawn(later)).join().unwrap())?;
    /// assert_eq!(job.join()?, 42);
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    #[inline]
    pub fn in_context<F, T>(&self, closure: F) -> impl FnOnce() -> T + Send + use<J, R, Q, F, T>
    where
        F: FnOnce() -> T + Send,
    {
        let bound = self.bind(closure);
        move || bound.run()
    }

    /// Binds what is submitted to the context of the present thread.
    #[inline]
    pub(crate) fn bind<F>(&self, inner: F) -> Bound<impl JobContext + use<J, R, Q, F>, F> {
        Bound::new(|| self.inner.queue.capture_context(), inner)
    }

    /// Waits until the pool is idle: nothing queued, nothing running, every outcome with the sink.
    ///
    /// It also returns when the pool was idle at some moment since the call, even if it has new jobs by
    /// now. A paused pool with jobs in its queue is not idle.
    ///
    /// # Errors
    ///
    /// [`WaitError::InsideJob`] if it is called inside of this pool: the caller's own job would never end.
    /// [`WaitError::Forked`] in a forked child, which has no workers. [`WaitError::NoThread`] if all workers
    /// were lost to failed starts and jobs wait; see
    /// [`panic_policy`](crate::ThreadPoolBuilder::panic_policy).
    ///
    /// # Examples
    ///
    /// ```
    /// # use std::sync::atomic::{AtomicU32, Ordering};
    /// # use std::sync::Arc;
    /// use drainpool::ThreadPoolBuilder;
    ///
    /// let pool = ThreadPoolBuilder::new().build()?;
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
    #[doc(alias = "join")]
    pub fn wait_idle(&self) -> Result<(), WaitError> {
        self.wait(None)
    }

    /// Waits until the pool is idle, at most for `timeout`. A timeout too long to be expressed as a moment,
    /// such as [`Duration::MAX`], means for ever; zero means to look once.
    ///
    /// # Examples
    ///
    /// ```
    /// use std::time::Duration;
    /// use drainpool::{ThreadPoolBuilder, WaitError};
    ///
    /// let pool = ThreadPoolBuilder::new().paused().build()?;
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
        if context::is_inside(self.inner.id()) {
            return Err(WaitError::InsideJob);
        }
        if self.inner.state.is_forked() {
            return Err(WaitError::Forked);
        }
        let revive = |deadline| Arc::clone(&self.inner).revive(deadline);
        self.inner.state.wait_quiescent(timeout, revive)?;
        if self.inner.state.sleep.is(Mode::Held) {
            // No worker comes to the entries of jobs that were cancelled, and the sink waits for them.
            self.inner.state.stale.sweep();
        }
        Ok(())
    }

    /// Closes the pool: from here on nothing is accepted from outside (C6). The jobs that were accepted,
    /// and those they submit, still run; then the workers leave (C5). It does not wait. A paused pool stays
    /// paused.
    ///
    /// # Examples
    ///
    /// ```
    /// use drainpool::ThreadPoolBuilder;
    ///
    /// let pool = ThreadPoolBuilder::new().build()?;
    /// let forgotten = pool.handle();
    /// pool.execute(|| ())?;
    /// pool.close();
    /// assert!(forgotten.is_closed());
    /// assert!(forgotten.execute(|| ()).is_err());
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    pub fn close(&self) {
        self.inner.close();
    }

    /// Whether the pool is closed.
    #[must_use]
    pub fn is_closed(&self) -> bool {
        self.inner.state.ledger.gate.is_closed()
    }

    /// Starts no more jobs until [`resume`](Self::resume). Running jobs go on, and a worker that is about
    /// to start a job may do so. Submits are still accepted. After [`shutdown`](crate::Pool::shutdown), or
    /// once the pool is dropped, it does nothing.
    ///
    /// # Examples
    ///
    /// ```
    /// use drainpool::ThreadPoolBuilder;
    ///
    /// let pool = ThreadPoolBuilder::new().paused().build()?;
    /// pool.execute(|| println!("at last"))?;
    /// assert_eq!(pool.stats().queued, 1);
    /// pool.resume();
    /// pool.wait_idle()?;
    /// pool.pause();
    /// assert_eq!(pool.stats().done, 1);
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    pub fn pause(&self) {
        self.inner.pause();
    }

    /// Starts jobs again after [`pause`](Self::pause), or for the first time in a pool that was
    /// built [`paused`](crate::ThreadPoolBuilder::paused).
    pub fn resume(&self) {
        self.inner.resume();
    }

    /// Takes back all jobs that wait in the queue, and returns at once. Jobs that run go on, and the pool
    /// accepts new ones.
    ///
    /// | a job of | is | its outcome |
    /// |---|---|---|
    /// | [`submit`](Self::submit), [`execute`](Self::execute) | in the list that is returned | none; the sink is told to skip its id |
    /// | [`call`](Self::call) | in the list that is returned | [`JobError::Returned`](crate::JobError::Returned), for its handle |
    /// | [`spawn`](Self::spawn) | dropped on the calling thread (C9) | `Returned`, for its handle |
    /// | a lane, or any that was [held back](crate::HeldJob), if its turn has come | dropped on the calling thread | `Returned`, for its handle or the sink |
    ///
    /// The list has the ids of the jobs, those from outside first, each thread's in the order of submission. All are counted as
    /// [`returned`](crate::ShutdownReport::returned), and their places are free for submitters that wait.
    ///
    /// Jobs that are held back still, and those of a timer that are not due, are not in the queue, and not taken.
    ///
    /// The parts of a job that runs stay in the queue: the children of a scope, the halves of a join. A job
    /// that a worker moves at the same moment may be missed, and runs. Over a queue of a third party that
    /// does not implement [`retain`](WorkQueue::retain), nothing is taken. In a forked child nothing is
    /// taken either, as the jobs are the parent's.
    ///
    /// # Examples
    ///
    /// ```
    /// use drainpool::{JobError, ThreadPoolBuilder};
    ///
    /// let pool = ThreadPoolBuilder::new().paused().build()?;
    /// pool.execute(|| println!("never printed"))?;
    /// let report = pool.spawn(|| 7)?;
    /// assert_eq!(pool.take_queued().len(), 1);
    /// assert!(matches!(report.join(), Err(JobError::Returned)));
    ///
    /// pool.resume();
    /// assert_eq!(pool.spawn(|| 8)?.join()?, 8);
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    #[doc(alias = "clear")]
    #[doc(alias = "drain")]
    pub fn take_queued(&self) -> Vec<(JobId, J)> {
        self.inner.take_back()
    }

    /// Returns what the pool's jobs and threads do at this moment. It also ends the jobs whose time to
    /// start is over.
    #[must_use]
    #[doc(alias = "active_count")]
    #[doc(alias = "queued_count")]
    pub fn stats(&self) -> Stats {
        self.inner.state.expire_due();
        let (threads, idle_threads, failed_starts, sleeps) = self.inner.state.sleep.threads();
        let sums = self.inner.state.ledger.sums();
        Stats {
            threads,
            idle_threads,
            failed_starts,
            sleeps,
            steals: self.inner.state.ledger.steals(),
            refused: self.inner.state.ledger.turned_away(),
            waiting_submitters: self.inner.state.capacity.as_ref().map_or(0, Capacity::waiting),
            accepted: sums.accepted,
            queued: sums.queued(),
            running: sums.running,
            done: sums.done,
            panicked: sums.panicked,
            cancelled: sums.cancelled,
            expired: sums.expired,
            returned: sums.returned,
        }
    }

    /// The id of the pool, by which [`current_worker`](crate::current_worker) tells one pool from another.
    #[must_use]
    pub fn id(&self) -> PoolId {
        self.inner.id()
    }

    /// The name of the thread of the worker with this index, or `None` without such a worker.
    #[must_use]
    pub fn thread_name(&self, worker: usize) -> Option<&str> {
        self.inner.config.names.get(worker).map(String::as_str)
    }
}

impl<J: Send + 'static, R: 'static, Q: WorkQueue<Job<J>>> fmt::Debug for Handle<J, R, Q> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Handle").field("stats", &self.stats()).finish_non_exhaustive()
    }
}
