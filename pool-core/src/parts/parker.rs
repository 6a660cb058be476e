//! Where a thread waits that is not waiting for work: for a job's end, for room in the queue.

use std::sync::Arc;
use std::task::{Wake, Waker};
use std::time::Duration;

use crate::clock::wait_for;
use crate::sync::{Condvar, Mutex, lock, thread_locals};

/// One thread's own place to wait. Not the standard library's `thread::park`: what a job or a
/// library does with that token is its own affair and must not cost us a wake-up.
#[derive(Debug)]
pub(crate) struct Parker {
    state: Mutex<State>,
    changed: Condvar,
}

#[derive(Debug, Default)]
struct State {
    woken: bool,
    /// Whether the thread sleeps: to wake one that does not would be a call of the system for nothing.
    parked: bool,
}

thread_locals! {
    static OWN: std::cell::OnceCell<Arc<Parker>> = std::cell::OnceCell::new();
}

impl Parker {
    pub(crate) fn new() -> Arc<Self> {
        Arc::new(Self { state: Mutex::default(), changed: Condvar::new() })
    }

    /// The present thread's.
    pub(crate) fn own() -> Arc<Self> {
        // A thread whose locals are gone already takes a new one each time.
        OWN.try_with(|own| Arc::clone(own.get_or_init(Self::new))).unwrap_or_else(|_| Self::new())
    }

    /// Waits until it is woken, at most for this long. Being woken before counts; it may also return
    /// for no reason, so the caller looks for itself.
    pub(crate) fn park(&self, pause: Option<Duration>) {
        let mut state = lock(&self.state);
        if !state.woken {
            state.parked = true;
            state = wait_for(&self.changed, state, pause);
        }
        *state = State::default();
    }

    pub(crate) fn unpark(&self) {
        let mut state = lock(&self.state);
        state.woken = true;
        let parked = state.parked;
        drop(state);
        if parked {
            self.changed.notify_one();
        }
    }

    /// As what a future is given, so that there is one way to be told of a job's end.
    pub(crate) fn waker(self: &Arc<Self>) -> Waker {
        Waker::from(Arc::clone(self))
    }
}

impl Wake for Parker {
    fn wake(self: Arc<Self>) {
        self.unpark();
    }

    fn wake_by_ref(self: &Arc<Self>) {
        self.unpark();
    }
}
