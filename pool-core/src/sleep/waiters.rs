//! Threads that wait for something else than work.

use std::sync::Arc;
use std::time::{Duration, Instant};

use crate::clock::Clock;
use crate::sleep::park::Parker;
use crate::sync::{Mutex, lock};

/// Threads that wait for something else than work, and the clock by which they do.
pub(crate) struct Waiters {
    pub(crate) clock: Box<dyn Clock>,
    parked: Mutex<Vec<Arc<Parker>>>,
}

impl Waiters {
    pub(crate) fn new(clock: Box<dyn Clock>) -> Self {
        Self { clock, parked: Mutex::default() }
    }

    /// The moment after this time; `None` if it can not be expressed, so that it never comes.
    pub(crate) fn deadline(&self, timeout: Duration) -> Option<Instant> {
        self.clock.now().checked_add(timeout)
    }

    /// Parks the present thread, whose parker this is, until something is over of which the parker
    /// is told, or until a deadline. Whether it was over in time.
    pub(crate) fn wait(
        &self,
        parker: &Arc<Parker>,
        deadline: Option<Instant>,
        mut is_over: impl FnMut() -> bool,
    ) -> bool {
        // In the list before it looks: what `wake_all` is about it sees now, or is woken.
        lock(&self.parked).push(Arc::clone(parker));
        let in_time = loop {
            if is_over() {
                break true;
            }
            if deadline.is_some_and(|deadline| self.clock.now() >= deadline) {
                break false;
            }
            parker.park(deadline, &*self.clock);
        };
        let mut parked = lock(&self.parked);
        if let Some(at) = parked.iter().rposition(|other| Arc::ptr_eq(other, parker)) {
            parked.swap_remove(at);
        }
        in_time
    }

    /// Something has changed that concerns everyone: the clock has jumped, or the pool was given up.
    pub(crate) fn wake_all(&self) {
        lock(&self.parked).iter().for_each(|parker| parker.unpark());
    }
}
