//! Building a pool: what the builder's settings come to.

use std::convert::Infallible;
use std::error::Error;
use std::mem;
use std::sync::Arc;

use crate::api::builder::ThreadPoolBuilder;
use crate::api::handle::Handle;
use crate::api::pool::{Pool, ThreadPool};
use crate::api::worker_context::WorkerContext;
use crate::error::BuildError;
use crate::job_context::JobContext;
use crate::parts::ledger::Ledger;
use crate::parts::observers::Observers;
use crate::parts::running::RunningSlots;
use crate::parts::sleep::Sleep;
use crate::queue::{MakeQueue, WorkQueue};
use crate::runtime::config::MakerError;
use crate::runtime::handler::{Handler, RunTask};
use crate::runtime::inner::Inner;
use crate::runtime::job::Job;
use crate::runtime::launch::Launcher;
use crate::runtime::pool_state::PoolState;
use crate::runtime::run_here::runner;
use crate::sink::ResultSink;
use crate::task::Task;

impl<B, S> ThreadPoolBuilder<B, S> {
    /// Builds a pool of closures, which return what the pool's sink takes; without a sink, nothing.
    ///
    /// # Errors
    ///
    /// [`BuildError`] says which setting is out of range, or which worker did not start.
    pub fn build(self) -> Result<ThreadPool<S::Result, B::Queue>, BuildError>
    where
        B: MakeQueue<Job<Task<S::Result>>>,
        S: ResultSink<Result: 'static> + Clone + Send + 'static,
    {
        self.build_by(|_worker| Ok(RunTask))
    }

    /// Builds a pool of jobs of one type. `make_handler` is called once on each worker thread and returns
    /// the handler that this worker calls with every job. A handler may have state of its own, such as a
    /// connection, a buffer or a random number generator, which need not be `Send`.
    ///
    /// What the handler returns goes to the [sink](Self::sink), which is set before. Without one it must return
    /// `()`; `sink(sink_fn(|_| ()))` drops the results of one that does not, as in a pool that is only
    /// [called](Handle::call).
    ///
    /// `make_handler` may be a function by name. One that returns `impl FnMut(..)` then says that this borrows nothing from
    /// the worker's context, by `impl FnMut(..) + use<Q>`, with the function's own type parameters in the brackets.
    ///
    /// A handler is dropped on its worker's thread when the worker leaves. That drop is no job: what it
    /// submits may be refused, see [`submit`](Handle::submit).
    ///
    /// After a job that panicked the worker goes on with the same handler, unless the
    /// [`panic_policy`](Self::panic_policy) says otherwise. A handler whose state can break halfway has to
    /// mend it at its next call.
    ///
    /// # Errors
    ///
    /// As for [`build`](Self::build).
    ///
    /// # Examples
    ///
    /// ```
    /// use std::sync::mpsc;
    /// use drainpool::ThreadPoolBuilder;
    ///
    /// let (lengths, received) = mpsc::channel();
    /// let pool = ThreadPoolBuilder::new()
    ///     .sink(lengths)
    ///     .build_with(|worker| {
    ///         println!("{} is ready", worker.name());
    ///         let mut buffer = String::new();
    ///         move |word: &'static str| {
    ///             buffer.push_str(word);
    ///             buffer.len()
    ///         }
    ///     })?;
    /// pool.submit("seven")?;
    /// assert_eq!(received.recv()?.outcome?, 5);
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    pub fn build_with<J, M, H>(
        self,
        make_handler: M,
    ) -> Result<Pool<J, S::Result, B::Queue>, BuildError>
    where
        J: Send + 'static,
        B: MakeQueue<Job<J>>,
        S: ResultSink<Result: 'static> + Clone + Send + 'static,
        M: Fn(&WorkerContext<J, S::Result, B::Queue>) -> H + Send + Sync + 'static,
        H: FnMut(J) -> S::Result,
    {
        self.try_build_with(move |worker| Ok::<H, Infallible>(make_handler(worker)))
    }

    /// Builds a pool like [`build_with`](Self::build_with), with a maker that may fail, such as one that opens
    /// a connection.
    ///
    /// A worker whose handler is not made does not start. That is as if its thread could not be started:
    ///
    /// * at the build it is the build's error, and the workers that have started have ended by then (C10);
    /// * later, with [`thread_keep_alive`](Self::thread_keep_alive), the other workers run its jobs, and
    ///   [`Stats::failed_starts`](crate::Stats::failed_starts) counts it. Without any other worker, the submit
    ///   returns the job with [`Refusal::NoThread`](crate::Refusal::NoThread) and the maker's error.
    ///
    /// Each start calls the maker anew.
    ///
    /// # Errors
    ///
    /// [`BuildError::Start`] with [`StartCause::Handler`](crate::StartCause::Handler) if the maker fails. The
    /// maker's error is its [source](std::error::Error::source). Otherwise as for [`build`](Self::build).
    ///
    /// # Examples
    ///
    /// ```
    /// use std::error::Error;
    /// use std::fs::File;
    /// use std::io::{self, Write};
    /// use drainpool::ThreadPoolBuilder;
    ///
    /// let built = ThreadPoolBuilder::new().num_threads(2).try_build_with(|worker| {
    ///     let mut log = File::create(format!("/no/such/directory/{}", worker.index()))?;
    ///     Ok::<_, io::Error>(move |line: String| writeln!(log, "{line}").expect("room on the disk"))
    /// });
    /// let error = built.unwrap_err();
    /// let source = error.source().and_then(|source| source.downcast_ref::<io::Error>());
    /// assert_eq!(source.map(io::Error::kind), Some(io::ErrorKind::NotFound));
    /// ```
    pub fn try_build_with<J, M, H, E>(
        self,
        make_handler: M,
    ) -> Result<Pool<J, S::Result, B::Queue>, BuildError>
    where
        J: Send + 'static,
        B: MakeQueue<Job<J>>,
        S: ResultSink<Result: 'static> + Clone + Send + 'static,
        M: Fn(&WorkerContext<J, S::Result, B::Queue>) -> Result<H, E> + Send + Sync + 'static,
        H: FnMut(J) -> S::Result,
        E: Into<Box<dyn Error + Send + Sync>>,
    {
        self.build_by(move |worker| make_handler(worker).map_err(|error| error.into().into()))
    }

    /// Builds a pool whose workers have the handlers that `make_handler` makes.
    fn build_by<J, M, H>(self, make_handler: M) -> Result<Pool<J, S::Result, B::Queue>, BuildError>
    where
        J: Send + 'static,
        B: MakeQueue<Job<J>>,
        S: ResultSink<Result: 'static> + Clone + Send + 'static,
        M: Fn(&WorkerContext<J, S::Result, B::Queue>) -> Result<H, MakerError>
            + Send
            + Sync
            + 'static,
        H: Handler<J, S::Result>,
    {
        let Self { backend, mut sink, mut settings } = self;
        if count(B::Queue::capture_context) < settings.contexts {
            return Err(BuildError::Context);
        }
        let (size, max) = settings.sizes()?;
        let core = settings.core(size)?;
        let sleep = Sleep::new(max, size, core, settings.keep_alive, settings.paused);
        let capacity = settings.capacity()?;
        let running = RunningSlots::new(if settings.tracks_jobs { max } else { 0 });
        let observers = Observers::new(mem::take(&mut settings.observers));
        let (config, clock) = settings.into_config(max)?;
        let mut queue = backend.make_queue();
        queue.attach(max);
        let stripes = if S::IN_SEQUENCE { 1 } else { queue.stripes() };
        let state =
            PoolState::new(Ledger::new(max, stripes), sleep, clock, capacity, running, observers);
        sink.attach();
        let make = move |inner: &Arc<_>, index| {
            let handle = Handle { inner: Arc::clone(inner) };
            make_handler(&WorkerContext { index, handle })
        };
        let launcher = Arc::new(Launcher::new(make, sink, max));
        let inner = Inner::new(queue, state, config, runner(), launcher);
        let pool = Pool::owner_of(Handle { inner });
        pool.inner.start_core(core).map_err(|error| {
            // Whatever its drop is to do, nothing is left of it.
            pool.shutdown();
            BuildError::Start(error)
        })?;
        Ok(pool)
    }
}

/// The number of contexts that this captures.
fn count<Q, C: JobContext>(_: impl Fn(&Q) -> C) -> usize {
    C::COUNT
}

impl<Q: WorkQueue<Job<Task>> + Default> Pool<Task, (), Q> {
    /// Builds a pool of closures with this number of threads, and defaults for everything else; see
    /// [`ThreadPoolBuilder`].
    ///
    /// # Errors
    ///
    /// As for [`ThreadPoolBuilder::build`].
    ///
    /// # Examples
    ///
    /// ```
    /// use drainpool::ThreadPool;
    ///
    /// let pool = ThreadPool::new(4)?;
    /// pool.execute(|| println!("on one of four"))?;
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    pub fn new(num_threads: usize) -> Result<Self, BuildError> {
        ThreadPoolBuilder::with_queue(Q::default()).num_threads(num_threads).build()
    }
}
