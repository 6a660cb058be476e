//! The waiters: threads that wait for something other than work.

use std::sync::{Arc, OnceLock};
use std::time::{Duration, Instant};

use crate::clock::Clock;
use crate::parts::parker::Parker;
use crate::sync::{Mutex, lock};

/// The threads that wait for something other than work, and the clock by which they do.
pub(crate) struct Waiters {
    pub(crate) clock: Box<dyn Clock>,
    /// The closure that the clock calls when its time jumps.
    alarm: OnceLock<Arc<dyn Fn() + Send + Sync>>,
    parked: Mutex<Vec<Arc<Parker>>>,
}

impl Waiters {
    pub(crate) fn new(clock: Box<dyn Clock>) -> Self {
        Self { clock, alarm: OnceLock::new(), parked: Mutex::default() }
    }

    /// Has the clock call this when its time jumps, as long as these waiters exist.
    pub(crate) fn set_alarm(&self, alarm: impl Fn() + Send + Sync + 'static) {
        let alarm: Arc<dyn Fn() + Send + Sync> = Arc::new(alarm);
        let weak = Arc::downgrade(&alarm);
        if self.alarm.set(alarm).is_ok() {
            self.clock.subscribe(weak);
        }
    }

    /// Returns the moment after this time; `None` if it cannot be expressed, so that it never comes.
    pub(crate) fn deadline(&self, timeout: Duration) -> Option<Instant> {
        self.clock.now().checked_add(timeout)
    }

    /// Lists a thread by its parker, until the guard is dropped. A thread that is listed before it looks
    /// sees the change that [`wake_all`](Self::wake_all) is about, or is woken.
    pub(crate) fn list<'a>(&'a self, parker: &'a Arc<Parker>) -> Listed<'a> {
        lock(&self.parked).push(Arc::clone(parker));
        Listed { waiters: self, parker }
    }

    /// Wakes all waiters, for a change that concerns them all: the clock has jumped, a job expires earlier
    /// than others, or the pool was given up.
    pub(crate) fn wake_all(&self) {
        lock(&self.parked).iter().for_each(|parker| parker.unpark());
    }
}

/// A thread in the list of waiters.
pub(crate) struct Listed<'a> {
    waiters: &'a Waiters,
    parker: &'a Arc<Parker>,
}

impl Drop for Listed<'_> {
    fn drop(&mut self) {
        let mut parked = lock(&self.waiters.parked);
        if let Some(at) = parked.iter().rposition(|other| Arc::ptr_eq(other, self.parker)) {
            parked.swap_remove(at);
        }
    }
}
