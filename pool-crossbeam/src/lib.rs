//! A work-stealing queue and a lock-free sink on [`crossbeam_deque`], for pools of `pool-core`.
//!
//! Most users take them through the facade crate `drainpool`, with the feature `crossbeam`.
//!
//! # Examples
//!
//! ```
//! use drainpool::{CrossbeamCollect, CrossbeamQueue, ThreadPoolBuilder};
//!
//! let results = CrossbeamCollect::new();
//! let pool = ThreadPoolBuilder::new().queue(CrossbeamQueue::new())
//!     .num_threads(4)
//!     .sink(results.clone())
//!     .build()?;
//! for n in 0..100_u64 {
//!     pool.execute(move || n)?;
//! }
//! pool.shutdown();
//! let sum: u64 = results.take().into_iter().map(|done| done.outcome.unwrap()).sum();
//! assert_eq!(sum, 4_950);
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```

mod deque;
mod entries;
mod injector;
mod sink;

pub use deque::{ChaseLev, ChaseLevStealer, LocalOrder};
pub use injector::ReturningInjector;
use pool_stealing::{StealingLocal, StealingQueue};
pub use sink::CrossbeamCollect;

/// An unbounded work-stealing queue: a lock-free deque for each worker, and an
/// [injector](pool_stealing::LockedInjector) for the jobs from outside, in [stripes](pool_stealing::Striped) behind locks
/// that are held for some nanoseconds.
///
/// A worker takes its own jobs, then some from the injector, then a batch from another worker, beginning
/// with one picked at random. At every 37th job it looks elsewhere first: in turn at the injector, at its
/// own oldest job, at the injector, and at another worker's oldest. So a worker that keeps feeding itself, or is busy for long, starves no job.
///
/// **Order**: the jobs from outside of one submitting thread start first in, first out, as far as several workers
/// allow it, those of different threads in turn; in a pool that can have only one thread, all in their order. Nested jobs
/// in the [`LocalOrder`] of the queue, unless they are stolen. When [stale jobs are
/// removed](pool_core::WorkQueue::retain), the jobs left in the deque of a worker keep their order and
/// their turn, before the jobs from outside, but any worker may take them from then on.
///
/// **Memory**: that of a burst is given back once it is over. A worker's deque always has room for 64
/// entries. Jobs of more than 512 bytes are boxed while they lie there, so that is 32 KiB at most.
///
/// The deques are those of Chase and Lev ("Dynamic Circular Work-Stealing Deque", SPAA 2005), in
/// the weak-memory form of Lê, Pop, Cohen and Zappa Nardelli (PPoPP 2013).
///
/// # Examples
///
/// ```
/// use drainpool::{CrossbeamQueue, LocalOrder, ThreadPoolBuilder};
///
/// let queue = CrossbeamQueue::with_order(LocalOrder::Fifo);
/// let pool = ThreadPoolBuilder::new().queue(queue).build()?;
/// pool.execute(|| println!("hello"))?;
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
pub type CrossbeamQueue<J> = StealingQueue<J, ReturningInjector<J>, ChaseLev<J>>;

/// One worker's end of a [`CrossbeamQueue`].
pub type CrossbeamLocal<J> = StealingLocal<J, ReturningInjector<J>, ChaseLev<J>>;
