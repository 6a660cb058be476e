//! The builder of a pool: its settings, its queue, and its sink.

use std::error::Error;
use std::fmt;
use std::rc::Rc;
use std::time::Duration;

use crate::api::settings::Settings;
use crate::clock::Clock;
use crate::in_context::InContext;
use crate::job_context::JobContext;
use crate::observer::Observer;
use crate::panics::PanicPolicy;
use crate::queue::Ready;
use crate::runtime::config::OnDrop;
use crate::sink::NoSink;
use crate::thread_factory::ThreadFactory;

/// Configures and builds a pool: of closures with [`build`](Self::build), or of one type of jobs
/// with [`build_with`](Self::build_with).
///
/// # Examples
///
/// ```
/// use drainpool::ThreadPoolBuilder;
///
/// let pool = ThreadPoolBuilder::new()
///     .num_threads(4)
///     .thread_name(|worker| format!("render-{worker}"))
///     .stack_size(1 << 20)
///     .build()?;
/// assert_eq!(pool.thread_name(3), Some("render-3"));
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[must_use = "a builder does nothing until it builds"]
pub struct ThreadPoolBuilder<B, S = NoSink> {
    pub(crate) backend: B,
    pub(crate) sink: S,
    pub(crate) settings: Settings,
}

impl<B: Default> ThreadPoolBuilder<B> {
    /// Returns a builder of pools with the queues that a default `B` makes, and no sink.
    pub fn new() -> Self {
        Self::with_backend(B::default())
    }
}

impl<B: Default> Default for ThreadPoolBuilder<B> {
    fn default() -> Self {
        Self::new()
    }
}

impl<Q> ThreadPoolBuilder<Ready<Q>> {
    /// Returns a builder of a pool with this queue, and no sink.
    pub fn with_queue(queue: Q) -> Self {
        Self::with_backend(Ready(queue))
    }
}

impl<B> ThreadPoolBuilder<B> {
    /// Returns a builder of a pool with the queue that `backend` makes, and no sink.
    pub fn with_backend(backend: B) -> Self {
        Self { backend, sink: NoSink, settings: Settings::default() }
    }
}

impl<B, S> ThreadPoolBuilder<B, S> {
    /// Uses this queue.
    pub fn queue<Q>(self, queue: Q) -> ThreadPoolBuilder<Ready<Q>, S> {
        self.backend(Ready(queue))
    }

    /// Uses the queue that this backend makes for the jobs of the pool.
    pub fn backend<B2>(self, backend: B2) -> ThreadPoolBuilder<B2, S> {
        ThreadPoolBuilder { backend, sink: self.sink, settings: self.settings }
    }

    /// Sends the outcome of every job to this sink. Each worker gets a clone of it.
    ///
    /// Without a sink, jobs return nothing.
    pub fn sink<S2>(self, sink: S2) -> ThreadPoolBuilder<B, S2> {
        ThreadPoolBuilder { backend: self.backend, sink, settings: self.settings }
    }

    /// The number of worker threads, 1 to [`MAX_THREADS`](crate::MAX_THREADS). The default is
    /// [`std::thread::available_parallelism`].
    pub fn num_threads(mut self, threads: usize) -> Self {
        self.settings.num_threads = Some(threads);
        self
    }

    /// The maximum number of threads, at least [`num_threads`](Self::num_threads), for
    /// [`set_num_threads`](crate::Handle::set_num_threads) and for the spare workers of jobs that
    /// [block](crate::Handle::blocking). The default is `num_threads`.
    ///
    /// The build makes room for the counts and the names of all of them: some hundred bytes each.
    ///
    /// # Examples
    ///
    /// ```
    /// use drainpool::ThreadPoolBuilder;
    ///
    /// let pool = ThreadPoolBuilder::new().num_threads(2).max_threads(16).build()?;
    /// assert_eq!((pool.num_threads(), pool.max_threads()), (2, 16));
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    pub fn max_threads(mut self, threads: usize) -> Self {
        self.settings.max_threads = Some(threads);
        self
    }

    /// Lets a worker leave when it has been idle for this long (keep-alive); it comes back on demand. By
    /// default all workers stay.
    ///
    /// If its thread cannot be started then, the other workers run its jobs, and the start is tried again
    /// once one of them has been idle. [`Stats::failed_starts`](crate::Stats::failed_starts) counts it. Without
    /// any other worker the submit fails with [`Refusal::NoThread`](crate::Refusal::NoThread), which has the
    /// cause.
    ///
    /// A duration too long to be expressed as a moment, such as [`Duration::MAX`], means for ever.
    ///
    /// # Examples
    ///
    /// ```
    /// use std::time::Duration;
    /// use drainpool::ThreadPoolBuilder;
    ///
    /// let pool = ThreadPoolBuilder::new()
    ///     .num_threads(8)
    ///     .core_threads(1)
    ///     .thread_keep_alive(Duration::from_secs(30))
    ///     .build()?;
    /// assert_eq!(pool.stats().threads, 1);
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    pub fn thread_keep_alive(mut self, keep_alive: Duration) -> Self {
        self.settings.keep_alive = Some(keep_alive);
        self
    }

    /// The number of workers that the build starts and that never leave, with
    /// [`thread_keep_alive`](Self::thread_keep_alive). The default is 0: all start on demand, and all may
    /// leave.
    pub fn core_threads(mut self, threads: usize) -> Self {
        self.settings.core_threads = Some(threads);
        self
    }

    /// Bounds the queue: the maximum number of jobs from outside that wait to be started, at least 1. The
    /// default is no bound.
    ///
    /// When the queue is full, [`execute`](crate::Handle::execute), [`submit`](crate::Handle::submit) and
    /// [`spawn`](crate::Handle::spawn) wait for room, in the order of arrival.
    /// [`try_execute`](crate::Handle::try_execute), [`try_submit`](crate::Handle::try_submit) and
    /// [`try_spawn`](crate::Handle::try_spawn) fail and return the job. [`with`](crate::Handle::with) offers [other
    /// ways](crate::WhenFull): to wait for a while, or to run the job on the submitting thread.
    ///
    /// A job that submits jobs is neither held up nor refused by its own pool: nested jobs do not count
    /// here (C4, C11).
    ///
    /// # Examples
    ///
    /// ```
    /// use drainpool::ThreadPoolBuilder;
    ///
    /// let pool = ThreadPoolBuilder::new().capacity(1).paused().build()?;
    /// pool.execute(|| println!("first"))?;
    /// match pool.try_execute(|| println!("second")) {
    ///     Err(refused) if refused.is_full() => refused.into_inner().run(),
    ///     other => panic!("{other:?}"),
    /// }
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    pub fn capacity(mut self, jobs: usize) -> Self {
        self.settings.capacity = Some(jobs);
        self
    }

    /// Builds the pool paused: it accepts jobs, and starts none before [`resume`](crate::Handle::resume).
    pub fn paused(mut self) -> Self {
        self.settings.paused = true;
        self
    }

    /// Names the worker threads by their index. The default is `pool-worker-0` and so on.
    ///
    /// The build makes all names.
    pub fn thread_name(mut self, name: impl Fn(usize) -> String + 'static) -> Self {
        self.settings.thread_name = Box::new(name);
        self
    }

    /// The size of each worker's stack in bytes. The default is that of [`std::thread`].
    pub fn stack_size(mut self, bytes: usize) -> Self {
        self.settings.stack_size = Some(bytes);
        self
    }

    /// Calls `hook` with the worker's index on each worker thread before anything else. A worker
    /// whose hook panics does not start.
    pub fn on_thread_start(mut self, hook: impl Fn(usize) + Send + Sync + 'static) -> Self {
        self.settings.on_thread_start = Some(Box::new(hook));
        self
    }

    /// Calls `hook` with the worker's index on each worker thread as the last thing, once for each start
    /// hook that returned. A panic of the hook goes no further.
    pub fn on_thread_stop(mut self, hook: impl Fn(usize) + Send + Sync + 'static) -> Self {
        self.settings.on_thread_stop = Some(Box::new(hook));
        self
    }

    /// What the drop of the pool does with the jobs that it has accepted. The default is
    /// [`OnDrop::Drain`]: all of them run.
    ///
    /// # Examples
    ///
    /// An error that ends the function does not wait for the jobs that have not started:
    ///
    /// ```
    /// use drainpool::{OnDrop, ThreadPoolBuilder};
    ///
    /// fn crawl(addresses: &[&str]) -> Result<(), Box<dyn std::error::Error>> {
    ///     let pool = ThreadPoolBuilder::new().on_drop(OnDrop::Discard).build()?;
    ///     for address in addresses {
    ///         let port: u16 = address.rsplit(':').next().unwrap_or_default().parse()?;
    ///         pool.execute(move || println!("would connect to {port}"))?;
    ///     }
    ///     // On success, what was accepted is to run.
    ///     pool.shutdown();
    ///     Ok(())
    /// }
    /// assert!(crawl(&["localhost:80", "localhost:http"]).is_err());
    /// ```
    pub fn on_drop(mut self, on_drop: OnDrop) -> Self {
        self.settings.on_drop = on_drop;
        self
    }

    /// Gives each worker a state of its own, which [`with_worker_state`](crate::with_worker_state) lends to the
    /// closures that it runs, such as a connection, a buffer or a random number generator. It need not be
    /// `Send`.
    ///
    /// `make` is called with the worker's index on the worker's thread, each time that it starts, after the
    /// [start hook](Self::on_thread_start) and before the maker of the handler. A worker for which it panics
    /// does not start. The state is dropped on the same thread when the worker leaves, after its handler and
    /// its sink and before the [stop hook](Self::on_thread_stop). That drop is no job: what it submits may be
    /// refused, see [`submit`](crate::Handle::submit). A panic of the drop goes no further (C8).
    ///
    /// A worker has one state: a second call replaces the maker. For several, make it a struct. A pool of one
    /// type of jobs rather has its state in the [handler](Self::build_with).
    ///
    /// # Examples
    ///
    /// ```
    /// use std::cell::RefCell;
    /// use drainpool::{ThreadPoolBuilder, with_worker_state};
    ///
    /// let pool = ThreadPoolBuilder::new()
    ///     .worker_state(|_worker| RefCell::new(String::with_capacity(1 << 16)))
    ///     .build()?;
    /// let length = pool.spawn(|| {
    ///     with_worker_state(|buffer: &RefCell<String>| {
    ///         let mut buffer = buffer.borrow_mut();
    ///         buffer.clear();
    ///         buffer.push_str("seven");
    ///         buffer.len()
    ///     })
    /// })?;
    /// assert_eq!(length.join()?, Some(5));
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    pub fn worker_state<T: 'static>(
        mut self,
        make: impl Fn(usize) -> T + Send + Sync + 'static,
    ) -> Self {
        self.settings.worker_state = Some(Box::new(move |worker| Ok(Rc::new(make(worker)))));
        self
    }

    /// Gives each worker a state of its own like [`worker_state`](Self::worker_state), by a maker that may fail,
    /// such as one that opens a connection.
    ///
    /// A worker whose state is not made does not start, which has the same consequences as a handler that is not
    /// made, see [`try_build_with`](Self::try_build_with). The cause is
    /// [`StartCause::State`](crate::StartCause::State), and the maker's error its source. Each start calls the
    /// maker anew.
    ///
    /// # Examples
    ///
    /// ```
    /// use std::fs::File;
    /// use std::io::Write;
    /// use drainpool::{ThreadPoolBuilder, with_worker_state};
    ///
    /// # let directory = std::env::temp_dir();
    /// let pool = ThreadPoolBuilder::new()
    ///     .num_threads(2)
    ///     .try_worker_state(move |worker| File::create(directory.join(format!("worker-{worker}.log"))))
    ///     .build()?;
    /// let logged = pool.spawn(|| with_worker_state(|mut log: &File| writeln!(log, "at work")))?;
    /// logged.join()?.expect("each worker has a log")?;
    ///
    /// let builder = ThreadPoolBuilder::new().try_worker_state(|_| File::open("/no/such/file"));
    /// assert!(builder.build().is_err());
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    pub fn try_worker_state<T, E>(
        mut self,
        make: impl Fn(usize) -> Result<T, E> + Send + Sync + 'static,
    ) -> Self
    where
        T: 'static,
        E: Into<Box<dyn Error + Send + Sync>>,
    {
        self.settings.worker_state = Some(Box::new(move |worker| match make(worker) {
            Ok(state) => Ok(Rc::new(state)),
            Err(error) => Err(error.into().into()),
        }));
        self
    }

    /// Has each job take a context along from where it is submitted, such as the request that it is for;
    /// [`JobContext`] says what that is.
    ///
    /// The context becomes a part of the queue's type, [`InContext`]: call this after
    /// [`backend`](Self::backend) or [`queue`](Self::queue). A job for a [handler](Self::build_with) costs two
    /// allocations more, a child of a scope one; closures carry it along. A pool without a context pays nothing.
    ///
    /// Called again, it adds a context: those that were set before are captured and entered before it, and left after
    /// it.
    ///
    /// # Errors
    ///
    /// The build fails with [`BuildError::Context`](crate::BuildError::Context) if another backend was set after
    /// this.
    ///
    /// # Examples
    ///
    /// See [`JobContext`].
    pub fn context<C: JobContext>(mut self) -> ThreadPoolBuilder<InContext<B, C>, S> {
        self.settings.contexts += C::COUNT;
        let Self { backend, sink, settings } = self;
        ThreadPoolBuilder { backend: InContext::new(backend), sink, settings }
    }

    /// Has each worker note which job it runs, since when, and what that [is called](crate::current_label), for
    /// [`Handle::running_jobs`](crate::Handle::running_jobs) and [`current_job`](crate::current_job).
    ///
    /// That costs each job two short locks that nobody else holds for long, and a look at the clock. A pool that
    /// does not track its jobs pays nothing.
    pub fn track_jobs(mut self) -> Self {
        self.settings.tracks_jobs = true;
        self
    }

    /// Adds an observer, which is told what happens to each job and each worker; [`Observer`] says what. Several
    /// are told in the order in which they were added.
    ///
    /// A job for the sink that has a [label](crate::SubmitOptions::label) costs an allocation, as with
    /// [`track_jobs`](Self::track_jobs). A pool without an observer pays nothing.
    ///
    /// # Examples
    ///
    /// See [`Observer`].
    pub fn observer(mut self, observer: impl Observer) -> Self {
        self.settings.observers.push(Box::new(observer));
        self
    }

    /// Sets what happens after a job for the handler has panicked, whose outcome goes to the sink. The
    /// default is [`PanicPolicy::Capture`] (C8).
    ///
    /// The policy does not apply where the panic has a receiver: it goes to the
    /// [`JobHandle`](crate::JobHandle) of a spawned job, or to the caller of a scope, a join, a map or an
    /// install. A [call](crate::Handle::call) is both: its panic goes to its handle, which aborts nothing, but a
    /// handler that it leaves half done is replaced with its worker. A job that its submitter runs, because the
    /// queue is full, has no worker to be replaced; it may abort.
    ///
    /// With [`PanicPolicy::ReplaceWorker`], the outcome is delivered before the worker leaves. The jobs that
    /// wait in its own end of the queue stay there for the other workers and its successor. If that one does
    /// not start, the others go on, and the start is tried again as for
    /// [`thread_keep_alive`](Self::thread_keep_alive), or by
    /// [`set_num_threads`](crate::Handle::set_num_threads) with the same number.
    ///
    /// A pool that is left without any worker keeps its jobs: the next submit and the next [`wait_idle`](crate::Handle::wait_idle) try to start one, and say
    /// [`NoThread`](crate::Refusal::NoThread) if they cannot; a shutdown that cannot reports the jobs as
    /// [`unfinished`](crate::ShutdownReport::unfinished). A thread that waits for a handle tries as well; if it
    /// cannot, it runs the closure itself, and a [`call`](crate::Handle::call) ends as
    /// [`Returned`](crate::JobError::Returned). So does a task that awaits a handle.
    ///
    /// # Examples
    ///
    /// ```
    /// use drainpool::{Collect, PanicPolicy, ThreadPoolBuilder};
    ///
    /// let calls = Collect::new();
    /// let pool = ThreadPoolBuilder::new()
    ///     .num_threads(1)
    ///     .panic_policy(PanicPolicy::ReplaceWorker)
    ///     .sink(calls.clone())
    ///     .build_with(|_worker| {
    ///         let mut calls = 0;
    ///         move |divisor: u32| {
    ///             calls += 1;
    ///             (100 / divisor, calls)
    ///         }
    ///     })?;
    /// for divisor in [5, 0, 4] {
    ///     pool.submit(divisor)?;
    /// }
    /// pool.shutdown();
    /// let results: Vec<_> = calls.take().into_iter().map(|done| done.outcome.ok()).collect();
    /// assert_eq!(results, [Some((20, 1)), None, Some((25, 1))]);
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    pub fn panic_policy(mut self, policy: PanicPolicy) -> Self {
        self.settings.panic_policy = policy;
        self
    }

    /// Gets the worker threads from this factory. The default is [`StdThreads`](crate::StdThreads).
    pub fn thread_factory(mut self, factory: impl ThreadFactory) -> Self {
        self.settings.factory = Box::new(factory);
        self
    }

    /// Takes the time from this clock. The default is [`SystemClock`](crate::SystemClock).
    pub fn clock(mut self, clock: impl Clock) -> Self {
        self.settings.clock = Box::new(clock);
        self
    }
}

impl<B, S> fmt::Debug for ThreadPoolBuilder<B, S> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("ThreadPoolBuilder")
            .field("num_threads", &self.settings.num_threads)
            .field("max_threads", &self.settings.max_threads)
            .field("core_threads", &self.settings.core_threads)
            .field("keep_alive", &self.settings.keep_alive)
            .field("paused", &self.settings.paused)
            .field("capacity", &self.settings.capacity)
            .field("stack_size", &self.settings.stack_size)
            .finish_non_exhaustive()
    }
}
