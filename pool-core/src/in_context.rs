//! The queue of a pool whose jobs take a context along.

use std::fmt;
use std::marker::PhantomData;
use std::mem::needs_drop;

use crate::job_context::JobContext;
use crate::panics::drop_quietly;
use crate::queue::{MakeQueue, PushError, WorkQueue};

/// A queue, or a backend, whose jobs take the context `C` along, within those of `Q`, if it has any; see
/// [`ThreadPoolBuilder::context`](crate::ThreadPoolBuilder::context).
///
/// # Examples
///
/// The type of such a pool, for a struct that keeps it:
///
/// ```
/// use drainpool::{DefaultQueue, InContext, Job, JobContext, Pool, Task, ThreadPoolBuilder};
///
/// # struct Request;
/// # impl JobContext for Request {
/// #     fn capture() -> Self { Self }
/// #     fn enter(self) -> impl Sized {}
/// # }
/// struct Server {
///     pool: Pool<Task, (), InContext<DefaultQueue<Job<Task>>, Request>>,
/// }
///
/// let server = Server { pool: ThreadPoolBuilder::new().context::<Request>().build()? };
/// server.pool.execute(|| println!("in its context"))?;
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
pub struct InContext<Q, C> {
    inner: Q,
    context: PhantomData<fn() -> C>,
}

impl<Q, C> InContext<Q, C> {
    pub(crate) const fn new(inner: Q) -> Self {
        Self { inner, context: PhantomData }
    }
}

impl<J, B: MakeQueue<J>, C: JobContext> MakeQueue<J> for InContext<B, C> {
    type Queue = InContext<B::Queue, C>;

    fn make_queue(self) -> Self::Queue {
        InContext::new(self.inner.make_queue())
    }
}

impl<J, Q: WorkQueue<J>, C: JobContext> WorkQueue<J> for InContext<Q, C> {
    type Local = Q::Local;

    fn attach(&mut self, max_threads: usize) {
        self.inner.attach(max_threads);
    }

    fn stripes(&self) -> usize {
        self.inner.stripes()
    }

    fn local(&self, worker: usize) -> Self::Local {
        self.inner.local(worker)
    }

    #[inline]
    fn push(&self, job: J) -> Result<(), PushError<J>> {
        self.inner.push(job)
    }

    fn push_batch(&self, jobs: &mut impl Iterator<Item = J>) -> Result<(), PushError<J>> {
        self.inner.push_batch(jobs)
    }

    fn len(&self) -> usize {
        self.inner.len()
    }

    fn is_empty(&self) -> bool {
        self.inner.is_empty()
    }

    fn retain(&self, keep: impl FnMut(&mut J) -> bool) {
        self.inner.retain(keep);
    }

    fn capture_context(&self) -> impl JobContext + use<J, Q, C> {
        // The other contexts were set before.
        Within { outer: self.inner.capture_context(), inner: Quiet::<C>::capture() }
    }
}

/// A context that is dropped quietly if it is not entered. Otherwise the process would abort if what its job owns
/// panicked as well, and a job that is refused would be lost.
struct Quiet<C: JobContext>(Option<C>);

impl<C: JobContext> JobContext for Quiet<C> {
    fn capture() -> Self {
        Self(Some(C::capture()))
    }

    fn enter(mut self) -> impl Sized {
        self.0.take().map(C::enter)
    }

    #[inline]
    fn run<T>(mut self, job: impl FnOnce() -> T) -> T {
        match self.0.take() {
            Some(context) => context.run(job),
            None => unreachable!("it is there until it is entered"),
        }
    }

    const COUNT: usize = C::COUNT;
}

impl<C: JobContext> Drop for Quiet<C> {
    fn drop(&mut self) {
        if needs_drop::<C>() {
            drop_quietly(self.0.take());
        }
    }
}

/// Two contexts, one entered within the other.
struct Within<A, B> {
    outer: A,
    inner: B,
}

impl<A: JobContext, B: JobContext> JobContext for Within<A, B> {
    fn capture() -> Self {
        Self { outer: A::capture(), inner: B::capture() }
    }

    fn enter(self) -> impl Sized {
        let outer = self.outer.enter();
        // Dropped in this order.
        (self.inner.enter(), outer)
    }

    #[inline]
    fn run<T>(self, job: impl FnOnce() -> T) -> T {
        self.outer.run(|| self.inner.run(job))
    }

    const COUNT: usize = A::COUNT + B::COUNT;
}

impl<Q: fmt::Debug, C> fmt::Debug for InContext<Q, C> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("InContext").field(&self.inner).finish()
    }
}
