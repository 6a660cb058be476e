//! A context for jobs: the request that they are for.

use std::cell::Cell;
use std::sync::atomic::{AtomicUsize, Ordering::SeqCst};

use drainpool::JobContext;

thread_local! {
    static REQUEST: Cell<u32> = const { Cell::new(0) };
}

/// The contexts that are there, captured and not entered.
pub(crate) static CAPTURED: AtomicUsize = AtomicUsize::new(0);

/// The request that a job is for. What it owns is told when it is dropped.
pub(crate) struct Request {
    number: u32,
    _captured: Option<Counted>,
}

struct Counted;

impl Drop for Counted {
    fn drop(&mut self) {
        CAPTURED.fetch_sub(1, SeqCst);
    }
}

/// Requests with these numbers panic.
pub(crate) const PANICS_AT_CAPTURE: u32 = 901;
pub(crate) const PANICS_AT_ENTRY: u32 = 902;
pub(crate) const PANICS_AT_EXIT: u32 = 903;
/// Of this one it is counted what is captured.
pub(crate) const COUNTED: u32 = 904;

impl JobContext for Request {
    fn capture() -> Self {
        let number = REQUEST.get();
        assert_ne!(number, PANICS_AT_CAPTURE, "on purpose");
        let counts = number == COUNTED;
        CAPTURED.fetch_add(usize::from(counts), SeqCst);
        Self { number, _captured: counts.then(|| Counted) }
    }

    fn enter(self) -> impl Sized {
        assert_ne!(self.number, PANICS_AT_ENTRY, "on purpose");
        Entered { former: REQUEST.replace(self.number) }
    }
}

struct Entered {
    former: u32,
}

impl Drop for Entered {
    fn drop(&mut self) {
        let number = REQUEST.replace(self.former);
        assert_ne!(number, PANICS_AT_EXIT, "on purpose");
    }
}

/// Calls this as for a request, and checks that the thread is as before.
pub(crate) fn requested<T>(number: u32, code: impl FnOnce() -> T) -> T {
    let former = REQUEST.replace(number);
    let result = code();
    assert_eq!(REQUEST.replace(former), number, "the submitter's own context is left alone");
    result
}

pub(crate) fn request() -> u32 {
    REQUEST.get()
}
