//! Submitting one job, whose outcome goes to the sink.

use std::any::Any;

use crate::api::handle::Handle;
use crate::error::SubmitError;
use crate::id::JobId;
use crate::job_context::{Bound, JobContext, NoContext};
use crate::parts::capacity::Wait;
use crate::parts::context;
use crate::priority::Priority;
use crate::queue::WorkQueue;
use crate::runtime::job::{Body, Job};
use crate::runtime::job_ref::JobRef;
use crate::runtime::terms::Terms;
use crate::runtime::timed_job::TimedJob;
use crate::runtime::worker::Worker;
use crate::task::Task;

impl<J: Send + 'static, R: 'static, Q: WorkQueue<Job<J>>> Handle<J, R, Q> {
    /// Submits a job. Its outcome goes to the pool's sink.
    ///
    /// If the pool's [capacity](crate::ThreadPoolBuilder::capacity) is exhausted, it waits for room; for
    /// other ways see [`with`](Self::with). Otherwise it never blocks, except to start a first worker if
    /// keep-alive has let all of them leave.
    ///
    /// Called by a running job of the same pool, it submits a nested job: that is accepted after
    /// [`close`](Self::close) too, is drained (C4), and takes no room.
    ///
    /// # Errors
    ///
    /// The job comes back (C1) if the pool is closed, also while it waits for room; if the pool has no
    /// worker and cannot start one; or if the queue refuses it, as a queue of your own may.
    ///
    /// Code that runs beside the jobs, such as a hook or the drop of a worker's handler, is outside of any
    /// job. It is refused after close, and gets [`Refusal::Full`](crate::Refusal::Full) instead of waiting.
    /// Work that must not be lost, such as a last flush, has to be done there and not submitted.
    ///
    /// # Examples
    ///
    /// ```
    /// use drainpool::ThreadPoolBuilder;
    ///
    /// let pool = ThreadPoolBuilder::new()
    ///     .build_with(|_worker| |word: String| println!("{word}"))?;
    /// pool.submit("hello".to_owned())?;
    /// pool.close();
    /// let refused = pool.submit("too late".to_owned()).unwrap_err();
    /// assert_eq!(refused.into_inner(), "too late");
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    #[inline]
    pub fn submit(&self, job: J) -> Result<JobId, SubmitError<J>> {
        self.submit_plain(job, || self.inner.queue.capture_context(), Terms::PLAIN)
    }

    /// Submits a job like [`submit`](Self::submit), but does not wait for room.
    ///
    /// # Errors
    ///
    /// [`Refusal::Full`](crate::Refusal::Full), and as for [`submit`](Self::submit).
    ///
    /// # Examples
    ///
    /// ```
    /// use drainpool::ThreadPoolBuilder;
    ///
    /// let builder = ThreadPoolBuilder::new().capacity(1).paused();
    /// let pool = builder.build_with(|_worker| |word: &str| println!("{word}"))?;
    /// pool.try_submit("first")?;
    /// let refused = pool.try_submit("second").unwrap_err();
    /// assert!(refused.is_full() && refused.into_inner() == "second");
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    #[inline]
    pub fn try_submit(&self, job: J) -> Result<JobId, SubmitError<J>> {
        self.submit_plain(job, || self.inner.queue.capture_context(), Terms::TRY)
    }

    pub(crate) fn submit_on(&self, job: J, terms: Terms) -> Result<JobId, SubmitError<J>> {
        self.submit_by(job, || self.inner.queue.capture_context(), || terms)
    }

    /// Submits a job on terms without options.
    #[inline]
    fn submit_plain<C: JobContext>(
        &self,
        job: J,
        capture: impl FnOnce() -> C,
        terms: Terms,
    ) -> Result<JobId, SubmitError<J>> {
        if C::IS_NONE {
            self.submit_untimed(job, terms.wait, terms.priority)
        } else {
            self.submit_by(job, capture, || terms)
        }
    }

    /// Submits a job in the context that `capture` returns, unless it has its own, and then on these terms.
    pub(crate) fn submit_by<C: JobContext>(
        &self,
        job: J,
        capture: impl FnOnce() -> C,
        terms: impl FnOnce() -> Terms,
    ) -> Result<JobId, SubmitError<J>> {
        if !C::IS_NONE && self.is_bound(&job) {
            return self.submit_in(job, NoContext, terms());
        }
        let Bound { context, inner } = Bound::new(capture, job);
        self.submit_in(inner, context, terms())
    }

    /// Whether the job is a task that has the context of this pool, from the submit of a closure that was refused.
    pub(crate) fn is_bound(&self, job: &J) -> bool {
        fn is_bound_to<Q, C: JobContext, R: 'static>(_: impl Fn(&Q) -> C, job: &dyn Any) -> bool {
            !C::IS_NONE && job.downcast_ref::<Task<R>>().is_some_and(Task::is_bound_to::<C>)
        }
        is_bound_to::<_, _, R>(Q::capture_context, job)
    }

    /// Submits a job that is to run in this context.
    pub(crate) fn submit_in<C: JobContext>(
        &self,
        job: J,
        context: C,
        terms: Terms,
    ) -> Result<JobId, SubmitError<J>> {
        if terms.has_extras() || !C::IS_NONE {
            let bound = Bound { context, inner: job };
            let timed = TimedJob::new(bound, &terms, &self.inner);
            return self.submit_ref(JobRef::new(timed.clone()), terms).map_err(|refused| {
                refused.with(timed.take().expect("a job that was not accepted is there").inner)
            });
        }
        if !terms.runs_here {
            return self.submit_untimed(job, terms.wait, terms.priority);
        }
        let submitted = self.submit_telling::<false>(job, terms.wait, terms.priority);
        let Err(refused) = submitted else { return submitted };
        let refused = if refused.is_full() {
            let job = Job::unnumbered(Body::Payload(refused.into_inner()));
            match self.inner.submit_here(job, terms.priority) {
                Ok(id) => return Ok(id),
                Err((refused, job)) => {
                    refused.with(job.into_payload().expect("it is what was submitted"))
                }
            }
        } else {
            refused
        };
        self.inner.count_refusal(refused.reason(), 1);
        Err(refused)
    }

    #[inline]
    fn submit_untimed(
        &self,
        job: J,
        wait: Wait,
        priority: Priority,
    ) -> Result<JobId, SubmitError<J>> {
        self.submit_telling::<true>(job, wait, priority)
    }

    /// Submits a job. If it `TELLS`, the observers are told of a refusal.
    // Inlined down to the queue: a job that is moved several times before the processor has finished
    // writing it costs more than all the rest.
    #[inline]
    fn submit_telling<const TELLS: bool>(
        &self,
        job: J,
        wait: Wait,
        priority: Priority,
    ) -> Result<JobId, SubmitError<J>> {
        if let Some(worker) = context::worker::<Worker<J, R, Q>>(self.inner.id())
            && let Some(end) = worker.own_end()
        {
            return Ok(worker.submit(end, Body::Payload(job), priority));
        }
        self.inner.submit::<TELLS>(job, wait, priority)
    }
}

impl<R: 'static, Q: WorkQueue<Job<Task<R>>>> Handle<Task<R>, R, Q> {
    /// Submits a closure. Its result goes to the pool's sink.
    ///
    /// Otherwise it is like [`submit`](Self::submit). A closure with captures of up to 40 bytes costs no
    /// allocation.
    ///
    /// # Errors
    ///
    /// The closure comes back as a [`Task`], which can be [run](Task::run) on the spot.
    ///
    /// # Examples
    ///
    /// ```
    /// use drainpool::ThreadPoolBuilder;
    ///
    /// let pool = ThreadPoolBuilder::new().build()?;
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
        // The closure brings its context along.
        self.submit_untimed(Task::bound(self.bind(closure)), Wait::Forever, Priority::NORMAL)
    }

    /// Submits a closure like [`execute`](Self::execute), but does not wait for room.
    ///
    /// # Errors
    ///
    /// [`Refusal::Full`](crate::Refusal::Full), and as for [`execute`](Self::execute).
    ///
    /// # Examples
    ///
    /// ```
    /// use drainpool::ThreadPoolBuilder;
    ///
    /// let builder = ThreadPoolBuilder::new().capacity(1).paused();
    /// let pool = builder.build()?;
    /// pool.try_execute(|| println!("first"))?;
    /// match pool.try_execute(|| println!("second")) {
    ///     Err(refused) if refused.is_full() => refused.into_inner().run(),
    ///     other => panic!("{other:?}"),
    /// }
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    #[inline]
    pub fn try_execute<F>(&self, closure: F) -> Result<JobId, SubmitError<Task<R>>>
    where
        F: FnOnce() -> R + Send + 'static,
    {
        self.submit_untimed(Task::bound(self.bind(closure)), Wait::Never, Priority::NORMAL)
    }

    pub(crate) fn execute_on<F>(
        &self,
        closure: F,
        terms: Terms,
    ) -> Result<JobId, SubmitError<Task<R>>>
    where
        F: FnOnce() -> R + Send + 'static,
    {
        self.submit_in(Task::bound(self.bind(closure)), NoContext, terms)
    }
}
