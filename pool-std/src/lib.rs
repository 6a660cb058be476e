//! A work queue from the standard library alone: [`StdQueue`], for pools of `pool-core`.
//!
//! Most users take it through the facade crate `pool`, with the feature `std-only`.
//!
//! What it is built from serves other queues as well: [`stealing`] has the workers' own deques and
//! the stealing between them, over any store of the jobs from outside.
//!
//! # Examples
//!
//! ```
//! use pool_core::ThreadPoolBuilder;
//! use pool_std::StdQueue;
//!
//! let pool = ThreadPoolBuilder::with_queue(StdQueue::new()).num_threads(4).build()?;
//! for n in 0..8 {
//!     pool.execute(move || println!("job {n}"))?;
//! }
//! assert_eq!(pool.shutdown().done, 8);
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```

mod deque;
mod queue;
pub mod stealing;

pub use queue::{StdLocal, StdQueue};
