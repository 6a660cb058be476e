//! When the queue's stale entries are to be removed.

use std::sync::{Arc, OnceLock, Weak};

use crate::panics::{drop_quietly, guarded};
use crate::sync::{AcqRel, AtomicBool, AtomicU64, Relaxed, Release};

/// After stale entries of this weight, somebody looks how many there are. In a model soon.
const LOOK: u64 = if cfg!(any(loom, shuttle)) { 2 } else { 64 };
/// What an entry weighs: one for each of this many bytes.
const UNIT: usize = 64;
/// This many stale entries are left alone.
const SLACK: u64 = if cfg!(any(loom, shuttle)) { 0 } else { 16 };

/// What can be asked of a queue that may hold stale entries.
pub(crate) trait Purge: Send + Sync {
    /// About how many entries the queue holds.
    fn entries(&self) -> usize;

    /// How many jobs wait to be started, or a few more.
    fn pending(&self) -> u64;

    /// Removes the stale entries from the queue, if it can do that. How many there were.
    fn purge(self: Arc<Self>) -> usize;
}

/// Counts what becomes stale, and has it removed.
///
/// An entry of the queue is stale when nothing is left to do for the worker that comes to it: its job
/// was cancelled, has expired, or was run by the thread that waited for it; its scope has ended. It takes
/// memory all the same, and the time to come to what lies behind it. So from time to time the thread that
/// makes an entry stale compares how many the queue holds with how many jobs wait, and if most are stale,
/// has them [removed](crate::WorkQueue::retain). As at least half of the entries go then, each entry costs
/// a constant, and what a pool holds stays within a constant factor of what is pending.
#[derive(Default)]
pub(crate) struct Stale {
    /// The weight of all that became stale through threads that are no workers.
    weight: AtomicU64,
    /// Somebody removes: a second one would find nothing left to do.
    purging: AtomicBool,
    /// This many looks are left out: a removal that found too little to remove is not repeated at once.
    left_out: AtomicU64,
    /// The pool whose queue it is.
    pool: OnceLock<Weak<dyn Purge>>,
}

/// The weight of an entry behind which lies so much memory.
pub(crate) const fn weight(bytes: usize) -> u64 {
    bytes.div_ceil(UNIT) as u64
}

/// Whether it is time to look, as the weight grows from this to this.
pub(crate) const fn is_time(before: u64, after: u64) -> bool {
    before / LOOK != after / LOOK
}

impl Stale {
    /// The entries are those of this pool's queue.
    pub(crate) fn belong_to(&self, pool: Weak<dyn Purge>) {
        let first = self.pool.set(pool).is_ok();
        debug_assert!(first, "a pool has its own");
    }

    /// An entry of the queue, of this weight, became stale through a thread that is no worker at work.
    #[inline]
    pub(crate) fn note(&self, weight: u64) {
        let before = self.weight.fetch_add(weight, Relaxed);
        if is_time(before, before.wrapping_add(weight)) {
            self.purge_if_worth();
        }
    }

    /// Has the stale entries removed from the queue, if they are the most.
    #[cold]
    pub(crate) fn purge_if_worth(&self) {
        let Some(pool) = self.pool.get().and_then(Weak::upgrade) else { return };
        // The caller waits for a job or has cancelled one, and must not unwind for a queue.
        let entries = guarded(|| pool.entries()).map_err(drop_quietly).unwrap_or(0) as u64;
        if entries <= 2 * pool.pending() + SLACK {
            return;
        }
        if self.purging.swap(true, AcqRel) {
            return;
        }
        let left_out = self.left_out.load(Relaxed);
        if left_out > 0 {
            self.left_out.store(left_out - 1, Relaxed);
        } else {
            let removed =
                guarded(|| Arc::clone(&pool).purge()).map_err(drop_quietly).unwrap_or(0) as u64;
            let futile = removed < entries / 2;
            let left = entries.saturating_sub(removed);
            self.left_out.store(if futile { left / LOOK } else { 0 }, Relaxed);
        }
        self.purging.store(false, Release);
    }
}
