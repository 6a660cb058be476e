//! The standard library's channels as sinks.

use std::sync::mpsc::{SendError, Sender, SyncSender};

use super::{Completed, ResultSink, SinkClosed};

/// An unbounded channel: `put` never blocks. The receiver ends when the pool has shut down and no other
/// sender is left.
///
/// # Examples
///
/// ```
/// use std::sync::mpsc;
/// use drainpool::ThreadPoolBuilder;
///
/// let (results, received) = mpsc::channel();
/// let pool = ThreadPoolBuilder::new().sink(results).build()?;
/// for n in 0..10_u64 {
///     pool.execute(move || n * n)?;
/// }
/// pool.shutdown();
/// let sum: u64 = received.iter().map(|done| done.outcome.unwrap()).sum();
/// assert_eq!(sum, 285);
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
impl<R> ResultSink for Sender<Completed<R>> {
    type Result = R;

    fn put(&mut self, done: Completed<R>) -> Result<(), SinkClosed<R>> {
        self.send(done).map_err(|SendError(done)| SinkClosed(done))
    }
}

/// A bounded channel: if it is full, the worker waits until the receiver has made room.
///
/// A thread that waits for the pool must not be the only receiver: with the channel full, the pool waits
/// for the receiver.
impl<R> ResultSink for SyncSender<Completed<R>> {
    type Result = R;

    fn put(&mut self, done: Completed<R>) -> Result<(), SinkClosed<R>> {
        self.send(done).map_err(|SendError(done)| SinkClosed(done))
    }
}
