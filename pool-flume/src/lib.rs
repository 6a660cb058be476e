//! A queue and sinks on [`flume`] channels, for pools of `pool-core`.
//!
//! Most users take them through the facade crate `drainpool`, with the feature `flume`.
//!
//! # Examples
//!
//! ```
//! use drainpool::{FlumeQueue, FlumeSink, ThreadPoolBuilder};
//!
//! let (results, received) = flume::unbounded();
//! let pool = ThreadPoolBuilder::new().queue(FlumeQueue::new())
//!     .num_threads(4)
//!     .sink(FlumeSink::new(results))
//!     .build()?;
//! for n in 0..100_u64 {
//!     pool.execute(move || n)?;
//! }
//! pool.shutdown();
//! let sum: u64 = received.iter().map(|done| done.outcome.unwrap()).sum();
//! assert_eq!(sum, 4_950);
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```

mod channel;
mod sink;

pub use channel::Channel;
use pool_stealing::{StealingLocal, StealingQueue, Striped};
pub use sink::FlumeSink;

/// An unbounded queue: flume channels for the jobs from outside, one for each [stripe](pool_stealing::Striped), and a
/// locked deque for each worker.
///
/// A worker that runs out of jobs takes those in the channel to its own deque, if they are few. Else it
/// drains the channel, for one turn of its lock, and lays the jobs out in chunks, one for each worker that
/// needs some. A worker that finds none there steals from other workers' deques. A worker that keeps itself
/// busy looks outside now and then as well, so no job is starved. Nested jobs go to their worker's own
/// deque.
///
/// **Order**: the jobs from outside of one submitting thread start first in, first out, as far as several workers
/// allow it, those of different threads in turn. In a pool that can have only one thread, all jobs from outside
/// start exactly in the order in which they were submitted, and so do nested jobs, which come behind the
/// jobs from outside that the worker took before.
///
/// **Memory**: that of a burst is given back once it is over. While jobs are laid out they take up room in
/// the channel and in the chunks. A batch moves as one, in the memory that it came in.
///
/// Idle workers park in the pool's own sleep and never in the channel, which makes a great difference where
/// there are more workers than processors.
///
/// # Examples
///
/// ```
/// use drainpool::{FlumeQueue, ThreadPoolBuilder};
///
/// let pool = ThreadPoolBuilder::new().queue(FlumeQueue::new()).build()?;
/// pool.execute(|| println!("hello"))?;
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
pub type FlumeQueue<J> = StealingQueue<J, Striped<Channel<J>>>;

/// One worker's end of a [`FlumeQueue`].
pub type FlumeLocal<J> = StealingLocal<J, Striped<Channel<J>>>;
