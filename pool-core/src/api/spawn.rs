//! Submitting jobs that have a handle.

use std::sync::{Arc, Weak};
use std::time::{Duration, Instant};

use crate::api::handle::Handle;
use crate::api::job_handle::JobHandle;
use crate::error::SubmitError;
use crate::id::JobId;
use crate::parts::capacity::Patience;
use crate::parts::context;
use crate::queue::WorkQueue;
use crate::runtime::account::Account;
use crate::runtime::admission::Refused;
use crate::runtime::job::{Body, Job};
use crate::runtime::job_ref::{Execute, JobRef};
use crate::runtime::task_cell::TaskCell;
use crate::runtime::worker::Worker;

/// The largest closure, in bytes, that lies in the same allocation as its job: when it has been run or
/// dropped, its place may stay taken until the queue lets go of the job.
const LARGE: usize = 256;

impl<J: Send + 'static, R: 'static, Q: WorkQueue<Job<J>>> Handle<J, R, Q> {
    /// Submits a closure and returns a handle to it, by which one can wait for what it returns,
    /// or cancel it. Nothing of it goes to the pool's sink, and so every pool can spawn, whatever its
    /// jobs are.
    ///
    /// A handle that is dropped lets the job go on by itself. In everything else it is like
    /// [`submit`](Self::submit). It costs one allocation, or two if the closure
    /// has captures of more than 256 bytes.
    ///
    /// # Errors
    ///
    /// The closure comes back, as for [`submit`](Self::submit).
    ///
    /// # Examples
    ///
    /// ```
    /// use pool_core::ThreadPoolBuilder;
    /// use pool_std::StdQueue;
    ///
    /// let pool = ThreadPoolBuilder::with_queue(StdQueue::new()).build()?;
    /// # pool.execute(|| ())?;
    /// let sum = pool.spawn(|| (1..=100).sum::<u32>())?;
    /// assert_eq!(sum.join()?, 5_050);
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    pub fn spawn<F, T>(&self, closure: F) -> Result<JobHandle<T>, SubmitError<F>>
    where
        F: FnOnce() -> T + Send + 'static,
        T: Send + 'static,
    {
        self.spawn_with(closure, Patience::Endless, None)
    }

    /// Spawns like [`spawn`](Self::spawn) a job that is of no use later: if it has not started within
    /// this time, it never does, and its outcome is [`JobError::Expired`](crate::JobError::Expired). A time
    /// too long to be expressed as a moment, such as [`Duration::MAX`], means that it does not expire. The
    /// time begins with the call, which waits for room no longer than this.
    ///
    /// An expired job has no place in a [bounded](crate::ThreadPoolBuilder::capacity) queue, and whoever
    /// asks after it or waits for it, for room, or for the pool is told as soon as its time is over,
    /// however busy the workers are. No thread of the pool watches the clock, so an executor that polls the
    /// handle learns of it when the job's turn comes, or when somebody waits or asks for something else.
    ///
    /// # Errors
    ///
    /// [`SubmitError::Full`] if there was no room in this time, and as for [`submit`](Self::submit).
    ///
    /// # Examples
    ///
    /// ```
    /// use std::time::{Duration, Instant};
    /// use pool_core::{JobError, ManualClock, ThreadPoolBuilder};
    /// use pool_std::StdQueue;
    ///
    /// let clock = ManualClock::new();
    /// let builder = ThreadPoolBuilder::with_queue(StdQueue::new()).clock(clock.clone());
    /// let pool = builder.paused().build()?;
    /// # pool.execute(|| ())?;
    /// let quote = pool.spawn_expiring(|| "42.00", Duration::from_secs(5))?;
    /// clock.advance(Duration::from_secs(6));
    /// pool.resume();
    /// assert!(matches!(quote.join(), Err(JobError::Expired)));
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    pub fn spawn_expiring<F, T>(
        &self,
        closure: F,
        timeout: Duration,
    ) -> Result<JobHandle<T>, SubmitError<F>>
    where
        F: FnOnce() -> T + Send + 'static,
        T: Send + 'static,
    {
        let deadline = self.inner.state.waiters.deadline(timeout);
        // Later there would be no use in room.
        let patience = deadline.map_or(Patience::Endless, Patience::Until);
        self.spawn_with(closure, patience, deadline)
    }

    /// Spawns like [`spawn`](Self::spawn), but does not wait for room.
    ///
    /// # Errors
    ///
    /// [`SubmitError::Full`], and as for [`submit`](Self::submit).
    ///
    /// # Examples
    ///
    /// ```
    /// use pool_core::{SubmitError, ThreadPoolBuilder};
    /// use pool_std::StdQueue;
    ///
    /// let builder = ThreadPoolBuilder::with_queue(StdQueue::new()).capacity(1).paused();
    /// let pool = builder.build::<()>()?;
    /// let first = pool.try_spawn(|| 1)?;
    /// let second = match pool.try_spawn(|| 2) {
    ///     Err(SubmitError::Full(closure)) => closure(),
    ///     other => panic!("{other:?}"),
    /// };
    /// pool.resume();
    /// assert_eq!((first.join()?, second), (1, 2));
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    pub fn try_spawn<F, T>(&self, closure: F) -> Result<JobHandle<T>, SubmitError<F>>
    where
        F: FnOnce() -> T + Send + 'static,
        T: Send + 'static,
    {
        self.spawn_with(closure, Patience::None, None)
    }

    /// Spawns like [`spawn`](Self::spawn), but waits for room no longer than this. A time too long to
    /// be expressed as a moment, such as [`Duration::MAX`], means for ever.
    ///
    /// # Errors
    ///
    /// [`SubmitError::Full`], and as for [`submit`](Self::submit).
    ///
    /// # Examples
    ///
    /// ```
    /// use std::time::Duration;
    /// use pool_core::{SubmitError, ThreadPoolBuilder};
    /// use pool_std::StdQueue;
    ///
    /// let builder = ThreadPoolBuilder::with_queue(StdQueue::new()).capacity(1).paused();
    /// let pool = builder.build::<()>()?;
    /// let first = pool.spawn_timeout(|| 1, Duration::from_secs(1))?;
    /// let refused = pool.spawn_timeout(|| 2, Duration::from_millis(1)).unwrap_err();
    /// assert!(matches!(refused, SubmitError::Full(_)));
    /// # drop(first);
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    pub fn spawn_timeout<F, T>(
        &self,
        closure: F,
        timeout: Duration,
    ) -> Result<JobHandle<T>, SubmitError<F>>
    where
        F: FnOnce() -> T + Send + 'static,
        T: Send + 'static,
    {
        self.spawn_with(closure, self.patience(timeout), None)
    }

    /// Spawns like [`spawn`](Self::spawn), and runs the closure itself, before it returns, if there
    /// is no room for it in the queue.
    ///
    /// # Errors
    ///
    /// The closure comes back, as for [`submit`](Self::submit), but never for want of room.
    ///
    /// # Examples
    ///
    /// ```
    /// use pool_core::ThreadPoolBuilder;
    /// use pool_std::StdQueue;
    ///
    /// let builder = ThreadPoolBuilder::with_queue(StdQueue::new()).capacity(1).paused();
    /// let pool = builder.build::<()>()?;
    /// let first = pool.spawn_or_run(|| 1)?;
    /// let second = pool.spawn_or_run(|| 2)?;
    /// assert_eq!((first.is_finished(), second.is_finished()), (false, true));
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    pub fn spawn_or_run<F, T>(&self, closure: F) -> Result<JobHandle<T>, SubmitError<F>>
    where
        F: FnOnce() -> T + Send + 'static,
        T: Send + 'static,
    {
        let closure = match self.try_spawn(closure) {
            Err(SubmitError::Full(closure)) => closure,
            spawned => return spawned,
        };
        let id = match self.inner.admit_here() {
            Ok(id) => id,
            Err(refused) => return Err(refused.with(closure)),
        };
        let cell = Arc::new(TaskCell::new(closure, None));
        Execute::run(cell.clone(), id, Account::submitter(&self.inner.state));
        if let Some(launcher) = self.inner.launcher() {
            launcher.skip(vec![id]);
        }
        Ok(JobHandle::new(cell, id, self.inner.downgrade()))
    }

    /// Closures larger than [`LARGE`] lie apart from their cell, which may lie in the queue for longer.
    fn spawn_with<F, T>(
        &self,
        closure: F,
        patience: Patience,
        deadline: Option<Instant>,
    ) -> Result<JobHandle<T>, SubmitError<F>>
    where
        F: FnOnce() -> T + Send + 'static,
        T: Send + 'static,
    {
        if size_of::<F>() > LARGE {
            let spawned = self.spawn_in_cell(Box::new(closure), patience, deadline);
            spawned.map_err(|refused| refused.map(|closure| *closure))
        } else {
            self.spawn_in_cell(closure, patience, deadline)
        }
    }

    fn spawn_in_cell<F, T>(
        &self,
        closure: F,
        patience: Patience,
        deadline: Option<Instant>,
    ) -> Result<JobHandle<T>, SubmitError<F>>
    where
        F: FnOnce() -> T + Send + 'static,
        T: Send + 'static,
    {
        let cell = Arc::new(TaskCell::new(closure, deadline));
        let id = match self.submit_ref(JobRef::new(cell.clone()), patience) {
            Ok(id) => id,
            Err(refused) => return Err(refused.with(cell.into_closure())),
        };
        if let Some(expiry) = cell.expiry() {
            let errand: Weak<TaskCell<F, T>> = Arc::downgrade(&cell);
            self.inner.state.note_expiring(expiry, id, errand);
            // Whoever takes the job takes it off the list, but may have been too early for that.
            if !cell.is_queued() {
                self.inner.state.expiring.remove(expiry);
            }
        }
        Ok(JobHandle::new(cell, id, self.inner.downgrade()))
    }

    /// Submits a claim on a job that lies in a cell.
    fn submit_ref(&self, job_ref: JobRef, patience: Patience) -> Result<JobId, Refused> {
        if let Some(worker) = context::worker::<Worker<J, R, Q>>(self.inner.id())
            && let Some(end) = worker.own_end()
        {
            return Ok(worker.submit(end, Body::Ref(job_ref)));
        }
        self.inner.submit_ref(job_ref, patience)
    }
}
