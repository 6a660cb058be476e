//! What the checks of the duties call a queue with.

use std::iter::from_fn;
use std::thread;

use pool_core::{LocalQueue, PushError, WorkQueue};

/// Pushes, and again for as long as the queue is full.
pub(super) fn push<J, Q: WorkQueue<J>>(queue: &Q, mut job: J) {
    while let Err(PushError(refused)) = queue.push(job) {
        job = refused;
        thread::yield_now();
    }
}

/// Pushes a batch, and again for as long as the queue is full.
pub(super) fn push_all<J, Q: WorkQueue<J>>(queue: &Q, mut jobs: impl Iterator<Item = J>) {
    while let Err(PushError(refused)) = queue.push_batch(&mut jobs) {
        push(queue, refused);
    }
}

/// Pushes one by one until the queue is full. How many jobs it has accepted.
pub(super) fn fill<J, Q: WorkQueue<J>>(queue: &Q, mut jobs: impl Iterator<Item = J>) -> usize {
    let mut accepted = 0;
    while jobs.next().is_some_and(|job| queue.push(job).is_ok()) {
        accepted += 1;
    }
    accepted
}

/// Pushes numbers as one batch. Those that the queue has accepted: the first of them, since it stops
/// at the first for which it has no room.
pub(super) fn fill_batch<Q: WorkQueue<usize>>(
    queue: &Q,
    jobs: std::ops::Range<usize>,
) -> std::ops::Range<usize> {
    match queue.push_batch(&mut jobs.clone()) {
        Ok(()) => jobs,
        Err(PushError(refused)) => jobs.start..refused,
    }
}

pub(super) fn take<J>(end: &mut impl LocalQueue<J>) -> Option<J> {
    end.pop().or_else(|| end.steal())
}

/// Takes until nothing is found.
pub(super) fn drain<J>(end: &mut impl LocalQueue<J>) -> impl Iterator<Item = J> {
    from_fn(|| take(end))
}

/// Compares what came out with what should. The message names the first difference and no more, since
/// thousands of numbers cannot be read.
#[track_caller]
pub(super) fn assert_same(
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

pub(super) fn sorted<J: Ord>(jobs: impl Iterator<Item = J>) -> Vec<J> {
    let mut jobs: Vec<_> = jobs.collect();
    jobs.sort_unstable();
    jobs
}
