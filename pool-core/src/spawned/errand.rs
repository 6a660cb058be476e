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

    /// Lets the claim go because the queue refused it: not the errand's end.
    pub(crate) fn withdraw(mut self) {
        self.0 = None;
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
