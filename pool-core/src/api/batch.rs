//! Submitting a batch: many jobs at little more than the price of one.

use std::collections::VecDeque;
use std::fmt;
use std::sync::{Arc, Mutex, PoisonError};

use crate::api::handle::Handle;
use crate::api::job_handle::JobHandle;
use crate::api::spawn::LARGE;
use crate::error::{Refusal, SubmitError};
use crate::id::JobIds;
use crate::job_context::{Bound, JobContext, NoContext};
use crate::parts::context;
use crate::priority::Priority;
use crate::queue::WorkQueue;
use crate::runtime::job::{Body, Job};
use crate::runtime::job_ref::JobRef;
use crate::runtime::task_cell::TaskCell;
use crate::runtime::task_handle::Work;
use crate::runtime::terms::Terms;
use crate::runtime::worker::Worker;
use crate::task::Task;

/// The maximum number of jobs that are submitted at once: few enough to stay in the processor's caches on
/// their way, and for the workers to begin meanwhile.
const CHUNK: usize = 1024;
/// The number of jobs in the first chunk; each further one is twice as long. The workers should not wait
/// for a slow iterator.
const FIRST_CHUNK: usize = 16;

/// The outcome of spawning a batch of closures `F` that return `T`: the handles, of all or of those that
/// were accepted.
pub type SpawnedBatch<F, T, I> = Result<Vec<JobHandle<T>>, BatchError<F, I, Vec<JobHandle<T>>>>;

impl<J: Send + 'static, R: 'static, Q: WorkQueue<Job<J>>> Handle<J, R, Q> {
    /// Submits many jobs in this order, at little more than the price of one: they are counted in together
    /// and wake the workers together. The ids come in the same order.
    ///
    /// In a pool with a [capacity](crate::ThreadPoolBuilder::capacity) it waits for room, and accepts as
    /// many at once as there is room for. The iterator is read ahead: 16 jobs before the first are
    /// submitted, and at most 1,024. If it panics, the jobs that were read and not yet submitted are
    /// dropped. The first jobs may have run, and their outcomes may be with the sink, before this returns.
    ///
    /// # Errors
    ///
    /// It stops at the first job that is not accepted. That job and those behind it come back, see
    /// [`BatchError`]; those before it run.
    ///
    /// # Examples
    ///
    /// ```
    /// use drainpool::{Collect, ThreadPoolBuilder};
    ///
    /// let results = Collect::new();
    /// let pool = ThreadPoolBuilder::new()
    ///     .sink(results.clone())
    ///     .build_with(|_worker| |n: u64| n * n)?;
    /// let ids = pool.submit_batch(0..1_000)?;
    /// assert_eq!(ids.len(), 1_000);
    /// pool.wait_idle()?;
    /// assert_eq!(results.take().len(), 1_000);
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    pub fn submit_batch<I>(&self, jobs: I) -> Result<JobIds, BatchError<J, I::IntoIter>>
    where
        I: IntoIterator<Item = J>,
    {
        self.submit_batch_on(jobs.into_iter(), Terms::PLAIN)
    }

    /// Submits jobs that take along what is captured for each of them.
    pub(crate) fn submit_batch_on<I>(
        &self,
        jobs: I,
        terms: Terms,
    ) -> Result<JobIds, BatchError<J, I>>
    where
        I: Iterator<Item = J>,
    {
        let capture = || self.inner.queue.capture_context();
        self.submit_batch_in(jobs, |job| job, capture, terms)
    }

    /// Submits the job that `job` makes of each input, in the context that `capture` returns.
    pub(crate) fn submit_batch_in<I: Iterator, C: JobContext>(
        &self,
        mut inputs: I,
        job: impl Fn(I::Item) -> J,
        capture: impl Fn() -> C,
        terms: Terms,
    ) -> Result<JobIds, BatchError<J, I>> {
        if terms.has_extras() || !C::IS_NONE {
            return self.submit_each(inputs, job, capture, terms);
        }
        let (mut ids, mut chunk) = (JobIds::default(), VecDeque::new());
        for size in chunks() {
            // Gathered first: the iterator's code must not run between accepting and pushing.
            let some = inputs.by_ref().take(size);
            chunk.extend(some.map(|input| Job::unnumbered(Body::Payload(job(input)))));
            if chunk.is_empty() {
                break;
            }
            if let Err(reason) = self.submit_all(&mut chunk, &mut ids, terms) {
                self.inner.count_refusal(&reason, chunk.len());
                let jobs = chunk.into_iter().filter_map(Job::into_payload).collect();
                return Err(BatchError::new(ids, reason, jobs, inputs));
            }
        }
        Ok(ids)
    }

    /// Submits jobs one by one that have something that does not fit into an entry of the queue: each is on the
    /// list of expiring jobs before the next is submitted.
    fn submit_each<I: Iterator, C: JobContext>(
        &self,
        mut inputs: I,
        job: impl Fn(I::Item) -> J,
        capture: impl Fn() -> C,
        terms: Terms,
    ) -> Result<JobIds, BatchError<J, I>> {
        let mut ids = JobIds::default();
        while let Some(input) = inputs.next() {
            match self.submit_by(job(input), &capture, || terms) {
                Ok(id) => ids.push_run(id, 1),
                Err(refused) => {
                    let (reason, job) = refused.into_parts();
                    return Err(BatchError::new(ids, reason, vec![job], inputs));
                }
            }
        }
        Ok(ids)
    }

    /// Submits all of these jobs; those that were not accepted stay in the list.
    fn submit_all(
        &self,
        jobs: &mut VecDeque<Job<J>>,
        ids: &mut JobIds,
        terms: Terms,
    ) -> Result<(), Refusal> {
        if let Some(worker) = context::worker::<Worker<J, R, Q>>(self.inner.id())
            && let Some(end) = worker.own_end()
        {
            worker.submit_batch(end, jobs, ids, terms.priority);
            return Ok(());
        }
        while !jobs.is_empty() {
            match self.inner.submit_some(jobs, ids, terms.wait, terms.priority) {
                Err(Refusal::Full) if terms.runs_here => {
                    self.run_first(jobs, ids, terms.priority)?
                }
                submitted => submitted?,
            }
        }
        Ok(())
    }

    /// Runs the first of these jobs here, since there is no room for it.
    fn run_first(
        &self,
        jobs: &mut VecDeque<Job<J>>,
        ids: &mut JobIds,
        priority: Priority,
    ) -> Result<(), Refusal> {
        let Some(job) = jobs.pop_front() else { return Ok(()) };
        match self.inner.submit_here(job, priority) {
            Ok(id) => ids.push_run(id, 1),
            Err((refused, job)) => {
                jobs.push_front(job);
                return Err(refused);
            }
        }
        Ok(())
    }

    /// Spawns many closures at little more than the price of one; see [`submit_batch`](Self::submit_batch).
    /// The handles come in the same order.
    ///
    /// # Errors
    ///
    /// The closures that were not accepted come back, and the handles of those that were; see
    /// [`BatchError`].
    ///
    /// # Examples
    ///
    /// ```
    /// use drainpool::ThreadPoolBuilder;
    ///
    /// let pool = ThreadPoolBuilder::new().build()?;
    /// let handles = pool.spawn_batch((0..10_u64).map(|n| move || n * n))?;
    /// let squares: Result<Vec<u64>, _> = handles.into_iter().map(|job| job.join()).collect();
    /// assert_eq!(squares?[9], 81);
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    pub fn spawn_batch<I, F, T>(&self, closures: I) -> SpawnedBatch<F, T, I::IntoIter>
    where
        I: IntoIterator<Item = F>,
        F: FnOnce() -> T + Send + 'static,
        T: Send + 'static,
    {
        self.spawn_batch_on(closures.into_iter(), Terms::PLAIN)
    }

    pub(crate) fn spawn_batch_on<I, F, T>(&self, inputs: I, terms: Terms) -> SpawnedBatch<F, T, I>
    where
        I: Iterator<Item = F>,
        F: FnOnce() -> T + Send + 'static,
        T: Send + 'static,
    {
        self.spawn_batch_bound(inputs, |closure| self.bind(closure), terms)
    }

    fn spawn_batch_bound<I, C, F, T>(
        &self,
        inputs: I,
        bind: impl Fn(F) -> Bound<C, F>,
        terms: Terms,
    ) -> SpawnedBatch<F, T, I>
    where
        I: Iterator<Item = F>,
        C: JobContext,
        F: FnOnce() -> T + Send + 'static,
        T: Send + 'static,
    {
        if size_of::<Bound<C, F>>() > LARGE {
            self.spawn_batch_as(inputs, |closure| Box::new(bind(closure)), |work| work.inner, terms)
        } else {
            self.spawn_batch_as(inputs, bind, |work| work.inner, terms)
        }
    }

    /// Submits the work that `work` makes of each input, with a handle each. `undo` makes an input of work
    /// that was not accepted.
    pub(crate) fn spawn_batch_as<I, F, T>(
        &self,
        mut inputs: I,
        work: impl Fn(I::Item) -> F,
        undo: impl Fn(F) -> I::Item,
        terms: Terms,
    ) -> SpawnedBatch<I::Item, T, I>
    where
        I: Iterator,
        F: Work<T> + 'static,
        T: Send + 'static,
    {
        if terms.has_extras() {
            return self.spawn_each(inputs, |input| {
                let spawned = self.spawn_in_cell(work(input), terms, None);
                spawned.map_err(|refused| refused.map(&undo))
            });
        }
        let (mut handles, mut chunk) = (Vec::new(), VecDeque::new());
        for size in chunks() {
            let some = inputs.by_ref().take(size);
            let mut some: Vec<_> =
                some.map(|input| Arc::new(TaskCell::new(work(input), None))).collect();
            if some.is_empty() {
                break;
            }
            let job =
                |cell: &Arc<_>| Job::unnumbered(Body::Ref(JobRef::new(Arc::clone(cell) as _)));
            chunk.extend(some.iter().map(job));
            let mut ids = JobIds::default();
            let submitted = self.submit_all(&mut chunk, &mut ids, terms);
            let rest = some.split_off(ids.len());
            handles.extend(some.into_iter().zip(ids).map(|(cell, id)| self.handle_to(cell, id)));
            if let Err(reason) = submitted {
                self.inner.count_refusal(&reason, rest.len());
                chunk.into_iter().for_each(Job::withdraw);
                let jobs = rest.into_iter().map(|cell| undo(cell.into_closure())).collect();
                return Err(BatchError::new(handles, reason, jobs, inputs));
            }
        }
        Ok(handles)
    }

    /// Spawns jobs one by one that may expire or have a label: each is among the expiring ones before the next
    /// is submitted, which may wait for its place.
    fn spawn_each<I: Iterator, T>(
        &self,
        mut inputs: I,
        spawn: impl Fn(I::Item) -> Result<JobHandle<T>, SubmitError<I::Item>>,
    ) -> SpawnedBatch<I::Item, T, I> {
        let mut handles = Vec::new();
        while let Some(input) = inputs.next() {
            match spawn(input) {
                Ok(job) => handles.push(job),
                Err(refused) => {
                    let (reason, input) = refused.into_parts();
                    return Err(BatchError::new(handles, reason, vec![input], inputs));
                }
            }
        }
        Ok(handles)
    }
}

/// The sizes of the chunks in which a batch is submitted.
fn chunks() -> impl Iterator<Item = usize> {
    std::iter::successors(Some(FIRST_CHUNK), |size| Some((2 * size).min(CHUNK)))
}

impl<R: 'static, Q: WorkQueue<Job<Task<R>>>> Handle<Task<R>, R, Q> {
    /// Submits many closures at little more than the price of one; see
    /// [`submit_batch`](Self::submit_batch).
    ///
    /// # Errors
    ///
    /// The closures that were not accepted come back, see [`BatchError`]. Those that were read are
    /// [`Task`]s by then, which [`submit_batch`](Self::submit_batch) takes; the rest is as it was.
    ///
    /// # Examples
    ///
    /// ```
    /// use drainpool::ThreadPoolBuilder;
    ///
    /// let pool = ThreadPoolBuilder::new().build()?;
    /// pool.execute_batch((0..100).map(|n| move || println!("{n}")))?;
    /// assert_eq!(pool.shutdown().done, 100);
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    pub fn execute_batch<I, F>(
        &self,
        closures: I,
    ) -> Result<JobIds, BatchError<Task<R>, I::IntoIter>>
    where
        I: IntoIterator<Item = F>,
        F: FnOnce() -> R + Send + 'static,
    {
        self.execute_batch_on(closures.into_iter(), Terms::PLAIN)
    }

    pub(crate) fn execute_batch_on<I, F>(
        &self,
        closures: I,
        terms: Terms,
    ) -> Result<JobIds, BatchError<Task<R>, I>>
    where
        I: Iterator<Item = F>,
        F: FnOnce() -> R + Send + 'static,
    {
        let task = |closure| Task::bound(self.bind(closure));
        self.submit_batch_in(closures, task, NoContext::capture, terms)
    }
}

/// The error of a batch of which not all jobs were accepted. It holds the others untouched (C1): the jobs
/// that were read from the batch's iterator, and the iterator with the rest.
///
/// # Examples
///
/// ```
/// use drainpool::{Refusal, ThreadPoolBuilder};
///
/// let pool = ThreadPoolBuilder::new().build_with(|_worker| |_: u64| ())?;
/// pool.close();
/// let error = pool.submit_batch(1..).unwrap_err();
/// assert_eq!(error.accepted().len(), 0);
/// assert!(matches!(error.reason(), Refusal::Closed));
/// let (read, rest) = error.into_inner();
/// let mut all = read.into_iter().chain(rest);
/// assert_eq!(all.nth(99_999), Some(100_000));
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
pub struct BatchError<J, I, A = JobIds> {
    accepted: A,
    reason: Refusal,
    /// The jobs that were read, and the iterator. The lock, which is never held, makes the error `Sync`.
    rest: Mutex<(Vec<J>, I)>,
}

impl<J, I, A> BatchError<J, I, A> {
    fn new(accepted: A, reason: Refusal, jobs: Vec<J>, inputs: I) -> Self {
        Self { accepted, reason, rest: Mutex::new((jobs, inputs)) }
    }

    /// What was accepted, in order: the ids, or the handles of [`spawn_batch`](crate::Handle::spawn_batch).
    #[must_use]
    pub fn accepted(&self) -> &A {
        &self.accepted
    }

    /// The reason why the other jobs were not accepted.
    #[must_use]
    pub fn reason(&self) -> &Refusal {
        &self.reason
    }

    /// Returns the reason alone and drops the jobs that were not accepted. For `?` where the iterator borrows,
    /// which an error in a box may not: `.map_err(BatchError::into_reason)?`.
    #[must_use]
    pub fn into_reason(self) -> Refusal {
        self.reason
    }

    /// The jobs that were not accepted, in order: those that were read, and the iterator with the rest.
    #[must_use]
    pub fn into_inner(self) -> (Vec<J>, I) {
        let (_, jobs, inputs) = self.into_parts();
        (jobs, inputs)
    }

    /// The parts of the error: what was accepted, the jobs that were read, and the iterator with the rest.
    ///
    /// # Examples
    ///
    /// ```
    /// use drainpool::ThreadPoolBuilder;
    ///
    /// let pool = ThreadPoolBuilder::new().build()?;
    /// let handle = pool.handle();
    /// // The pool is closed while the batch is read.
    /// let closures = (0..1_000_u64).map(|n| {
    ///     if n == 500 {
    ///         handle.close();
    ///     }
    ///     move || n
    /// });
    /// let (jobs, read, rest) = pool.spawn_batch(closures).err().unwrap().into_parts();
    /// let done: u64 = jobs.into_iter().map(|job| job.join().unwrap()).sum();
    /// let left: u64 = read.into_iter().chain(rest).map(|closure| closure()).sum();
    /// assert_eq!(done + left, 499_500);
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    #[must_use]
    pub fn into_parts(self) -> (A, Vec<J>, I) {
        let (jobs, inputs) = self.rest.into_inner().unwrap_or_else(PoisonError::into_inner);
        (self.accepted, jobs, inputs)
    }
}

impl<J, I, A> fmt::Debug for BatchError<J, I, A> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("BatchError").field("reason", &self.reason).finish_non_exhaustive()
    }
}

impl<J, I, A> fmt::Display for BatchError<J, I, A> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "the batch was not accepted as a whole: {}", self.reason)
    }
}

impl<J, I, A> std::error::Error for BatchError<J, I, A> {}
