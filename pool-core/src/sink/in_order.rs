//! A sink that keeps the order of submission.

use std::any::Any;
use std::collections::{BTreeMap, VecDeque};
use std::fmt;
use std::panic::resume_unwind;
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};

use super::{Completed, ResultSink, SinkClosed, flush_quietly};
use crate::id::JobId;
use crate::panics::{drop_quietly, guarded};
use crate::parts::context::thread_mark;

/// A sink that passes outcomes on to another sink in the order in which the jobs were submitted.
///
/// An outcome whose turn has not come waits, so one long job holds back the outcomes of all later ones, and
/// their memory. Nested jobs have no place in that order: their outcomes are passed on as they come.
///
/// The clones of one `InOrder` share the other sink, which is used by one thread at a time. Another thread
/// with an outcome waits for its turn. The same thread does not: if the other sink's `put` leads back here,
/// that outcome is passed on after it.
///
/// It serves several pools, at the same time or one after another. The order is that of each pool, and each
/// pool numbers its jobs from 0, so outcomes that must be told apart carry their origin themselves.
///
/// # Examples
///
/// ```
/// use std::sync::mpsc;
/// use drainpool::{InOrder, ThreadPoolBuilder};
///
/// let (results, received) = mpsc::channel();
/// let pool = ThreadPoolBuilder::new().sink(InOrder::new(results)).build()?;
/// pool.execute_batch((0..100).map(|n| move || n))?;
/// pool.shutdown();
/// let numbers: Result<Vec<i32>, _> = received.into_iter().map(|done| done.outcome).collect();
/// assert_eq!(numbers?, (0..100).collect::<Vec<_>>());
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
pub struct InOrder<S: ResultSink> {
    row: Arc<Row<S>>,
}

/// The outcomes of one pool, on their way to the other sink.
struct Row<S: ResultSink> {
    early: Mutex<Early<S::Result>>,
    outlet: Arc<Outlet<S>>,
}

/// The outcomes whose turn has not come.
struct Early<R> {
    /// The number whose turn it is in each stripe. There is one stripe, unless a sink around this one keeps from
    /// the pool that it is to number [in sequence](ResultSink::IN_SEQUENCE). Then the order is that of each.
    next: [u64; JobId::MAX_STRIPES],
    /// The others: with their outcome, or without one if they will have none.
    waiting: BTreeMap<u64, Option<Completed<R>>>,
}

/// The other sink, and the outcomes that are to be put there next.
struct Outlet<S: ResultSink> {
    state: Mutex<State<S>>,
    /// Signalled when the sink is back.
    returned: Condvar,
}

struct State<S: ResultSink> {
    /// The outcomes whose turn has come, those of all pools.
    due: VecDeque<Completed<S::Result>>,
    /// `Err` with the mark of the thread that uses it, meanwhile.
    sink: Result<S, usize>,
    /// The number of outcomes that had waited here and that the other sink then did not take.
    lost: u64,
}

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    // No foreign code runs under these locks, so a poisoned one guards sound data.
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

impl<S: ResultSink> InOrder<S> {
    /// Returns a sink that keeps the order for this sink.
    #[must_use]
    pub fn new(sink: S) -> Self {
        let state = State { due: VecDeque::new(), sink: Ok(sink), lost: 0 };
        let outlet = Outlet { state: Mutex::new(state), returned: Condvar::new() };
        Self { row: Arc::new(Row::new(Arc::new(outlet))) }
    }

    /// Takes a turn in the row, with an outcome or without one, and passes on what is due.
    fn take_turn(
        &mut self,
        id: JobId,
        outcome: Option<Completed<S::Result>>,
    ) -> Result<(), SinkClosed<S::Result>> {
        let Some(mut sink) = self.row.outlet.take_in_turn(|due| self.row.arrive(id, outcome, due))
        else {
            // This thread passes outcomes on already, and will come to this one.
            return Ok(());
        };
        sink.pass_on(Some(id))
    }
}

impl<S: ResultSink> Row<S> {
    fn new(outlet: Arc<Outlet<S>>) -> Self {
        let next = std::array::from_fn(|stripe| JobId::in_stripe(stripe, 0).as_u64());
        Self { early: Mutex::new(Early { next, waiting: BTreeMap::new() }), outlet }
    }

    /// Adds the outcomes to `due` whose turn has come by this one.
    fn arrive(
        &self,
        id: JobId,
        outcome: Option<Completed<S::Result>>,
        due: &mut VecDeque<Completed<S::Result>>,
    ) {
        let mut early = lock(&self.early);
        let (number, stripe) = (id.as_u64(), id.stripe());
        if id.is_nested() || number < early.next[stripe] {
            // A nested job has no place in the order. A lower number is of a pool that uses this row
            // without `attach`.
            due.extend(outcome);
            return;
        }
        // Only two pools can have the same number; neither outcome is lost.
        due.extend(early.waiting.insert(number, outcome).flatten());
        let mut next = early.next[stripe];
        while let Some(outcome) = early.waiting.remove(&next) {
            next += 1;
            due.extend(outcome);
        }
        early.next[stripe] = next;
    }
}

impl<S: ResultSink> Outlet<S> {
    /// Takes the sink, once no other thread uses it, with what `arrive` adds to what is due. Returns `None`
    /// if this thread uses it already, and will find the addition there.
    ///
    /// Outcomes are put in the order in which they become due: both are decided under the lock, by the
    /// thread that gets the sink.
    fn take_in_turn(
        &self,
        arrive: impl FnOnce(&mut VecDeque<Completed<S::Result>>),
    ) -> Option<InUse<'_, S>> {
        let mark = thread_mark();
        let mut state = lock(&self.state);
        while state.sink.as_ref().is_err_and(|by| *by != mark) {
            state = self.returned.wait(state).unwrap_or_else(PoisonError::into_inner);
        }
        arrive(&mut state.due);
        let sink = std::mem::replace(&mut state.sink, Err(mark)).ok()?;
        Some(InUse { outlet: self, sink: Some(sink) })
    }
}

/// The sink, in use by one thread. When dropped, it goes back.
struct InUse<'a, S: ResultSink> {
    outlet: &'a Outlet<S>,
    sink: Option<S>,
}

impl<S: ResultSink> InUse<'_, S> {
    /// Puts everything that is due. An outcome that the sink does not take comes back if it is the caller's
    /// own, and is counted otherwise.
    fn pass_on(&mut self, own: Option<JobId>) -> Result<(), SinkClosed<S::Result>> {
        let (mut refused, mut thrown) = (Ok(()), None);
        while let Some(done) = self.next() {
            let is_own = Some(done.id) == own;
            let put = guarded(|| self.sink().map_or(Ok(()), |sink| sink.put(done)));
            match put {
                Ok(Ok(())) => {}
                Ok(Err(SinkClosed(done))) if is_own && refused.is_ok() => {
                    refused = Err(SinkClosed(done));
                }
                Ok(Err(refused)) => self.lose(refused),
                // The panic of the caller's own outcome goes on; that of another outcome is counted.
                Err(payload) if is_own && thrown.is_none() => thrown = Some(payload),
                Err(payload) => self.lose(payload),
            }
        }
        thrown.map_or(refused, |payload: Box<dyn Any + Send>| resume_unwind(payload))
    }

    fn next(&self) -> Option<Completed<S::Result>> {
        lock(&self.outlet.state).due.pop_front()
    }

    fn sink(&mut self) -> Option<&mut S> {
        self.sink.as_mut()
    }

    fn lose<T>(&self, lost: T) {
        lock(&self.outlet.state).lost += 1;
        drop_quietly(lost);
    }
}

impl<S: ResultSink> Drop for InUse<'_, S> {
    fn drop(&mut self) {
        if let Some(sink) = self.sink.take() {
            lock(&self.outlet.state).sink = Ok(sink);
            self.outlet.returned.notify_one();
        }
    }
}

impl<S: ResultSink> ResultSink for InOrder<S> {
    type Result = S::Result;

    const IN_SEQUENCE: bool = true;

    /// Gives the new pool an order of its own.
    fn attach(&mut self) {
        self.row = Arc::new(Row::new(Arc::clone(&self.row.outlet)));
    }

    fn put(&mut self, done: Completed<S::Result>) -> Result<(), SinkClosed<S::Result>> {
        self.take_turn(done.id, Some(done))
    }

    fn skip(&mut self, id: JobId) {
        // The other outcomes that are due may be refused, or panic: that is counted.
        if !id.is_nested() {
            let _ = guarded(|| self.take_turn(id, None)).map_err(drop_quietly);
        }
    }

    fn flush(&mut self) -> u64 {
        let outlet = &self.row.outlet;
        let Some(mut sink) = outlet.take_in_turn(|_| ()) else { return 0 };
        let _ = sink.pass_on(None);
        let lost = sink.sink().map_or(0, flush_quietly);
        lost + std::mem::take(&mut lock(&outlet.state).lost)
    }
}

/// Passes on in order what is left because the pool ended with jobs that have no outcome.
impl<S: ResultSink> Drop for Row<S> {
    fn drop(&mut self) {
        let left = std::mem::take(&mut lock(&self.early).waiting);
        let arrive = |due: &mut VecDeque<_>| due.extend(left.into_values().flatten());
        if let Some(mut sink) = self.outlet.take_in_turn(arrive) {
            let _ = sink.pass_on(None);
            let _ = sink.sink().map_or(0, flush_quietly);
        }
    }
}

/// A clone shares the row and the sink.
impl<S: ResultSink> Clone for InOrder<S> {
    fn clone(&self) -> Self {
        Self { row: Arc::clone(&self.row) }
    }
}

impl<S: ResultSink> fmt::Debug for InOrder<S> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let early = lock(&self.row.early);
        f.debug_struct("InOrder")
            .field("next", &early.next[0])
            .field("early", &early.waiting.len())
            .finish_non_exhaustive()
    }
}
