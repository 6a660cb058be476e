//! What a claim in a queue leads to.

use std::fmt;
use std::sync::Arc;

use crate::job::JobId;
use crate::spawned::runner::Runner;

/// Work that lies elsewhere than in the queue.
pub(crate) trait Errand: Send + Sync {
    /// Does what is left of it, which was accepted under this id; nothing, if others were quicker
    /// (C2). It never unwinds (C8).
    fn run(self: Arc<Self>, id: JobId, runner: Runner<'_>);

    /// The queue has let the claim go without bringing it to a worker.
    fn abandon(&self);

    /// Whether nothing is left to do for the worker that comes to it. If so, the claim that asks is given
    /// up: it is [withdrawn](Claim::withdraw). Takes no lock but the errand's own, and drops nothing.
    fn give_up_stale(&self) -> bool;

    /// The job's time is over: it ends, if nobody has begun it.
    fn expire(&self, _id: JobId, _runner: Runner<'_>) {}
}

/// A claim on an [`Errand`]. What it leads to may be done, cancelled or taken by others before the
/// claim is; it is stale then, and no job.
pub(crate) struct Claim(Option<Arc<dyn Errand>>);

impl Claim {
    pub(crate) fn new(errand: Arc<dyn Errand>) -> Self {
        Self(Some(errand))
    }

    /// Follows the claim.
    pub(crate) fn run(mut self, id: JobId, runner: Runner<'_>) {
        if let Some(errand) = self.0.take() {
            errand.run(id, runner);
        }
    }

    /// Lets the claim go because the queue refused it, or because nothing is left to do: not the
    /// errand's end.
    pub(crate) fn withdraw(mut self) {
        self.0 = None;
    }

    /// Takes the claim out of a queue's entry, if it is stale.
    pub(crate) fn take_stale(&mut self) -> Option<Self> {
        let is_stale = self.0.as_ref().is_none_or(|errand| errand.give_up_stale());
        is_stale.then(|| Self(self.0.take()))
    }
}

impl Drop for Claim {
    fn drop(&mut self) {
        if let Some(errand) = self.0.take() {
            errand.abandon();
        }
    }
}

impl fmt::Debug for Claim {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Claim(..)")
    }
}
