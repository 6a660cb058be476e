//! The duties of a queue, on the queue alone.

mod batch;
mod deep;
mod fair;
mod lean;
mod nothing_lost;
mod order;
mod reach;
mod retain;

pub use batch::*;
pub use deep::*;
pub use fair::*;
pub use lean::*;
pub use nothing_lost::*;
pub use order::*;
pub use reach::*;
pub use retain::*;

use std::iter::from_fn;
use std::thread;

use crate::{LocalQueue, PushError, WorkQueue};

/// Pushes, and again for as long as the queue is full.
fn push<J, Q: WorkQueue<J>>(queue: &Q, mut job: J) {
    while let Err(PushError(refused)) = queue.push(job) {
        job = refused;
        thread::yield_now();
    }
}

/// Pushes a batch, and again for as long as the queue is full.
fn push_all<J, Q: WorkQueue<J>>(queue: &Q, mut jobs: impl Iterator<Item = J>) {
    while let Err(PushError(refused)) = queue.push_batch(&mut jobs) {
        push(queue, refused);
    }
}

/// Pushes one by one until the queue is full. How many jobs it has accepted.
fn fill<J, Q: WorkQueue<J>>(queue: &Q, mut jobs: impl Iterator<Item = J>) -> usize {
    let mut accepted = 0;
    while jobs.next().is_some_and(|job| queue.push(job).is_ok()) {
        accepted += 1;
    }
    accepted
}

/// Pushes numbers as one batch. Those that the queue has accepted: the first of them, since it stops
/// at the first for which it has no room.
fn fill_batch<Q: WorkQueue<usize>>(
    queue: &Q,
    jobs: std::ops::Range<usize>,
) -> std::ops::Range<usize> {
    match queue.push_batch(&mut jobs.clone()) {
        Ok(()) => jobs,
        Err(PushError(refused)) => jobs.start..refused,
    }
}

fn take<J>(end: &mut impl LocalQueue<J>) -> Option<J> {
    end.pop().or_else(|| end.steal())
}

/// Takes until nothing is found.
fn drain<J>(end: &mut impl LocalQueue<J>) -> impl Iterator<Item = J> {
    from_fn(|| take(end))
}

/// Compares what came out with what should. The message names the first difference and no more, since
/// nobody can read thousands of numbers.
#[track_caller]
fn assert_same(taken: &[usize], expected: impl IntoIterator<Item = usize>, reason: &str) {
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

fn sorted<J: Ord>(jobs: impl Iterator<Item = J>) -> Vec<J> {
    let mut jobs: Vec<_> = jobs.collect();
    jobs.sort_unstable();
    jobs
}
