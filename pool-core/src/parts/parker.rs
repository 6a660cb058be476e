//! The parker: where a thread waits for something other than work, such as a job's end or room in the
//! queue.

use std::sync::Arc;
use std::task::{Wake, Waker};
use std::time::Duration;

use crate::clock::wait_for;
use crate::sync::{Condvar, Mutex, lock, thread_locals};

/// The place where one thread waits. Not the standard library's `thread::park`: jobs and libraries may use
/// up its token, and that must not cost a wake-up here.
#[derive(Debug)]
pub(crate) struct Parker {
    state: Mutex<State>,
    changed: Condvar,
}

#[derive(Debug, Default)]
struct State {
    woken: bool,
    /// Whether the thread sleeps: to wake one that does not would be a useless system call.
    parked: bool,
}

thread_locals! {
    static OWN: std::cell::OnceCell<Arc<Parker>> = std::cell::OnceCell::new();
}

impl Parker {
    pub(crate) fn new() -> Arc<Self> {
        Arc::new(Self { state: Mutex::default(), changed: Condvar::new() })
    }

    /// Returns the present thread's parker.
    pub(crate) fn own() -> Arc<Self> {
        // A thread whose locals are gone takes a new one each time.
        OWN.try_with(|own| Arc::clone(own.get_or_init(Self::new))).unwrap_or_else(|_| Self::new())
    }

    /// Waits until it is unparked, at most for this long. An earlier unpark counts. It may return without
    /// reason, so the caller checks what it waits for.
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

    /// Returns a waker that unparks it, so that latches know wakers only.
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
