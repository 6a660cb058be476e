//! The submitter: submitting with options.

use std::fmt;

use crate::api::batch::{BatchError, SpawnedBatch};
use crate::api::handle::Handle;
use crate::api::job_handle::JobHandle;
use crate::api::submit_async::SubmitFuture;
use crate::api::submit_options::SubmitOptions;
use crate::cancellation::CancellationToken;
use crate::error::SubmitError;
use crate::id::{JobId, JobIds};
use crate::queue::WorkQueue;
use crate::runtime::job::Job;
use crate::runtime::terms::Terms;
use crate::task::Task;

/// The submitting calls with [`SubmitOptions`]; made by [`Handle::with`].
///
/// Each is like the call of the same name of [`Handle`], and differs only in what the options say.
#[must_use = "nothing is submitted yet"]
pub struct Submitter<'a, J, R, Q> {
    handle: &'a Handle<J, R, Q>,
    options: SubmitOptions,
}

impl<J, R, Q> Clone for Submitter<'_, J, R, Q> {
    fn clone(&self) -> Self {
        *self
    }
}

impl<J, R, Q> Copy for Submitter<'_, J, R, Q> {}

impl<J: Send + 'static, R: 'static, Q: WorkQueue<Job<J>>> Handle<J, R, Q> {
    /// Submits with options: what to do when the queue is full, until when a job may start, its priority.
    ///
    /// # Examples
    ///
    /// ```
    /// use std::time::Duration;
    /// use drainpool::{Collect, ThreadPoolBuilder, WhenFull};
    ///
    /// let results = Collect::new();
    /// let pool = ThreadPoolBuilder::new()
    ///     .capacity(1)
    ///     .paused()
    ///     .sink(results.clone())
    ///     .build()?;
    /// pool.execute(|| "in the pool, later")?;
    /// assert!(pool.with(WhenFull::Fail).execute(|| "not at all").unwrap_err().is_full());
    /// let waits = pool.with(WhenFull::WaitFor(Duration::from_millis(1)));
    /// assert!(waits.spawn(|| "not at all, either").unwrap_err().is_full());
    /// pool.with(WhenFull::RunHere).execute(|| "here and now")?;
    /// let done = results.take().remove(0);
    /// assert_eq!((done.outcome?, done.worker), ("here and now", None));
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    pub fn with(&self, options: impl Into<SubmitOptions>) -> Submitter<'_, J, R, Q> {
        Submitter { handle: self, options: options.into() }
    }
}

impl<'a, J: Send + 'static, R: 'static, Q: WorkQueue<Job<J>>> Submitter<'a, J, R, Q> {
    fn terms(&self) -> Terms {
        self.options.terms(&self.handle.inner.state)
    }

    /// Submits a job; see [`Handle::submit`].
    ///
    /// # Errors
    ///
    /// The job comes back.
    pub fn submit(&self, job: J) -> Result<JobId, SubmitError<J>> {
        self.handle.submit_on(job, self.terms())
    }

    /// Submits a job without blocking the thread; see [`Handle::submit_async`] and
    /// [`WhenFull`](crate::WhenFull#in-async-code).
    ///
    /// # Errors
    ///
    /// The job comes back.
    pub fn submit_async(&self, job: J) -> SubmitFuture<'a, J, JobId, J, R, Q> {
        self.handle.submit_async_on(job, self.terms())
    }

    /// Submits a batch of jobs; see [`Handle::submit_batch`].
    ///
    /// # Errors
    ///
    /// The jobs that were not accepted come back.
    pub fn submit_batch<I>(&self, jobs: I) -> Result<JobIds, BatchError<J, I::IntoIter>>
    where
        I: IntoIterator<Item = J>,
    {
        self.handle.submit_batch_on(jobs.into_iter(), self.terms())
    }

    /// Spawns a closure; see [`Handle::spawn`].
    ///
    /// # Errors
    ///
    /// The closure comes back.
    pub fn spawn<F, T>(&self, closure: F) -> Result<JobHandle<T>, SubmitError<F>>
    where
        F: FnOnce() -> T + Send + 'static,
        T: Send + 'static,
    {
        self.handle.spawn_on(closure, self.terms())
    }

    /// Spawns a closure without blocking the thread; see [`Handle::spawn_async`] and
    /// [`WhenFull`](crate::WhenFull#in-async-code).
    ///
    /// # Errors
    ///
    /// The closure comes back.
    pub fn spawn_async<F, T>(&self, closure: F) -> SubmitFuture<'a, F, JobHandle<T>, J, R, Q>
    where
        F: FnOnce() -> T + Send + 'static,
        T: Send + 'static,
    {
        self.handle.spawn_async_on(closure, self.terms())
    }

    /// Spawns a closure that can be told to stop; see [`Handle::spawn_cancellable`].
    ///
    /// # Errors
    ///
    /// The closure comes back.
    pub fn spawn_cancellable<F, T>(&self, closure: F) -> Result<JobHandle<T>, SubmitError<F>>
    where
        F: FnOnce(&CancellationToken) -> T + Send + 'static,
        T: Send + 'static,
    {
        self.handle.spawn_cancellable_on(closure, self.terms())
    }

    /// Spawns a closure that can be told to stop, without blocking the thread; see
    /// [`Handle::spawn_cancellable_async`] and [`WhenFull`](crate::WhenFull#in-async-code).
    ///
    /// # Errors
    ///
    /// The closure comes back.
    pub fn spawn_cancellable_async<F, T>(
        &self,
        closure: F,
    ) -> SubmitFuture<'a, F, JobHandle<T>, J, R, Q>
    where
        F: FnOnce(&CancellationToken) -> T + Send + 'static,
        T: Send + 'static,
    {
        self.handle.spawn_cancellable_async_on(closure, self.terms())
    }

    /// Spawns a batch of closures; see [`Handle::spawn_batch`].
    ///
    /// # Errors
    ///
    /// The closures that were not accepted come back, and the handles of those that were.
    pub fn spawn_batch<I, F, T>(&self, closures: I) -> SpawnedBatch<F, T, I::IntoIter>
    where
        I: IntoIterator<Item = F>,
        F: FnOnce() -> T + Send + 'static,
        T: Send + 'static,
    {
        self.handle.spawn_batch_on(closures.into_iter(), self.terms())
    }
}

impl<'a, J: Send + 'static, R: Send + 'static, Q: WorkQueue<Job<J>>> Submitter<'a, J, R, Q> {
    /// Submits a job for the handler, with a handle; see [`Handle::call`].
    ///
    /// # Errors
    ///
    /// The job comes back.
    pub fn call(&self, job: J) -> Result<JobHandle<R>, SubmitError<J>> {
        self.handle.call_on(job, self.terms())
    }

    /// Submits a job for the handler, with a handle, without blocking the thread; see [`Handle::call_async`] and
    /// [`WhenFull`](crate::WhenFull#in-async-code).
    ///
    /// # Errors
    ///
    /// The job comes back.
    pub fn call_async(&self, job: J) -> SubmitFuture<'a, J, JobHandle<R>, J, R, Q> {
        self.handle.call_async_on(job, self.terms())
    }

    /// Submits a batch of jobs for the handler, with a handle each; see [`Handle::call_batch`].
    ///
    /// # Errors
    ///
    /// The jobs that were not accepted come back, and the handles of those that were.
    pub fn call_batch<I>(&self, jobs: I) -> SpawnedBatch<J, R, I::IntoIter>
    where
        I: IntoIterator<Item = J>,
    {
        self.handle.call_batch_on(jobs.into_iter(), self.terms())
    }
}

impl<'a, R: 'static, Q: WorkQueue<Job<Task<R>>>> Submitter<'a, Task<R>, R, Q> {
    /// Submits a closure; see [`Handle::execute`].
    ///
    /// # Errors
    ///
    /// The closure comes back as a [`Task`].
    pub fn execute<F>(&self, closure: F) -> Result<JobId, SubmitError<Task<R>>>
    where
        F: FnOnce() -> R + Send + 'static,
    {
        self.handle.execute_on(closure, self.terms())
    }

    /// Submits a closure without blocking the thread; see [`Handle::execute_async`] and
    /// [`WhenFull`](crate::WhenFull#in-async-code).
    ///
    /// # Errors
    ///
    /// The closure comes back as a [`Task`].
    pub fn execute_async<F>(&self, closure: F) -> SubmitFuture<'a, Task<R>, JobId, Task<R>, R, Q>
    where
        F: FnOnce() -> R + Send + 'static,
    {
        self.submit_async(Task::new(closure))
    }

    /// Submits a batch of closures; see [`Handle::execute_batch`].
    ///
    /// # Errors
    ///
    /// The closures that were not accepted come back.
    pub fn execute_batch<I, F>(
        &self,
        closures: I,
    ) -> Result<JobIds, BatchError<Task<R>, I::IntoIter>>
    where
        I: IntoIterator<Item = F>,
        F: FnOnce() -> R + Send + 'static,
    {
        self.handle.execute_batch_on(closures.into_iter(), self.terms())
    }
}

impl<J, R, Q> fmt::Debug for Submitter<'_, J, R, Q> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Submitter").field("options", &self.options).finish_non_exhaustive()
    }
}
