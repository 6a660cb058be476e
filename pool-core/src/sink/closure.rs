//! A closure as a sink.

use super::{Completed, ResultSink, SinkClosed};

/// Calls a closure with every outcome, on the worker that ran the job; made by [`sink_fn`].
#[derive(Debug, Clone)]
pub struct FnSink<F>(F);

/// Makes a sink of a closure. Each worker has a clone of its own, which may keep state.
///
/// # Examples
///
/// ```
/// use pool_core::{Completed, ThreadPoolBuilder, sink_fn};
/// use pool_std::StdQueue;
///
/// let print = sink_fn(|done: Completed<&str>| match done.outcome {
///     Ok(text) => println!("{text} from worker {:?}", done.worker),
///     Err(error) => println!("job {}: {error}", done.id),
/// });
/// let pool = ThreadPoolBuilder::with_queue(StdQueue::new()).sink(print).build()?;
/// pool.execute(|| "hello")?;
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
pub fn sink_fn<R, F>(f: F) -> FnSink<F>
where
    F: FnMut(Completed<R>) + Clone + Send,
{
    FnSink(f)
}

impl<R, F: FnMut(Completed<R>)> ResultSink<R> for FnSink<F> {
    fn put(&mut self, done: Completed<R>) -> Result<(), SinkClosed<R>> {
        (self.0)(done);
        Ok(())
    }
}
