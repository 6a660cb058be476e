//! The end of a thread: whether it has ended, its destructors included, without waiting for it.

#[cfg(not(any(loom, shuttle)))]
use std::cell::Cell;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

#[cfg(not(any(loom, shuttle)))]
thread_local! {
    /// The first thread-local with a destructor on a worker's thread, and so the last to be destroyed: the
    /// order is the reverse. Where a platform has another order, a thread may count as ended while
    /// destructors of its user still run.
    static LAST: Cell<Option<Mark>> = const { Cell::new(None) };
}

/// Whether one thread has ended.
#[derive(Debug, Clone, Default)]
pub(crate) struct ThreadEnd(Arc<AtomicBool>);

/// Marks its thread as ended when it is dropped.
#[cfg(not(any(loom, shuttle)))]
struct Mark(ThreadEnd);

impl ThreadEnd {
    /// Makes the end of the present thread known. To be called before anything else on the thread.
    #[cfg(not(any(loom, shuttle)))]
    pub(crate) fn of_this_thread(self) {
        LAST.set(Some(Mark(self)));
    }

    /// Does nothing in a model, which has no thread-locals that are destroyed in a known order, and few
    /// threads.
    #[cfg(any(loom, shuttle))]
    pub(crate) fn of_this_thread(self) {}

    /// Whether the thread has certainly ended.
    pub(crate) fn is_certain(&self) -> bool {
        self.0.load(Ordering::Acquire)
    }
}

#[cfg(not(any(loom, shuttle)))]
impl Drop for Mark {
    fn drop(&mut self) {
        self.0.0.store(true, Ordering::Release);
    }
}
