//! Guards against panics of foreign code.

use std::any::Any;
use std::borrow::Cow;
use std::fmt;
use std::mem;
use std::panic::{AssertUnwindSafe, catch_unwind, resume_unwind};
use std::sync::{Mutex, PoisonError};
use std::task::Waker;

/// The payload of a panic, its message if it has one, and the [input](keep_input) of the job if that was kept.
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
    /// A payload is `Send` only, and so is an input; the lock makes the error that holds them `Sync` as well.
    foreign: Mutex<Foreign>,
}

/// What unwinds from a handler that keeps its input, and what remains of any panic.
struct Foreign {
    payload: Box<dyn Any + Send>,
    input: Option<Box<dyn Any + Send>>,
}

impl Drop for Foreign {
    fn drop(&mut self) {
        // If the drops of both panicked, the process would abort.
        drop_quietly(self.input.take());
    }
}

impl Panic {
    /// Wraps the payload that [`catch_unwind`] or a thread's `join` returned.
    #[must_use]
    pub fn new(payload: Box<dyn Any + Send>) -> Self {
        let mut foreign = Foreign { payload, input: None };
        // One of a handler that calls another one has more than one layer; the outermost input is the job's.
        while let Some(inner) = foreign.payload.downcast_mut::<Foreign>() {
            let payload = mem::replace(&mut inner.payload, Box::new(()));
            let input = inner.input.take();
            foreign.payload = payload;
            if foreign.input.is_none() {
                foreign.input = input;
            } else {
                drop_quietly(input);
            }
        }
        let message = if let Some(text) = foreign.payload.downcast_ref::<&'static str>() {
            Some(Cow::Borrowed(*text))
        } else {
            foreign.payload.downcast_ref::<String>().map(|text| Cow::Owned(text.clone()))
        };
        Self(Box::new(Thrown { message, foreign: Mutex::new(foreign) }))
    }

    /// The text given to `panic!`; `None` for any other payload.
    #[must_use]
    pub fn message(&self) -> Option<&str> {
        self.0.message.as_deref()
    }

    /// The payload, as for [`std::panic::resume_unwind`].
    #[must_use]
    pub fn into_payload(mut self) -> Box<dyn Any + Send> {
        mem::replace(&mut self.foreign().payload, Box::new(()))
    }

    /// Takes out the input of the job that panicked: what was submitted, as its handler left it. `None` if it was
    /// not [kept](keep_input), is no `J`, or was taken out before.
    ///
    /// It is there as well, as it was submitted, if the job's [context](crate::JobContext) has panicked at its entry.
    pub fn take_input<J: 'static>(&mut self) -> Option<J> {
        let input = &mut self.foreign().input;
        if !input.as_ref()?.is::<J>() {
            return None;
        }
        input.take()?.downcast().ok().map(|input| *input)
    }

    fn foreign(&mut self) -> &mut Foreign {
        self.0.foreign.get_mut().unwrap_or_else(PoisonError::into_inner)
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

/// Makes a handler that keeps the input of a job that panics: the job can be tried again, or put aside.
///
/// The input is in the job's outcome, which holds the [`Panic`]; [`take_input`](Panic::take_input) takes it out.
/// It is as the handler left it, which works on a reference. A job that does not panic costs a net for panics more,
/// and no allocation.
///
/// # Examples
///
/// ```
/// use drainpool::{Collect, JobError, ThreadPoolBuilder, keep_input};
///
/// let outcomes = Collect::new();
/// let pool = ThreadPoolBuilder::new().sink(outcomes.clone()).build_with(|_worker| {
///     keep_input(|line: &mut String| line.parse::<u32>().expect("a number"))
/// })?;
/// pool.submit_batch(["1", "two", "3"].map(str::to_owned))?;
/// pool.shutdown();
/// let failed: Vec<String> = outcomes
///     .take()
///     .into_iter()
///     .filter_map(|done| match done.outcome {
///         Err(JobError::Panicked(mut panic)) => panic.take_input(),
///         _ => None,
///     })
///     .collect();
/// assert_eq!(failed, ["two"]);
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
pub fn keep_input<J, R>(mut handler: impl FnMut(&mut J) -> R) -> impl FnMut(J) -> R
where
    J: Send + 'static,
{
    move |mut input| match guarded(|| handler(&mut input)) {
        Ok(result) => return_after_drop(input, result),
        Err(payload) => resume_with_input(payload, input),
    }
}

/// Goes on with a panic, which keeps the input of its job.
pub(crate) fn resume_with_input(payload: Box<dyn Any + Send>, input: impl Send + 'static) -> ! {
    // Not `panic!`, whose hook has printed already.
    resume_unwind(Box::new(Foreign { payload, input: Some(Box::new(input)) }))
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

/// Drops a foreign value and returns a result. A panic of the drop is resumed, after the result was dropped: if
/// both panicked at once, the process would abort.
pub(crate) fn return_after_drop<V, T>(value: V, result: T) -> T {
    if let Err(payload) = guarded(|| drop(value)) {
        drop_quietly(result);
        resume_unwind(payload);
    }
    result
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
