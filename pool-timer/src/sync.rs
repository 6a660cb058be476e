//! The one door to the primitives: the standard library's as shipped, shuttle's under `--cfg shuttle`.

#[cfg(shuttle)]
use shuttle as primitives;
#[cfg(not(shuttle))]
use std as primitives;

pub(crate) use primitives::sync::{Condvar, Mutex, MutexGuard};
pub(crate) use primitives::thread;

use std::sync::PoisonError;
use std::time::Duration;

/// Locks a mutex, poisoned or not: no foreign code runs under the locks of this crate.
pub(crate) fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

/// Waits on `condvar`, at most for this long. May return early.
pub(crate) fn wait_for<T>(condvar: &Condvar, guard: MutexGuard<'_, T>, pause: Option<Duration>) {
    match pause {
        Some(pause) => drop(condvar.wait_timeout(guard, pause)),
        None => drop(condvar.wait(guard)),
    }
}
