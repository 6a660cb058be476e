//! The results of a pool of `drainpool` as a [`Stream`](futures_core::Stream), for async programs.
//!
//! [`result_stream`] makes a sink for a pool, and the stream of what its jobs return;
//! [`bounded_result_stream`] the same with a bound. Most users enable the feature `stream` of the facade crate
//! `drainpool`, which re-exports all of this.
//!
//! # Example
//!
//! ```
//! use drainpool::{ThreadPoolBuilder, result_stream};
//! use smol::stream::StreamExt;
//!
//! let (sink, results) = result_stream();
//! let pool = ThreadPoolBuilder::new().capacity(8).sink(sink).build()?;
//! smol::block_on(async {
//!     for n in 1..=100_u64 {
//!         pool.execute_async(move || n * n).await?;
//!     }
//!     // With the last worker goes the sink, and so the stream ends.
//!     pool.close();
//!     let squares: Vec<u64> = results.map(|done| done.outcome.unwrap()).collect().await;
//!     assert_eq!(squares.iter().sum::<u64>(), 338_350);
//!     Ok::<(), Box<dyn std::error::Error>>(())
//! })?;
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```

mod channel;
mod sink;
mod stream;

pub use sink::StreamSink;
pub use stream::ResultStream;

use channel::Channel;

/// Returns a sink and the stream of what it takes, without a bound: no worker waits, and results that nobody
/// has read yet lie in memory.
///
/// # Examples
///
/// ```
/// use drainpool::{ThreadPoolBuilder, result_stream};
/// use smol::stream::StreamExt;
///
/// let (sink, results) = result_stream();
/// let pool = ThreadPoolBuilder::new().sink(sink).build()?;
/// pool.execute_batch((1..=10_u64).map(|n| move || n * n))?;
/// pool.close();
/// let sum = results.map(|done| done.outcome.unwrap()).fold(0, |sum, n| sum + n);
/// assert_eq!(smol::block_on(sum), 385);
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
pub fn result_stream<R>() -> (StreamSink<R>, ResultStream<R>) {
    split(None)
}

/// Returns a sink and the stream of what it takes, with room for this many results that nobody has read yet, or
/// for one if it is zero.
///
/// When there is no room, a worker waits with its result until the stream is read: the reader's pace becomes that
/// of the pool, and, once a bounded queue is full, that of its submitters. So whatever waits for the pool, such
/// as [`shutdown_async`](pool_core::Pool::shutdown_async), must not come before the reader in the same task.
/// Nor may a job of the same pool be the reader.
///
/// # Examples
///
/// ```
/// use drainpool::{ThreadPoolBuilder, bounded_result_stream};
/// use smol::stream::StreamExt;
///
/// let (sink, mut results) = bounded_result_stream(4);
/// let pool = ThreadPoolBuilder::new().capacity(4).sink(sink).build()?;
/// let submits = async {
///     for n in 1..=100_u64 {
///         pool.execute_async(move || n).await.unwrap();
///     }
///     pool.close();
/// };
/// let reads = async {
///     let mut sum = 0;
///     while let Some(done) = results.next().await {
///         sum += done.outcome.unwrap();
///     }
///     sum
/// };
/// let ((), sum) = smol::block_on(smol::future::zip(submits, reads));
/// assert_eq!(sum, 5_050);
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
pub fn bounded_result_stream<R>(room: usize) -> (StreamSink<R>, ResultStream<R>) {
    split(Some(room.max(1)))
}

fn split<R>(room: Option<usize>) -> (StreamSink<R>, ResultStream<R>) {
    let (sending, receiving) = Channel::split(room);
    (StreamSink::new(sending), ResultStream::new(receiving))
}
