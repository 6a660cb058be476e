//! The number of threads of a pool, and its change.

use crate::api::handle::Handle;
use crate::error::ResizeError;
use crate::parts::context;
use crate::queue::WorkQueue;
use crate::runtime::job::Job;
use crate::runtime::worker::Worker;

impl<J: Send + 'static, R: 'static, Q: WorkQueue<Job<J>>> Handle<J, R, Q> {
    /// The number of threads that the pool runs jobs on at most, as it was built or
    /// [set](Self::set_num_threads) since.
    #[must_use]
    #[doc(alias = "max_count")]
    pub fn num_threads(&self) -> usize {
        self.inner.state.sleep.num_threads()
    }

    /// The maximum of [`num_threads`](Self::num_threads), fixed when the pool is
    /// [built](crate::ThreadPoolBuilder::max_threads). All workers' indices are below it.
    #[must_use]
    pub fn max_threads(&self) -> usize {
        self.inner.config.names.len()
    }

    /// Sets the number of threads, from 1 to [`max_threads`](Self::max_threads), while the pool works. It
    /// does not wait, and any thread may call it, a job of the pool too.
    ///
    /// A larger pool starts threads as jobs need them. If such a start fails, be it the thread's
    /// or the handler's, the other workers do the work, and
    /// [`Stats::failed_starts`](crate::Stats::failed_starts) counts it. It is tried again once a worker has been
    /// idle, and at the next call of this, with the same number too.
    ///
    /// In a smaller pool, parked workers leave at once. If there are still too many, others leave as they finish
    /// the jobs that they run, each with its handler, its clone of the sink and its stop hook; no job is
    /// interrupted, and the jobs in a worker's own end of the queue are left to the others (C1). Which
    /// workers stay is not defined, so their indices may have gaps.
    ///
    /// The pool may be paused, closed, or about to shut down; it then drains with as many threads. With
    /// `core_threads`, as many stay when idle as the smaller of both numbers says.
    ///
    /// # Errors
    ///
    /// [`ResizeError`] for 0, and for more than the maximum. The pool is as it was.
    ///
    /// # Examples
    ///
    /// ```
    /// use drainpool::ThreadPoolBuilder;
    ///
    /// let pool = ThreadPoolBuilder::new().num_threads(4).max_threads(8).build()?;
    /// pool.set_num_threads(1)?;
    /// pool.wait_idle()?;
    /// assert_eq!(pool.stats().threads, 1);
    /// pool.set_num_threads(8)?;
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    #[doc(alias = "resize")]
    pub fn set_num_threads(&self, threads: usize) -> Result<(), ResizeError> {
        let max = self.max_threads();
        if threads == 0 || threads > max {
            return Err(ResizeError { requested: threads, max });
        }
        self.inner.state.sleep.set_num_threads(threads);
        self.inner.notify_if_work();
        Ok(())
    }

    /// Runs a piece of one of the pool's jobs that may block for long, and lets a spare worker do the work
    /// of the job's worker meanwhile. Returns what `code` returns, and does not catch its panic.
    ///
    /// Meanwhile the pool may have one thread more than [`num_threads`](Self::num_threads), for each job
    /// that blocks in this way, but never more than [`max_threads`](Self::max_threads). A spare worker is
    /// started when a job needs one. Once the call has returned, the next worker that runs dry leaves, the
    /// spare one or another; no job is interrupted. So jobs that block here, even all that run, do not keep
    /// a queued job from its start if there is room for one more thread.
    ///
    /// It is meant for what blocks for longer than the start of a thread takes. If there is no room for a
    /// thread, or none can be started, `code` just runs. So it does where no worker waits for it: on a thread
    /// outside of the pool, in a job of another pool, in a call within `code`, and in a forked child.
    ///
    /// # Examples
    ///
    /// ```
    /// use std::sync::mpsc;
    /// use drainpool::ThreadPoolBuilder;
    ///
    /// let pool = ThreadPoolBuilder::new().num_threads(1).max_threads(2).build()?;
    /// let handle = pool.handle();
    /// let waiting = pool.spawn(move || {
    ///     let (sender, answer) = mpsc::channel();
    ///     handle.execute(move || sender.send(42).unwrap()).unwrap();
    ///     // Without this, the only worker would wait for a job that waits for this worker.
    ///     handle.blocking(|| answer.recv())
    /// })?;
    /// assert_eq!(waiting.join()?, Ok(42));
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    #[doc(alias = "block_in_place")]
    pub fn blocking<T>(&self, code: impl FnOnce() -> T) -> T {
        match context::worker::<Worker<J, R, Q>>(self.inner.id()) {
            Some(worker) if !self.inner.state.is_forked() => worker.blocking(code),
            _ => code(),
        }
    }
}
