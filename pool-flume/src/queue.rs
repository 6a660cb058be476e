//! A flume channel as a queue.

use std::fmt;
use std::sync::Arc;

use pool_core::{LocalQueue, PushError, WorkQueue};

use crate::channel::{Channel, Tap};

/// A worker notes how full the channel is every so many pops.
const GAUGE: u32 = 64;

/// An unbounded queue on a flume channel that all workers share.
///
/// **Order**: first in, first out, jobs from outside and jobs that jobs submit alike. No worker has
/// jobs of its own, so nothing is stolen and nobody is starved.
///
/// Workers that wait do so in the pool's own sleep and never in the channel, which makes a great
/// difference where there are more workers than processors.
///
/// # Examples
///
/// ```
/// use pool_core::ThreadPoolBuilder;
/// use pool_flume::FlumeQueue;
///
/// let pool = ThreadPoolBuilder::with_queue(FlumeQueue::new()).build()?;
/// pool.execute(|| println!("hello"))?;
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
pub struct FlumeQueue<J>(Arc<Channel<J>>);

/// One worker's end of a [`FlumeQueue`].
pub struct FlumeLocal<J> {
    channel: Arc<Channel<J>>,
    /// Let go when there is nothing to take: one who sleeps must not keep an old channel alive.
    tap: Option<Tap<J>>,
    pops: u32,
}

impl<J> FlumeQueue<J> {
    /// An empty queue.
    #[must_use]
    pub fn new() -> Self {
        Self(Arc::new(Channel::new()))
    }
}

impl<J> Default for FlumeQueue<J> {
    fn default() -> Self {
        Self::new()
    }
}

impl<J: Send + 'static> WorkQueue<J> for FlumeQueue<J> {
    type Local = FlumeLocal<J>;

    fn local(&self, _worker: usize) -> FlumeLocal<J> {
        FlumeLocal { channel: Arc::clone(&self.0), tap: None, pops: 0 }
    }

    #[inline]
    fn push(&self, job: J) -> Result<(), PushError<J>> {
        self.0.send(job).map_err(PushError)
    }

    fn push_batch(&self, jobs: &mut impl Iterator<Item = J>) -> Result<(), PushError<J>> {
        self.0.send_all(jobs).map_err(PushError)
    }

    fn len(&self) -> usize {
        self.0.len()
    }
}

impl<J> LocalQueue<J> for FlumeLocal<J> {
    #[inline]
    fn push(&mut self, job: J) {
        let sent = self.channel.send(job);
        debug_assert!(sent.is_ok(), "the channel holds its own receiver");
    }

    #[inline]
    fn pop(&mut self) -> Option<J> {
        let tap = self.tap.get_or_insert_with(|| self.channel.tap());
        let job = self.channel.receive(tap);
        self.pops = self.pops.wrapping_add(1);
        if job.is_none() {
            self.tap = None;
            self.channel.renew();
        } else if self.pops.is_multiple_of(GAUGE) {
            self.channel.gauge(tap);
        }
        job
    }
}

impl<J> fmt::Debug for FlumeQueue<J> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("FlumeQueue").field("len", &self.0.len()).finish()
    }
}

impl<J> fmt::Debug for FlumeLocal<J> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("FlumeLocal").field("len", &self.channel.len()).finish()
    }
}
