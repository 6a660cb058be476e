//! A flume channel as a queue.

use pool_core::{LocalQueue, PushError, WorkQueue};
use pool_std::stealing::{StealingLocal, StealingQueue};

use crate::channel::Channel;

/// An unbounded queue: a flume channel for the jobs from outside, and a locked deque for each
/// worker.
///
/// A worker that runs out of jobs takes those in the channel to its own deque, if they are few. Else it
/// drains the channel, for one turn of its lock, and lays the jobs out in packs, one of which each
/// worker takes that needs some. Who finds nothing there steals from other workers' deques. Every so
/// many jobs a worker that keeps itself busy looks outside as well, so nobody is starved. Jobs that jobs
/// submit go to their worker's own deque.
///
/// **Order**: first in, first out, as far as several workers allow it. With one worker, jobs from
/// outside start exactly in the order in which they were submitted, and so do the jobs that jobs
/// submit; those come behind the jobs from outside that the worker took before.
///
/// **Memory**: that of a burst is given back once it is over. While jobs are laid out they take up
/// room in the channel and in the packs. A batch moves as one, in the room it came in.
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
#[derive(Debug)]
pub struct FlumeQueue<J>(StealingQueue<J, Channel<J>>);

/// One worker's end of a [`FlumeQueue`].
#[derive(Debug)]
pub struct FlumeLocal<J>(StealingLocal<J, Channel<J>>);

impl<J> FlumeQueue<J> {
    /// An empty queue.
    #[must_use]
    pub fn new() -> Self {
        Self(StealingQueue::new(Channel::new()))
    }
}

impl<J> Default for FlumeQueue<J> {
    fn default() -> Self {
        Self::new()
    }
}

impl<J: Send + 'static> WorkQueue<J> for FlumeQueue<J> {
    type Local = FlumeLocal<J>;

    fn local(&self, worker: usize) -> FlumeLocal<J> {
        FlumeLocal(self.0.local(worker))
    }

    #[inline]
    fn push(&self, job: J) -> Result<(), PushError<J>> {
        self.0.push(job)
    }

    fn push_batch(&self, jobs: &mut impl Iterator<Item = J>) -> Result<(), PushError<J>> {
        self.0.push_batch(jobs)
    }

    fn len(&self) -> usize {
        self.0.len()
    }

    fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    fn retain(&self, keep: impl FnMut(&mut J) -> bool) {
        self.0.retain(keep);
    }
}

impl<J: Send + 'static> LocalQueue<J> for FlumeLocal<J> {
    #[inline]
    fn push(&mut self, job: J) {
        self.0.push(job);
    }

    #[inline]
    fn pop(&mut self) -> Option<J> {
        self.0.pop()
    }

    fn steal(&mut self) -> Option<J> {
        self.0.steal()
    }
}
