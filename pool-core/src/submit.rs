//! Submitting: one job or many, with or without a handle, and what to do when the queue is full.

use std::collections::VecDeque;
use std::sync::Arc;
use std::time::Duration;

use crate::cell::JobCell;
use crate::current;
use crate::errand::{Claim, Errand};
use crate::error::{BatchError, JobError, SubmitError};
use crate::handle::Handle;
use crate::hub::Runner;
use crate::job::{Body, Job, JobId, JobIds};
use crate::job_handle::JobHandle;
use crate::ledger::Ended;
use crate::limit::Patience;
use crate::panics::{Panic, drop_quietly, guarded};
use crate::queue::WorkQueue;
use crate::shared::Refused;
use crate::sink::Completed;
use crate::task::Task;
use crate::worker::Worker;

impl<J: Send + 'static, Q: WorkQueue<Job<J>>> Handle<J, Q> {
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
    pub fn submit_timeout(&self, job: J, timeout: Duration) -> Result<JobId, SubmitError<J>> {
        self.submit_with(job, self.patience(timeout))
    }

    // Inlined down to the queue: a job that is moved from hand to hand on the way, before the
    // processor has finished writing it, costs more than all the rest.
    #[inline]
    fn submit_with(&self, job: J, patience: Patience) -> Result<JobId, SubmitError<J>> {
        if let Some(worker) = current::worker::<Worker<J, Q>>(self.shared.address())
            && let Some(end) = worker.own_end()
        {
            return Ok(worker.submit(end, Body::Payload(job)));
        }
        self.shared.submit(job, patience)
    }

    fn patience(&self, timeout: Duration) -> Patience {
        self.shared.hub.waiters.deadline(timeout).map_or(Patience::Endless, Patience::Until)
    }

    /// Submits many jobs at the price of little more than one, in this order: they are counted in
    /// together and wake the workers together. The ids come in the same order.
    ///
    /// In a pool with a [capacity](crate::ThreadPoolBuilder::capacity) it waits for room, and
    /// accepts as many at once as there is room for.
    ///
    /// # Errors
    ///
    /// Those that were not accepted come back, see [`BatchError`]. Without a capacity that is all or
    /// none of every thousand.
    ///
    /// # Examples
    ///
    /// ```
    /// use pool_core::{Collect, ThreadPoolBuilder};
    /// use pool_std::StdQueue;
    ///
    /// let results = Collect::new();
    /// let pool = ThreadPoolBuilder::with_queue(StdQueue::new())
    ///     .sink(results.clone())
    ///     .build_with(|_worker| |n: u64| n * n)?;
    /// let ids = pool.submit_batch(0..1_000)?;
    /// assert_eq!(ids.len(), 1_000);
    /// pool.wait_idle()?;
    /// assert_eq!(results.take().len(), 1_000);
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    pub fn submit_batch(&self, jobs: impl IntoIterator<Item = J>) -> Result<JobIds, BatchError<J>> {
        let mut jobs = jobs.into_iter().map(Body::Payload).collect();
        let mut ids = JobIds::default();
        self.submit_all(&mut jobs, &mut ids).map_err(|refused| {
            let rest = jobs.into_iter().filter_map(|body| match body {
                Body::Payload(job) => Some(job),
                Body::Claim(_) => None,
            });
            BatchError::new(ids.clone(), refused.with(rest.collect()))
        })?;
        Ok(ids)
    }

    /// Submits all of these, or leaves those that were not accepted in the list.
    fn submit_all(&self, jobs: &mut VecDeque<Body<J>>, ids: &mut JobIds) -> Result<(), Refused> {
        if let Some(worker) = current::worker::<Worker<J, Q>>(self.shared.address())
            && let Some(end) = worker.own_end()
        {
            worker.submit_batch(end, jobs.drain(..), ids);
            return Ok(());
        }
        while !jobs.is_empty() {
            self.shared.submit_some(jobs, ids)?;
        }
        Ok(())
    }

    /// Submits a closure and returns a handle to it, by which one can wait for what it returns,
    /// or cancel it. Nothing of it goes to the pool's sink, and so every pool can spawn, whatever its
    /// jobs are.
    ///
    /// A handle that is dropped lets the job go on by itself. In everything else it is like
    /// [`submit`](Self::submit). It costs one allocation.
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
        self.spawn_with(closure, Patience::Endless)
    }

    /// Spawns like [`spawn`](Self::spawn), but does not wait for room.
    ///
    /// # Errors
    ///
    /// [`SubmitError::Full`], and as for [`submit`](Self::submit).
    pub fn try_spawn<F, T>(&self, closure: F) -> Result<JobHandle<T>, SubmitError<F>>
    where
        F: FnOnce() -> T + Send + 'static,
        T: Send + 'static,
    {
        self.spawn_with(closure, Patience::None)
    }

    /// Spawns like [`spawn`](Self::spawn), but waits for room no longer than this. A time too long to
    /// be expressed as a moment, such as [`Duration::MAX`], means for ever.
    ///
    /// # Errors
    ///
    /// [`SubmitError::Full`], and as for [`submit`](Self::submit).
    pub fn spawn_timeout<F, T>(
        &self,
        closure: F,
        timeout: Duration,
    ) -> Result<JobHandle<T>, SubmitError<F>>
    where
        F: FnOnce() -> T + Send + 'static,
        T: Send + 'static,
    {
        self.spawn_with(closure, self.patience(timeout))
    }

    /// Spawns like [`spawn`](Self::spawn), and runs the closure itself, before it returns, if there
    /// is no room for it in the queue.
    ///
    /// # Errors
    ///
    /// The closure comes back, as for [`submit`](Self::submit), but never for want of room.
    pub fn spawn_or_run<F, T>(&self, closure: F) -> Result<JobHandle<T>, SubmitError<F>>
    where
        F: FnOnce() -> T + Send + 'static,
        T: Send + 'static,
    {
        let closure = match self.try_spawn(closure) {
            Err(SubmitError::Full(closure)) => closure,
            spawned => return spawned,
        };
        let id = match self.shared.accept(1) {
            Ok(id) => id,
            Err(refused) => return Err(refused.with(closure)),
        };
        let cell = Arc::new(JobCell::new(closure));
        Errand::run(cell.clone(), id, Runner::submitter(&self.shared.hub));
        if let Some(launcher) = self.shared.launcher() {
            launcher.skip(id);
        }
        Ok(JobHandle::new(cell, id, self.shared.access()))
    }

    pub(crate) fn spawn_with<F, T>(
        &self,
        closure: F,
        patience: Patience,
    ) -> Result<JobHandle<T>, SubmitError<F>>
    where
        F: FnOnce() -> T + Send + 'static,
        T: Send + 'static,
    {
        let cell = Arc::new(JobCell::new(closure));
        match self.submit_claim(Claim::new(cell.clone()), patience) {
            Ok(id) => Ok(JobHandle::new(cell, id, self.shared.access())),
            Err(refused) => Err(refused.with(cell.into_closure())),
        }
    }

    /// Submits a claim on a job that lies in a cell.
    pub(crate) fn submit_claim(&self, claim: Claim, patience: Patience) -> Result<JobId, Refused> {
        if let Some(worker) = current::worker::<Worker<J, Q>>(self.shared.address())
            && let Some(end) = worker.own_end()
        {
            return Ok(worker.submit(end, Body::Claim(claim)));
        }
        self.shared.submit_claim(claim, patience)
    }

    /// Spawns many closures at the price of little more than one; see
    /// [`submit_batch`](Self::submit_batch). The handles come in the same order.
    ///
    /// # Errors
    ///
    /// Those that were not accepted come back. Those that were run, without a handle.
    ///
    /// # Examples
    ///
    /// ```
    /// use pool_core::ThreadPoolBuilder;
    /// use pool_std::StdQueue;
    ///
    /// let pool = ThreadPoolBuilder::with_queue(StdQueue::new()).build()?;
    /// # pool.execute(|| ())?;
    /// let handles = pool.spawn_batch((0..10_u64).map(|n| move || n * n))?;
    /// let squares: Result<Vec<u64>, _> = handles.into_iter().map(|job| job.join()).collect();
    /// assert_eq!(squares?[9], 81);
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    pub fn spawn_batch<F, T>(
        &self,
        closures: impl IntoIterator<Item = F>,
    ) -> Result<Vec<JobHandle<T>>, BatchError<F>>
    where
        F: FnOnce() -> T + Send + 'static,
        T: Send + 'static,
    {
        let mut cells: Vec<_> =
            closures.into_iter().map(|closure| Arc::new(JobCell::new(closure))).collect();
        let mut jobs = cells.iter().map(|cell| Body::Claim(Claim::new(cell.clone()))).collect();
        let mut ids = JobIds::default();
        if let Err(refused) = self.submit_all(&mut jobs, &mut ids) {
            for body in jobs {
                Job::new(JobId::NONE, body).withdraw();
            }
            let rest = cells.split_off(ids.len()).into_iter().map(JobCell::into_closure);
            return Err(BatchError::new(ids, refused.with(rest.collect())));
        }
        let numbered = cells.into_iter().zip(ids);
        Ok(numbered.map(|(cell, id)| JobHandle::new(cell, id, self.shared.access())).collect())
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

    /// Submits a closure like [`execute`](Self::execute), but does not wait for room.
    ///
    /// # Errors
    ///
    /// [`SubmitError::Full`], and as for [`execute`](Self::execute).
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
        let id = match self.shared.accept(1) {
            Ok(id) => id,
            Err(refused) => return Err(refused.with(task)),
        };
        let runner = Runner::submitter(&self.shared.hub);
        runner.takes(id);
        let (how, outcome) = match runner.runs(|| guarded(|| task.run())) {
            Ok(result) => (Ended::Done, Ok(result)),
            Err(payload) => (Ended::Panicked, Err(JobError::Panicked(Panic::new(payload)))),
        };
        let mut done = Some(Completed::new(id, None, outcome));
        let undelivered = self.shared.launcher().map_or(1, |sinks| sinks.deliver(&mut done));
        self.shared.hub.ledger.undelivered_outside(undelivered);
        drop_quietly(done);
        runner.has_ended(how);
        Ok(id)
    }

    /// Submits many closures at the price of little more than one; see
    /// [`submit_batch`](Self::submit_batch).
    ///
    /// # Errors
    ///
    /// Those that were not accepted come back.
    ///
    /// # Examples
    ///
    /// ```
    /// use pool_core::ThreadPoolBuilder;
    /// use pool_std::StdQueue;
    ///
    /// let pool = ThreadPoolBuilder::with_queue(StdQueue::new()).build()?;
    /// pool.execute_batch((0..100).map(|n| move || println!("{n}")))?;
    /// assert_eq!(pool.shutdown().done, 100);
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    pub fn execute_batch<F>(
        &self,
        closures: impl IntoIterator<Item = F>,
    ) -> Result<JobIds, BatchError<Task<R>>>
    where
        F: FnOnce() -> R + Send + 'static,
    {
        self.submit_batch(closures.into_iter().map(Task::new))
    }
}
