//! The pool: the owner of its workers. Its drop is a shutdown.

use std::fmt;
use std::ops::Deref;

use crate::api::handle::Handle;
use crate::queue::WorkQueue;
use crate::report::ShutdownReport;
use crate::runtime::job::Job;
use crate::task::Task;

/// A pool of threads that run jobs of type `J` with a handler that returns `R`, over the queue `Q`.
///
/// Made by [`ThreadPoolBuilder`](crate::ThreadPoolBuilder). It dereferences to its [`Handle`], which
/// documents submitting, waiting, pausing and closing. Clones of the handle go wherever jobs come from; the
/// pool itself stays with its owner, who ends it.
///
/// Dropping a pool shuts it down: the accepted jobs run, the threads end, then the drop returns. See
/// [`shutdown`](Self::shutdown) for a job that drops its own pool. With a bounded sink, the receiver must
/// go on receiving meanwhile, or be dropped first: in a struct that holds both, it is the field above.
pub struct Pool<J: Send + 'static, R: 'static, Q: WorkQueue<Job<J>>> {
    handle: Handle<J, R, Q>,
}

/// A pool whose jobs are closures that return `R`.
pub type ThreadPool<R, Q> = Pool<Task<R>, R, Q>;

impl<J: Send + 'static, R: 'static, Q: WorkQueue<Job<J>>> Pool<J, R, Q> {
    pub(crate) fn owner_of(handle: Handle<J, R, Q>) -> Self {
        Self { handle }
    }

    /// Returns a handle to this pool, for other threads and for jobs that submit jobs.
    #[must_use]
    pub fn handle(&self) -> Handle<J, R, Q> {
        self.handle.clone()
    }

    /// Closes the pool, waits until every accepted job has its outcome (C5) and every thread has ended
    /// (C10), and returns the counts of its jobs. A paused pool is resumed. A second call, also at the same
    /// time, waits as well and returns the same.
    ///
    /// Called by one of the pool's own jobs, it cannot wait for that job's end: it closes the pool and
    /// returns at once, with [`unfinished`](ShutdownReport::unfinished) jobs. They run, and the threads end
    /// by themselves. It also returns at once in a forked child, which has no threads. The same holds for a
    /// drop in either.
    ///
    /// # Examples
    ///
    /// ```
    /// use drainpool::ThreadPoolBuilder;
    ///
    /// let pool = ThreadPoolBuilder::new().num_threads(2).build()?;
    /// pool.execute(|| ())?;
    /// let report = pool.shutdown();
    /// assert_eq!((report.accepted, report.done, report.unfinished), (1, 1, 0));
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    pub fn shutdown(&self) -> ShutdownReport {
        self.handle.shutdown()
    }
}

impl<J: Send + 'static, R: 'static, Q: WorkQueue<Job<J>>> Deref for Pool<J, R, Q> {
    type Target = Handle<J, R, Q>;

    fn deref(&self) -> &Handle<J, R, Q> {
        &self.handle
    }
}

impl<J: Send + 'static, R: 'static, Q: WorkQueue<Job<J>>> Drop for Pool<J, R, Q> {
    fn drop(&mut self) {
        self.handle.shutdown();
    }
}

impl<J: Send + 'static, R: 'static, Q: WorkQueue<Job<J>>> fmt::Debug for Pool<J, R, Q> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("Pool").field(&self.handle).finish()
    }
}
