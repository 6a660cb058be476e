//! The work of a job that can be cancelled while it runs.

use std::sync::Arc;

use crate::cancellation::CancellationToken;
use crate::id::JobId;
use crate::job_context::{Bound, JobContext, Stored};
use crate::panics::drop_quietly;
use crate::runtime::account::Account;
use crate::runtime::task_cell::TaskCell;
use crate::runtime::task_handle::Work;

/// A closure that asks its token whether it was cancelled. Its cell has a clone of the token.
pub(crate) struct Cancellable<S> {
    pub(crate) bound: S,
    pub(crate) token: CancellationToken,
}

impl<S, C, F, T> Work<T> for Cancellable<S>
where
    S: Stored<Bound = Bound<C, F>>,
    C: JobContext,
    F: FnOnce(&CancellationToken) -> T + Send,
    T: Send,
{
    fn run(cell: Arc<TaskCell<Self, T>>, id: JobId, account: Account<'_>) {
        cell.run_with(id, account, |Self { bound, token }| {
            let Bound { context, inner } = bound.take();
            context.run(|| inner(&token))
        });
        drop_quietly(cell);
    }
}
