//! The sink.

use std::fmt;

use pool_core::{Completed, ResultSink, SinkClosed};

use crate::channel::Sender;

/// A sink that sends every outcome to a [`ResultStream`](crate::ResultStream); made by
/// [`result_stream`](crate::result_stream) or [`bounded_result_stream`](crate::bounded_result_stream).
///
/// The outcomes come as the jobs end. [`InOrder`](pool_core::InOrder) over this sink puts those of jobs from
/// outside into the order of submission. When the stream was dropped, the pool counts what comes as
/// [`undelivered`](pool_core::ShutdownReport::undelivered) (C3).
///
/// # Examples
///
/// ```
/// use drainpool::{InOrder, ThreadPoolBuilder, result_stream};
/// use smol::stream::StreamExt;
///
/// let (sink, results) = result_stream();
/// let pool = ThreadPoolBuilder::new().sink(InOrder::new(sink)).build()?;
/// for n in 0..10 {
///     pool.execute(move || n)?;
/// }
/// pool.close();
/// let numbers: Vec<u32> =
///     smol::block_on(results.map(|done| done.outcome.unwrap()).collect());
/// assert!(numbers.is_sorted());
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
pub struct StreamSink<R>(Sender<Completed<R>>);

impl<R> StreamSink<R> {
    pub(crate) fn new(sender: Sender<Completed<R>>) -> Self {
        Self(sender)
    }
}

impl<R> Clone for StreamSink<R> {
    fn clone(&self) -> Self {
        Self(self.0.clone())
    }
}

impl<R> ResultSink for StreamSink<R> {
    type Result = R;

    fn put(&mut self, done: Completed<R>) -> Result<(), SinkClosed<R>> {
        self.0.send(done).map_err(SinkClosed)
    }
}

impl<R> fmt::Debug for StreamSink<R> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("StreamSink").finish_non_exhaustive()
    }
}
