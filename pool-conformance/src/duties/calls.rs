//! Calls of a queue that the checks of the duties share.

use std::iter::from_fn;
use std::panic::resume_unwind;
use std::thread;

use pool_core::{LocalQueue, PushError, WorkQueue};

/// Makes a queue for a pool of many threads: one that has stripes has several.
pub(crate) fn attached<J, Q: WorkQueue<J>>(make: &impl Fn() -> Q) -> Q {
    let mut queue = make();
    queue.attach(64);
    queue
}

/// Makes a queue for a pool of one thread.
pub(crate) fn attached_to_one<J, Q: WorkQueue<J>>(make: &impl Fn() -> Q) -> Q {
    let mut queue = make();
    queue.attach(1);
    queue
}

/// Calls `push` on one new thread after another, with its place: in a queue with stripes, in each of these.
pub(crate) fn on_threads_in_turn<T: Send>(push: impl Fn(usize) -> T + Sync) -> Vec<T> {
    /// More than the stripes of any pool.
    const THREADS: usize = 20;
    let on_a_thread = |place| thread::scope(|scope| scope.spawn(|| push(place)).join());
    let results = (0..THREADS).map(on_a_thread);
    results.map(|result| result.unwrap_or_else(|payload| resume_unwind(payload))).collect()
}

/// Pushes a job, and repeats that while the queue is full.
pub(crate) fn push<J, Q: WorkQueue<J>>(queue: &Q, mut job: J) {
    while let Err(PushError(refused)) = queue.push(job) {
        job = refused;
        thread::yield_now();
    }
}

/// Pushes a batch, and repeats that while the queue is full.
pub(crate) fn push_all<J, Q: WorkQueue<J>>(queue: &Q, mut jobs: impl Iterator<Item = J>) {
    while let Err(PushError(refused)) = queue.push_batch(&mut jobs) {
        push(queue, refused);
    }
}

/// Pushes jobs one by one until the queue is full. Returns the number of accepted jobs.
pub(crate) fn fill<J, Q: WorkQueue<J>>(queue: &Q, mut jobs: impl Iterator<Item = J>) -> usize {
    let mut accepted = 0;
    while jobs.next().is_some_and(|job| queue.push(job).is_ok()) {
        accepted += 1;
    }
    accepted
}

/// Pushes numbers as one batch. Returns those that the queue has accepted: the first ones, since it stops
/// at the first for which it has no room.
pub(crate) fn fill_batch<Q: WorkQueue<usize>>(
    queue: &Q,
    jobs: std::ops::Range<usize>,
) -> std::ops::Range<usize> {
    match queue.push_batch(&mut jobs.clone()) {
        Ok(()) => jobs,
        Err(PushError(refused)) => jobs.start..refused,
    }
}

pub(crate) fn take<J>(end: &mut impl LocalQueue<J>) -> Option<J> {
    end.pop().or_else(|| end.steal())
}

/// Takes jobs until none is found.
pub(crate) fn drain<J>(end: &mut impl LocalQueue<J>) -> impl Iterator<Item = J> {
    from_fn(|| take(end))
}

/// Compares the jobs that came out with the expected ones. The message names the first difference only,
/// since thousands of numbers cannot be read.
#[track_caller]
pub(crate) fn assert_same(
    taken: &[usize],
    expected: impl IntoIterator<Item = usize>,
    reason: &str,
) {
    let (mut taken, mut expected) = (taken.iter().copied(), expected.into_iter());
    for position in 0.. {
        match (taken.next(), expected.next()) {
            (None, None) => return,
            (found, wanted) if found == wanted => (),
            (found, wanted) => {
                panic!("{reason}: at position {position} is {found:?}, and not {wanted:?}")
            }
        }
    }
}

pub(crate) fn sorted<J: Ord>(jobs: impl Iterator<Item = J>) -> Vec<J> {
    let mut jobs: Vec<_> = jobs.collect();
    jobs.sort_unstable();
    jobs
}
