//! The pool: the owner of its workers, who ends it. Its drop is a shutdown.

use std::fmt;
use std::ops::Deref;
use std::time::{Duration, Instant};

use crate::api::handle::Handle;
use crate::api::shutdown_future::ShutdownFuture;
use crate::id::JobId;
use crate::panics::drop_quietly;
use crate::parts::context;
use crate::queue::WorkQueue;
use crate::report::ShutdownReport;
use crate::runtime::config::OnDrop;
use crate::runtime::job::Job;
use crate::task::Task;

/// A pool of threads that run jobs of type `J` with a handler that returns `R`, over the queue `Q`.
///
/// Made by [`ThreadPoolBuilder`](crate::ThreadPoolBuilder). It dereferences to its [`Handle`], which
/// documents submitting, waiting, pausing and closing. Clones of the handle go wherever jobs come from; the
/// pool itself stays with its owner, who ends it.
///
/// Dropping a pool shuts it down: the accepted jobs run, the threads end, then the drop returns. The builder
/// can choose [otherwise](OnDrop). See [`shutdown`](Self::shutdown) for a job that drops its own pool. With a
/// bounded sink, the receiver must go on receiving meanwhile, or be dropped first: in a struct that holds
/// both, it is the field above.
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
        self.shut_down_until(None)
    }

    /// Shuts the pool down like [`shutdown`](Self::shutdown), but waits no longer than this. A timeout too
    /// long to be expressed as a moment, such as [`Duration::MAX`], means for ever; zero means to look once.
    ///
    /// If the time is over first, the report is not [complete](ShutdownReport::is_complete): it says how
    /// many jobs are [unfinished](ShutdownReport::unfinished), and how many of these
    /// [run](ShutdownReport::running). The pool goes on draining. A later call waits for the rest and joins
    /// the threads, as the drop does; [`shutdown_now`](Self::shutdown_now) takes back what has not started.
    ///
    /// The time is that of the pool's [`Clock`](crate::Clock). When the last worker has left in time, the
    /// end of its thread is waited for beyond it: the destructors of its thread-locals.
    ///
    /// # Examples
    ///
    /// A grace period, then the rest is given up:
    ///
    /// ```
    /// use std::time::Duration;
    /// use drainpool::ThreadPoolBuilder;
    ///
    /// let pool = ThreadPoolBuilder::new().num_threads(1).build()?;
    /// let (go, wait) = std::sync::mpsc::channel::<()>();
    /// pool.execute(move || drop(wait.recv()))?;
    /// pool.execute(|| println!("never printed"))?;
    ///
    /// let report = pool.shutdown_timeout(Duration::from_millis(10));
    /// assert!(!report.is_complete());
    /// assert_eq!(report.unfinished, 2);
    /// let undone = pool.shutdown_now();
    /// assert_eq!(undone.len(), 1);
    ///
    /// drop(go);
    /// let report = pool.shutdown();
    /// assert!(report.is_complete());
    /// assert_eq!((report.done, report.returned), (1, 1));
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    pub fn shutdown_timeout(&self, timeout: Duration) -> ShutdownReport {
        self.shut_down_until(self.handle.inner.state.waiters.deadline(timeout))
    }

    fn shut_down_until(&self, deadline: Option<Instant>) -> ShutdownReport {
        let inner = &self.handle.inner;
        inner.drain();
        let may_wait = !context::is_inside(inner.id()) && !inner.state.is_forked();
        if may_wait && inner.wait_gone(deadline) {
            inner.state.look_at_end();
        }
        inner.state.report()
    }

    /// Closes the pool, takes back every job that has not started, and returns at once: it does not wait for
    /// the jobs that run. A [`shutdown`](Self::shutdown) or the drop after it does.
    ///
    /// What becomes of each kind of job is told at [`take_queued`](crate::Handle::take_queued): those that were
    /// submitted, executed or called come back in the list, those with a handle end as
    /// [`JobError::Returned`](crate::JobError::Returned). Submitters that wait for room are refused. A pause ends.
    ///
    /// What jobs that still run submit afterwards is accepted (C4), but not run: a worker ends it as
    /// `Returned`, which goes to its handle or to the sink. The same happens to a job that a submitter was
    /// just putting in or a worker was just moving, and to all jobs over a queue of a third party that does
    /// not implement [`retain`](WorkQueue::retain). A worker that was just starting a job runs it. The
    /// children of a scope and the halves of a join run, being parts of what called them.
    ///
    /// Every job is still counted once: `accepted` is the sum of the outcomes,
    /// [`returned`](ShutdownReport::returned) included (C3, C5).
    ///
    /// So the returned list need not be complete. A program that must write down every job which was not done
    /// keeps a list of its own, and strikes out what has an outcome. Jobs that were [held
    /// back](crate::HeldJob), such as those of lanes, are not returned, but end as `Returned`.
    ///
    /// A job of the pool may call it, as may any thread. In a forked child it returns nothing, as the jobs
    /// are the parent's. The sink's `skip` and the drops of closures with a handle run on the calling
    /// thread; an [`InOrder`](crate::InOrder) sink over a bounded channel may make it wait for the receiver,
    /// which must not be the same thread then.
    ///
    /// # Examples
    ///
    /// Jobs that are data can be written down for the next time:
    ///
    /// ```
    /// use drainpool::ThreadPoolBuilder;
    ///
    /// let pool = ThreadPoolBuilder::new()
    ///     .paused()
    ///     .build_with(|_worker| |address: &'static str| println!("fetching {address}"))?;
    /// pool.submit("/index")?;
    /// pool.submit("/about")?;
    ///
    /// let undone: Vec<_> = pool.shutdown_now().into_iter().map(|(_id, job)| job).collect();
    /// assert_eq!(undone, ["/index", "/about"]);
    /// let report = pool.shutdown();
    /// assert_eq!((report.done, report.returned), (0, 2));
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    pub fn shutdown_now(&self) -> Vec<(JobId, J)> {
        self.handle.inner.take_back_for_good()
    }

    /// Closes the pool like [`shutdown`](Self::shutdown), and returns a future that is ready when every
    /// accepted job has its outcome and the last worker has left. It needs no particular executor.
    ///
    /// The closing happens in this call, not at the first poll; a future that is dropped undoes nothing.
    /// After [`shutdown_now`](Self::shutdown_now) it waits for the jobs that run. The drop of the pool, once
    /// the future is ready, only waits until the threads that have left have ended.
    ///
    /// Polled inside of the pool or in a forked child, it is ready at once, as `shutdown` returns at once
    /// there.
    ///
    /// # Examples
    ///
    /// ```
    /// use drainpool::ThreadPoolBuilder;
    /// # use std::future::Future;
    /// # use std::pin::pin;
    /// # use std::sync::Arc;
    /// # use std::task::{Context, Poll, Wake};
    /// # struct Unpark(std::thread::Thread);
    /// # impl Wake for Unpark {
    /// #     fn wake(self: Arc<Self>) {
    /// #         self.0.unpark();
    /// #     }
    /// # }
    /// # fn block_on<T>(future: impl Future<Output = T>) -> T {
    /// #     let waker = Arc::new(Unpark(std::thread::current())).into();
    /// #     let mut future = pin!(future);
    /// #     loop {
    /// #         match future.as_mut().poll(&mut Context::from_waker(&waker)) {
    /// #             Poll::Ready(ready) => return ready,
    /// #             Poll::Pending => std::thread::park(),
    /// #         }
    /// #     }
    /// # }
    ///
    /// let pool = ThreadPoolBuilder::new().build()?;
    /// pool.execute(|| ())?;
    /// // As in `async fn main`, under any executor.
    /// let report = block_on(async { pool.shutdown_async().await });
    /// assert_eq!((report.done, report.is_complete()), (1, true));
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    pub fn shutdown_async(&self) -> ShutdownFuture {
        self.handle.inner.drain();
        ShutdownFuture::new(self.handle.inner.clone())
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
        let on_drop = self.handle.inner.config.on_drop;
        if on_drop != OnDrop::Drain {
            // One by one: each drop is foreign code.
            self.shutdown_now().into_iter().for_each(drop_quietly);
        }
        if on_drop != OnDrop::Detach {
            self.shutdown();
        }
    }
}

impl<J: Send + 'static, R: 'static, Q: WorkQueue<Job<J>>> fmt::Debug for Pool<J, R, Q> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("Pool").field(&self.handle).finish()
    }
}
