//! The work of a job that can be cancelled while it runs.

use std::sync::Arc;

use crate::cancellation::CancellationToken;
use crate::id::JobId;
use crate::panics::drop_quietly;
use crate::runtime::account::Account;
use crate::runtime::task_cell::TaskCell;
use crate::runtime::task_handle::Work;

/// A closure that asks its token whether it was cancelled. Its cell has a clone of the token.
pub(crate) struct Cancellable<F> {
    pub(crate) closure: F,
    pub(crate) token: CancellationToken,
}

impl<F, T> Work<T> for Cancellable<F>
where
    F: FnOnce(&CancellationToken) -> T + Send,
    T: Send,
{
    fn run(cell: Arc<TaskCell<Self, T>>, id: JobId, account: Account<'_>) {
        cell.run_with(id, account, |Self { closure, token }| closure(&token));
        drop_quietly(cell);
    }
}
