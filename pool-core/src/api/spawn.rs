//! Spawning: submitting one job that has a handle.

use std::sync::{Arc, Weak};

use crate::api::handle::Handle;
use crate::api::job_handle::JobHandle;
use crate::cancellation::CancellationToken;
use crate::error::{Refusal, SubmitError};
use crate::id::JobId;
use crate::job_context::{Bound, JobContext};
use crate::parts::context;
use crate::queue::WorkQueue;
use crate::runtime::cancellable::Cancellable;
use crate::runtime::job::{Body, Job};
use crate::runtime::job_ref::JobRef;
use crate::runtime::task_cell::TaskCell;
use crate::runtime::task_handle::Work;
use crate::runtime::terms::Terms;
use crate::runtime::worker::Worker;

/// The maximum size in bytes of a closure, or a job, and its context that lie in its cell. Once it was run or
/// dropped, its memory stays taken until the queue lets go of the job ref, and its handle is dropped.
pub(crate) const LARGE: usize = 256;

impl<J: Send + 'static, R: 'static, Q: WorkQueue<Job<J>>> Handle<J, R, Q> {
    /// Submits a closure and returns a handle to its job, to wait for the result or to cancel the job. Its
    /// outcome goes to the handle, not to the pool's sink, so every pool can spawn, whatever its jobs are.
    ///
    /// A job whose handle is dropped goes on by itself. Otherwise it is like [`submit`](Self::submit). It
    /// costs one allocation, or two if the closure has captures, and a context, of more than 256 bytes.
    ///
    /// # Errors
    ///
    /// The closure comes back, as for [`submit`](Self::submit).
    ///
    /// # Examples
    ///
    /// ```
    /// use drainpool::ThreadPoolBuilder;
    ///
    /// let pool = ThreadPoolBuilder::new().build()?;
    /// let sum = pool.spawn(|| (1..=100).sum::<u32>())?;
    /// assert_eq!(sum.join()?, 5_050);
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    pub fn spawn<F, T>(&self, closure: F) -> Result<JobHandle<T>, SubmitError<F>>
    where
        F: FnOnce() -> T + Send + 'static,
        T: Send + 'static,
    {
        self.spawn_on(closure, Terms::PLAIN)
    }

    /// Spawns like [`spawn`](Self::spawn), but does not wait for room.
    ///
    /// # Errors
    ///
    /// [`Refusal::Full`], and as for [`submit`](Self::submit).
    ///
    /// # Examples
    ///
    /// ```
    /// use drainpool::ThreadPoolBuilder;
    ///
    /// let builder = ThreadPoolBuilder::new().capacity(1).paused();
    /// let pool = builder.build()?;
    /// let first = pool.try_spawn(|| 1)?;
    /// let second = match pool.try_spawn(|| 2) {
    ///     Err(refused) if refused.is_full() => refused.into_inner()(),
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
        self.spawn_on(closure, Terms::TRY)
    }

    /// Spawns a closure that can be told to stop while it runs. Its [token](CancellationToken) tells it when
    /// its handle has [cancelled](JobHandle::cancel) it.
    ///
    /// A job that was cancelled before it started never runs, as with [`spawn`](Self::spawn). One that runs
    /// ends as it decides to: what it returns is its result, and it is counted as done. Otherwise it is like
    /// [`spawn`](Self::spawn), and costs two allocations more.
    ///
    /// # Errors
    ///
    /// The closure comes back, as for [`submit`](Self::submit).
    ///
    /// # Examples
    ///
    /// ```
    /// use std::sync::mpsc;
    /// use drainpool::ThreadPoolBuilder;
    ///
    /// let pool = ThreadPoolBuilder::new().build()?;
    /// let (begun, begins) = mpsc::channel();
    /// let job = pool.spawn_cancellable(move |token| {
    ///     begun.send(()).unwrap();
    ///     let mut rounds = 0_u64;
    ///     while !token.is_cancelled() {
    ///         rounds += 1;
    ///     }
    ///     rounds
    /// })?;
    /// begins.recv()?;
    /// job.cancel();
    /// println!("{} rounds", job.join()?);
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    pub fn spawn_cancellable<F, T>(&self, closure: F) -> Result<JobHandle<T>, SubmitError<F>>
    where
        F: FnOnce(&CancellationToken) -> T + Send + 'static,
        T: Send + 'static,
    {
        self.spawn_cancellable_on(closure, Terms::PLAIN)
    }

    #[inline]
    pub(crate) fn spawn_on<F, T>(
        &self,
        closure: F,
        terms: Terms,
    ) -> Result<JobHandle<T>, SubmitError<F>>
    where
        F: FnOnce() -> T + Send + 'static,
        T: Send + 'static,
    {
        self.spawn_bound(self.bind(closure), terms)
    }

    /// Spawns a closure in its context. Together larger than [`LARGE`], they lie apart from their cell, which may
    /// lie in the queue for longer, or be kept by a handle.
    pub(crate) fn spawn_bound<C, F, T>(
        &self,
        bound: Bound<C, F>,
        terms: Terms,
    ) -> Result<JobHandle<T>, SubmitError<F>>
    where
        C: JobContext,
        F: FnOnce() -> T + Send + 'static,
        T: Send + 'static,
    {
        if size_of::<Bound<C, F>>() > LARGE {
            let spawned = self.spawn_in_cell(Box::new(bound), terms, None);
            spawned.map_err(|refused| refused.map(|work| work.inner))
        } else {
            let spawned = self.spawn_in_cell(bound, terms, None);
            spawned.map_err(|refused| refused.map(|work| work.inner))
        }
    }

    pub(crate) fn spawn_cancellable_on<F, T>(
        &self,
        closure: F,
        terms: Terms,
    ) -> Result<JobHandle<T>, SubmitError<F>>
    where
        F: FnOnce(&CancellationToken) -> T + Send + 'static,
        T: Send + 'static,
    {
        self.spawn_cancellable_bound(self.bind(closure), terms)
    }

    /// Spawns a closure that is given its token, in its context.
    pub(crate) fn spawn_cancellable_bound<C, F, T>(
        &self,
        bound: Bound<C, F>,
        terms: Terms,
    ) -> Result<JobHandle<T>, SubmitError<F>>
    where
        C: JobContext,
        F: FnOnce(&CancellationToken) -> T + Send + 'static,
        T: Send + 'static,
    {
        let token = CancellationToken::new();
        if size_of::<Bound<C, F>>() > LARGE {
            let work = Cancellable { bound: Box::new(bound), token: token.clone() };
            let spawned = self.spawn_in_cell(work, terms, Some(token));
            spawned.map_err(|refused| refused.map(|work| work.bound.inner))
        } else {
            let work = Cancellable { bound, token: token.clone() };
            let spawned = self.spawn_in_cell(work, terms, Some(token));
            spawned.map_err(|refused| refused.map(|work| work.bound.inner))
        }
    }

    #[inline]
    pub(crate) fn spawn_in_cell<F, T>(
        &self,
        work: F,
        terms: Terms,
        token: Option<CancellationToken>,
    ) -> Result<JobHandle<T>, SubmitError<F>>
    where
        F: Work<T> + 'static,
        T: Send + 'static,
    {
        let cell = Arc::new(TaskCell::new(work, terms.extras(token)));
        match self.submit_ref(JobRef::new(cell.clone()), terms) {
            Ok(id) => Ok(self.handle_to(cell, id)),
            Err(refused) => Err(refused.with(cell.into_closure())),
        }
    }

    /// Returns the handle to a job that was accepted under this id.
    pub(crate) fn handle_to<F, T>(&self, cell: Arc<TaskCell<F, T>>, id: JobId) -> JobHandle<T>
    where
        F: Work<T> + 'static,
        T: Send + 'static,
    {
        if let Some(expiry) = cell.expiry() {
            let weak: Weak<TaskCell<F, T>> = Arc::downgrade(&cell);
            self.inner.state.note_expiring(expiry, id, weak);
            // The thread that takes the job removes it from the list, but it may have been too early for
            // that.
            if !cell.is_queued() {
                self.inner.state.expiring.remove(expiry);
            }
        }
        JobHandle::new(cell, id, self.inner.downgrade())
    }

    /// Submits a job ref. If there is no room and the terms say so, the job runs here.
    pub(crate) fn submit_ref(&self, job_ref: JobRef, terms: Terms) -> Result<JobId, Refusal> {
        if let Some(worker) = context::worker::<Worker<J, R, Q>>(self.inner.id())
            && let Some(end) = worker.own_end()
        {
            return Ok(worker.submit(end, Body::Ref(job_ref), terms.priority));
        }
        let submitted = self.inner.submit_ref(job_ref, terms.wait, terms.priority);
        let (refused, job_ref) = match submitted {
            Ok(id) => return Ok(id),
            Err(refused) => refused,
        };
        let refused = if terms.runs_here && matches!(refused, Refusal::Full) {
            match self.inner.submit_here(Job::unnumbered(Body::Ref(job_ref)), terms.priority) {
                Ok(id) => return Ok(id),
                Err((refused, job)) => {
                    job.withdraw();
                    refused
                }
            }
        } else {
            job_ref.withdraw();
            refused
        };
        self.inner.count_refusal(&refused, 1);
        Err(refused)
    }
}
