//! Guards against panics of foreign code.

use std::any::Any;
use std::borrow::Cow;
use std::fmt;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::{Mutex, PoisonError};
use std::task::Waker;

/// The payload of a panic, and its message if it has one.
///
/// # Examples
///
/// ```
/// let payload = std::panic::catch_unwind(|| panic!("out of {}", "tea")).unwrap_err();
/// let panic = drainpool::Panic::new(payload);
/// assert_eq!(panic.message(), Some("out of tea"));
/// ```
pub struct Panic(Box<Thrown>);

/// Boxed, so that an outcome is small where there is no panic.
struct Thrown {
    /// Copied out, so that it can be read through the lock below.
    message: Option<Cow<'static, str>>,
    /// A payload is `Send` only; the lock makes the error that holds it `Sync` as well.
    payload: Mutex<Box<dyn Any + Send>>,
}

impl Panic {
    /// Wraps the payload that [`catch_unwind`] or a thread's `join` returned.
    #[must_use]
    pub fn new(payload: Box<dyn Any + Send>) -> Self {
        let message = if let Some(text) = payload.downcast_ref::<&'static str>() {
            Some(Cow::Borrowed(*text))
        } else {
            payload.downcast_ref::<String>().map(|text| Cow::Owned(text.clone()))
        };
        Self(Box::new(Thrown { message, payload: Mutex::new(payload) }))
    }

    /// The text given to `panic!`; `None` for any other payload.
    #[must_use]
    pub fn message(&self) -> Option<&str> {
        self.0.message.as_deref()
    }

    /// The payload, as for [`std::panic::resume_unwind`].
    #[must_use]
    pub fn into_payload(self) -> Box<dyn Any + Send> {
        self.0.payload.into_inner().unwrap_or_else(PoisonError::into_inner)
    }
}

impl fmt::Debug for Panic {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Panic").field("message", &self.0.message).finish_non_exhaustive()
    }
}

impl fmt::Display for Panic {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.message().unwrap_or("a payload that is not text"))
    }
}

/// What a pool does after a job for its handler has panicked; see
/// [`ThreadPoolBuilder::panic_policy`](crate::ThreadPoolBuilder::panic_policy).
///
/// # Examples
///
/// ```
/// use drainpool::PanicPolicy;
///
/// assert_eq!(PanicPolicy::default(), PanicPolicy::Capture);
/// ```
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default)]
#[non_exhaustive]
pub enum PanicPolicy {
    /// The panic becomes the job's outcome, and the worker goes on with the same handler.
    #[default]
    Capture,
    /// The panic becomes the job's outcome. Then the worker leaves, with its handler, its clone of the sink
    /// and its stop hook, and another thread starts in its place, with a fresh handler.
    ReplaceWorker,
    /// The process aborts, after the panic hook has printed and the job has unwound.
    Abort,
}

/// Runs foreign code. Returns the payload of its panic, if it panicked.
///
/// Asserting unwind safety is sound here: what the code may have left half done is the user's own state.
/// Where that is handed in, the documentation says that it stays in use after a panic.
#[inline]
pub(crate) fn guarded<T>(code: impl FnOnce() -> T) -> Result<T, Box<dyn Any + Send>> {
    catch_unwind(AssertUnwindSafe(code))
}

/// Drops a foreign value whose drop may panic, with a payload whose drop may panic in turn. That second
/// payload is leaked, because there is no end to it otherwise (C8).
pub(crate) fn drop_quietly<T>(value: T) {
    if let Err(payload) = guarded(|| drop(value))
        && let Err(another) = guarded(|| drop(payload))
    {
        std::mem::forget(another);
    }
}

/// Wakes a foreign waker, which may panic.
pub(crate) fn wake_quietly(waker: Waker) {
    let _ = guarded(|| waker.wake()).map_err(drop_quietly);
}
