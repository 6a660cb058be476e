//! The handle to one job: join, poll as a future, cancel.

use std::fmt;
use std::panic::{RefUnwindSafe, UnwindSafe};
use std::pin::Pin;
use std::ptr;
use std::sync::{Arc, Weak};
use std::task::{Context, Poll, Waker};
use std::time::{Duration, Instant};

use crate::error::{JobError, WaitError};
use crate::id::JobId;
use crate::panics::drop_quietly;
use crate::parts::backoff::spin_then_yield;
use crate::parts::context;
use crate::parts::parker::Parker;
use crate::parts::sleep::Mode;
use crate::runtime::account::Account;
use crate::runtime::any_pool::AnyPool;
use crate::runtime::task_handle::{AnyTask, TaskHandle};

/// A handle to one job, made by [`Handle::spawn`](crate::Handle::spawn) and its variants.
///
/// It is also a [`Future`], for any executor. A job whose handle is dropped goes on. Its result, or the
/// payload of its panic, is then dropped as well; the pool still counts it.
///
/// # Waiting inside of a job
///
/// A job may wait for another, of its own pool or of another, with as little as one worker (C11): if the
/// other has not started, the waiting thread runs it on the spot, and nothing else. It then lies above the
/// waiting job on the same stack. A chain of jobs that wait for one another needs a stack for all of them:
/// some 600 bytes for each in an optimised build and 2,300 in others, beside what the jobs themselves need.
/// So a stack of two megabytes, as threads usually have, holds some thousands of them, or hundreds; for
/// more there is [`stack_size`](crate::ThreadPoolBuilder::stack_size).
///
/// A [call](crate::Handle::call) is run by workers alone. A wait for one inside of its own pool
/// [ends it](crate::Handle::call) if no worker has begun it.
///
/// Jobs that wait for one another in a circle wait for ever, as threads do.
///
/// # Examples
///
/// ```
/// use drainpool::ThreadPoolBuilder;
///
/// let pool = ThreadPoolBuilder::new().num_threads(1).build()?;
/// let handle = pool.handle();
/// let outer = pool.spawn(move || {
///     let inner = handle.spawn(|| 6).unwrap();
///     inner.join().unwrap() * 7
/// })?;
/// assert_eq!(outer.join()?, 42);
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[must_use = "the job goes on without its handle, but nobody learns how it ended"]
pub struct JobHandle<T> {
    /// `None` once the outcome was fetched for good: then there is nothing to clear up.
    cell: Option<Arc<dyn TaskHandle<T>>>,
    id: JobId,
    pool: Weak<dyn AnyPool>,
    /// Whether the pool knows of a task that awaits it.
    is_awaited: bool,
}

// As for a thread's handle: what a panic may leave half done belongs to the job.
impl<T> UnwindSafe for JobHandle<T> {}
impl<T> RefUnwindSafe for JobHandle<T> {}

impl<T> JobHandle<T> {
    pub(crate) fn new(cell: Arc<dyn TaskHandle<T>>, id: JobId, pool: Weak<dyn AnyPool>) -> Self {
        Self { cell: Some(cell), id, pool, is_awaited: false }
    }

    fn cell(&self) -> &Arc<dyn TaskHandle<T>> {
        self.cell.as_ref().expect("it goes with the handle")
    }

    /// The id of the job.
    #[must_use]
    pub fn id(&self) -> JobId {
        self.id
    }

    /// Waits until the job has ended. Inside of a job, it runs the job that it waits for, if that has not
    /// started (C11).
    ///
    /// # Errors
    ///
    /// [`JobError`] says why there is no result.
    ///
    /// # Panics
    ///
    /// If the handle was polled as a future until it was ready: the outcome is gone then.
    ///
    /// # Examples
    ///
    /// ```
    /// use drainpool::{JobError, ThreadPoolBuilder};
    ///
    /// let pool = ThreadPoolBuilder::new().build()?;
    /// let job = pool.spawn(|| -> u32 { panic!("no luck") })?;
    /// match job.join() {
    ///     Err(JobError::Panicked(panic)) => assert_eq!(panic.message(), Some("no luck")),
    ///     other => panic!("{other:?}"),
    /// }
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    pub fn join(self) -> Result<T, JobError> {
        if context::is_inside_any() {
            self.run_if_queued();
        }
        self.wait(None);
        self.outcome()
    }

    /// Waits like [`join`](Self::join), but runs the job itself if it has not started, outside of the pool
    /// as well: on this thread, with its stack and its thread-locals. A job that takes less time than
    /// waking a worker ends much sooner this way.
    ///
    /// It is still a job of the pool: the pool is not idle while it runs, and what it submits is nested
    /// (C3, C4, C5). It runs in a paused pool too.
    ///
    /// # Errors
    ///
    /// As for [`join`](Self::join).
    ///
    /// # Examples
    ///
    /// ```
    /// use drainpool::ThreadPoolBuilder;
    ///
    /// let pool = ThreadPoolBuilder::new().paused().build()?;
    /// let here = std::thread::current().id();
    /// let job = pool.spawn(|| std::thread::current().id())?;
    /// assert_eq!(job.join_or_run()?, here);
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    pub fn join_or_run(self) -> Result<T, JobError> {
        self.run_if_queued();
        self.wait(None);
        self.outcome()
    }

    /// Waits like [`join`](Self::join), but no longer than this. A timeout too long to be expressed as a
    /// moment, such as [`Duration::MAX`], means for ever.
    ///
    /// Inside of a job, it too runs the job that it waits for, if that has not started. That may take
    /// longer than the timeout.
    ///
    /// # Errors
    ///
    /// [`WaitError::TimedOut`] if the job has not ended in this time: it goes on, and can be waited for
    /// again. The inner result is that of [`join`](Self::join).
    ///
    /// # Panics
    ///
    /// If the outcome was fetched before, by this call or as a future.
    ///
    /// # Examples
    ///
    /// ```
    /// use std::time::Duration;
    /// use drainpool::{ThreadPoolBuilder, WaitError};
    ///
    /// let pool = ThreadPoolBuilder::new().paused().build()?;
    /// let mut job = pool.spawn(|| 7)?;
    /// let waited = job.join_timeout(Duration::from_millis(1));
    /// assert!(matches!(waited, Err(WaitError::TimedOut)));
    /// pool.resume();
    /// assert_eq!(job.join_timeout(Duration::MAX)??, 7);
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    pub fn join_timeout(&mut self, timeout: Duration) -> Result<Result<T, JobError>, WaitError> {
        if context::is_inside_any() {
            self.run_if_queued();
        }
        if self.wait(Some(timeout)) { Ok(self.take_outcome()) } else { Err(WaitError::TimedOut) }
    }

    /// Whether the job has ended, in whatever way, so that [`join`](Self::join) would not wait.
    ///
    /// # Examples
    ///
    /// ```
    /// use drainpool::ThreadPoolBuilder;
    ///
    /// let pool = ThreadPoolBuilder::new().build()?;
    /// let job = pool.spawn(|| 7)?;
    /// pool.wait_idle()?;
    /// assert!(job.is_finished());
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    #[must_use]
    pub fn is_finished(&self) -> bool {
        self.expire_if_due();
        self.cell().latch().is_set()
    }

    /// Cancels the job, if it has not started. The closure is dropped before this returns, wherever in the
    /// queue the job is; the outcome is [`JobError::Cancelled`]. Returns whether it was in time: `true` says
    /// that the job never ran, and never will.
    ///
    /// `false` says that the job has started, or has ended. One that was spawned with a
    /// [token](crate::Handle::spawn_cancellable) and still runs is told by that. Any other runs on. Either
    /// way the outcome is what the job returns, or its panic, and it is counted as such.
    ///
    /// # Examples
    ///
    /// ```
    /// use drainpool::{JobError, ThreadPoolBuilder};
    ///
    /// let pool = ThreadPoolBuilder::new().paused().build()?;
    /// let job = pool.spawn(|| 7)?;
    /// assert!(job.cancel());
    /// assert!(matches!(job.join(), Err(JobError::Cancelled)));
    /// pool.resume();
    /// assert_eq!(pool.shutdown().cancelled, 1);
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    pub fn cancel(&self) -> bool {
        cancel(&**self.cell(), self.id, &self.pool)
    }

    /// Returns a [`Canceller`], by which other threads can cancel the job while this handle waits for it.
    ///
    /// # Examples
    ///
    /// ```
    /// use drainpool::ThreadPoolBuilder;
    ///
    /// let pool = ThreadPoolBuilder::new().paused().build()?;
    /// let job = pool.spawn(|| 7)?;
    /// let canceller = job.canceller();
    /// std::thread::spawn(move || canceller.cancel());
    /// assert!(job.join().is_err());
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    #[must_use]
    pub fn canceller(&self) -> Canceller
    where
        T: 'static,
    {
        Canceller { cell: self.cell().clone(), id: self.id, pool: self.pool.clone() }
    }

    /// Runs the job on this thread, if it is still queued.
    pub(crate) fn run_if_queued(&self) {
        if self.cell().is_queued()
            && let Some(pool) = self.pool.upgrade()
        {
            let account = Account::here(pool.state());
            if pool.state().sleep.is(Mode::Discard) {
                self.give_back(account);
            } else {
                let _listed = pool.state().list_above(self.id, self.cell().label());
                self.cell().clone().run_ahead(self.id, account);
            }
        }
    }

    /// Ends the job as returned, if it is still queued. There is nobody to return it to.
    fn give_back(&self, account: Account<'_>) {
        let taken = self.cell().clone().take_back(self.id, account);
        drop_quietly(taken.map(|taken| taken.payload));
        account.leave_stale(size_of_val(&**self.cell()));
    }

    /// Ends the job if its time to start is over, so that a thread that asks for it does not wait until its
    /// turn comes.
    pub(crate) fn expire_if_due(&self) {
        if self.expires()
            && let Some(pool) = self.pool.upgrade()
        {
            pool.state().expire_due();
        }
    }

    /// Whether the job is queued and has a time until which it is to start.
    pub(crate) fn expires(&self) -> bool {
        self.cell().expires() && self.cell().is_queued()
    }

    /// Whether the job is queued in this pool.
    pub(crate) fn is_queued_in(&self, pool: &Arc<dyn AnyPool>) -> bool {
        self.cell().is_queued() && ptr::addr_eq(self.pool.as_ptr(), Arc::as_ptr(pool))
    }

    pub(crate) fn pool(&self) -> &Weak<dyn AnyPool> {
        &self.pool
    }

    /// Registers a waker for the job's end; see [`Latch::wake_when_set`].
    pub(crate) fn wake_at_end(&self, waker: &Waker) -> bool {
        // A task that has awaited it waits no more.
        self.forget_task();
        self.cell().latch().wake_when_set(waker)
    }

    /// The outcome of a job that has ended.
    pub(crate) fn outcome(mut self) -> Result<T, JobError> {
        let outcome = self.take_outcome();
        self.cell = None;
        outcome
    }

    /// Drops the wakers of the thread or task that waits.
    fn forget_waiter(&self) {
        self.cell().latch().forget_waker();
        self.forget_task();
    }

    /// Drops what the pool knows of a task that awaits it.
    fn forget_task(&self) {
        if self.is_awaited
            && let Some(pool) = self.pool.upgrade()
        {
            pool.state().jobs_awaited.forget(&self.id);
        }
    }

    fn take_outcome(&self) -> Result<T, JobError> {
        self.forget_waiter();
        self.cell().fetch().expect("the outcome of a job can be fetched once")
    }

    /// Waits for the end, and returns whether it came before the deadline.
    pub(crate) fn wait(&self, timeout: Option<Duration>) -> bool {
        if spin_then_yield(|| self.cell().latch().is_set().then_some(())).is_some() {
            return true;
        }
        let parker = Parker::own();
        if self.cell().latch().wake_when_set(&parker.waker()) {
            return true;
        }
        let Some(pool) = self.pool.upgrade() else {
            // With the pool goes its queue, and with the queue the job ref, which ends the job.
            while !self.cell().latch().is_set() {
                parker.park(None);
            }
            return true;
        };
        let deadline = timeout.and_then(|timeout| pool.state().waiters.deadline(timeout));
        let mut seen = 0;
        pool.state().wait(&[], &parker, deadline, || {
            self.abandon_if_lost();
            self.end_if_deserted(&pool, &mut seen, deadline);
            self.cell().latch().is_set()
        })
    }

    /// Sees to it that the job ends, if its pool has lost all workers since `seen` and can start none: a closure
    /// runs here; a job for the handler, which only a worker has, is given back.
    pub(crate) fn end_if_deserted(
        &self,
        pool: &Arc<dyn AnyPool>,
        seen: &mut u64,
        deadline: Option<Instant>,
    ) {
        let state = pool.state();
        // The gate first: it takes no lock.
        if !state.ledger.gate.is_dormant()
            || !self.cell().is_queued()
            || state.sleep.is(Mode::Held)
            || !state.sleep.lost_workers_since(seen)
            || Arc::clone(pool).revive(deadline)
        {
            return;
        }
        self.run_if_queued();
        if self.cell().is_queued() {
            self.give_back(Account::here(state));
        }
    }

    /// Ends the job if no worker will come to it. If the pool loses its workers later, it wakes the task.
    #[cold]
    fn look_for_worker(&mut self, waker: &Waker) {
        if let Some(pool) = self.pool.upgrade() {
            pool.state().jobs_awaited.note(self.id, waker);
            self.is_awaited = true;
            self.abandon_if_lost();
            self.end_if_deserted(&pool, &mut 0, None);
        }
    }

    /// Whether no thread can reach the job, because its pool was given up.
    pub(crate) fn is_lost(&self) -> bool {
        let is_given_up = |pool: Arc<dyn AnyPool>| {
            // The gate first: it takes no lock.
            pool.state().ledger.gate.is_closed() && pool.state().sleep.has_failed()
        };
        self.cell().is_queued() && self.pool.upgrade().is_some_and(is_given_up)
    }

    /// Ends the job if no thread can reach it.
    pub(crate) fn abandon_if_lost(&self) {
        if self.is_lost() {
            self.cell().abandon();
        }
    }
}

/// Cancels a job whose handle is elsewhere; made by [`JobHandle::canceller`].
#[derive(Clone)]
pub struct Canceller {
    cell: Arc<dyn AnyTask>,
    id: JobId,
    pool: Weak<dyn AnyPool>,
}

impl Canceller {
    /// Cancels the job; see [`JobHandle::cancel`].
    pub fn cancel(&self) -> bool {
        cancel(&*self.cell, self.id, &self.pool)
    }
}

/// Cancels the job. A pool that is gone has no job left to cancel.
fn cancel(cell: &dyn AnyTask, id: JobId, pool: &Weak<dyn AnyPool>) -> bool {
    pool.upgrade().is_some_and(|pool| cell.cancel(id, Account::visitor(pool.state())))
}

/// Ready when the job has ended, in whatever way.
///
/// In a pool that has lost all workers, and can start none, it does what [`JobHandle::join`] does: it runs the
/// closure of its job itself, and a [call](crate::Handle::call) ends as [`JobError::Returned`]. The task is told of the
/// loss.
///
/// Polled inside of a job of any pool, it runs its own job if that has not started: the executor could not
/// make a worker free by waiting (C11).
///
/// # Panics
///
/// If it is polled again after it was ready.
impl<T> Future for JobHandle<T> {
    type Output = Result<T, JobError>;

    fn poll(self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<Self::Output> {
        let this = self.get_mut();
        this.expire_if_due();
        if context::is_inside_any() {
            this.run_if_queued();
        }
        if !this.cell().latch().is_set() && !this.cell().latch().wake_when_set(context.waker()) {
            this.look_for_worker(context.waker());
            if !this.cell().latch().is_set() {
                return Poll::Pending;
            }
        }
        this.forget_waiter();
        Poll::Ready(this.cell().fetch().expect("a `JobHandle` was polled after it was ready"))
    }
}

impl<T> Drop for JobHandle<T> {
    fn drop(&mut self) {
        // The latch lets go of the waiter's waker, and the cell of the outcome: a stale job ref may keep
        // the cell in the queue for long (C9).
        let Some(cell) = &self.cell else { return };
        self.forget_waiter();
        cell.detach();
    }
}

impl<T> fmt::Debug for JobHandle<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("JobHandle")
            .field("id", &self.id)
            .field("is_finished", &self.is_finished())
            .finish()
    }
}

impl fmt::Debug for Canceller {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Canceller").field("id", &self.id).finish_non_exhaustive()
    }
}
