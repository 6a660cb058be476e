//! The end wakers: futures that wait for a pool's end.

use std::mem;
use std::sync::Arc;

use crate::parts::latch::Latch;
use crate::sync::{Mutex, lock};

/// The latches of the futures that wait for the end of one pool.
#[derive(Default)]
pub(crate) struct EndWakers(Mutex<State>);

#[derive(Default)]
struct State {
    has_ended: bool,
    latches: Vec<Arc<Latch>>,
}

impl EndWakers {
    /// Returns a latch that is set when the pool has ended.
    pub(crate) fn add(&self) -> Arc<Latch> {
        let latch = Arc::new(Latch::default());
        let mut state = lock(&self.0);
        if state.has_ended {
            // Nobody waits yet.
            let _ = latch.set();
        } else {
            state.latches.push(Arc::clone(&latch));
        }
        latch
    }

    /// Removes the latch of a future that waits no more.
    pub(crate) fn remove(&self, latch: &Arc<Latch>) {
        lock(&self.0).latches.retain(|other| !Arc::ptr_eq(other, latch));
    }

    /// Sets them all, since the pool has ended.
    pub(crate) fn end(&self) {
        let mut state = lock(&self.0);
        state.has_ended = true;
        let latches = mem::take(&mut state.latches);
        drop(state);
        for latch in latches {
            if latch.set().is_waited {
                latch.wake();
            }
        }
    }

    /// Has the futures look again.
    pub(crate) fn wake(&self) {
        let latches = lock(&self.0).latches.clone();
        latches.iter().for_each(|latch| latch.wake());
    }
}

#[cfg(all(test, not(any(loom, shuttle))))]
mod tests {
    use super::*;
    use crate::parts::parker::Parker;

    #[test]
    fn the_end_wakes_those_that_still_wait() {
        let (ends, parker) = (EndWakers::default(), Parker::new());
        let (stays, leaves) = (ends.add(), ends.add());
        assert!(!stays.wake_when_set(&parker.waker()));
        ends.wake();
        parker.park(None);
        assert!(!stays.wake_when_set(&parker.waker()), "it was to look, and it is not the end");
        ends.remove(&leaves);
        ends.end();
        parker.park(None);
        assert!(stays.is_set() && !leaves.is_set());
        assert!(ends.add().is_set(), "it has ended");
    }
}
