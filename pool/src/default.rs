//! The types of the core with the default queue filled in.

use pool_core::{Job, MakeQueue, Task};

#[cfg(feature = "crossbeam")]
use pool_crossbeam::CrossbeamQueue as Strongest;
#[cfg(all(feature = "flume", not(feature = "crossbeam")))]
use pool_flume::FlumeQueue as Strongest;
#[cfg(not(any(feature = "crossbeam", feature = "flume")))]
use pool_std::StdQueue as Strongest;

/// The strongest queue that is enabled: that of the first of the features `crossbeam`, `flume` and
/// `std-only`.
pub type DefaultQueue<J> = Strongest<J>;

/// A pool whose jobs are closures that return `R`; see [`pool_core::Pool`].
///
/// # Examples
///
/// ```
/// use pool::{ThreadPool, ThreadPoolBuilder};
///
/// struct Server {
///     pool: ThreadPool,
/// }
///
/// let server = Server { pool: ThreadPoolBuilder::new().num_threads(2).build()? };
/// server.pool.execute(|| println!("served"))?;
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
pub type ThreadPool<R = (), Q = DefaultQueue<Job<Task<R>>>> = pool_core::ThreadPool<R, Q>;

/// A pool of jobs of one type `J`, whose handlers return `R`; see [`pool_core::Pool`].
pub type Pool<J, R = (), Q = DefaultQueue<Job<J>>> = pool_core::Pool<J, R, Q>;

/// A handle to a [`Pool`], or to a [`ThreadPool`] as `Handle<Task<R>, R>`; see [`pool_core::Handle`].
pub type Handle<J = Task, R = (), Q = DefaultQueue<Job<J>>> = pool_core::Handle<J, R, Q>;

/// Builds pools, with [`DefaultQueue`] unless told otherwise; see [`pool_core::ThreadPoolBuilder`].
///
/// # Examples
///
/// ```
/// use std::time::Duration;
/// use pool::ThreadPoolBuilder;
///
/// let pool = ThreadPoolBuilder::new()
///     .num_threads(8)
///     .thread_name(|worker| format!("crawler-{worker}"))
///     .thread_keep_alive(Duration::from_secs(10))
///     .build()?;
/// pool.execute(|| println!("on {:?}", std::thread::current().name()))?;
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
pub type ThreadPoolBuilder = pool_core::ThreadPoolBuilder<DefaultBackend>;

/// Makes a [`DefaultQueue`] for jobs of any type.
#[derive(Debug, Clone, Copy, Default)]
pub struct DefaultBackend;

impl<J: Send + 'static> MakeQueue<J> for DefaultBackend {
    type Queue = DefaultQueue<J>;

    fn make_queue(self) -> DefaultQueue<J> {
        DefaultQueue::new()
    }
}
