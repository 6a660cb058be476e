//! Sinks, to which the outcomes of jobs are delivered.

mod channel;
mod closure;
mod collect;
mod in_order;

use std::fmt;

use crate::error::JobError;
use crate::id::JobId;
use crate::panics::{drop_quietly, guarded};

pub use closure::{FnSink, sink_fn};
pub use collect::Collect;
pub use in_order::InOrder;

/// A receiver of the outcomes of a pool's jobs.
///
/// A sink is cloned once for each worker and used by that worker alone, so a clone may buffer. It is
/// flushed before its worker waits for work, and before it leaves.
///
/// * The pool holds no lock while it calls a sink or clones one. All calls may use the pool. A thread that
///   needs a clone waits while another thread makes one.
/// * Outcomes of jobs that ran outside of the workers go through further clones, each used by one thread at
///   a time.
/// * A `put` that blocks holds up its worker: that is backpressure. It does not hold up the
///   wake-up of other workers.
/// * A `put` that fails returns the outcome. The worker drops it, goes on, and counts it as
///   [`undelivered`](crate::ShutdownReport::undelivered). It does the same after a `put` that panics.
/// * The outcomes of one worker arrive in the order in which its jobs ended; those of different
///   workers in any order.
///
/// Provided sinks: [`std::sync::mpsc::Sender`] and [`SyncSender`](std::sync::mpsc::SyncSender),
/// [`Collect`], any closure through [`sink_fn`], and [`NoSink`]. [`InOrder`] puts outcomes back into the
/// order of submission.
///
/// # Examples
///
/// A sink that sums up, in each worker's clone until that worker is idle:
///
/// ```
/// use std::sync::Arc;
/// use std::sync::atomic::{AtomicU64, Ordering};
/// use drainpool::{Completed, ResultSink, SinkClosed, ThreadPoolBuilder};
///
/// #[derive(Clone, Default)]
/// struct Sum {
///     own: u64,
///     total: Arc<AtomicU64>,
/// }
///
/// impl ResultSink for Sum {
///     type Result = u64;
///
///     fn put(&mut self, done: Completed<u64>) -> Result<(), SinkClosed<u64>> {
///         self.own += done.outcome.unwrap_or(0);
///         Ok(())
///     }
///     fn flush(&mut self) -> u64 {
///         self.total.fetch_add(std::mem::take(&mut self.own), Ordering::Relaxed);
///         0
///     }
/// }
///
/// let sum = Sum::default();
/// let pool = ThreadPoolBuilder::new().sink(sum.clone()).build()?;
/// for n in 1..=100 {
///     pool.execute(move || n)?;
/// }
/// pool.wait_idle()?;
/// assert_eq!(sum.total.load(Ordering::Relaxed), 5_050);
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
pub trait ResultSink {
    /// The type of the results that this sink takes. A pool's result type is that of its sink.
    type Result;

    /// Whether the sink needs the ids of jobs from outside to be 0, 1, 2… in the order of acceptance. Each of them comes
    /// here once, by [`put`](Self::put) or, if the job has a handle or came to nothing, by [`skip`](Self::skip).
    /// Threads that submit to its pool then meet at one count. Otherwise the ids of each thread's jobs grow, and
    /// those of different threads may be [far apart](JobId). A sink that passes outcomes on to another sink `S` says
    /// `S::IN_SEQUENCE`.
    const IN_SEQUENCE: bool = false;

    /// Learns that a pool is being built whose original sink this is, before it is cloned for the first
    /// worker. For sinks that keep what belongs to one pool, such as the order of its jobs. A sink that
    /// passes outcomes on to another sink passes this call on as well.
    fn attach(&mut self) {}

    /// Takes one outcome.
    ///
    /// # Errors
    ///
    /// The outcome comes back if it will never be read.
    fn put(&mut self, done: Completed<Self::Result>) -> Result<(), SinkClosed<Self::Result>>;

    /// Learns that the job with this id will have no outcome here: its outcome goes to its handle, or it
    /// was not accepted after all. For sinks that keep the order of submission. A sink that passes outcomes on to
    /// another sink passes this call on as well.
    fn skip(&mut self, id: JobId) {
        let _ = id;
    }

    /// Passes on everything that this clone has kept back. Returns the number of outcomes that an earlier
    /// `put` had taken and that could not be passed on. A sink that passes outcomes on to another sink passes this call
    /// on as well.
    fn flush(&mut self) -> u64 {
        0
    }
}

/// Flushes a sink, whose panic goes no further (C8). Returns the number of outcomes that were lost.
pub(crate) fn flush_quietly(sink: &mut impl ResultSink) -> u64 {
    guarded(|| sink.flush()).map_err(drop_quietly).unwrap_or(0)
}

/// The outcome of one job (C3), with its origin.
#[derive(Debug)]
#[non_exhaustive]
pub struct Completed<R> {
    /// The id of the job.
    pub id: JobId,
    /// The index of the worker that ran it, whose name [`Handle::thread_name`](crate::Handle::thread_name)
    /// returns. `None` if the submitter [ran it itself](crate::WhenFull::RunHere).
    pub worker: Option<usize>,
    /// The job's result, or the reason why it has none.
    pub outcome: Result<R, JobError>,
}

impl<R> Completed<R> {
    /// The same with what `f` makes of the result, for a sink that passes on to one of another type.
    ///
    /// # Examples
    ///
    /// ```
    /// use std::sync::mpsc;
    /// use drainpool::{Completed, ThreadPoolBuilder, sink_fn};
    ///
    /// let (texts, received) = mpsc::channel::<Completed<String>>();
    /// let numbers = sink_fn(move |done: Completed<u64>| drop(texts.send(done.map(|n| n.to_string()))));
    /// let pool = ThreadPoolBuilder::new().sink(numbers).build()?;
    /// pool.execute(|| 7)?;
    /// assert_eq!(received.recv()?.outcome?, "7");
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    pub fn map<T>(self, f: impl FnOnce(R) -> T) -> Completed<T> {
        Completed { id: self.id, worker: self.worker, outcome: self.outcome.map(f) }
    }

    pub(crate) const fn new(
        id: JobId,
        worker: Option<usize>,
        outcome: Result<R, JobError>,
    ) -> Self {
        Self { id, worker, outcome }
    }
}

/// The error of a sink that has no reader any more, with the outcome.
pub struct SinkClosed<R>(pub Completed<R>);

impl<R> SinkClosed<R> {
    /// The outcome that the sink did not take.
    #[must_use]
    pub fn into_inner(self) -> Completed<R> {
        self.0
    }
}

impl<R> fmt::Debug for SinkClosed<R> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("SinkClosed(..)")
    }
}

impl<R> fmt::Display for SinkClosed<R> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("nobody is left to receive this outcome")
    }
}

impl<R> std::error::Error for SinkClosed<R> {}

/// The sink of a pool whose jobs return nothing: it drops outcomes.
#[derive(Debug, Clone, Copy, Default)]
pub struct NoSink;

impl ResultSink for NoSink {
    type Result = ();

    #[inline]
    fn put(&mut self, done: Completed<()>) -> Result<(), SinkClosed<()>> {
        // Dropped as intended, even if the drop of a panic's payload panics once more.
        if let Err(error) = done.outcome {
            drop_quietly(error);
        }
        Ok(())
    }
}
