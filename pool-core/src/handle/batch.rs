//! Submitting many jobs at the price of little more than one.

use std::collections::VecDeque;
use std::fmt;
use std::sync::Arc;

use crate::accept::admission::Refused;
use crate::error::SubmitError;
use crate::handle::Handle;
use crate::job::{Body, Job, JobIds};
use crate::queue::WorkQueue;
use crate::spawned::cell::JobCell;
use crate::spawned::errand::Claim;
use crate::spawned::job_handle::JobHandle;
use crate::task::Task;
use crate::worker::Worker;
use crate::worker::current;

/// So many jobs are submitted at once: few enough to stay in the processor's caches on their way, and
/// for the workers to begin meanwhile.
const CHUNK: usize = 1024;

impl<J: Send + 'static, Q: WorkQueue<Job<J>>> Handle<J, Q> {
    /// Submits many jobs at the price of little more than one, in this order: they are counted in
    /// together and wake the workers together. The ids come in the same order.
    ///
    /// In a pool with a [capacity](crate::ThreadPoolBuilder::capacity) it waits for room, and
    /// accepts as many at once as there is room for.
    ///
    /// # Errors
    ///
    /// Those that were not accepted come back, see [`BatchError`]; those before them run.
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
        let (mut ids, mut chunk) = (JobIds::default(), VecDeque::new());
        let mut jobs = jobs.into_iter().map(|job| Job::unnumbered(Body::Payload(job)));
        loop {
            // Gathered first: what the iterator does must not come between accepting and pushing.
            chunk.extend(jobs.by_ref().take(CHUNK));
            if chunk.is_empty() {
                return Ok(ids);
            }
            if let Err(refused) = self.submit_all(&mut chunk, &mut ids) {
                let rest = chunk.into_iter().chain(jobs).filter_map(Job::into_payload);
                return Err(BatchError::new(ids, refused.with(rest.collect())));
            }
        }
    }

    /// Submits all of these, or leaves those that were not accepted in the list.
    fn submit_all(&self, jobs: &mut VecDeque<Job<J>>, ids: &mut JobIds) -> Result<(), Refused> {
        if let Some(worker) = current::worker::<Worker<J, Q>>(self.shared.address())
            && let Some(end) = worker.own_end()
        {
            worker.submit_batch(end, jobs, ids);
            return Ok(());
        }
        while !jobs.is_empty() {
            self.shared.submit_some(jobs, ids)?;
        }
        Ok(())
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
        let (mut handles, mut chunk) = (Vec::new(), VecDeque::new());
        let mut cells = closures.into_iter().map(|closure| Arc::new(JobCell::new(closure, None)));
        loop {
            let mut some: Vec<_> = cells.by_ref().take(CHUNK).collect();
            if some.is_empty() {
                return Ok(handles);
            }
            chunk.extend(
                some.iter().map(|cell| Job::unnumbered(Body::Claim(Claim::new(cell.clone())))),
            );
            let mut ids = JobIds::default();
            let submitted = self.submit_all(&mut chunk, &mut ids);
            let rest = some.split_off(ids.len());
            let numbered = some.into_iter().zip(ids);
            handles
                .extend(numbered.map(|(cell, id)| JobHandle::new(cell, id, self.shared.access())));
            if let Err(refused) = submitted {
                chunk.into_iter().for_each(Job::withdraw);
                let rest = rest.into_iter().chain(cells).map(JobCell::into_closure).collect();
                let ids = handles.iter().map(JobHandle::id).collect();
                return Err(BatchError::new(ids, refused.with(rest)));
            }
        }
    }
}

impl<R: 'static, Q: WorkQueue<Job<Task<R>>>> Handle<Task<R>, Q> {
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

/// Of a batch, not all jobs were accepted; those that were not are in here, untouched (C1).
///
/// # Examples
///
/// ```
/// use pool_core::{SubmitError, ThreadPoolBuilder};
/// use pool_std::StdQueue;
///
/// let pool = ThreadPoolBuilder::with_queue(StdQueue::new()).build_with(|_worker| |_: u8| ())?;
/// pool.close();
/// let error = pool.submit_batch([1, 2, 3]).unwrap_err();
/// assert_eq!(error.accepted().len(), 0);
/// assert!(matches!(error.reason(), SubmitError::Closed(_)));
/// assert_eq!(error.into_inner(), [1, 2, 3]);
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
pub struct BatchError<J> {
    accepted: JobIds,
    reason: SubmitError<Vec<J>>,
}

impl<J> BatchError<J> {
    pub(crate) fn new(accepted: JobIds, reason: SubmitError<Vec<J>>) -> Self {
        Self { accepted, reason }
    }

    /// The ids of those that were accepted: the first of the batch.
    #[must_use]
    pub fn accepted(&self) -> JobIds {
        self.accepted.clone()
    }

    /// Why the others were not.
    #[must_use]
    pub fn reason(&self) -> &SubmitError<Vec<J>> {
        &self.reason
    }

    /// The jobs that were not accepted, in their order.
    #[must_use]
    pub fn into_inner(self) -> Vec<J> {
        self.reason.into_inner()
    }
}

impl<J> fmt::Debug for BatchError<J> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("BatchError")
            .field("accepted", &self.accepted.len())
            .field("reason", &self.reason)
            .finish()
    }
}

impl<J> fmt::Display for BatchError<J> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "only {} jobs of the batch were accepted: {}", self.accepted.len(), self.reason)
    }
}

impl<J> std::error::Error for BatchError<J> {}
