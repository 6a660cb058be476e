//! The queue of a pool whose jobs take a context along.

use std::fmt;
use std::marker::PhantomData;

use crate::job_context::JobContext;
use crate::queue::{MakeQueue, PushError, WorkQueue};

/// A queue, or a backend, whose jobs take the context `C` along; see
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
        C::capture()
    }
}

impl<Q: fmt::Debug, C> fmt::Debug for InContext<Q, C> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("InContext").field(&self.inner).finish()
    }
}
