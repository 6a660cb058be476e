//! The context of a job: what it takes along from where it is submitted, such as the request that it is for.

use std::panic::resume_unwind;

use crate::panics::{drop_quietly, guarded, return_after_drop};

/// What a job takes along from where it is submitted: it is captured there, and entered around the job, on
/// whatever thread that runs. Made known to a pool by
/// [`ThreadPoolBuilder::context`](crate::ThreadPoolBuilder::context).
///
/// It goes along with every job: closures and values, for the sink or with a handle, in batches, held back or
/// delayed, the children of a [`scope`](crate::Handle::scope) and the second half of a
/// [`join`](crate::Handle::join). A thread that runs a job while it waits for it enters the job's context, and is back in
/// its own when the job has ended. Nested jobs have what their parent has at their submit.
///
/// A context is dropped, if it was not entered, with the job that is cancelled, refused or taken back.
///
/// # Panics
///
/// A panic of [`capture`](Self::capture) goes to the submitter, before the job is accepted. One of
/// [`enter`](Self::enter) or of a guard's drop is the job's (C8). The drop of a context that was not entered must
/// not panic: if what the job owns did so as well, the process would abort.
///
/// # Examples
///
/// A number that says which request a job is for:
///
/// ```
/// use std::cell::Cell;
/// use drainpool::{JobContext, ThreadPoolBuilder};
///
/// thread_local! {
///     static REQUEST: Cell<u32> = const { Cell::new(0) };
/// }
///
/// struct Request(u32);
///
/// impl JobContext for Request {
///     fn capture() -> Self {
///         Self(REQUEST.get())
///     }
///
///     fn enter(self) -> impl Sized {
///         // The guard is dropped when the job has ended.
///         Former(REQUEST.replace(self.0))
///     }
/// }
///
/// struct Former(u32);
///
/// impl Drop for Former {
///     fn drop(&mut self) {
///         REQUEST.set(self.0);
///     }
/// }
///
/// let pool = ThreadPoolBuilder::new().context::<Request>().build()?;
/// REQUEST.set(17);
/// let job = pool.spawn(|| REQUEST.get())?;
/// REQUEST.set(18);
/// assert_eq!(job.join()?, 17);
/// let (here, there) = pool.join(|| REQUEST.get(), || REQUEST.get());
/// assert_eq!((here, there), (18, 18));
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
pub trait JobContext: Send + Sized + 'static {
    /// Captures the context of the present thread, for a job that it is about to submit.
    fn capture() -> Self;

    /// Enters the context on the thread that runs the job, until what this returns is dropped, on the same
    /// thread, after the job.
    fn enter(self) -> impl Sized;

    /// Calls a closure in the context, and returns what it returns. The pool runs jobs by this.
    ///
    /// # Panics
    ///
    /// A panic of the closure, of [`enter`](Self::enter) or of the guard's drop goes to the caller; of two, the
    /// first.
    #[inline]
    fn run<T>(self, job: impl FnOnce() -> T) -> T {
        if Self::IS_NONE {
            return job();
        }
        let guard = match guarded(|| self.enter()) {
            Ok(guard) => guard,
            Err(payload) => {
                // If its drop panicked as well, the process would abort.
                drop_quietly(job);
                resume_unwind(payload)
            }
        };
        match guarded(job) {
            Ok(result) => return_after_drop(guard, result),
            Err(payload) => {
                // If it panicked as well, the process would abort.
                drop_quietly(guard);
                resume_unwind(payload)
            }
        }
    }

    /// Whether there is no context at all: only [`NoContext`] says so.
    #[doc(hidden)]
    const IS_NONE: bool = false;
}

/// No context: what the jobs of a pool have for which none was set.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct NoContext;

impl JobContext for NoContext {
    fn capture() -> Self {
        Self
    }

    fn enter(self) -> impl Sized {}

    const IS_NONE: bool = true;
}

/// A closure, or a job, and the context in which it is to run.
pub(crate) struct Bound<C, F> {
    pub(crate) context: C,
    pub(crate) inner: F,
}

impl<C: JobContext, F> Bound<C, F> {
    /// Binds a job to the context that `capture` returns. If that panics, `undo` is called, and the job dropped.
    #[inline]
    pub(crate) fn new(capture: impl FnOnce() -> C, inner: F, undo: impl FnOnce()) -> Self {
        if C::IS_NONE {
            return Self { context: capture(), inner };
        }
        match guarded(capture) {
            Ok(context) => Self { context, inner },
            Err(payload) => {
                undo();
                // If its drop panicked as well, the process would abort.
                drop_quietly(inner);
                resume_unwind(payload)
            }
        }
    }

    /// Calls the closure in its context.
    #[inline]
    pub(crate) fn run<T>(self) -> T
    where
        F: FnOnce() -> T,
    {
        self.context.run(self.inner)
    }
}
