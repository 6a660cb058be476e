//! Submitting: one job or many, with or without a handle, and what to do when the queue is full.

use std::time::Duration;

use crate::api::handle::Handle;
use crate::error::SubmitError;
use crate::id::JobId;
use crate::panics::drop_quietly;
use crate::parts::capacity::Patience;
use crate::parts::context;
use crate::queue::WorkQueue;
use crate::runtime::account::{Account, attempt};
use crate::runtime::job::{Body, Job};
use crate::runtime::worker::Worker;
use crate::sink::Completed;
use crate::task::Task;

impl<J: Send + 'static, R: 'static, Q: WorkQueue<Job<J>>> Handle<J, R, Q> {
    /// Submits a job. Its outcome goes to the pool's sink.
    ///
    /// If the pool's [capacity](crate::ThreadPoolBuilder::capacity) is exhausted, it waits for room.
    /// Otherwise it never blocks, except to start the first worker of a pool that has none at present
    /// (keep-alive).
    ///
    /// Called by a running job of the same pool, it submits a nested job: that is accepted after
    /// [`close`](Self::close) too, and drained (C4), and it takes no room.
    ///
    /// # Errors
    ///
    /// The job comes back (C1) if the pool is closed, also while it waits for room; if the pool has
    /// no worker and none could be started; or if its queue refuses it, as queues of other makes may.
    /// Code that is called beside the jobs, such as a hook or the drop of a worker's state, is outside of
    /// any job: it is refused after close, and told [`SubmitError::Full`] instead of waiting. So what must
    /// not be lost (a last flush, for one) is done there, and not submitted.
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
    #[inline]
    pub fn submit(&self, job: J) -> Result<JobId, SubmitError<J>> {
        self.submit_with(job, Patience::Endless)
    }

    /// Submits a job like [`submit`](Self::submit), but does not wait for room.
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
    /// let pool = builder.build_with(|_worker| |word: &str| println!("{word}"))?;
    /// pool.try_submit("first")?;
    /// assert!(matches!(pool.try_submit("second"), Err(SubmitError::Full("second"))));
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    #[inline]
    pub fn try_submit(&self, job: J) -> Result<JobId, SubmitError<J>> {
        self.submit_with(job, Patience::None)
    }

    /// Submits a job like [`submit`](Self::submit), but waits for room no longer than this. A time
    /// too long to be expressed as a moment, such as [`Duration::MAX`], means for ever.
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
    /// let pool = builder.build_with(|_worker| |word: &str| println!("{word}"))?;
    /// pool.submit_timeout("first", Duration::from_millis(1))?;
    /// let refused = pool.submit_timeout("second", Duration::from_millis(1)).unwrap_err();
    /// assert!(matches!(refused, SubmitError::Full("second")));
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    pub fn submit_timeout(&self, job: J, timeout: Duration) -> Result<JobId, SubmitError<J>> {
        self.submit_with(job, self.patience(timeout))
    }

    // Inlined down to the queue: a job that is moved from hand to hand on the way, before the
    // processor has finished writing it, costs more than all the rest.
    #[inline]
    fn submit_with(&self, job: J, patience: Patience) -> Result<JobId, SubmitError<J>> {
        if let Some(worker) = context::worker::<Worker<J, R, Q>>(self.inner.id())
            && let Some(end) = worker.own_end()
        {
            return Ok(worker.submit(end, Body::Payload(job)));
        }
        self.inner.submit(job, patience)
    }

    pub(crate) fn patience(&self, timeout: Duration) -> Patience {
        self.inner.state.waiters.deadline(timeout).map_or(Patience::Endless, Patience::Until)
    }
}

impl<R: 'static, Q: WorkQueue<Job<Task<R>>>> Handle<Task<R>, R, Q> {
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

    /// Submits a closure like [`execute`](Self::execute), but does not wait for room.
    ///
    /// # Errors
    ///
    /// [`SubmitError::Full`], and as for [`execute`](Self::execute).
    ///
    /// # Examples
    ///
    /// ```
    /// use pool_core::{SubmitError, ThreadPoolBuilder};
    /// use pool_std::StdQueue;
    ///
    /// let builder = ThreadPoolBuilder::with_queue(StdQueue::new()).capacity(1).paused();
    /// let pool = builder.build()?;
    /// pool.try_execute(|| println!("first"))?;
    /// match pool.try_execute(|| println!("second")) {
    ///     Err(SubmitError::Full(task)) => task.run(),
    ///     other => panic!("{other:?}"),
    /// }
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    #[inline]
    pub fn try_execute<F>(&self, closure: F) -> Result<JobId, SubmitError<Task<R>>>
    where
        F: FnOnce() -> R + Send + 'static,
    {
        self.try_submit(Task::new(closure))
    }

    /// Submits a closure like [`execute`](Self::execute), but waits for room no longer than this. A
    /// time too long to be expressed as a moment, such as [`Duration::MAX`], means for ever.
    ///
    /// # Errors
    ///
    /// [`SubmitError::Full`], and as for [`execute`](Self::execute).
    ///
    /// # Examples
    ///
    /// ```
    /// use std::time::Duration;
    /// use pool_core::{SubmitError, ThreadPoolBuilder};
    /// use pool_std::StdQueue;
    ///
    /// let builder = ThreadPoolBuilder::with_queue(StdQueue::new()).capacity(1).paused();
    /// let pool = builder.build()?;
    /// pool.execute_timeout(|| println!("first"), Duration::MAX)?;
    /// let refused = pool.execute_timeout(|| println!("second"), Duration::ZERO).unwrap_err();
    /// assert!(matches!(refused, SubmitError::Full(_)));
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    pub fn execute_timeout<F>(
        &self,
        closure: F,
        timeout: Duration,
    ) -> Result<JobId, SubmitError<Task<R>>>
    where
        F: FnOnce() -> R + Send + 'static,
    {
        self.submit_timeout(Task::new(closure), timeout)
    }

    /// Submits a closure like [`execute`](Self::execute), and runs it itself, before it returns, if
    /// there is no room for it in the queue. That slows down a submitter that is too fast.
    ///
    /// The job is one of the pool's all the same: its outcome goes to the sink, without a
    /// [`worker`](Completed::worker), and the books have it.
    ///
    /// # Errors
    ///
    /// The closure comes back, as for [`execute`](Self::execute), but never for want of room.
    ///
    /// # Examples
    ///
    /// ```
    /// use pool_core::{Collect, ThreadPoolBuilder};
    /// use pool_std::StdQueue;
    ///
    /// let results = Collect::new();
    /// let pool = ThreadPoolBuilder::with_queue(StdQueue::new())
    ///     .capacity(1)
    ///     .paused()
    ///     .sink(results.clone())
    ///     .build()?;
    /// pool.execute_or_run(|| "in the pool, later")?;
    /// pool.execute_or_run(|| "here and now")?;
    /// let done = results.take().remove(0);
    /// assert_eq!((done.outcome?, done.worker), ("here and now", None));
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    pub fn execute_or_run<F>(&self, closure: F) -> Result<JobId, SubmitError<Task<R>>>
    where
        F: FnOnce() -> R + Send + 'static,
    {
        let task = match self.try_execute(closure) {
            Err(SubmitError::Full(task)) => task,
            submitted => return submitted,
        };
        let id = match self.inner.admit_here() {
            Ok(id) => id,
            Err(refused) => return Err(refused.with(task)),
        };
        let deliver = |outcome| {
            let done = Completed::new(id, None, outcome);
            let undelivered = match self.inner.launcher() {
                Some(sinks) => sinks.deliver(done),
                None => {
                    drop_quietly(done);
                    1
                }
            };
            self.inner.state.ledger.undelivered_outside(undelivered);
        };
        Account::submitter(&self.inner.state).settle(id, None, || attempt(|| task.run()), deliver);
        Ok(id)
    }
}
