//! A work-stealing queue and a lock-free sink on [`crossbeam_deque`], for pools of `pool-core`.
//!
//! Most users take them through the facade crate `pool`, with the feature `crossbeam`.
//!
//! # Examples
//!
//! ```
//! use pool_core::ThreadPoolBuilder;
//! use pool_crossbeam::{CrossbeamCollect, CrossbeamQueue};
//!
//! let results = CrossbeamCollect::new();
//! let pool = ThreadPoolBuilder::with_queue(CrossbeamQueue::new())
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
mod local;
mod queue;
mod shared;
mod sink;

pub use queue::{CrossbeamLocal, CrossbeamQueue, LocalOrder};
pub use sink::CrossbeamCollect;
