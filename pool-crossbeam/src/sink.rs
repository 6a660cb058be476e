//! A sink that keeps all outcomes, without a lock between the workers.

use std::collections::VecDeque;
use std::panic::{AssertUnwindSafe, catch_unwind, resume_unwind};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::{fmt, mem, thread};

use crossbeam_deque::{Injector, Steal};
use pool_core::{Completed, ResultSink, SinkClosed};

/// The maximum number of outcomes that are moved out of the lane of a dropped clone. A longer lane is kept,
/// because moving would take long. A lane allocates room for about this many, so a kept one is mostly in
/// use.
const FEW: usize = 64;

/// A sink that keeps every outcome until it is taken, in a lock-free queue for each worker. No worker waits
/// for another, nor for a thread that takes, except with its first two outcomes and when it leaves.
///
/// Unlike with [`Collect`](pool_core::Collect), an outcome can be taken as soon as its job has ended.
///
/// A dropped clone leaves only its outcomes, so workers may come and go, and one collection may serve many
/// pools.
///
/// # Examples
///
/// ```
/// use drainpool::{CrossbeamCollect, CrossbeamQueue, ThreadPoolBuilder};
///
/// let results = CrossbeamCollect::new();
/// let pool = ThreadPoolBuilder::new().queue(CrossbeamQueue::new()).sink(results.clone()).build()?;
/// pool.execute(|| 6 * 7)?;
/// pool.wait_idle()?;
/// assert_eq!(results.pop().unwrap().outcome?, 42);
/// assert!(results.pop().is_none());
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
pub struct CrossbeamCollect<R> {
    lanes: Arc<Mutex<Lanes<R>>>,
    own: Own<R>,
}

/// The place where a clone puts its next outcome.
enum Own<R> {
    /// The first goes to those that belong to no clone. Often it is the only one: a submitter that runs its
    /// job itself delivers the outcome through a clone of its own.
    First,
    /// For the second it makes a lane.
    Second,
    /// All others go there.
    Lane(Lane<R>),
}

/// A queue of outcomes, the oldest first. It frees its memory as they are taken, except for a block or two.
type Lane<R> = Arc<Injector<Completed<R>>>;

/// All outcomes that were not taken yet.
///
/// Lanes change hands only under the lock around this. A clone enters its lane here before it puts anything
/// into it, and hands it over when it is dropped, after its last `put`. So a thread with the lock finds
/// each outcome in one place, and no decision depends on the references to a lane.
///
/// The outcomes in `left` are taken first, which keeps the order of each worker, also of one that leaves
/// and comes back. All that it put before this life of its clone, and the first outcome since, were left
/// before the clone had a lane.
struct Lanes<R> {
    /// The outcomes that are in no clone's lane, the oldest first. More are added to the last of these
    /// lanes.
    left: VecDeque<Lane<R>>,
    /// The lanes of the clones that have one.
    owned: Vec<Lane<R>>,
}

impl<R> CrossbeamCollect<R> {
    /// Returns an empty collection.
    #[must_use]
    pub fn new() -> Self {
        let lanes = Lanes { left: VecDeque::new(), owned: Vec::new() };
        Self { lanes: Arc::new(Mutex::new(lanes)), own: Own::First }
    }

    /// Takes an outcome, of each worker's the oldest first. It does not wait for one.
    #[must_use]
    pub fn pop(&self) -> Option<Completed<R>> {
        lock(&self.lanes).pop()
    }

    /// Takes all outcomes that are there when it is called, of each worker's the oldest first.
    #[must_use]
    pub fn take(&self) -> Vec<Completed<R>> {
        let mut lanes = lock(&self.lanes);
        let mut taken = Vec::new();
        taken.extend(std::iter::from_fn(|| lanes.pop_left()));
        for lane in &lanes.owned {
            taken.extend(pop_all(lane));
        }
        taken
    }
}

/// Locks the lanes. Outcomes are moved and never dropped under this lock, so no foreign code runs under it.
fn lock<R>(lanes: &Mutex<Lanes<R>>) -> MutexGuard<'_, Lanes<R>> {
    lanes.lock().unwrap_or_else(PoisonError::into_inner)
}

impl<R> Lanes<R> {
    fn pop(&mut self) -> Option<Completed<R>> {
        self.pop_left().or_else(|| self.owned.iter().find_map(|lane| pop(lane)))
    }

    /// Takes the oldest outcome that is in no clone's lane.
    fn pop_left(&mut self) -> Option<Completed<R>> {
        loop {
            if let Some(done) = pop(self.left.front()?) {
                return Some(done);
            }
            // The last one is kept for later outcomes.
            if self.left.len() == 1 {
                return None;
            }
            self.left.pop_front();
        }
    }

    /// Takes over an outcome that belongs in no clone's lane.
    fn leave(&mut self, done: Completed<R>) {
        if self.left.is_empty() {
            self.left.push_back(Lane::default());
        }
        if let Some(last) = self.left.back() {
            last.push(done);
        }
    }

    /// Makes a lane for a clone.
    fn enter(&mut self) -> Lane<R> {
        let lane = Lane::default();
        self.owned.push(Arc::clone(&lane));
        lane
    }

    /// Takes over the lane of a clone, which puts nothing into it any more.
    fn take_over(&mut self, lane: Lane<R>) {
        self.owned.retain(|owned| !Arc::ptr_eq(owned, &lane));
        if lane.len() > FEW {
            self.left.push_back(lane);
        } else {
            while let Some(done) = pop(&lane) {
                self.leave(done);
            }
        }
    }
}

/// Drops the outcomes one by one: a lane would leak those behind one whose drop panics. The first panic
/// goes on once all are dropped.
impl<R> Drop for Lanes<R> {
    fn drop(&mut self) {
        let mut first = None;
        while let Some(done) = self.pop() {
            if let Err(payload) = catch_unwind(AssertUnwindSafe(|| drop(done))) {
                match first {
                    None => first = Some(payload),
                    // Its drop might panic as well.
                    Some(_) => mem::forget(payload),
                }
            }
        }
        match first {
            // A second panic would abort the process.
            Some(payload) if thread::panicking() => mem::forget(payload),
            Some(payload) => resume_unwind(payload),
            None => {}
        }
    }
}

/// Takes the present outcomes of a lane, the oldest first. No more than those: a worker that puts outcomes
/// faster than they are taken would keep this from ending, and hold up all that wait for the lock.
fn pop_all<T>(lane: &Injector<T>) -> impl Iterator<Item = T> {
    (0..lane.len()).map_while(|_| pop(lane))
}

/// Takes the oldest outcome of a lane.
fn pop<T>(lane: &Injector<T>) -> Option<T> {
    loop {
        match lane.steal() {
            Steal::Success(done) => return Some(done),
            Steal::Empty => return None,
            Steal::Retry => std::hint::spin_loop(),
        }
    }
}

impl<R> Default for CrossbeamCollect<R> {
    fn default() -> Self {
        Self::new()
    }
}

/// A clone shares the collection.
impl<R> Clone for CrossbeamCollect<R> {
    fn clone(&self) -> Self {
        Self { lanes: Arc::clone(&self.lanes), own: Own::First }
    }
}

/// The outcomes of this clone stay there to be taken.
impl<R> Drop for CrossbeamCollect<R> {
    fn drop(&mut self) {
        if let Own::Lane(lane) = mem::replace(&mut self.own, Own::First) {
            lock(&self.lanes).take_over(lane);
        }
    }
}

impl<R> ResultSink for CrossbeamCollect<R> {
    type Result = R;

    fn put(&mut self, done: Completed<R>) -> Result<(), SinkClosed<R>> {
        match &self.own {
            Own::Lane(lane) => lane.push(done),
            Own::First => {
                lock(&self.lanes).leave(done);
                self.own = Own::Second;
            }
            Own::Second => {
                let lane = lock(&self.lanes).enter();
                lane.push(done);
                self.own = Own::Lane(lane);
            }
        }
        Ok(())
    }
}

impl<R> fmt::Debug for CrossbeamCollect<R> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let lanes = lock(&self.lanes);
        let len: usize = lanes.left.iter().chain(&lanes.owned).map(|lane| lane.len()).sum();
        drop(lanes);
        f.debug_struct("CrossbeamCollect").field("len", &len).finish()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_producer_that_stays_ahead_does_not_hold_up_the_taker() {
        let lane = Injector::new();
        (0..1_000).for_each(|n| lane.push(n));
        let mut taken = 0;
        for n in pop_all(&lane) {
            assert_eq!(n, taken, "one that came later");
            lane.push(1_000 + n);
            taken += 1;
            assert!(taken <= 1_000, "goes on for ever");
        }
        assert_eq!((taken, lane.len()), (1_000, 1_000));
    }
}
