//! Flume channels as sinks.

use std::fmt;

use flume::{SendError, Sender};
use pool_core::{Completed, ResultSink, SinkClosed};

/// A sink that sends every outcome into a flume channel.
///
/// With an unbounded channel `put` never blocks. If a bounded one is full, the worker waits until the
/// receiver has made room; a thread that waits for the pool must then not be the only receiver.
///
/// The receiver ends when the pool has shut down and no other sender is left.
///
/// # Examples
///
/// ```
/// use drainpool::{FlumeQueue, FlumeSink, ThreadPoolBuilder};
///
/// let (results, received) = flume::bounded(16);
/// let pool = ThreadPoolBuilder::new().queue(FlumeQueue::new())
///     .sink(FlumeSink::new(results))
///     .build()?;
/// for n in 0..100 {
///     pool.execute(move || n)?;
/// }
/// pool.close();
/// assert_eq!(received.iter().count(), 100);
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
pub struct FlumeSink<R>(Sender<Completed<R>>);

impl<R> FlumeSink<R> {
    /// Returns a sink that sends into this channel.
    #[must_use]
    pub fn new(sender: Sender<Completed<R>>) -> Self {
        Self(sender)
    }
}

impl<R> Clone for FlumeSink<R> {
    fn clone(&self) -> Self {
        Self(self.0.clone())
    }
}

impl<R> ResultSink for FlumeSink<R> {
    type Result = R;

    fn put(&mut self, done: Completed<R>) -> Result<(), SinkClosed<R>> {
        self.0.send(done).map_err(|SendError(done)| SinkClosed(done))
    }
}

impl<R> fmt::Debug for FlumeSink<R> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("FlumeSink").field("len", &self.0.len()).finish_non_exhaustive()
    }
}
