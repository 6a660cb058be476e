//! Spinning, then yielding: what a thread does for a bounded while before it sleeps.

use crate::sync::thread;

/// A model has no use for looks that only pass the time.
const MODELLED: bool = cfg!(any(loom, shuttle));
/// Who waits looks this often while only pausing the processor in between…
const SPINS: u32 = if MODELLED { 0 } else { 6 };
/// …and then this often while letting other threads run.
const YIELDS: u32 = if MODELLED { 0 } else { 10 };

/// Looks again and again, for a bounded while: what one does before one sleeps, which costs both
/// the sleeper and the one who wakes it a call of the system.
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
