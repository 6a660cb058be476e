//! Submitting in async code: a submit that waits for room without blocking the thread.

use std::any::Any;
use std::fmt;
use std::panic::{RefUnwindSafe, UnwindSafe, resume_unwind};
use std::pin::Pin;
use std::sync::{Mutex, PoisonError};
use std::task::{Context, Poll, ready};

use crate::api::handle::Handle;
use crate::api::job_handle::JobHandle;
use crate::api::reserve::Reserve;
use crate::cancellation::CancellationToken;
use crate::error::{Refusal, SubmitError};
use crate::id::JobId;
use crate::job_context::{Bound, JobContext};
use crate::panics::{drop_quietly, guarded};
use crate::parts::capacity::Wait;
use crate::queue::WorkQueue;
use crate::runtime::job::Job;
use crate::runtime::terms::Terms;
use crate::task::Task;

/// The submit of one job that waits for room without blocking the thread; made by
/// [`Handle::spawn_async`], [`submit_async`](Handle::submit_async), [`execute_async`](Handle::execute_async),
/// [`call_async`](Handle::call_async), and their like with [options](crate::Submitter).
///
/// It is a [`Future`] for any executor. `F` is what is submitted, `T` what an accepted submit returns: a
/// [`JobHandle`] or a [`JobId`].
///
/// Nothing happens before the first poll, which captures the job's [context](crate::JobContext), if the pool's jobs have
/// one. In a pool without a [capacity](crate::ThreadPoolBuilder::capacity),
/// and if there is room, that submits the job and is ready; so it is in a running job of the pool (C4). If not, the
/// future waits in the order of arrival, in one row with the threads that wait for room.
///
/// # Dropping it
///
/// Dropped before it is ready, by a `select!` or a time-out, it leaves the row, and a place that it was given goes
/// to the next. Its job was not accepted, and is dropped with it.
///
/// While it is neither polled nor dropped, it holds the place that it was given. An executor polls it soon after
/// it was woken.
///
/// # Errors
///
/// The job comes back (C1) if the pool is closed, also while it waits for room, or cannot take the job, as for
/// [`Handle::submit`]. Polled by code that the pool calls beside its jobs, such as a hook, it does not wait: if
/// there is no room, it is ready with [`Refusal::Full`](crate::Refusal::Full).
///
/// # Panics
///
/// If it is polled again after it was ready, or after the capture of the context has panicked.
#[must_use = "a future does nothing until it is polled"]
pub struct SubmitFuture<'a, F, T, J: Send + 'static, R: 'static, Q: WorkQueue<Job<J>>> {
    // Dropped before the job, whose drop is foreign code and may panic.
    room: Reserve<'a, J, R, Q>,
    /// `None` once it is ready.
    job: Option<F>,
    context: Captured,
    terms: Terms,
    submit: Submit<F, T, J, R, Q>,
}

/// A submit that does not wait.
type Submit<F, T, J, R, Q> = fn(&Handle<J, R, Q>, F, Captured, Terms) -> Result<T, SubmitError<F>>;

/// The context of a job that waits for its place: its capture is foreign code, which may itself wait for a place.
/// In a box, so that the type of the future does not depend on it; `None` before the capture, and without a context.
struct Captured(Option<Box<dyn Any + Send + Sync>>);

// There is no way to it by reference.
impl UnwindSafe for Captured {}
impl RefUnwindSafe for Captured {}

impl Captured {
    fn new<C: JobContext>(capture: impl FnOnce() -> C) -> Self {
        // The lock, which is never held, makes it `Sync`.
        Self(if C::IS_NONE { None } else { Some(Box::new(Mutex::new(capture()))) })
    }

    /// Returns what was captured, or captures it.
    fn into_context<C: JobContext>(self, capture: impl FnOnce() -> C) -> C {
        match self.0.and_then(|captured| captured.downcast::<Mutex<C>>().ok()) {
            Some(captured) => captured.into_inner().unwrap_or_else(PoisonError::into_inner),
            None => capture(),
        }
    }
}

impl<F, T, J: Send + 'static, R: 'static, Q: WorkQueue<Job<J>>> Future
    for SubmitFuture<'_, F, T, J, R, Q>
{
    type Output = Result<T, SubmitError<F>>;

    fn poll(self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<Self::Output> {
        let this = self.get_mut();
        assert!(this.job.is_some(), "a `SubmitFuture` was polled after it was ready");
        this.capture();
        let terms = ready!(this.poll_terms(context));
        let job = this.job.take().expect("it was there");
        Poll::Ready(match terms {
            Ok(terms) => {
                let context = Captured(this.context.0.take());
                (this.submit)(this.room.handle(), job, context, terms)
            }
            Err(refused) => Err(refused.with(job)),
        })
    }
}

// The job is never pinned.
impl<F, T, J: Send + 'static, R: 'static, Q: WorkQueue<Job<J>>> Unpin
    for SubmitFuture<'_, F, T, J, R, Q>
{
}

impl<'a, F, T, J: Send + 'static, R: 'static, Q: WorkQueue<Job<J>>>
    SubmitFuture<'a, F, T, J, R, Q>
{
    fn new(
        handle: &'a Handle<J, R, Q>,
        job: F,
        terms: Terms,
        submit: Submit<F, T, J, R, Q>,
    ) -> Self {
        Self { room: handle.reserve(), job: Some(job), context: Captured(None), terms, submit }
    }

    /// Captures the context, if that was not done.
    fn capture(&mut self) {
        if self.context.0.is_some() {
            return;
        }
        let queue = &self.room.handle().inner.queue;
        match guarded(|| Captured::new(|| queue.capture_context())) {
            Ok(captured) => self.context = captured,
            Err(payload) => {
                // If its drop panicked as well, the process would abort.
                drop_quietly(self.job.take());
                resume_unwind(payload)
            }
        }
    }

    /// Polls for the terms on which the submit does not wait.
    fn poll_terms(&mut self, context: &mut Context<'_>) -> Poll<Result<Terms, Refusal>> {
        let terms = self.terms;
        if terms.wait == Wait::Never {
            return Poll::Ready(Ok(terms));
        }
        let place = self.room.poll_within(terms.wait, context);
        place.map_ok(|place| place.into_terms(terms))
    }
}

impl<F, T, J: Send + 'static, R: 'static, Q: WorkQueue<Job<J>>> fmt::Debug
    for SubmitFuture<'_, F, T, J, R, Q>
{
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("SubmitFuture")
            .field("room", &self.room)
            .field("is_ready", &self.job.is_none())
            .finish_non_exhaustive()
    }
}

impl<J: Send + 'static, R: 'static, Q: WorkQueue<Job<J>>> Handle<J, R, Q> {
    /// Submits a job like [`submit`](Self::submit), but waits for room without blocking the thread: for async
    /// code. The job is submitted when the future is polled, not before.
    ///
    /// # Errors
    ///
    /// The job comes back, as for [`submit`](Self::submit); see [`SubmitFuture`].
    ///
    /// # Examples
    ///
    /// ```
    /// use drainpool::{Collect, ThreadPoolBuilder};
    ///
    /// # fn main() -> Result<(), Box<dyn std::error::Error>> {
    /// let lengths = Collect::new();
    /// let builder = ThreadPoolBuilder::new().capacity(1).sink(lengths.clone());
    /// let pool = builder.build_with(|_worker| |word: &str| word.len())?;
    /// let submits = async {
    ///     for word in ["drain", "then", "exit"] {
    ///         pool.submit_async(word).await?;
    ///     }
    ///     Ok::<_, drainpool::SubmitError<&str>>(())
    /// };
    /// block_on(submits)?;
    /// assert_eq!(pool.shutdown().done, 3);
    /// assert_eq!(lengths.take().len(), 3);
    /// # Ok(())
    /// # }
    /// # fn block_on<F: Future>(future: F) -> F::Output {
    /// #     let mut future = std::pin::pin!(future);
    /// #     let mut context = std::task::Context::from_waker(std::task::Waker::noop());
    /// #     loop {
    /// #         if let std::task::Poll::Ready(output) = future.as_mut().poll(&mut context) {
    /// #             return output;
    /// #         }
    /// #         std::thread::yield_now();
    /// #     }
    /// # }
    /// ```
    pub fn submit_async(&self, job: J) -> SubmitFuture<'_, J, JobId, J, R, Q> {
        self.submit_async_on(job, Terms::PLAIN)
    }

    pub(crate) fn submit_async_on(
        &self,
        job: J,
        terms: Terms,
    ) -> SubmitFuture<'_, J, JobId, J, R, Q> {
        SubmitFuture::new(self, job, terms, |handle, job, captured, terms| {
            let capture = || captured.into_context(|| handle.inner.queue.capture_context());
            handle.submit_by(job, capture, || terms)
        })
    }

    /// Spawns a closure like [`spawn`](Self::spawn), but waits for room without blocking the thread: for async
    /// code. The future is ready with a [`JobHandle`], which is the future of the job's outcome.
    ///
    /// The closure is submitted when the future is polled, not before.
    ///
    /// # Errors
    ///
    /// The closure comes back, as for [`submit`](Self::submit); see [`SubmitFuture`].
    ///
    /// # Examples
    ///
    /// ```
    /// use drainpool::{ThreadPool, ThreadPoolBuilder};
    ///
    /// async fn total(pool: &ThreadPool) -> Result<u64, Box<dyn std::error::Error>> {
    ///     let sum = pool.spawn_async(|| (1..=100).sum::<u64>()).await?;
    ///     let squares = pool.spawn_async(|| (1..=10).map(|n: u64| n * n).sum::<u64>()).await?;
    ///     Ok(sum.await? + squares.await?)
    /// }
    ///
    /// # fn main() -> Result<(), Box<dyn std::error::Error>> {
    /// let pool = ThreadPoolBuilder::new().capacity(1).build()?;
    /// assert_eq!(block_on(total(&pool))?, 5_050 + 385);
    /// # Ok(())
    /// # }
    /// # fn block_on<F: Future>(future: F) -> F::Output {
    /// #     let mut future = std::pin::pin!(future);
    /// #     let mut context = std::task::Context::from_waker(std::task::Waker::noop());
    /// #     loop {
    /// #         if let std::task::Poll::Ready(output) = future.as_mut().poll(&mut context) {
    /// #             return output;
    /// #         }
    /// #         std::thread::yield_now();
    /// #     }
    /// # }
    /// ```
    pub fn spawn_async<F, T>(&self, closure: F) -> SubmitFuture<'_, F, JobHandle<T>, J, R, Q>
    where
        F: FnOnce() -> T + Send + 'static,
        T: Send + 'static,
    {
        self.spawn_async_on(closure, Terms::PLAIN)
    }

    pub(crate) fn spawn_async_on<F, T>(
        &self,
        closure: F,
        terms: Terms,
    ) -> SubmitFuture<'_, F, JobHandle<T>, J, R, Q>
    where
        F: FnOnce() -> T + Send + 'static,
        T: Send + 'static,
    {
        SubmitFuture::new(self, closure, terms, |handle, closure, captured, terms| {
            handle.spawn_bound(handle.bind_captured(closure, captured), terms)
        })
    }

    /// Spawns a closure that can be told to stop, like [`spawn_cancellable`](Self::spawn_cancellable), but waits
    /// for room without blocking the thread: for async code.
    ///
    /// With [`cancel_on_drop`](JobHandle::cancel_on_drop) the job is told as soon as its caller is dropped, by a
    /// `select!` or a time-out.
    ///
    /// # Errors
    ///
    /// The closure comes back, as for [`submit`](Self::submit); see [`SubmitFuture`].
    ///
    /// # Examples
    ///
    /// ```
    /// use drainpool::{CancellationToken, ThreadPool, ThreadPoolBuilder};
    ///
    /// /// Whether no number below `n` divides it; the search ends when this future is dropped.
    /// async fn is_prime(pool: &ThreadPool, n: u64) -> Result<bool, Box<dyn std::error::Error>> {
    ///     let search = move |token: &CancellationToken| {
    ///         (2..n).take_while(|_| !token.is_cancelled()).all(|d| n % d != 0)
    ///     };
    ///     Ok(pool.spawn_cancellable_async(search).await?.cancel_on_drop().await?)
    /// }
    ///
    /// # fn main() -> Result<(), Box<dyn std::error::Error>> {
    /// let pool = ThreadPoolBuilder::new().build()?;
    /// assert!(block_on(is_prime(&pool, 10_007))?);
    /// # Ok(())
    /// # }
    /// # fn block_on<F: Future>(future: F) -> F::Output {
    /// #     let mut future = std::pin::pin!(future);
    /// #     let mut context = std::task::Context::from_waker(std::task::Waker::noop());
    /// #     loop {
    /// #         if let std::task::Poll::Ready(output) = future.as_mut().poll(&mut context) {
    /// #             return output;
    /// #         }
    /// #         std::thread::yield_now();
    /// #     }
    /// # }
    /// ```
    pub fn spawn_cancellable_async<F, T>(
        &self,
        closure: F,
    ) -> SubmitFuture<'_, F, JobHandle<T>, J, R, Q>
    where
        F: FnOnce(&CancellationToken) -> T + Send + 'static,
        T: Send + 'static,
    {
        self.spawn_cancellable_async_on(closure, Terms::PLAIN)
    }

    pub(crate) fn spawn_cancellable_async_on<F, T>(
        &self,
        closure: F,
        terms: Terms,
    ) -> SubmitFuture<'_, F, JobHandle<T>, J, R, Q>
    where
        F: FnOnce(&CancellationToken) -> T + Send + 'static,
        T: Send + 'static,
    {
        SubmitFuture::new(self, closure, terms, |handle, closure, captured, terms| {
            handle.spawn_cancellable_bound(handle.bind_captured(closure, captured), terms)
        })
    }

    /// Binds what is submitted to the context that was captured for it.
    fn bind_captured<F>(
        &self,
        inner: F,
        captured: Captured,
    ) -> Bound<impl JobContext + use<J, R, Q, F>, F> {
        Bound::new(|| captured.into_context(|| self.inner.queue.capture_context()), inner)
    }
}

impl<J: Send + 'static, R: Send + 'static, Q: WorkQueue<Job<J>>> Handle<J, R, Q> {
    /// Submits a job for the handler, with a handle, like [`call`](Self::call), but waits for room without
    /// blocking the thread: for async code. The future is ready with a [`JobHandle`], which is the future of what
    /// the handler returns.
    ///
    /// # Errors
    ///
    /// The job comes back, as for [`submit`](Self::submit); see [`SubmitFuture`].
    ///
    /// # Examples
    ///
    /// ```
    /// use drainpool::ThreadPoolBuilder;
    ///
    /// # fn main() -> Result<(), Box<dyn std::error::Error>> {
    /// let builder = ThreadPoolBuilder::new().capacity(1).sink(drainpool::sink_fn(|_| ()));
    /// let pool = builder.build_with(|_worker| |word: &str| word.len())?;
    /// let length = block_on(async { Ok::<_, Box<dyn std::error::Error>>(pool.call_async("drain").await?.await?) })?;
    /// assert_eq!(length, 5);
    /// # Ok(())
    /// # }
    /// # fn block_on<F: Future>(future: F) -> F::Output {
    /// #     let mut future = std::pin::pin!(future);
    /// #     let mut context = std::task::Context::from_waker(std::task::Waker::noop());
    /// #     loop {
    /// #         if let std::task::Poll::Ready(output) = future.as_mut().poll(&mut context) {
    /// #             return output;
    /// #         }
    /// #         std::thread::yield_now();
    /// #     }
    /// # }
    /// ```
    pub fn call_async(&self, job: J) -> SubmitFuture<'_, J, JobHandle<R>, J, R, Q> {
        self.call_async_on(job, Terms::PLAIN)
    }

    pub(crate) fn call_async_on(
        &self,
        job: J,
        terms: Terms,
    ) -> SubmitFuture<'_, J, JobHandle<R>, J, R, Q> {
        SubmitFuture::new(self, job, terms, |handle, job, captured, terms| {
            handle.call_by(job, |job| handle.bind_captured(job, captured), terms)
        })
    }
}

impl<R: 'static, Q: WorkQueue<Job<Task<R>>>> Handle<Task<R>, R, Q> {
    /// Submits a closure like [`execute`](Self::execute), but waits for room without blocking the thread: for
    /// async code. The closure is submitted when the future is polled, not before.
    ///
    /// # Errors
    ///
    /// The closure comes back as a [`Task`], as for [`execute`](Self::execute); see [`SubmitFuture`].
    ///
    /// # Examples
    ///
    /// ```
    /// use drainpool::ThreadPoolBuilder;
    ///
    /// # fn main() -> Result<(), Box<dyn std::error::Error>> {
    /// let pool = ThreadPoolBuilder::new().capacity(1).build()?;
    /// block_on(async {
    ///     for n in 0..10 {
    ///         pool.execute_async(move || println!("{n}")).await?;
    ///     }
    ///     Ok::<_, Box<dyn std::error::Error>>(())
    /// })?;
    /// assert_eq!(pool.shutdown().done, 10);
    /// # Ok(())
    /// # }
    /// # fn block_on<F: Future>(future: F) -> F::Output {
    /// #     let mut future = std::pin::pin!(future);
    /// #     let mut context = std::task::Context::from_waker(std::task::Waker::noop());
    /// #     loop {
    /// #         if let std::task::Poll::Ready(output) = future.as_mut().poll(&mut context) {
    /// #             return output;
    /// #         }
    /// #         std::thread::yield_now();
    /// #     }
    /// # }
    /// ```
    pub fn execute_async<F>(&self, closure: F) -> SubmitFuture<'_, Task<R>, JobId, Task<R>, R, Q>
    where
        F: FnOnce() -> R + Send + 'static,
    {
        self.submit_async(Task::new(closure))
    }
}
