//! The stream.

use std::fmt;
use std::pin::Pin;
use std::task::{Context, Poll};

use futures_core::Stream;
use pool_core::Completed;

use crate::channel::Receiver;

/// A stream of the outcomes of a pool's jobs; made by [`result_stream`](crate::result_stream) or
/// [`bounded_result_stream`](crate::bounded_result_stream).
///
/// It ends when the pool has ended, or all pools that have the sink, and no other clone of the sink is left; a
/// forgotten handle does not keep it open (C6). It may be polled again after its end. A future of its next item
/// that is dropped takes nothing along.
///
/// Dropped, it lets go the workers that wait for room.
///
/// # Examples
///
/// ```
/// use drainpool::{ThreadPoolBuilder, result_stream};
/// use smol::stream::StreamExt;
///
/// let (sink, mut results) = result_stream();
/// let pool = ThreadPoolBuilder::new().sink(sink).build()?;
/// let id = pool.execute(|| 6 * 7)?;
/// pool.close();
/// smol::block_on(async {
///     let done = results.next().await.expect("a job was accepted");
///     assert_eq!((done.id, done.outcome.unwrap()), (id, 42));
///     assert!(results.next().await.is_none());
/// });
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[must_use = "dropped, it has the results dropped"]
pub struct ResultStream<R>(Receiver<Completed<R>>);

impl<R> ResultStream<R> {
    pub(crate) fn new(receiver: Receiver<Completed<R>>) -> Self {
        Self(receiver)
    }
}

impl<R> Stream for ResultStream<R> {
    type Item = Completed<R>;

    fn poll_next(self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<Option<Self::Item>> {
        self.get_mut().0.poll(context)
    }

    fn size_hint(&self) -> (usize, Option<usize>) {
        (self.0.len(), None)
    }
}

impl<R> fmt::Debug for ResultStream<R> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("ResultStream").field("len", &self.0.len()).finish()
    }
}
