//! Map and `for_each`: one function over many inputs.

use std::collections::VecDeque;
use std::fmt;
use std::iter::Fuse;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex};

use crate::api::handle::Handle;
use crate::api::job_handle::JobHandle;
use crate::api::job_set::JobSet;
use crate::error::JobError;
use crate::panics::{Panic, guarded};
use crate::queue::WorkQueue;
use crate::runtime::job::Job;

impl<J: Send + 'static, R: 'static, Q: WorkQueue<Job<J>>> Handle<J, R, Q> {
    /// Applies a function to every input, in the pool, and yields the outcomes in the order of the inputs.
    ///
    /// It is lazy: nothing happens before the first outcome is asked for, and at most
    /// [`buffer`](Map::buffer) inputs are in flight, so the inputs may be endless. Dropping it cancels the
    /// jobs that have not started.
    ///
    /// It goes on when the pool is closed: the caller then applies the function itself, one input after the other, on
    /// its own thread, which has no [worker state](crate::with_worker_state). So neither a close nor
    /// [`shutdown_now`](crate::Pool::shutdown_now) ends it. To end it, stop asking for outcomes, or let the inputs end:
    /// `inputs.take_while(..)`, with a flag or a [`CancellationToken`](crate::CancellationToken) that
    /// another thread sets. An input whose job is [taken back](Self::take_queued) is lost, and its outcome says so.
    ///
    /// # Examples
    ///
    /// ```
    /// use drainpool::ThreadPoolBuilder;
    ///
    /// let pool = ThreadPoolBuilder::new().build()?;
    /// let squares = pool.map(1_u64.., |n| n * n).buffer(8);
    /// let firsts: Result<Vec<u64>, _> = squares.take(4).collect();
    /// assert_eq!(firsts?, [1, 4, 9, 16]);
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    pub fn map<I, F, T>(&self, inputs: I, f: F) -> Map<J, R, Q, I::IntoIter, F, T>
    where
        I: IntoIterator,
        I::Item: Send + 'static,
        F: Fn(I::Item) -> T + Send + Sync + 'static,
        T: Send + 'static,
    {
        Map { feed: Feed::new(self.clone(), inputs.into_iter(), f), in_flight: VecDeque::new() }
    }

    /// Applies a function to every input, in the pool, and yields the outcomes as they come. Otherwise it
    /// is like [`map`](Self::map).
    ///
    /// # Examples
    ///
    /// ```
    /// use drainpool::ThreadPoolBuilder;
    ///
    /// let pool = ThreadPoolBuilder::new().build()?;
    /// let lengths = pool.map_unordered(["drain", "then", "exit"], str::len);
    /// let total: Result<usize, _> = lengths.sum();
    /// assert_eq!(total?, 13);
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    pub fn map_unordered<I, F, T>(
        &self,
        inputs: I,
        f: F,
    ) -> MapUnordered<J, R, Q, I::IntoIter, F, T>
    where
        I: IntoIterator,
        I::Item: Send + 'static,
        F: Fn(I::Item) -> T + Send + Sync + 'static,
        T: Send + 'static,
    {
        MapUnordered {
            feed: Feed::new(self.clone(), inputs.into_iter(), f),
            in_flight: JobSet::new(),
        }
    }

    /// Calls a function with every input, on the workers and on the caller's thread, and returns when all
    /// is done. The function and the inputs may borrow.
    ///
    /// Nothing is queued: each thread takes its next input when it is done with one. Otherwise it is like a
    /// [`scope`](Self::scope).
    ///
    /// # Panics
    ///
    /// If the function or the iterator panics, that panic is resumed here, after all threads are done; they
    /// begin no more inputs once they see it.
    ///
    /// # Examples
    ///
    /// ```
    /// use drainpool::ThreadPoolBuilder;
    ///
    /// let pool = ThreadPoolBuilder::new().build()?;
    /// let mut numbers = [1, 2, 3];
    /// pool.for_each(&mut numbers, |n| *n += 1);
    /// assert_eq!(numbers, [2, 3, 4]);
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    pub fn for_each<I, F>(&self, inputs: I, f: F)
    where
        I: IntoIterator,
        I::IntoIter: Send,
        F: Fn(I::Item) + Sync,
    {
        let inputs = Mutex::new(inputs.into_iter().fuse());
        let stop = AtomicBool::new(false);
        let take_all = || {
            let _stop = StopOnPanic(&stop);
            // A poisoned lock means that the iterator has panicked.
            while !stop.load(Ordering::Relaxed)
                && let Some(input) = inputs.lock().ok().and_then(|mut inputs| inputs.next())
            {
                f(input);
            }
        };
        self.scope(|scope| {
            for _ in 0..self.max_threads() {
                scope.spawn(take_all);
            }
            let _guest = self.inner.state.guest();
            take_all();
        });
    }
}

/// Stops the other threads of a `for_each` when this one panics.
struct StopOnPanic<'a>(&'a AtomicBool);

impl Drop for StopOnPanic<'_> {
    fn drop(&mut self) {
        if std::thread::panicking() {
            self.0.store(true, Ordering::Relaxed);
        }
    }
}

/// Spawns a job for each input.
struct Feed<J, R, Q, I, F> {
    pool: Handle<J, R, Q>,
    /// Fused, since it is asked again while outcomes are left to yield.
    inputs: Fuse<I>,
    f: Arc<F>,
    buffer: usize,
}

/// An input in flight.
enum Fed<T> {
    /// In the pool.
    Job(JobHandle<T>),
    /// Not accepted by the pool, so it was done here.
    Outcome(Result<T, JobError>),
}

impl<J, R, Q, I, F, T> Feed<J, R, Q, I, F>
where
    J: Send + 'static,
    R: 'static,
    Q: WorkQueue<Job<J>>,
    I: Iterator<Item: Send + 'static>,
    F: Fn(I::Item) -> T + Send + Sync + 'static,
    T: Send + 'static,
{
    fn new(pool: Handle<J, R, Q>, inputs: I, f: F) -> Self {
        let buffer = 2 * pool.num_threads();
        Self { pool, inputs: inputs.fuse(), f: Arc::new(f), buffer }
    }

    fn next(&mut self) -> Option<Fed<T>> {
        let (f, input) = (Arc::clone(&self.f), self.inputs.next()?);
        Some(match self.pool.spawn(move || f(input)) {
            Ok(job) => Fed::Job(job),
            Err(refused) => {
                let outcome = guarded(refused.into_inner());
                Fed::Outcome(outcome.map_err(|payload| JobError::Panicked(Panic::new(payload))))
            }
        })
    }
}

/// An iterator over the outcomes of a function, in the order of its inputs; made by [`Handle::map`].
#[must_use = "it is lazy: nothing happens before the first outcome is asked for"]
pub struct Map<J, R, Q, I, F, T> {
    feed: Feed<J, R, Q, I, F>,
    in_flight: VecDeque<Fed<T>>,
}

impl<J, R, Q, I, F, T> Map<J, R, Q, I, F, T> {
    /// The maximum number of inputs in flight: taken, and their outcome not yielded. At least 1; the
    /// default is twice the pool's number of threads.
    pub fn buffer(mut self, inputs: usize) -> Self {
        self.feed.buffer = inputs.max(1);
        self
    }
}

impl<J, R, Q, I, F, T> Iterator for Map<J, R, Q, I, F, T>
where
    J: Send + 'static,
    R: 'static,
    Q: WorkQueue<Job<J>>,
    I: Iterator<Item: Send + 'static>,
    F: Fn(I::Item) -> T + Send + Sync + 'static,
    T: Send + 'static,
{
    type Item = Result<T, JobError>;

    fn next(&mut self) -> Option<Self::Item> {
        // An input that is done here is not done ahead of time.
        while self.in_flight.len() < self.feed.buffer
            && !matches!(self.in_flight.back(), Some(Fed::Outcome(_)))
            && let Some(fed) = self.feed.next()
        {
            self.in_flight.push_back(fed);
        }
        Some(match self.in_flight.pop_front()? {
            Fed::Job(job) => job.join(),
            Fed::Outcome(outcome) => outcome,
        })
    }

    fn size_hint(&self) -> (usize, Option<usize>) {
        bounds(self.feed.inputs.size_hint(), self.in_flight.len())
    }
}

impl<J, R, Q, I, F, T> Drop for Map<J, R, Q, I, F, T> {
    fn drop(&mut self) {
        for fed in &self.in_flight {
            if let Fed::Job(job) = fed {
                job.cancel();
            }
        }
    }
}

/// An iterator over the outcomes of a function, as they come; made by [`Handle::map_unordered`].
#[must_use = "it is lazy: nothing happens before the first outcome is asked for"]
pub struct MapUnordered<J, R, Q, I, F, T> {
    feed: Feed<J, R, Q, I, F>,
    in_flight: JobSet<T>,
}

impl<J, R, Q, I, F, T> MapUnordered<J, R, Q, I, F, T> {
    /// The maximum number of inputs in flight: taken, and their outcome not yielded. At least 1; the
    /// default is twice the pool's number of threads.
    pub fn buffer(mut self, inputs: usize) -> Self {
        self.feed.buffer = inputs.max(1);
        self
    }
}

impl<J, R, Q, I, F, T> Iterator for MapUnordered<J, R, Q, I, F, T>
where
    J: Send + 'static,
    R: 'static,
    Q: WorkQueue<Job<J>>,
    I: Iterator<Item: Send + 'static>,
    F: Fn(I::Item) -> T + Send + Sync + 'static,
    T: Send + 'static,
{
    type Item = Result<T, JobError>;

    fn next(&mut self) -> Option<Self::Item> {
        while self.in_flight.len() < self.feed.buffer {
            match self.feed.next() {
                Some(Fed::Job(job)) => drop(self.in_flight.insert(job)),
                Some(Fed::Outcome(outcome)) => return Some(outcome),
                None => break,
            }
        }
        self.in_flight.join_next().map(|(_, outcome)| outcome)
    }

    fn size_hint(&self) -> (usize, Option<usize>) {
        bounds(self.feed.inputs.size_hint(), self.in_flight.len())
    }
}

impl<J, R, Q, I, F, T> Drop for MapUnordered<J, R, Q, I, F, T> {
    fn drop(&mut self) {
        self.in_flight.cancel_all();
    }
}

/// Adds to the bounds of an iterator the number of outcomes that are still to come.
fn bounds((lower, upper): (usize, Option<usize>), ahead: usize) -> (usize, Option<usize>) {
    (lower.saturating_add(ahead), upper.and_then(|upper| upper.checked_add(ahead)))
}

impl<J, R, Q, I, F, T> fmt::Debug for Map<J, R, Q, I, F, T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Map").field("buffer", &self.feed.buffer).finish_non_exhaustive()
    }
}

impl<J, R, Q, I, F, T> fmt::Debug for MapUnordered<J, R, Q, I, F, T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("MapUnordered").field("buffer", &self.feed.buffer).finish_non_exhaustive()
    }
}
