//! Work queues from the standard library alone, for pools of `pool-core`: [`StdQueue`] with work stealing,
//! [`PriorityQueue`] for jobs of which some are more urgent, and [`ChannelQueue`], the plain one to compare
//! them with.
//!
//! Most users take them through the facade crate `drainpool`, with the feature `std-only`.
//!
//! # Examples
//!
//! ```
//! use drainpool::{StdQueue, ThreadPoolBuilder};
//!
//! let pool = ThreadPoolBuilder::new().queue(StdQueue::new()).num_threads(4).build()?;
//! for n in 0..8 {
//!     pool.execute(move || println!("job {n}"))?;
//! }
//! assert_eq!(pool.shutdown().done, 8);
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```

mod channel;
mod priority;

pub use channel::ChannelQueue;
use pool_stealing::{LockedInjector, StealingLocal, StealingQueue, Striped};
pub use priority::PriorityQueue;

/// An unbounded queue with work stealing: an injector for the jobs from outside, in [stripes](pool_stealing::Striped), and a deque for each
/// worker, each behind a lock of its own that is held for some nanoseconds.
///
/// A worker moves jobs from outside to its own deque some at a time, so the injector's lock is taken once
/// for many jobs. Other workers steal from its own deque when they have nothing else. At
/// every 37th job a worker looks elsewhere first: in turn at the injector, at its own oldest job, at the
/// injector, and at another worker's oldest.
///
/// **Order**: the jobs from outside of one submitting thread start first in, first out, as far as several workers
/// allow it, those of different threads in turn. In a pool that can have only one thread, all jobs from outside
/// start exactly in the order in which they were submitted, and so do nested jobs.
///
/// # Examples
///
/// ```
/// use drainpool::{StdQueue, ThreadPoolBuilder};
///
/// let pool = ThreadPoolBuilder::new().queue(StdQueue::new()).build()?;
/// pool.execute(|| println!("hello"))?;
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
pub type StdQueue<J> = StealingQueue<J, Striped<LockedInjector<J>>>;

/// One worker's end of a [`StdQueue`].
pub type StdLocal<J> = StealingLocal<J, Striped<LockedInjector<J>>>;
