//! The job ref: an entry of the queue that leads to work elsewhere. It is stale once nothing is left to do
//! for it.

use std::any::Any;
use std::fmt;
use std::sync::Arc;

use crate::id::JobId;
use crate::runtime::account::Account;

/// Work that lies elsewhere than in the queue.
pub(crate) trait Execute: Send + Sync {
    /// Does what is left of the work, which was accepted under this id; nothing, if others were quicker
    /// (C2). It never unwinds (C8).
    fn run(self: Arc<Self>, id: JobId, account: Account<'_>);

    /// Ends a job unrun, as returned, unless others were quicker (C2), and returns the payload of one for the
    /// pool's handler. If its outcome is for the sink, and it was not held back, it is not ended here, but by the
    /// caller. It never unwinds (C8).
    ///
    /// Only called for jobs, not for what is a part of them.
    fn take_back(self: Arc<Self>, id: JobId, account: Account<'_>) -> Option<TakenBack> {
        let _ = (id, account);
        self.abandon();
        None
    }

    /// Ends the work if the queue has dropped the job ref without bringing it to a worker.
    fn abandon(&self);

    /// Whether nothing is left to do for a worker that takes the job ref. If so, the job ref that asks is
    /// [withdrawn](JobRef::withdraw). Takes no lock but its own, and drops nothing.
    fn give_up_stale(&self) -> bool;

    /// Whether the sink gets an outcome of the work, and so is not told to skip its id.
    fn is_for_sink(&self) -> bool {
        false
    }

    /// What the job was called at its submit.
    fn label(&self) -> Option<&'static str> {
        None
    }
}

/// A payload that was taken back.
pub(crate) struct TakenBack {
    pub(crate) payload: Box<dyn Any + Send>,
    /// Whether its job has been ended. Otherwise the caller is to do that.
    pub(crate) is_ended: bool,
}

/// An accepted job that may be held back from the queue.
pub(crate) trait Hold: Execute {
    /// Drops the job unrun and counts it as cancelled, if no thread has taken it.
    fn cancel_held(&self, id: JobId, account: Account<'_>);
}

/// A reference in a queue to work that lies elsewhere. The work may be done, cancelled or taken by others
/// before its turn comes; the job ref is stale then, and no job.
pub(crate) struct JobRef(Option<Arc<dyn Execute>>);

impl JobRef {
    pub(crate) fn new(work: Arc<dyn Execute>) -> Self {
        Self(Some(work))
    }

    /// Does the work.
    pub(crate) fn run(mut self, id: JobId, account: Account<'_>) {
        if let Some(work) = self.0.take() {
            work.run(id, account);
        }
    }

    /// Ends the work unrun, or returns its payload; see [`Execute::take_back`].
    pub(crate) fn take_back(mut self, id: JobId, account: Account<'_>) -> Option<TakenBack> {
        self.0.take()?.take_back(id, account)
    }

    /// Returns a job ref to no work.
    pub(crate) const fn to_nothing() -> Self {
        Self(None)
    }

    /// Whether it leads to no work.
    pub(crate) const fn is_to_nothing(&self) -> bool {
        self.0.is_none()
    }

    /// Whether the sink gets an outcome of the work; see [`Execute::is_for_sink`].
    pub(crate) fn is_for_sink(&self) -> bool {
        self.0.as_ref().is_some_and(|work| work.is_for_sink())
    }

    /// What the job was called at its submit.
    pub(crate) fn label(&self) -> Option<&'static str> {
        self.0.as_ref().and_then(|work| work.label())
    }

    /// Drops the job ref because the queue refused it, or because nothing is left to do. The work does not
    /// end by this.
    pub(crate) fn withdraw(mut self) {
        self.0 = None;
    }

    /// Takes the job ref out of a queue's entry, if it is stale.
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
