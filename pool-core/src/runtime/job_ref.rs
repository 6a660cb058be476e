//! A job ref: what a queue holds in place of work that lies elsewhere.

use std::fmt;
use std::sync::Arc;

use crate::id::JobId;
use crate::runtime::account::Account;

/// Work that lies elsewhere than in the queue.
pub(crate) trait Execute: Send + Sync {
    /// Does what is left of it, which was accepted under this id; nothing, if others were quicker
    /// (C2). It never unwinds (C8).
    fn run(self: Arc<Self>, id: JobId, account: Account<'_>);

    /// The queue has let the job ref go without bringing it to a worker.
    fn abandon(&self);

    /// Whether nothing is left to do for the worker that comes to it. If so, the job ref that asks is
    /// given up: it is [withdrawn](JobRef::withdraw). Takes no lock but its own, and drops nothing.
    fn give_up_stale(&self) -> bool;

    /// Whether the sink gets an outcome of it, and so is not told to go on without one.
    fn is_for_sink(&self) -> bool {
        false
    }
}

/// A reference to work that lies elsewhere, in a queue. What it leads to may be done, cancelled or taken by
/// others before its turn comes; it is stale then, and no job.
pub(crate) struct JobRef(Option<Arc<dyn Execute>>);

impl JobRef {
    pub(crate) fn new(work: Arc<dyn Execute>) -> Self {
        Self(Some(work))
    }

    /// Does what it leads to.
    pub(crate) fn run(mut self, id: JobId, account: Account<'_>) {
        if let Some(work) = self.0.take() {
            work.run(id, account);
        }
    }

    /// See [`Execute::is_for_sink`].
    pub(crate) fn is_for_sink(&self) -> bool {
        self.0.as_ref().is_some_and(|work| work.is_for_sink())
    }

    /// Lets it go because the queue refused it, or because nothing is left to do: not the end of the
    /// work.
    pub(crate) fn withdraw(mut self) {
        self.0 = None;
    }

    /// Takes it out of a queue's entry, if it is stale.
    pub(crate) fn take_stale(&mut self) -> Option<Self> {
        let is_stale = self.0.as_ref().is_none_or(|work| work.give_up_stale());
        is_stale.then(|| Self(self.0.take()))
    }
}

impl Drop for JobRef {
    fn drop(&mut self) {
        if let Some(work) = self.0.take() {
            work.abandon();
        }
    }
}

impl fmt::Debug for JobRef {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("JobRef(..)")
    }
}
