//! Held jobs: accepted, but kept out of the queue until their holder releases them.

use std::fmt;
use std::sync::{Arc, Weak};

use crate::api::handle::Handle;
use crate::api::job_handle::JobHandle;
use crate::api::spawn::LARGE;
use crate::api::submit_options::SubmitOptions;
use crate::error::Refusal;
use crate::id::JobId;
use crate::job_context::{Bound, JobContext, NoContext};
use crate::queue::WorkQueue;
use crate::runtime::account::Account;
use crate::runtime::admission::RollbackGuard;
use crate::runtime::any_pool::AnyPool;
use crate::runtime::job::Job;
use crate::runtime::job_ref::{Hold, JobRef};
use crate::runtime::task_cell::TaskCell;
use crate::runtime::task_handle::Work;
use crate::runtime::terms::Terms;
use crate::runtime::timed_job::TimedJob;
use crate::task::Task;

impl<J: Send + 'static, R: 'static, Q: WorkQueue<Job<J>>> Handle<J, R, Q> {
    /// Accepts one job before there is one, and returns the right to say what it is. What is made of it is a
    /// [`HeldJob`], which gets into the queue when its holder says so. For code that decides when jobs may
    /// start, such as the lanes of `pool-lanes`.
    ///
    /// It is accepted or refused as by [`submit`](Self::submit): it takes a place in a bounded pool, waits for
    /// one as the options say, and is nested if a running job calls this (C1, C4). From here on the pool is not
    /// idle, and does not end, before the job has. Its [context](crate::ThreadPoolBuilder::context), if the pool's
    /// jobs have one, is captured before that.
    ///
    /// # Errors
    ///
    /// As for [`submit`](Self::submit). With [`WhenFull::RunHere`](crate::WhenFull::RunHere) a full pool
    /// refuses, as there is nothing to run yet.
    ///
    /// # Examples
    ///
    /// ```
    /// use drainpool::{ThreadPoolBuilder, SubmitOptions};
    ///
    /// let pool = ThreadPoolBuilder::new().num_threads(1).build()?;
    /// let (second, answer) = pool.admit(SubmitOptions::new())?.spawn(|| "second");
    /// let first = pool.admit(SubmitOptions::new())?.execute(move || {
    ///     println!("first");
    ///     second.release();
    /// });
    /// first.release();
    /// assert_eq!(answer.join()?, "second");
    /// assert_eq!(pool.shutdown().done, 2);
    /// # Ok::<(), Box<dyn std::error::Error + Send + Sync>>(())
    /// ```
    pub fn admit<O>(
        &self,
        options: O,
    ) -> Result<Admission<'_, J, R, Q, impl JobContext + use<J, R, Q, O>>, Refusal>
    where
        O: Into<SubmitOptions>,
    {
        let terms = options.into().terms(&self.inner.state);
        // First: it is foreign code, which may wait for the pool, or for room.
        let context = self.inner.queue.capture_context();
        let admitted = self.inner.admit(terms.wait, terms.priority, || terms.label);
        let id = admitted.inspect_err(|refused| self.inner.count_refusal(refused, 1))?;
        let rollback = RollbackGuard::over_one(&self.inner, id);
        Ok(Admission { handle: self, rollback, terms, context })
    }
}

/// The admission of one job by a pool: the right to say what it is; made by [`Handle::admit`].
///
/// Dropped, it undoes the acceptance: there was no job. `C` is what it has captured: the context of the job.
#[must_use = "dropped, it gives the job up"]
pub struct Admission<'a, J: Send + 'static, R: 'static, Q: WorkQueue<Job<J>>, C> {
    handle: &'a Handle<J, R, Q>,
    rollback: RollbackGuard<'a, J, R, Q>,
    terms: Terms,
    context: C,
}

impl<J, R, Q, C> Admission<'_, J, R, Q, C>
where
    J: Send + 'static,
    R: 'static,
    Q: WorkQueue<Job<J>>,
    C: JobContext,
{
    /// Makes it a job whose outcome goes to a handle; see [`Handle::spawn`]. A thread that waits for it inside
    /// of a job, or cancels it, takes it though it is held back.
    pub fn spawn<F, T>(self, closure: F) -> (HeldJob, JobHandle<T>)
    where
        F: FnOnce() -> T + Send + 'static,
        T: Send + 'static,
    {
        let Self { handle, rollback, terms, context } = self;
        let bound = Bound { context, inner: closure };
        if size_of_val(&bound) > LARGE {
            spawn_in_cell(handle, rollback, terms, Box::new(bound))
        } else {
            spawn_in_cell(handle, rollback, terms, bound)
        }
    }
}

fn spawn_in_cell<J, R, Q, W, T>(
    handle: &Handle<J, R, Q>,
    rollback: RollbackGuard<'_, J, R, Q>,
    terms: Terms,
    work: W,
) -> (HeldJob, JobHandle<T>)
where
    J: Send + 'static,
    R: 'static,
    Q: WorkQueue<Job<J>>,
    W: Work<T> + 'static,
    T: Send + 'static,
{
    let cell = Arc::new(TaskCell::new(work, terms.extras(None)));
    let id = rollback.keep().with_priority(terms.priority);
    let held = HeldJob::new(cell.clone(), id, handle.inner.downgrade());
    (held, handle.handle_to(cell, id))
}

impl<R: 'static, Q: WorkQueue<Job<Task<R>>>, C: JobContext> Admission<'_, Task<R>, R, Q, C> {
    /// Makes it a job whose outcome goes to the sink; see [`Handle::execute`].
    pub fn execute<F>(self, closure: F) -> HeldJob
    where
        F: FnOnce() -> R + Send + 'static,
    {
        let inner = &self.handle.inner;
        let task = Task::bound(Bound { context: self.context, inner: closure });
        let bound = Bound { context: NoContext, inner: task };
        let job = TimedJob::held(bound, &self.terms, inner);
        let id = self.rollback.keep().with_priority(self.terms.priority);
        HeldJob::new(job, id, inner.downgrade())
    }
}

impl<J, R, Q, C> fmt::Debug for Admission<'_, J, R, Q, C>
where
    J: Send + 'static,
    R: 'static,
    Q: WorkQueue<Job<J>>,
{
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Admission").finish_non_exhaustive()
    }
}

/// An accepted job that is not in the queue yet; made of an [`Admission`].
///
/// It is [released](Self::release) into the queue, or dropped: then it never runs, and its outcome is
/// [`JobError::Cancelled`](crate::JobError::Cancelled) (C3). A held job that is kept for ever keeps its pool
/// from its end.
#[must_use = "dropped, it is cancelled"]
pub struct HeldJob {
    /// `None` once it was released.
    work: Option<Arc<dyn Hold>>,
    id: JobId,
    pool: Weak<dyn AnyPool>,
}

impl HeldJob {
    fn new(work: Arc<dyn Hold>, id: JobId, pool: Weak<dyn AnyPool>) -> Self {
        Self { work: Some(work), id, pool }
    }

    /// The id of the job.
    #[must_use]
    pub fn id(&self) -> JobId {
        self.id
    }

    /// Puts the job into the pool's queue, where a free worker finds it (C7). It neither waits nor unwinds. If
    /// the queue refuses the job, as one of your own may, it runs on this thread. A job that has ended already
    /// is left alone.
    pub fn release(mut self) {
        let Some(work) = self.work.take() else { return };
        let job_ref = JobRef::new(work);
        if let Some(pool) = self.pool.upgrade() {
            pool.enqueue(self.id, job_ref);
        }
    }

    /// Returns a [`Runner`], by which a thread that waits for the job can run it, now or after its release.
    #[must_use]
    pub fn runner(&self) -> Runner {
        let work = self.work.clone().expect("it is there until the release, which takes the job");
        Runner { work, id: self.id, pool: self.pool.clone() }
    }
}

impl Drop for HeldJob {
    fn drop(&mut self) {
        let Some(work) = self.work.take() else { return };
        let Some(pool) = self.pool.upgrade() else {
            // A pool that is gone has returned its jobs.
            work.abandon();
            return;
        };
        // First: with the job's end the pool may end, and the sink with it.
        if !self.id.is_nested() && !work.is_for_sink() {
            pool.skip(self.id);
        }
        work.cancel_held(self.id, Account::visitor(pool.state()));
    }
}

impl fmt::Debug for HeldJob {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("HeldJob").field("id", &self.id).finish_non_exhaustive()
    }
}

/// Runs a job that is held elsewhere, or was; made by [`HeldJob::runner`].
#[derive(Clone)]
pub struct Runner {
    work: Arc<dyn Hold>,
    id: JobId,
    pool: Weak<dyn AnyPool>,
}

impl Runner {
    /// Runs the job on this thread if no thread has taken it, and returns when it has ended. It is a job of
    /// the pool on any thread: what it submits is nested (C4). An outcome for the sink is delivered from here,
    /// without a [`worker`](crate::Completed::worker).
    pub fn run(&self) {
        if !self.is_taken()
            && let Some(pool) = self.pool.upgrade()
        {
            let account = Account::visitor(pool.state());
            let work: Arc<dyn Hold> = Arc::clone(&self.work);
            let _listed = pool.state().list_above(self.id, work.label());
            work.run(self.id, account);
            account.leave_stale(size_of_val(&*self.work));
        }
    }

    /// Whether the job has begun or has ended.
    #[must_use]
    pub fn is_taken(&self) -> bool {
        self.work.give_up_stale()
    }
}

impl fmt::Debug for Runner {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Runner").field("id", &self.id).field("is_taken", &self.is_taken()).finish()
    }
}
