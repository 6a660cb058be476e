//! When the queue's stale entries are to be removed.

use crate::hub::Hub;
use crate::panics::{drop_quietly, guarded};
use crate::sync::{AcqRel, AtomicBool, AtomicU64, Relaxed, Release};

/// After stale entries of this weight, somebody looks how many there are. In a model soon.
const LOOK: u64 = if cfg!(any(loom, shuttle)) { 2 } else { 64 };
/// What an entry weighs: one for each of this many bytes.
const UNIT: usize = 64;
/// This many stale entries are left alone.
const SLACK: u64 = if cfg!(any(loom, shuttle)) { 0 } else { 16 };

/// Counts what becomes stale.
///
/// An entry of the queue is stale when nothing is left to do for the worker that comes to it: its job
/// was cancelled, has expired, or was run by the thread that waited for it; its scope has ended. It takes
/// memory all the same, and the time to come to what lies behind it. So from time to time whoever makes
/// entries stale compares how many the queue holds with how many jobs wait, and if most are stale, has
/// them [removed](crate::WorkQueue::retain). As at least half of the entries go then, each entry costs a
/// constant, and what a pool holds stays within a constant factor of what is pending.
#[derive(Default)]
pub(crate) struct Stale {
    /// The weight of all that became stale through threads that are no workers.
    weight: AtomicU64,
    /// Somebody removes: a second one would find nothing left to do.
    purging: AtomicBool,
    /// This many looks are left out: a removal that found too little to remove is not repeated at once.
    left_out: AtomicU64,
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
    /// An entry of this weight became stale. Whether it is time to look.
    pub(crate) fn add(&self, weight: u64) -> bool {
        let before = self.weight.fetch_add(weight, Relaxed);
        is_time(before, before.wrapping_add(weight))
    }
}

impl Hub {
    /// An entry of the queue, of this weight, became stale through a thread that is no worker at work.
    #[inline]
    pub(crate) fn note_stale(&self, weight: u64) {
        if self.stale.add(weight) {
            self.purge_if_worth();
        }
    }

    /// Has the stale entries removed from the queue, if they are the most.
    #[cold]
    pub(crate) fn purge_if_worth(&self) {
        let Some(pool) = self.pool() else { return };
        // Whoever is here waits for a job or has cancelled one, and must not unwind for a queue.
        let entries = guarded(|| pool.entries()).map_err(drop_quietly).unwrap_or(0) as u64;
        if entries <= 2 * self.ledger.pending() + SLACK {
            return;
        }
        let stale = &self.stale;
        if stale.purging.swap(true, AcqRel) {
            return;
        }
        let left_out = stale.left_out.load(Relaxed);
        if left_out > 0 {
            stale.left_out.store(left_out - 1, Relaxed);
        } else {
            let removed = guarded(|| pool.purge()).map_err(drop_quietly).unwrap_or(0) as u64;
            let futile = removed < entries / 2;
            let left = entries.saturating_sub(removed);
            stale.left_out.store(if futile { left / LOOK } else { 0 }, Relaxed);
        }
        stale.purging.store(false, Release);
    }
}
