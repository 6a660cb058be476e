//! The work of a job that can be cancelled while it runs.

use std::sync::Arc;

use crate::cancellation::CancellationToken;
use crate::id::JobId;
use crate::job_context::{Bound, JobContext};
use crate::panics::drop_quietly;
use crate::runtime::account::Account;
use crate::runtime::task_cell::TaskCell;
use crate::runtime::task_handle::Work;

/// A closure that asks its token whether it was cancelled. Its cell has a clone of the token.
pub(crate) struct Cancellable<C, F> {
    pub(crate) bound: Bound<C, F>,
    pub(crate) token: CancellationToken,
}

impl<C, F, T> Work<T> for Cancellable<C, F>
where
    C: JobContext,
    F: FnOnce(&CancellationToken) -> T + Send,
    T: Send,
{
    fn run(cell: Arc<TaskCell<Self, T>>, id: JobId, account: Account<'_>) {
        cell.run_with(id, account, |Self { bound, token }| {
            let Bound { context, inner } = bound;
            context.run(|| inner(&token))
        });
        drop_quietly(cell);
    }
}
