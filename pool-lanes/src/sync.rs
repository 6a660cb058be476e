//! The one door to the primitives: the standard library's as shipped, shuttle's under `--cfg shuttle`.

#[cfg(shuttle)]
use shuttle as primitives;
#[cfg(not(shuttle))]
use std as primitives;

pub(crate) use primitives::sync::atomic::AtomicU64;
pub(crate) use primitives::sync::{Condvar, Mutex, MutexGuard};
pub(crate) use primitives::thread;
pub(crate) use std::sync::atomic::Ordering::Relaxed;

use std::sync::PoisonError;

/// Locks a mutex, poisoned or not: no foreign code runs under the locks of this crate.
pub(crate) fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

/// Waits on `condvar`. May return early.
pub(crate) fn wait_changed<'a, T>(
    condvar: &Condvar,
    guard: MutexGuard<'a, T>,
) -> MutexGuard<'a, T> {
    condvar.wait(guard).unwrap_or_else(PoisonError::into_inner)
}
