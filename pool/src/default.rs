//! The types of the core with the default queue filled in.

use pool_core::{Job, MakeQueue, NoSink, Task};

#[cfg(feature = "crossbeam")]
use pool_crossbeam::CrossbeamQueue as Strongest;
#[cfg(all(feature = "flume", not(feature = "crossbeam")))]
use pool_flume::FlumeQueue as Strongest;
#[cfg(not(any(feature = "crossbeam", feature = "flume")))]
use pool_std::StdQueue as Strongest;

/// The strongest queue that is enabled: that of the first of the features `crossbeam`, `flume` and
/// `std-only`.
pub type DefaultQueue<J> = Strongest<J>;

/// A pool of closures that return `R`.
///
/// | call | what it does |
/// |---|---|
/// | [`new`](pool_core::Pool::new), [`ThreadPoolBuilder`] | build it |
/// | [`execute`](pool_core::Handle::execute) | runs a closure; what it returns goes to the [sink](pool_core::ResultSink) |
/// | [`spawn`](pool_core::Handle::spawn) | runs a closure and returns a [`JobHandle`](pool_core::JobHandle): join it, await it, cancel it |
/// | [`execute_batch`](pool_core::Handle::execute_batch), [`spawn_batch`](pool_core::Handle::spawn_batch) | the same for many |
/// | [`try_execute`](pool_core::Handle::try_execute), [`try_spawn`](pool_core::Handle::try_spawn), [`with`](pool_core::Handle::with) | the same without waiting for room, or with [options](pool_core::SubmitOptions) |
/// | [`scope`](pool_core::Handle::scope), [`join`](pool_core::Handle::join), [`install`](pool_core::Handle::install) | run closures that borrow |
/// | [`map`](pool_core::Handle::map), [`map_unordered`](pool_core::Handle::map_unordered), [`for_each`](pool_core::Handle::for_each) | one function over many inputs |
/// | [`wait_idle`](pool_core::Handle::wait_idle), [`pause`](pool_core::Handle::pause), [`resume`](pool_core::Handle::resume), [`stats`](pool_core::Handle::stats) | wait, hold on, look |
/// | [`handle`](pool_core::Pool::handle) | a [`Handle`] for other threads and for jobs |
/// | [`close`](pool_core::Handle::close), [`shutdown`](pool_core::Pool::shutdown), [`shutdown_now`](pool_core::Pool::shutdown_now) | the end; a drop is a shutdown |
///
/// # Examples
///
/// ```
/// use drainpool::ThreadPool;
///
/// struct Server {
///     pool: ThreadPool,
/// }
///
/// let server = Server { pool: ThreadPool::new(2)? };
/// server.pool.execute(|| println!("served"))?;
/// # Ok::<(), Box<dyn std::error::Error + Send + Sync>>(())
/// ```
pub type ThreadPool<R = ()> = pool_core::Pool<Task<R>, R, DefaultQueue<Job<Task<R>>>>;

/// A pool of jobs of type `J`, whose handlers return `R`, over any queue.
///
/// | call | what it does |
/// |---|---|
/// | [`ThreadPoolBuilder::build_with`](pool_core::ThreadPoolBuilder::build_with) | builds it, with a handler for each worker |
/// | [`submit`](pool_core::Handle::submit), [`submit_batch`](pool_core::Handle::submit_batch), [`try_submit`](pool_core::Handle::try_submit) | run jobs; what the handler returns goes to the [sink](pool_core::ResultSink) |
///
/// Everything else is as for a [`ThreadPool`]: [`spawn`](pool_core::Handle::spawn),
/// [`scope`](pool_core::Handle::scope), [`map`](pool_core::Handle::map), [`wait_idle`](pool_core::Handle::wait_idle),
/// [`shutdown`](pool_core::Pool::shutdown).
///
/// A [`ThreadPool`] with another queue is a `Pool<Task<R>, R, Q>`.
pub type Pool<J = Task, R = (), Q = DefaultQueue<Job<J>>> = pool_core::Pool<J, R, Q>;

/// A handle to a [`Pool`], or to a [`ThreadPool`] as `Handle<Task<R>, R>`; see [`pool_core::Handle`].
pub type Handle<J = Task, R = (), Q = DefaultQueue<Job<J>>> = pool_core::Handle<J, R, Q>;

/// A lane of a [`Pool`], or of a [`ThreadPool`] as `Lane<Task<R>, R>`; see [`pool_lanes::Lane`].
#[cfg(feature = "lanes")]
pub type Lane<J = Task, R = (), Q = DefaultQueue<Job<J>>> = pool_lanes::Lane<J, R, Q>;

/// One lane for each key, on a [`Pool`] or a [`ThreadPool`]; see [`pool_lanes::Lanes`].
#[cfg(feature = "lanes")]
pub type Lanes<K, J = Task, R = (), Q = DefaultQueue<Job<J>>> = pool_lanes::Lanes<K, J, R, Q>;

/// Builds pools with [`DefaultQueue`], unless told otherwise; see [`pool_core::ThreadPoolBuilder`].
///
/// `S` is the type of the sink. A builder with another queue is a [`PoolBuilder`].
///
/// # Examples
///
/// ```
/// use std::time::Duration;
/// use drainpool::ThreadPoolBuilder;
///
/// let pool = ThreadPoolBuilder::new()
///     .num_threads(8)
///     .thread_name(|worker| format!("crawler-{worker}"))
///     .thread_keep_alive(Duration::from_secs(10))
///     .build()?;
/// pool.execute(|| println!("on {:?}", std::thread::current().name()))?;
/// # Ok::<(), Box<dyn std::error::Error + Send + Sync>>(())
/// ```
pub type ThreadPoolBuilder<S = NoSink> = pool_core::ThreadPoolBuilder<DefaultBackend, S>;

/// Builds pools with the queue that `B` makes and the sink `S`: what a [`ThreadPoolBuilder`] becomes when it
/// is given a [`backend`](pool_core::ThreadPoolBuilder::backend) or a
/// [`queue`](pool_core::ThreadPoolBuilder::queue).
///
/// # Examples
///
/// ```
/// use drainpool::{Backend, PoolBuilder, ThreadPoolBuilder};
///
/// fn with_names(backend: Backend) -> PoolBuilder<Backend> {
///     ThreadPoolBuilder::new().backend(backend).thread_name(move |worker| format!("{backend}-{worker}"))
/// }
///
/// let pool = with_names(Backend::available()[0]).num_threads(2).build()?;
/// pool.execute(|| println!("{:?}", std::thread::current().name()))?;
/// # Ok::<(), Box<dyn std::error::Error + Send + Sync>>(())
/// ```
pub type PoolBuilder<B = DefaultBackend, S = NoSink> = pool_core::ThreadPoolBuilder<B, S>;

/// Makes a [`DefaultQueue`] for jobs of any type.
#[derive(Debug, Clone, Copy, Default)]
pub struct DefaultBackend;

impl<J: Send + 'static> MakeQueue<J> for DefaultBackend {
    type Queue = DefaultQueue<J>;

    fn make_queue(self) -> DefaultQueue<J> {
        DefaultQueue::new()
    }
}
