#![cfg_attr(docsrs, feature(doc_cfg))]
//! A thread pool that drains what it accepted, with a queue that can be exchanged.
//!
//! A [`ThreadPool`] runs closures, a [`Pool`] runs jobs of one type with a handler that each worker
//! has for itself. Both are built by [`ThreadPoolBuilder`], give back a job that they do not accept, finish every
//! job that they do, survive every panic, and return counts that balance when they shut down.
//! [The contract](pool_core#the-contract) has the details, [`pitfalls`] what may surprise, [`coming_from`] the
//! calls of other pools beside these.
//!
//! | call | what it does |
//! |---|---|
//! | [`execute`](pool_core::Handle::execute), [`submit`](pool_core::Handle::submit) | runs a closure, or a job for the handler; the outcome goes to the [sink](ResultSink) |
//! | [`spawn`](pool_core::Handle::spawn) | runs a closure and returns a [`JobHandle`]: join it, await it, cancel it |
//! | [`call`](pool_core::Handle::call), [`call_batch`](pool_core::Handle::call_batch) | a job for the handler, with a [`JobHandle`] |
//! | [`spawn_cancellable`](pool_core::Handle::spawn_cancellable), [`cancel_on_drop`](JobHandle::cancel_on_drop) | a job that can be told to stop while it runs; a handle that cancels when it is dropped |
//! | [`execute_batch`](pool_core::Handle::execute_batch), [`submit_batch`](pool_core::Handle::submit_batch), [`spawn_batch`](pool_core::Handle::spawn_batch) | the same for many, at the price of little more than one |
//! | [`try_execute`](pool_core::Handle::try_execute), [`with`](pool_core::Handle::with) | the same without waiting for room, or with other [options](SubmitOptions) |
//! | [`spawn_async`](pool_core::Handle::spawn_async), [`execute_async`](pool_core::Handle::execute_async), [`call_async`](pool_core::Handle::call_async) | the same for async code: a full queue is awaited; see [`in_async_programs`] |
//! | [`scope`](pool_core::Handle::scope), [`join`](pool_core::Handle::join), [`install`](pool_core::Handle::install) | run closures that borrow |
//! | [`map`](pool_core::Handle::map), [`map_unordered`](pool_core::Handle::map_unordered), [`for_each`](pool_core::Handle::for_each) | one function over many inputs |
//! | [`JobSet`], [`as_completed`] | wait for several jobs |
//! | [`wait_idle`](pool_core::Handle::wait_idle), [`pause`](pool_core::Handle::pause), [`resume`](pool_core::Handle::resume), [`stats`](pool_core::Handle::stats) | wait, hold on, look |
//! | `lane`, `lanes` | jobs in order, or at most a few at a time; with the feature `lanes` |
//! | `Top` | a live view of a pool in the terminal; with the feature `top` |
//! | `redis::RedisQueue`, `redis::Worker` | the same jobs for workers on several machines; with the feature `redis` |
//! | `par_runner` | parallel iterators on the pool; with the feature `parallel-iterators` |
//! | `result_stream` | a sink, and the stream of its results; with the feature `stream` |
//! | `Timer` | jobs after a delay, at a moment, at an interval; with the feature `timer` |
//! | `deterministic::check` | for tests: runs a body under many seeds, each of which fixes the order of jobs and threads; with the feature `deterministic` |
//! | [`current_worker`], [`with_worker_state`] | the worker that the present thread is, and its state |
//! | [`running_jobs`](pool_core::Handle::running_jobs), [`label_job`], [`current_job`], [`current_label`] | what runs now, where, for how long; after [`track_jobs`](pool_core::ThreadPoolBuilder::track_jobs) |
//! | [`try_build_with`](pool_core::ThreadPoolBuilder::try_build_with), [`try_worker_state`](pool_core::ThreadPoolBuilder::try_worker_state) | a handler, or a worker's state, whose maker may fail |
//! | [`observer`](pool_core::ThreadPoolBuilder::observer) | an [`Observer`] is told what happens to each job and each worker |
//! | [`context`](pool_core::ThreadPoolBuilder::context) | jobs that take along what their submitter has, such as the request that they are for; a [`JobContext`], or `JobSpan` with the feature `tracing` |
//! | [`keep_input`] | a handler that keeps the input of a job that panics, to try it again |
//! | [`close`](pool_core::Handle::close), [`shutdown`](pool_core::Pool::shutdown), [`shutdown_async`](pool_core::Pool::shutdown_async) | the end, when all is done; a drop is a shutdown, or what [`OnDrop`] says |
//! | [`shutdown_now`](pool_core::Pool::shutdown_now), [`shutdown_timeout`](pool_core::Pool::shutdown_timeout), [`take_queued`](pool_core::Handle::take_queued) | the end, in time; take back what has not started |
//!
//! # Examples
//!
//! ```
//! use std::sync::mpsc;
//! use drainpool::ThreadPoolBuilder;
//!
//! let (results, received) = mpsc::channel();
//! let pool = ThreadPoolBuilder::new().num_threads(4).sink(results).build()?;
//! for n in 1..=10_u64 {
//!     pool.execute(move || n * n)?;
//! }
//! let report = pool.shutdown();
//! assert_eq!((report.accepted, report.done), (10, 10));
//!
//! let sum: u64 = received.iter().map(|done| done.outcome.unwrap()).sum();
//! assert_eq!(sum, 385);
//! # Ok::<(), Box<dyn std::error::Error + Send + Sync>>(())
//! ```
//!
//! Every pool also runs closures with a [`JobHandle`] to join, await or cancel, work that borrows from
//! the stack, and one function over many inputs:
//!
//! ```
//! use drainpool::ThreadPoolBuilder;
//!
//! let pool = ThreadPoolBuilder::new().build()?;
//! let answer = pool.spawn(|| 6 * 7)?;
//!
//! let mut words = ["drain", "then", "exit"].map(str::to_owned);
//! pool.for_each(&mut words, |word| word.make_ascii_uppercase());
//! let (first, last) = pool.join(|| words[0].len(), || words[2].len());
//!
//! assert_eq!((first, last, answer.join()?), (5, 4, 42));
//! # Ok::<(), Box<dyn std::error::Error + Send + Sync>>(())
//! ```
//!
//! # Naming the types
//!
//! | what | type |
//! |---|---|
//! | a pool of closures, over the default queue | `ThreadPool`, or `ThreadPool<R>` if they return `R` |
//! | a pool of jobs `J` whose handlers return `R` | `Pool<J, R>` |
//! | the same over another queue | `Pool<J, R, StdQueue<Job<J>>>`; for closures `J` is `Task<R>` |
//! | the same over a queue that is picked at run time | `Pool<J, R, AnyQueue<Job<J>>>` |
//! | the same with a [context](pool_core::ThreadPoolBuilder::context) `C` | `Pool<J, R, InContext<DefaultQueue<Job<J>>, C>>` |
//! | the same with two contexts, `A` before `B` | `Pool<J, R, InContext<InContext<DefaultQueue<Job<J>>, A>, B>>` |
//! | a handle to any of these | `Handle<J, R>`, `Handle<J, R, Q>` |
//! | a builder | `ThreadPoolBuilder`, with a sink `ThreadPoolBuilder<S>`, with a backend and a sink `PoolBuilder<B, S>` |
//!
//! # Features
//!
//! Each of these features adds a queue. [`DefaultQueue`] is the first of them in this order:
//!
//! * `crossbeam` (default): `CrossbeamQueue`, work stealing between lock-free deques.
//! * `flume`: `FlumeQueue`, a flume channel for the jobs from outside and locked deques for the workers,
//!   about first in, first out.
//! * `std-only`: `StdQueue`, locked deques from the standard library; alone, it brings no
//!   third-party crate. And `PriorityQueue`, which looks at the jobs' [`Priority`], and `ChannelQueue`, a
//!   plain channel to compare the others with.
//!
//! These add calls:
//!
//! * `lanes`: `LanesExt`, jobs in order or with a limit, for one kind of work or by key.
//! * `timer`: `Timer`, jobs after a delay or at an interval.
//! * `top`: `Top`, a live view of a pool in the terminal. Brings `ratatui`.
//! * `stream`: `result_stream`, the results of a pool as a stream. Brings `futures-core`.
//! * `histogram`: `Histograms`, an observer that records how long jobs wait and run, by percentiles. Brings
//!   `hdrhistogram`.
//! * `metrics`: `Metrics`, an observer that records counters, gauges and histograms. Brings `metrics`.
//! * `timeline`: `Timeline`, an observer that writes what the pool does into a file for the viewers of Perfetto and
//!   Chrome.
//! * `tracing`: `JobSpan`, a context for jobs: each runs in a child of its submitter's span; and
//!   `TraceEvents`, an observer. Brings `tracing`.
//! * `deterministic`: for tests, runs whose order is drawn from a seed. Brings `fastrand`.
//! * `parallel-iterators`: `ParallelExt`, the parallel iterators of `orx-parallel` on a pool. Brings that crate.
//! * `redis`: the module `redis`, jobs on Redis Streams for workers on several machines. Brings `redis`, `serde` and
//!   `serde_json`; `redis-tls` brings `rustls` as well, for encrypted connections.
//!
//! `lanes`, `timer` and `timeline` bring no third-party crate.
//!
//! A queue can also be named in the type (see [`ThreadPoolBuilder::queue`]), picked when the program
//! runs (see [`Backend`]), or [written](WorkQueue).
//!
//! [`ThreadPoolBuilder::queue`]: pool_core::ThreadPoolBuilder::queue

#[cfg(not(any(feature = "crossbeam", feature = "flume", feature = "std-only")))]
compile_error!("`drainpool` needs a queue: enable the feature `crossbeam`, `flume` or `std-only`");

mod backend;
pub mod coming_from;
mod default;

pub use backend::{AnyLocal, AnyQueue, Backend, UnknownBackend};
pub use default::{
    DefaultBackend, DefaultQueue, Handle, Pool, PoolBuilder, ThreadPool, ThreadPoolBuilder,
};
#[cfg(feature = "lanes")]
#[cfg_attr(docsrs, doc(cfg(feature = "lanes")))]
pub use default::{Lane, Lanes};
pub use pool_core::{
    AsCompleted, BatchError, BuildError, CancelOnDrop, CancellationToken, Cancelled, Canceller,
    Clock, Collect, Completed, CurrentWorker, Ended, Finished, FnSink, InContext, InOrder, Job,
    JobContext, JobError, JobHandle, JobId, JobIds, JobSet, JoinHandle, LocalQueue, MAX_CAPACITY,
    MAX_THREADS, MakeQueue, ManualClock, Map, MapUnordered, NoContext, NoSink, Notice, ObservedJob,
    Observer, OnDrop, Panic, PanicPolicy, Place, PoolId, Prioritized, Priority, PushError, Ready,
    Refusal, Reserve, ResizeError, ResultSink, RunningJob, Scope, ShutdownFuture, ShutdownReport,
    SinkClosed, SpawnedBatch, StartCause, StartError, Stats, StdThreads, SubmitError, SubmitFuture,
    SubmitOptions, Submitter, SystemClock, Task, ThreadFactory, WaitError, WhenFull, WorkQueue,
    WorkerContext, WorkerThread, as_completed, current_job, current_label, current_worker,
    keep_input, label_job, sink_fn, thread_number, with_worker_state,
};
#[cfg(feature = "crossbeam")]
#[cfg_attr(docsrs, doc(cfg(feature = "crossbeam")))]
pub use pool_crossbeam::{CrossbeamCollect, CrossbeamLocal, CrossbeamQueue, LocalOrder};
#[cfg(feature = "flume")]
#[cfg_attr(docsrs, doc(cfg(feature = "flume")))]
pub use pool_flume::{FlumeLocal, FlumeQueue, FlumeSink};
#[cfg(feature = "histogram")]
#[cfg_attr(docsrs, doc(cfg(feature = "histogram")))]
pub use pool_histogram::{Distribution, Histograms, TimesSnapshot};
#[cfg(feature = "lanes")]
#[cfg_attr(docsrs, doc(cfg(feature = "lanes")))]
pub use pool_lanes::{LaneSubmitter, LanesExt};
#[cfg(feature = "metrics")]
#[cfg_attr(docsrs, doc(cfg(feature = "metrics")))]
pub use pool_metrics::Metrics;
#[cfg(feature = "parallel-iterators")]
#[cfg_attr(docsrs, doc(cfg(feature = "parallel-iterators")))]
pub use pool_orx::{ParallelExt, ParallelPool, ParallelScope, orx_parallel};
#[cfg(feature = "redis")]
#[cfg_attr(docsrs, doc(cfg(feature = "redis")))]
#[doc(inline)]
pub use pool_redis as redis;
#[cfg(feature = "std-only")]
#[cfg_attr(docsrs, doc(cfg(feature = "std-only")))]
pub use pool_std::{ChannelQueue, PriorityQueue, StdLocal, StdQueue};
#[cfg(feature = "stream")]
#[cfg_attr(docsrs, doc(cfg(feature = "stream")))]
pub use pool_stream::{ResultStream, StreamSink, bounded_result_stream, result_stream};
#[cfg(feature = "timeline")]
#[cfg_attr(docsrs, doc(cfg(feature = "timeline")))]
pub use pool_timeline::Timeline;
#[cfg(feature = "timer")]
#[cfg_attr(docsrs, doc(cfg(feature = "timer")))]
pub use pool_timer::{
    MissedTicks, Period, Scheduled, Timer, TimerError, TimerHandle, TimerRefusal, TimerReport,
    TimerStartError,
};
#[cfg(feature = "top")]
#[cfg_attr(docsrs, doc(cfg(feature = "top")))]
pub use pool_top::{Sample, Top, TopBuilder, View};

#[cfg(feature = "tracing")]
#[cfg_attr(docsrs, doc(cfg(feature = "tracing")))]
pub use pool_tracing::{JobSpan, TraceEvents};

#[cfg(feature = "deterministic")]
#[cfg_attr(docsrs, doc(cfg(feature = "deterministic")))]
#[doc(inline)]
pub use pool_deterministic as deterministic;

#[doc = include_str!("../docs/pitfalls.md")]
pub mod pitfalls {}

#[doc = include_str!("../docs/in_async_programs.md")]
pub mod in_async_programs {}

/// Runs the example in the README.
#[cfg(all(doctest, feature = "crossbeam"))]
#[doc = include_str!("../README.md")]
struct Readme;

/// The README of the workspace, which shows several queues.
#[cfg(all(doctest, feature = "crossbeam", feature = "flume", feature = "std-only"))]
#[doc = include_str!("../../README.md")]
struct WorkspaceReadme;
