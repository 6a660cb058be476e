//! The call: a job for the pool's handler whose outcome goes to its handle.

use std::any::Any;
use std::cell::Cell;
use std::marker::PhantomData;
use std::sync::Arc;

use crate::error::JobError;
use crate::id::JobId;
use crate::job_context::{Bound, JobContext, Stored};
use crate::panics::drop_quietly;
use crate::parts::context;
use crate::parts::ledger::Ended;
use crate::queue::WorkQueue;
use crate::runtime::account::Account;
use crate::runtime::job::Job;
use crate::runtime::job_ref::Execute;
use crate::runtime::task_cell::TaskCell;
use crate::runtime::task_handle::Work;
use crate::runtime::worker::{HandlerTask, Worker};

/// The work of a call to a pool with the queue `Q`: a job for the handler, which only a worker has.
pub(crate) struct Call<S, Q> {
    bound: S,
    queue: PhantomData<fn(Q)>,
}

impl<S, C, J, Q> Call<S, Q>
where
    S: Stored<Bound = Bound<C, J>>,
{
    pub(crate) fn new(bound: S) -> Self {
        Self { bound, queue: PhantomData }
    }

    pub(crate) fn into_job(self) -> J {
        self.bound.take().inner
    }
}

impl<S, C, J, R, Q> Work<R> for Call<S, Q>
where
    S: Stored<Bound = Bound<C, J>> + 'static,
    C: JobContext,
    J: Send + 'static,
    R: Send + 'static,
    Q: WorkQueue<Job<J>>,
{
    /// Hands the call over to the worker, which runs it next.
    fn run(cell: Arc<TaskCell<Self, R>>, id: JobId, account: Account<'_>) {
        match context::worker::<Worker<J, R, Q>>(account.pool().id()) {
            Some(worker) => worker.hand_over_task(id, cell),
            // Unreachable: a call's job ref comes to workers only.
            None => cell.abandon(),
        }
    }

    /// Leaves the call to a worker. If that may be a worker that waits for this thread, or this one, the
    /// call is ended.
    fn run_ahead(cell: Arc<TaskCell<Self, R>>, id: JobId, account: Account<'_>) {
        if context::is_inside(account.pool().id()) {
            // No worker cancels in its own name.
            let account = Account::visitor(account.pool());
            cell.end_unrun(id, account, Ended::Cancelled, JobError::InsideJob);
        }
    }

    fn into_payload(self) -> Option<Box<dyn Any + Send>> {
        let Bound { context, inner } = self.bound.take();
        drop_quietly(context);
        Some(Box::new(inner))
    }
}

impl<S, C, J, R, Q> HandlerTask<J, R> for TaskCell<Call<S, Q>, R>
where
    S: Stored<Bound = Bound<C, J>>,
    C: JobContext,
    J: Send + 'static,
    R: Send,
{
    fn run(
        self: Arc<Self>,
        id: JobId,
        account: Account<'_>,
        handler: &mut dyn FnMut(J) -> R,
    ) -> bool {
        // A cell: it is looked at after a panic.
        let is_running = Cell::new(false);
        self.run_with(id, account, |call| {
            is_running.set(true);
            let result = call.bound.take().run_by(handler);
            is_running.set(false);
            result
        });
        drop_quietly(self);
        is_running.get()
    }
}
