//! A queue and sinks on [`flume`] channels, for pools of `pool-core`.
//!
//! Most users take them through the facade crate `pool`, with the feature `flume`.
//!
//! # Examples
//!
//! ```
//! use pool_core::ThreadPoolBuilder;
//! use pool_flume::{FlumeQueue, FlumeSink};
//!
//! let (results, received) = flume::unbounded();
//! let pool = ThreadPoolBuilder::with_queue(FlumeQueue::new())
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
mod queue;
mod sink;

pub use queue::{FlumeLocal, FlumeQueue};
pub use sink::FlumeSink;
