//! The purge: removes the queue's stale entries.

use std::mem;
use std::sync::Arc;

use crate::id::JobId;
use crate::parts::stale::Purge;
use crate::queue::WorkQueue;
use crate::runtime::inner::Inner;
use crate::runtime::job::Job;
use crate::runtime::job_ref::JobRef;

/// The maximum number of stale entries for which a purge allocates room at once.
const EXPECTED: usize = 1024;

/// The stale entries that a queue removes. They are dropped only when it is done: it may hold a lock.
struct Swept {
    job_refs: Vec<JobRef>,
    /// The jobs for which the sink waits.
    skipped: Vec<JobId>,
}

impl Swept {
    fn with_capacity(entries: usize) -> Self {
        Self { job_refs: Vec::with_capacity(entries), skipped: Vec::new() }
    }

    /// Takes the job ref out of an entry, if it is stale.
    fn take<J>(&mut self, job: &mut Job<J>) -> bool {
        let Some(job_ref) = job.take_stale() else { return false };
        let skips = !job.id().is_nested() && !job_ref.is_for_sink();
        self.job_refs.push(job_ref);
        if skips {
            self.skipped.push(job.id());
        }
        true
    }
}

impl Drop for Swept {
    fn drop(&mut self) {
        self.job_refs.drain(..).for_each(JobRef::withdraw);
    }
}

impl<J: Send + 'static, R: 'static, Q: WorkQueue<Job<J>>> Purge for Inner<J, R, Q> {
    fn entries(&self) -> usize {
        self.queue.len()
    }

    fn pending(&self) -> u64 {
        self.state.ledger.pending()
    }

    fn purge(self: Arc<Self>) -> usize {
        // The sink is told before anything can take the pool to be quiescent.
        let _guest = self.state.guest();
        // Beforehand: at the pool's end another thread may drop the sink's original.
        let launcher = self.launcher();
        let mut swept = Swept::with_capacity(self.queue.len().min(EXPECTED));
        self.retain(|job| !swept.take(job));
        if !swept.skipped.is_empty()
            && let Some(launcher) = &launcher
        {
            launcher.skip(mem::take(&mut swept.skipped));
        }
        swept.job_refs.len()
    }
}
