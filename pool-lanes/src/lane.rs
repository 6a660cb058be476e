//! A lane: submitting jobs that take turns.

use std::fmt;
use std::mem;
use std::panic::{AssertUnwindSafe, catch_unwind, resume_unwind};
use std::sync::Arc;

use pool_core::{
    Admission, Handle, Job, JobContext, JobHandle, JobId, SubmitError, SubmitOptions, Task,
    WhenFull, WorkQueue,
};

use crate::turns::Turns;

/// Runs jobs of one kind at most `limit` at a time, and in order if that is 1; made by
/// [`LanesExt::lane`](crate::LanesExt::lane) or [`Lanes::lane`](crate::Lanes::lane).
///
/// It is cheap to clone; the clones are the same lane. Its jobs are jobs of the pool in every respect, see
/// [the crate](crate#jobs-of-a-lane).
///
/// # Examples
///
/// ```
/// use std::sync::{Arc, Mutex};
/// use drainpool::{LanesExt, ThreadPoolBuilder};
///
/// let pool = ThreadPoolBuilder::new().build()?;
/// let (lane, log) = (pool.lane(1), Arc::new(Mutex::new(Vec::new())));
/// for n in 0..100 {
///     let log = log.clone();
///     lane.execute(move || log.lock().unwrap().push(n))?;
/// }
/// pool.wait_idle()?;
/// assert!(log.lock().unwrap().iter().copied().eq(0..100));
/// # Ok::<(), Box<dyn std::error::Error + Send + Sync>>(())
/// ```
pub struct Lane<J, R, Q> {
    handle: Handle<J, R, Q>,
    turns: Arc<Turns>,
}

impl<J, R, Q> Clone for Lane<J, R, Q> {
    fn clone(&self) -> Self {
        Self { handle: self.handle.clone(), turns: Arc::clone(&self.turns) }
    }
}

impl<J, R, Q> Lane<J, R, Q> {
    pub(crate) fn new(handle: Handle<J, R, Q>, turns: Arc<Turns>) -> Self {
        Self { handle, turns }
    }

    /// The number of jobs that may run at a time.
    #[must_use]
    pub fn limit(&self) -> usize {
        self.turns.limit()
    }

    /// The number of jobs of the lane that have not ended.
    #[must_use]
    pub fn len(&self) -> usize {
        let (active, waiting) = self.turns.len();
        active + waiting
    }

    /// Whether every job of the lane has ended.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// Submits with options: what to do when the queue is full, until when a job may start.
    ///
    /// They mean what they mean [to the pool](Handle::with), but for two. A [priority](SubmitOptions::priority)
    /// is that of the job among the pool's jobs once its turn has come; it does not change the order of the
    /// lane. And a job that has to wait for its turn cannot run here, so with [`WhenFull::RunHere`] a full pool refuses the job, as with
    /// [`WhenFull::Fail`].
    ///
    /// # Examples
    ///
    /// ```
    /// use std::time::Duration;
    /// use drainpool::{JobError, LanesExt, ManualClock, SubmitOptions, ThreadPoolBuilder};
    ///
    /// let clock = ManualClock::new();
    /// let pool = ThreadPoolBuilder::new().clock(clock.clone()).paused().build()?;
    /// let lane = pool.lane(1);
    /// let fresh = SubmitOptions::new().start_within(Duration::from_secs(5));
    /// let quote = lane.with(fresh).spawn(|| "42.00")?;
    /// let after = lane.spawn(|| "whenever")?;
    /// clock.advance(Duration::from_secs(6));
    /// pool.resume();
    /// assert!(matches!(quote.join(), Err(JobError::Expired)));
    /// assert_eq!(after.join()?, "whenever");
    /// # Ok::<(), Box<dyn std::error::Error + Send + Sync>>(())
    /// ```
    pub fn with(&self, options: impl Into<SubmitOptions>) -> LaneSubmitter<'_, J, R, Q> {
        LaneSubmitter { lane: self, options: options.into() }
    }
}

impl<J: Send + 'static, R: 'static, Q: WorkQueue<Job<J>>> Lane<J, R, Q> {
    /// Submits a closure to the lane, and returns a handle to its job; see [`Handle::spawn`].
    ///
    /// A job may wait for it with as little as one worker (C11): see [the
    /// crate](crate#waiting-for-a-job-of-a-lane).
    ///
    /// # Errors
    ///
    /// The closure comes back (C1), as for [`Handle::submit`].
    ///
    /// # Examples
    ///
    /// ```
    /// use drainpool::{LanesExt, ThreadPoolBuilder};
    ///
    /// let pool = ThreadPoolBuilder::new().num_threads(1).build()?;
    /// let lane = pool.lane(1);
    /// let outer = pool.spawn(move || {
    ///     let jobs = [1, 2, 3].map(|n| lane.spawn(move || n).unwrap());
    ///     // Runs all three here, in order: there is no other worker.
    ///     jobs.into_iter().rev().map(|job| job.join().unwrap()).sum::<u32>()
    /// })?;
    /// assert_eq!(outer.join()?, 6);
    /// # Ok::<(), Box<dyn std::error::Error + Send + Sync>>(())
    /// ```
    pub fn spawn<F, T>(&self, closure: F) -> Result<JobHandle<T>, SubmitError<F>>
    where
        F: FnOnce() -> T + Send + 'static,
        T: Send + 'static,
    {
        self.with(SubmitOptions::new()).spawn(closure)
    }

    /// Spawns like [`spawn`](Self::spawn), but does not wait for room.
    ///
    /// # Errors
    ///
    /// [`Refusal::Full`](pool_core::Refusal::Full), and as for [`spawn`](Self::spawn).
    pub fn try_spawn<F, T>(&self, closure: F) -> Result<JobHandle<T>, SubmitError<F>>
    where
        F: FnOnce() -> T + Send + 'static,
        T: Send + 'static,
    {
        self.with(WhenFull::Fail).spawn(closure)
    }
}

impl<R: 'static, Q: WorkQueue<Job<Task<R>>>> Lane<Task<R>, R, Q> {
    /// Submits a closure to the lane. Its outcome goes to the pool's sink; see [`Handle::execute`].
    ///
    /// The jobs of a lane run in order if its limit is 1. Their outcomes come from several workers, and may
    /// reach the sink in another order.
    ///
    /// # Errors
    ///
    /// The closure comes back (C1), as for [`Handle::submit`].
    ///
    /// # Examples
    ///
    /// ```
    /// use drainpool::{LanesExt, ThreadPoolBuilder};
    ///
    /// let pool = ThreadPoolBuilder::new().build()?;
    /// let lane = pool.lane(1);
    /// lane.execute(|| println!("first"))?;
    /// lane.execute(|| println!("then"))?;
    /// pool.close();
    /// let refused = lane.execute(|| println!("too late")).unwrap_err();
    /// assert!(refused.is_closed());
    /// refused.into_inner()();
    /// assert_eq!(pool.shutdown().done, 2);
    /// # Ok::<(), Box<dyn std::error::Error + Send + Sync>>(())
    /// ```
    pub fn execute<F>(&self, closure: F) -> Result<JobId, SubmitError<F>>
    where
        F: FnOnce() -> R + Send + 'static,
    {
        self.with(SubmitOptions::new()).execute(closure)
    }

    /// Submits a closure like [`execute`](Self::execute), but does not wait for room.
    ///
    /// # Errors
    ///
    /// [`Refusal::Full`](pool_core::Refusal::Full), and as for [`execute`](Self::execute).
    pub fn try_execute<F>(&self, closure: F) -> Result<JobId, SubmitError<F>>
    where
        F: FnOnce() -> R + Send + 'static,
    {
        self.with(WhenFull::Fail).execute(closure)
    }
}

/// The admission of a job, and its closure.
type Admitted<'a, J, R, Q, C, F> = Result<(Admission<'a, J, R, Q, C>, F), SubmitError<F>>;

/// The submitting calls of a [`Lane`] with [`SubmitOptions`]; made by [`Lane::with`].
///
/// Each is like the call of the same name of [`Lane`], and differs only in what the options say.
#[must_use = "nothing is submitted yet"]
pub struct LaneSubmitter<'a, J, R, Q> {
    lane: &'a Lane<J, R, Q>,
    options: SubmitOptions,
}

impl<'a, J: Send + 'static, R: 'static, Q: WorkQueue<Job<J>>> LaneSubmitter<'a, J, R, Q> {
    /// Has the pool accept a job, which is done before the lane is touched: it may be refused, and the capture of
    /// its context may panic.
    fn admit<F>(
        &self,
        closure: F,
    ) -> Admitted<'a, J, R, Q, impl JobContext + use<'a, J, R, Q, F>, F> {
        let handle = &self.lane.handle;
        match catch_unwind(AssertUnwindSafe(|| handle.admit(self.options))) {
            Ok(Ok(admission)) => Ok((admission, closure)),
            Ok(Err(reason)) => Err(SubmitError::new(reason, closure)),
            Err(payload) => {
                // If its drop panicked as well, the process would abort.
                let _ = catch_unwind(AssertUnwindSafe(|| drop(closure))).map_err(mem::forget);
                resume_unwind(payload)
            }
        }
    }

    /// Spawns a closure; see [`Lane::spawn`].
    ///
    /// # Errors
    ///
    /// The closure comes back.
    pub fn spawn<F, T>(&self, closure: F) -> Result<JobHandle<T>, SubmitError<F>>
    where
        F: FnOnce() -> T + Send + 'static,
        T: Send + 'static,
    {
        let turns = &self.lane.turns;
        let (admission, closure) = self.admit(closure)?;
        let turn = turns.next();
        let position = turn.position();
        let (held, job) = admission.spawn(turn.of(closure));
        turns.enter(position, held);
        Ok(job)
    }
}

impl<R: 'static, Q: WorkQueue<Job<Task<R>>>> LaneSubmitter<'_, Task<R>, R, Q> {
    /// Submits a closure; see [`Lane::execute`].
    ///
    /// # Errors
    ///
    /// The closure comes back.
    pub fn execute<F>(&self, closure: F) -> Result<JobId, SubmitError<F>>
    where
        F: FnOnce() -> R + Send + 'static,
    {
        let turns = &self.lane.turns;
        let (admission, closure) = self.admit(closure)?;
        let turn = turns.next();
        let position = turn.position();
        let held = admission.execute(turn.of(closure));
        let id = held.id();
        turns.enter(position, held);
        Ok(id)
    }
}

impl<J, R, Q> fmt::Debug for Lane<J, R, Q> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (active, waiting) = self.turns.len();
        let mut lane = f.debug_struct("Lane");
        lane.field("limit", &self.limit()).field("active", &active).field("waiting", &waiting);
        lane.finish_non_exhaustive()
    }
}

impl<J, R, Q> fmt::Debug for LaneSubmitter<'_, J, R, Q> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut submitter = f.debug_struct("LaneSubmitter");
        submitter.field("lane", self.lane).field("options", &self.options).finish()
    }
}
