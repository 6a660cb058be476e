//! Backoff: a thread spins, then yields, for a bounded while before it parks.

use crate::sync::thread;

/// Whether this runs in a model, which has no use for looks that only pass the time.
const MODELLED: bool = cfg!(any(loom, shuttle));
/// The number of looks between which the thread only pauses the processor.
const SPINS: u32 = if MODELLED { 0 } else { 6 };
/// The number of looks after that, between which other threads may run.
const YIELDS: u32 = if MODELLED { 0 } else { 10 };

/// Looks repeatedly, for a bounded while, before the caller parks: parking costs a system call for it and
/// one for its waker.
pub(crate) fn spin_then_yield<T>(mut look: impl FnMut() -> Option<T>) -> Option<T> {
    for round in 0..=SPINS + YIELDS {
        if let Some(found) = look() {
            return Some(found);
        }
        if round < SPINS {
            (0..1 << round).for_each(|_| std::hint::spin_loop());
        } else if round < SPINS + YIELDS {
            thread::yield_now();
        }
    }
    None
}
