//! Calls: jobs for the pool's handler that have a handle each.

use crate::api::batch::SpawnedBatch;
use crate::api::handle::Handle;
use crate::api::job_handle::JobHandle;
use crate::api::spawn::LARGE;
use crate::error::SubmitError;
use crate::job_context::{Bound, JobContext, NoContext, UnlessBound};
use crate::queue::WorkQueue;
use crate::runtime::call::Call;
use crate::runtime::job::Job;
use crate::runtime::terms::Terms;

impl<J: Send + 'static, R: Send + 'static, Q: WorkQueue<Job<J>>> Handle<J, R, Q> {
    /// Submits a job for the pool's [handler](crate::ThreadPoolBuilder::build_with) and returns a handle to
    /// it: to wait for what the handler returns, to learn of its panic, or to cancel it. The outcome goes to
    /// the handle, not to the sink, which is told to [skip](crate::ResultSink::skip) the id.
    ///
    /// So the job has what its worker has, such as a connection, and its caller has the result. Otherwise it
    /// is like [`spawn`](Self::spawn). It costs one allocation, or two if the job has more than 256 bytes.
    ///
    /// A call that ends unrun takes its job along: `cancel` and `start_within` drop it, as a panic of the handler
    /// does. [`take_queued`](Self::take_queued) and [`shutdown_now`](crate::Pool::shutdown_now) return it, under
    /// the [id](JobHandle::id) of the handle.
    ///
    /// # Waiting inside of the same pool
    ///
    /// Only a worker runs a call, with its own handler; a handler that is at work cannot be used again. So a
    /// thread that waits for a call never runs it. [`join_or_run`](JobHandle::join_or_run) outside waits
    /// like [`join`](JobHandle::join).
    ///
    /// Inside of the same pool a wait could be for ever: the waiting thread may be the only worker. So if no
    /// worker has begun the call, the wait, or a poll of the handle, ends it with
    /// [`JobError::InsideJob`](crate::JobError::InsideJob). It never runs then, and is counted as cancelled.
    /// A job that needs what another job of its pool returns should be a closure that is
    /// [spawned](Self::spawn), or submit what is to follow instead of waiting. A job of *another* pool waits,
    /// with its worker.
    ///
    /// # Errors
    ///
    /// The job comes back, as for [`submit`](Self::submit). With
    /// [`WhenFull::RunHere`](crate::WhenFull::RunHere) it comes back if there is no room: the submitting
    /// thread has no handler.
    ///
    /// # Examples
    ///
    /// ```
    /// use drainpool::{JobError, ThreadPoolBuilder};
    ///
    /// let pool = ThreadPoolBuilder::new().num_threads(2).sink(drainpool::sink_fn(|_| ())).build_with(
    ///     |_worker| {
    ///         // Stands for a connection of this worker's own.
    ///         let mut queries = 0;
    ///         move |query: &'static str| {
    ///             queries += 1;
    ///             query.parse::<u32>().expect("a number")
    ///         }
    ///     },
    /// )?;
    /// let answer = pool.call("42")?;
    /// let broken = pool.call("forty-two")?;
    /// assert_eq!(answer.join()?, 42);
    /// assert!(matches!(broken.join(), Err(JobError::Panicked(_))));
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    pub fn call(&self, job: J) -> Result<JobHandle<R>, SubmitError<J>> {
        self.call_on(job, Terms::PLAIN)
    }

    /// Submits many jobs like [`call`](Self::call), at little more than the price of one; see
    /// [`submit_batch`](Self::submit_batch). The handles come in the same order.
    ///
    /// # Errors
    ///
    /// The jobs that were not accepted come back, and the handles of those that were; see
    /// [`BatchError`](crate::BatchError).
    ///
    /// # Examples
    ///
    /// ```
    /// use drainpool::ThreadPoolBuilder;
    ///
    /// let squares = ThreadPoolBuilder::new().sink(drainpool::sink_fn(|_| ()));
    /// let pool = squares.build_with(|_worker| |n: u64| n * n)?;
    /// let calls = pool.call_batch(0..10)?;
    /// let squares: Result<Vec<u64>, _> = calls.into_iter().map(|call| call.join()).collect();
    /// assert_eq!(squares?[9], 81);
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    pub fn call_batch<I>(&self, jobs: I) -> SpawnedBatch<J, R, I::IntoIter>
    where
        I: IntoIterator<Item = J>,
    {
        self.call_batch_on(jobs.into_iter(), Terms::PLAIN)
    }

    pub(crate) fn call_on(&self, job: J, terms: Terms) -> Result<JobHandle<R>, SubmitError<J>> {
        self.call_by(job, |job| self.bind(job), terms)
    }

    /// Submits a job for the handler, bound to a context by `bind`, unless it has its own.
    pub(crate) fn call_by<C: JobContext>(
        &self,
        job: J,
        bind: impl FnOnce(J) -> Bound<C, J>,
        terms: Terms,
    ) -> Result<JobHandle<R>, SubmitError<J>> {
        if !C::IS_NONE && self.is_bound(&job) {
            self.call_bound(Bound { context: NoContext, inner: job }, terms)
        } else {
            self.call_bound(bind(job), terms)
        }
    }

    /// Submits a job for the handler in its context, apart from its cell if they are large.
    fn call_bound<C: JobContext>(
        &self,
        bound: Bound<C, J>,
        terms: Terms,
    ) -> Result<JobHandle<R>, SubmitError<J>> {
        let terms = terms.in_the_pool();
        if size_of::<Bound<C, J>>() > LARGE {
            let called = self.spawn_in_cell(Call::<_, Q>::new(Box::new(bound)), terms, None);
            called.map_err(|refused| refused.map(Call::into_job))
        } else {
            let called = self.spawn_in_cell(Call::<_, Q>::new(bound), terms, None);
            called.map_err(|refused| refused.map(Call::into_job))
        }
    }

    pub(crate) fn call_batch_on<I>(&self, jobs: I, terms: Terms) -> SpawnedBatch<J, R, I>
    where
        I: Iterator<Item = J>,
    {
        self.call_batch_in(jobs, || self.inner.queue.capture_context(), terms.in_the_pool())
    }

    /// Submits jobs for the handler in the contexts that `capture` returns, but for those that have their own.
    fn call_batch_in<I, C>(
        &self,
        jobs: I,
        capture: impl Fn() -> C,
        terms: Terms,
    ) -> SpawnedBatch<J, R, I>
    where
        I: Iterator<Item = J>,
        C: JobContext,
    {
        if C::IS_NONE {
            return self.call_batch_bound(jobs, |job| Bound::new(&capture, job), terms);
        }
        let bind = |job: J| {
            let is_bound = self.is_bound(&job);
            Bound::new(|| UnlessBound((!is_bound).then(&capture)), job)
        };
        self.call_batch_bound(jobs, bind, terms)
    }

    fn call_batch_bound<I, C>(
        &self,
        jobs: I,
        bind: impl Fn(J) -> Bound<C, J>,
        terms: Terms,
    ) -> SpawnedBatch<J, R, I>
    where
        I: Iterator<Item = J>,
        C: JobContext,
    {
        if size_of::<Bound<C, J>>() > LARGE {
            let call = |job| Call::<_, Q>::new(Box::new(bind(job)));
            self.spawn_batch_as(jobs, call, Call::into_job, terms)
        } else {
            let call = |job| Call::<_, Q>::new(bind(job));
            self.spawn_batch_as(jobs, call, Call::into_job, terms)
        }
    }
}
