//! The word to stop, for the threads of a worker.

use std::fmt;
use std::sync::{Condvar, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

/// Locks a mutex. What is in these is whole at any moment, so a panic of another thread does not matter.
pub(crate) fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

/// What is called at the word to stop.
type Hook = Box<dyn Fn() + Send>;

/// Whether the threads of a worker are to stop.
#[derive(Default)]
pub(crate) struct Stop {
    /// Since when.
    is_set: Mutex<Option<Instant>>,
    changed: Condvar,
    hook: Mutex<Option<Hook>>,
}

impl Stop {
    pub(crate) fn set(&self) {
        lock(&self.is_set).get_or_insert_with(Instant::now);
        self.changed.notify_all();
        if let Some(hook) = &*lock(&self.hook) {
            hook();
        }
    }

    pub(crate) fn is_set(&self) -> bool {
        self.since().is_some()
    }

    /// Since when it is set.
    pub(crate) fn since(&self) -> Option<Instant> {
        *lock(&self.is_set)
    }

    /// Has this called when it is set, or now if it is.
    pub(crate) fn call_when_set(&self, hook: Hook) {
        let mut slot = lock(&self.hook);
        if self.is_set() {
            hook();
        }
        *slot = Some(hook);
    }

    /// Drops what was to be called.
    pub(crate) fn forget_hook(&self) {
        *lock(&self.hook) = None;
    }

    /// Waits for this time, or until it is set. Returns whether it is.
    pub(crate) fn wait(&self, time: Duration) -> bool {
        let waited =
            self.changed.wait_timeout_while(lock(&self.is_set), time, |is_set| is_set.is_none());
        waited.unwrap_or_else(PoisonError::into_inner).0.is_some()
    }

    /// Waits for this time, or until it is set, or this holds, for which it is looked at after each
    /// [`nudge`](Self::nudge).
    pub(crate) fn wait_or(&self, time: Duration, holds: impl Fn() -> bool) {
        let is_set = lock(&self.is_set);
        drop(self.changed.wait_timeout_while(is_set, time, |is_set| is_set.is_none() && !holds()));
    }

    /// Has those that wait look again.
    pub(crate) fn nudge(&self) {
        // Under the lock: between a look and the wait nothing changes unseen.
        let _is_set = lock(&self.is_set);
        self.changed.notify_all();
    }
}

impl fmt::Debug for Stop {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Stop").field("is_set", &self.is_set()).finish_non_exhaustive()
    }
}
