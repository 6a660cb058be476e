//! The turns of the present thread: where it may pass its turn on.

use std::cell::RefCell;
use std::sync::Arc;
use std::time::Instant;

use pool_core::current_worker;

use crate::schedule::Schedule;

thread_local! {
    /// The run that the present thread belongs to, and its number there.
    static OWN: RefCell<Option<(Arc<Schedule>, usize)>> = const { RefCell::new(None) };
}

/// A thread of a run, from its first turn to its last.
pub(crate) struct InTurn;

impl InTurn {
    /// Makes the present thread this one of the run, and waits for its first turn.
    pub(crate) fn begin(schedule: Arc<Schedule>, thread: usize) -> Self {
        OWN.with(|own| own.replace(Some((Arc::clone(&schedule), thread))));
        schedule.await_turn(thread);
        Self
    }
}

impl Drop for InTurn {
    fn drop(&mut self) {
        if let Some((schedule, thread)) = OWN.try_with(RefCell::take).ok().flatten() {
            schedule.end(thread);
        }
    }
}

fn own() -> Option<(Arc<Schedule>, usize)> {
    OWN.try_with(|own| own.borrow().clone()).ok().flatten()
}

/// Offers the turn to the other threads of the run. Does nothing on a thread of none.
pub(crate) fn offer() {
    if let Some((schedule, thread)) = own() {
        schedule.offer(thread);
    }
}

/// The same, unless the thread runs a job and jobs are kept whole.
pub(crate) fn offer_within_job() {
    if let Some((schedule, thread)) = own()
        && !(schedule.keeps_jobs_whole() && current_worker().is_some())
    {
        schedule.offer(thread);
    }
}

/// Passes the turn on until something has changed, or until a moment. Returns `false`, at once, on a thread of
/// no run.
pub(crate) fn wait(until: Option<Instant>) -> bool {
    own().is_some_and(|(schedule, thread)| schedule.wait(thread, until))
}

/// Lets the other threads of the [run](crate::Run) go on here, or not, as the seed has it. Does nothing in a
/// thread that belongs to no run, so code under test may call it, too.
///
/// A thread of a run may be overtaken where it submits, between jobs, and where it waits for the pool. Between
/// two such points it runs by itself. So two accesses of a job between which another thread may come are told
/// apart by this call.
///
/// # Examples
///
/// Two jobs that each read and then write:
///
/// ```
/// use std::sync::Arc;
/// use std::sync::atomic::{AtomicU32, Ordering::Relaxed};
/// use drainpool::deterministic::{find_failure, yield_now};
///
/// let failure = find_failure(0..100, |run| {
///     let pool = run.builder().num_threads(2).build().unwrap();
///     let count = Arc::new(AtomicU32::new(0));
///     for _ in 0..2 {
///         let count = Arc::clone(&count);
///         pool.execute(move || {
///             let read = count.load(Relaxed);
///             yield_now();
///             count.store(read + 1, Relaxed);
///         }).unwrap();
///     }
///     pool.shutdown();
///     assert_eq!(count.load(Relaxed), 2);
/// });
/// assert!(failure.is_some(), "some seed has one job between the two halves of the other");
/// ```
pub fn yield_now() {
    offer_within_job();
}
