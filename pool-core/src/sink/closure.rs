//! A closure as a sink.

use std::fmt;
use std::marker::PhantomData;

use super::{Completed, ResultSink, SinkClosed};

/// A sink that calls a closure with every outcome, on the worker that ran the job; made by [`sink_fn`].
pub struct FnSink<F, R> {
    f: F,
    result: PhantomData<fn(R)>,
}

impl<F: Clone, R> Clone for FnSink<F, R> {
    fn clone(&self) -> Self {
        Self { f: self.f.clone(), result: PhantomData }
    }
}

impl<F, R> fmt::Debug for FnSink<F, R> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("FnSink(..)")
    }
}

/// Makes a sink of a closure. Each worker has a clone of its own, which may keep state.
///
/// # Examples
///
/// ```
/// use drainpool::{Completed, ThreadPoolBuilder, sink_fn};
///
/// let print = sink_fn(|done: Completed<&str>| match done.outcome {
///     Ok(text) => println!("{text} from worker {:?}", done.worker),
///     Err(error) => println!("job {}: {error}", done.id),
/// });
/// let pool = ThreadPoolBuilder::new().sink(print).build()?;
/// pool.execute(|| "hello")?;
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
pub fn sink_fn<R, F>(f: F) -> FnSink<F, R>
where
    F: FnMut(Completed<R>) + Clone + Send,
{
    FnSink { f, result: PhantomData }
}

impl<R, F: FnMut(Completed<R>)> ResultSink for FnSink<F, R> {
    type Result = R;

    fn put(&mut self, done: Completed<R>) -> Result<(), SinkClosed<R>> {
        (self.f)(done);
        Ok(())
    }
}
