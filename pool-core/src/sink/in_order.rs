//! A sink that keeps the order of submission.

use std::collections::BTreeMap;
use std::fmt;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use super::{Completed, ResultSink, SinkClosed};
use crate::job::JobId;

/// Passes outcomes on to another sink in the order in which the jobs were submitted.
///
/// An outcome whose turn has not come waits, so one long job holds back those of all later ones, and
/// their memory with them. Jobs that jobs submit have no place in that order: their outcomes are
/// passed on as they come.
///
/// The clones of one `InOrder` share the other sink, under a lock.
///
/// # Examples
///
/// ```
/// use std::sync::mpsc;
/// use pool_core::{InOrder, ThreadPoolBuilder};
/// use pool_std::StdQueue;
///
/// let (results, received) = mpsc::channel();
/// let pool = ThreadPoolBuilder::with_queue(StdQueue::new()).sink(InOrder::new(results)).build()?;
/// pool.execute_batch((0..100).map(|n| move || n))?;
/// pool.shutdown();
/// let numbers: Result<Vec<i32>, _> = received.into_iter().map(|done| done.outcome).collect();
/// assert_eq!(numbers?, (0..100).collect::<Vec<_>>());
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
pub struct InOrder<S: ResultSink<R>, R>(Arc<Mutex<Row<S, R>>>);

struct Row<S: ResultSink<R>, R> {
    /// Whose turn it is.
    next: u64,
    /// Those whose turn has not come: with their outcome, or without one if they will have none.
    early: BTreeMap<u64, Option<Completed<R>>>,
    sink: S,
    /// Outcomes that had waited here and then found no taker.
    lost: u64,
}

impl<S: ResultSink<R>, R> InOrder<S, R> {
    /// Keeps the order for this sink.
    #[must_use]
    pub fn new(sink: S) -> Self {
        Self(Arc::new(Mutex::new(Row { next: 0, early: BTreeMap::new(), sink, lost: 0 })))
    }

    /// A sink that panicked has made its own state unsound, if at all, and not the row's.
    fn lock(&self) -> MutexGuard<'_, Row<S, R>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl<S: ResultSink<R>, R> Row<S, R> {
    /// Passes on those whose turn has come.
    fn advance(&mut self) {
        while let Some(early) = self.early.remove(&self.next) {
            self.next += 1;
            self.pass_on(early);
        }
    }

    fn pass_on(&mut self, early: Option<Completed<R>>) {
        if let Some(done) = early
            && self.sink.put(done).is_err()
        {
            self.lost += 1;
        }
    }
}

impl<S: ResultSink<R>, R> ResultSink<R> for InOrder<S, R> {
    fn put(&mut self, done: Completed<R>) -> Result<(), SinkClosed<R>> {
        let mut row = self.lock();
        if done.id.is_nested() {
            return row.sink.put(done);
        }
        if done.id.as_u64() != row.next {
            row.early.insert(done.id.as_u64(), Some(done));
            return Ok(());
        }
        row.next += 1;
        let passed_on = row.sink.put(done);
        row.advance();
        passed_on
    }

    fn skip(&mut self, id: JobId) {
        if !id.is_nested() {
            let mut row = self.lock();
            row.early.insert(id.as_u64(), None);
            row.advance();
        }
    }

    fn flush(&mut self) -> u64 {
        let mut row = self.lock();
        // A `put` that panicked may have left some behind whose turn it is.
        row.advance();
        row.sink.flush() + std::mem::take(&mut row.lost)
    }
}

/// Whatever is left, because the pool ended with jobs that have no outcome, is passed on in order.
impl<S: ResultSink<R>, R> Drop for Row<S, R> {
    fn drop(&mut self) {
        for early in std::mem::take(&mut self.early).into_values() {
            self.pass_on(early);
        }
        self.sink.flush();
    }
}

/// A clone shares the row and the sink.
impl<S: ResultSink<R>, R> Clone for InOrder<S, R> {
    fn clone(&self) -> Self {
        Self(Arc::clone(&self.0))
    }
}

impl<S: ResultSink<R>, R> fmt::Debug for InOrder<S, R> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let row = self.lock();
        f.debug_struct("InOrder")
            .field("next", &row.next)
            .field("early", &row.early.len())
            .finish_non_exhaustive()
    }
}
