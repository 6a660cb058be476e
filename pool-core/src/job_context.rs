//! The context of a job: what it takes along from where it is submitted, such as the request that it is for.

use std::panic::resume_unwind;

use crate::panics::{drop_quietly, guarded, resume_with_input, return_after_drop};

/// What a job takes along from where it is submitted: it is captured there, and entered around the job, on
/// whatever thread that runs. Made known to a pool by
/// [`ThreadPoolBuilder::context`](crate::ThreadPoolBuilder::context).
///
/// It goes along with every job: closures and values, for the sink or with a handle, in batches, held back or
/// delayed, the children of a [`scope`](crate::Handle::scope) and the second half of a
/// [`join`](crate::Handle::join). A thread that runs a job while it waits for it enters the job's context, and is back in
/// its own when the job has ended. Nested jobs have what their parent has at their submit.
///
/// It is captured before the job is accepted and before it has a place in a bounded queue: by a submit, by
/// [`admit`](crate::Handle::admit) for a job that is held back, by the setting call of a timer, and by the first
/// poll of an [async submit](crate::SubmitFuture). So a capture may itself submit to its pool, and wait for it.
/// Only with a [`Place`](crate::Place) the place comes first. A periodic job of a timer has no context.
///
/// A context is dropped, if it was not entered, with the job that is cancelled, refused or taken back. A closure
/// that comes back as a [`Task`](crate::Task) keeps its context: submitted again to a pool with the same one, it
/// runs in that of its first submit.
///
/// # Panics
///
/// A panic of [`capture`](Self::capture) goes to the submitter, before the job is accepted. One of
/// [`enter`](Self::enter) or of a guard's drop is the job's (C8); with one of `enter`, a job for a handler is in the
/// outcome, where [`take_input`](crate::Panic::take_input) finds it. A panic of the drop of a context that was not
/// entered goes no further.
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

    /// The number of contexts that it stands for: 0 only for [`NoContext`].
    #[doc(hidden)]
    const COUNT: usize = 1;

    /// Whether there is no context at all.
    #[doc(hidden)]
    const IS_NONE: bool = Self::COUNT == 0;
}

/// No context: what the jobs of a pool have for which none was set.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct NoContext;

impl JobContext for NoContext {
    fn capture() -> Self {
        Self
    }

    fn enter(self) -> impl Sized {}

    const COUNT: usize = 0;
}

/// A context for a job that may bring its own: then it is `None`.
pub(crate) struct UnlessBound<C>(pub(crate) Option<C>);

impl<C: JobContext> JobContext for UnlessBound<C> {
    fn capture() -> Self {
        Self(Some(C::capture()))
    }

    fn enter(self) -> impl Sized {
        self.0.map(C::enter)
    }

    const COUNT: usize = C::COUNT;
}

/// A closure, or a job, and the context in which it is to run.
pub(crate) struct Bound<C, F> {
    pub(crate) context: C,
    pub(crate) inner: F,
}

impl<C: JobContext, F> Bound<C, F> {
    /// Binds a job to the context that `capture` returns. If that panics, the job is dropped.
    #[inline]
    pub(crate) fn new(capture: impl FnOnce() -> C, inner: F) -> Self {
        if C::IS_NONE {
            return Self { context: capture(), inner };
        }
        match guarded(capture) {
            Ok(context) => Self { context, inner },
            Err(payload) => {
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

    /// Has a handler run the job in its context. The panic of a context that is not entered keeps the job.
    #[inline]
    pub(crate) fn run_by<T>(self, handler: impl FnOnce(F) -> T) -> T
    where
        F: Send + 'static,
    {
        if C::IS_NONE {
            return handler(self.inner);
        }
        let Self { context, inner } = self;
        let mut untouched = Some(inner);
        let run = || match untouched.take() {
            Some(job) => handler(job),
            None => unreachable!("a context runs its job once"),
        };
        match guarded(|| context.run(run)) {
            Ok(result) => result,
            Err(payload) => match untouched {
                Some(job) => resume_with_input(payload, job),
                None => resume_unwind(payload),
            },
        }
    }
}

/// What has a job in its context: in place, or in a box, if the two are large.
pub(crate) trait Stored: Send {
    type Bound;

    fn take(self) -> Self::Bound;
}

impl<C: JobContext, F: Send> Stored for Bound<C, F> {
    type Bound = Self;

    #[inline]
    fn take(self) -> Self {
        self
    }
}

impl<C: JobContext, F: Send> Stored for Box<Bound<C, F>> {
    type Bound = Bound<C, F>;

    fn take(self) -> Bound<C, F> {
        *self
    }
}
