//! Stale entries: when the queue is purged of entries for which nothing is left to do.

use std::sync::{Arc, OnceLock, Weak};

use crate::panics::{drop_quietly, guarded};
use crate::sync::{AcqRel, AtomicBool, AtomicU64, Relaxed, Release};

/// The weight of further stale entries after which a thread looks how many there are. In a model soon.
const LOOK: u64 = if cfg!(any(loom, shuttle)) { 2 } else { 64 };
/// The number of bytes that weigh one.
const UNIT: usize = 64;
/// The number of stale entries that are left alone.
const SLACK: u64 = if cfg!(any(loom, shuttle)) { 0 } else { 16 };

/// A queue that may hold stale entries.
pub(crate) trait Purge: Send + Sync {
    /// The number of entries of the queue, approximately.
    fn entries(&self) -> usize;

    /// The number of jobs that wait to be started, or a few more.
    fn pending(&self) -> u64;

    /// Removes the stale entries from the queue, if it can, and returns their number.
    fn purge(self: Arc<Self>) -> usize;
}

/// Counts stale entries, and has them removed.
///
/// An entry of the queue is stale when nothing is left to do for the worker that takes it: its job was
/// cancelled, has expired, or was run by the thread that waited for it; or its scope has ended. It still
/// takes memory, and time to get to what lies behind it. So from time to time the thread that makes an
/// entry stale compares the number of entries in the queue with the number of waiting jobs, and if most are
/// stale, has them [removed](crate::WorkQueue::retain). As at least half of the entries go then, each entry
/// costs a constant, and what a pool holds stays within a constant factor of what is pending.
#[derive(Default)]
pub(crate) struct Stale {
    /// The weight of the entries that became stale through threads that are no workers.
    weight: AtomicU64,
    /// Whether a thread removes them: a second one would find nothing to do.
    purging: AtomicBool,
    /// The number of looks to leave out: a removal that found too little is not repeated at once.
    left_out: AtomicU64,
    /// The pool whose queue it is.
    pool: OnceLock<Weak<dyn Purge>>,
}

/// The weight of an entry with this much memory behind it.
pub(crate) const fn weight(bytes: usize) -> u64 {
    bytes.div_ceil(UNIT) as u64
}

/// Whether it is time to look, as the weight grows from `before` to `after`.
pub(crate) const fn is_time(before: u64, after: u64) -> bool {
    before / LOOK != after / LOOK
}

impl Stale {
    /// Makes the entries those of this pool's queue.
    pub(crate) fn belong_to(&self, pool: Weak<dyn Purge>) {
        let first = self.pool.set(pool).is_ok();
        debug_assert!(first, "a pool has its own");
    }

    /// Notes that an entry of this weight became stale through a thread that is no worker at work.
    #[inline]
    pub(crate) fn note(&self, weight: u64) {
        let before = self.weight.fetch_add(weight, Relaxed);
        if is_time(before, before.wrapping_add(weight)) {
            self.purge_if_worth();
        }
    }

    /// Has all stale entries removed from the queue, so that the sink learns of those for which it waits.
    #[cold]
    pub(crate) fn sweep(&self) {
        let Some(pool) = self.pool.get().and_then(Weak::upgrade) else { return };
        // A queue that panics is given up by what calls it, and must not unwind from here.
        let swept = guarded(|| {
            if pool.entries() > 0 {
                Arc::clone(&pool).purge();
            }
        });
        let _ = swept.map_err(drop_quietly);
    }

    /// Has the stale entries removed from the queue, if they are the majority.
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
