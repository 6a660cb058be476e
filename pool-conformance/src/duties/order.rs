//! The checks of the order, for queues that promise one.

use std::thread;

use pool_core::{LocalQueue, WorkQueue};

use super::calls::{
    assert_same, attached, attached_to_one, drain, fill, fill_batch, on_threads_in_turn, take,
};
use crate::support::within_patience;

/// The number of the first of the jobs that come through a worker's own end.
const OWN: usize = 1_000_000;

/// For queues that promise it: with one worker, its own jobs come first in, first out.
///
/// # Panics
///
/// If the queue fails the check.
pub fn one_worker_is_first_in_first_out<Q: WorkQueue<usize>>(make: impl Fn() -> Q) {
    let queue = attached_to_one(&make);
    within_patience(move || {
        let mut end = queue.local(0);
        (0..1_000).for_each(|n| end.push(n));
        assert!(drain(&mut end).eq(0..1_000), "own jobs come out of order");
    });
}

/// For queues that promise it: in a pool that has one thread at most, jobs from outside come first in, first out,
/// whichever threads submit them.
///
/// # Panics
///
/// If the queue fails the check.
pub fn one_worker_takes_outside_jobs_in_order<Q: WorkQueue<usize>>(make: impl Fn() -> Q) {
    let queue = attached_to_one(&make);
    within_patience(move || {
        let mut accepted: Vec<_> = (0..fill(&queue, 0..500)).collect();
        let push_one = |place| queue.push(500 + place).is_ok().then_some(500 + place);
        accepted.extend(on_threads_in_turn(push_one).into_iter().flatten());
        let mut end = queue.local(0);
        assert!(drain(&mut end).eq(accepted), "outside jobs come out of order");
    });
}

/// For queues that promise an order outside: in a pool of many threads, too, one worker takes the jobs of each
/// submitting thread in their order.
///
/// # Panics
///
/// If the queue fails the check.
pub fn one_worker_takes_each_threads_jobs_in_order<Q: WorkQueue<usize>>(make: impl Fn() -> Q) {
    const THREADS: usize = 20;
    const EACH: usize = 500;
    let queue = attached(&make);
    within_patience(move || {
        let mut end = queue.local(0);
        let mut taken = Vec::new();
        let pushed: usize = thread::scope(|scope| {
            let queue = &queue;
            let push_some = |thread| fill(queue, (0..EACH).map(|n| thread * EACH + n));
            let threads: Vec<_> =
                (0..THREADS).map(|thread| scope.spawn(move || push_some(thread))).collect();
            while !threads.iter().all(|thread| thread.is_finished()) {
                taken.extend(take(&mut end));
            }
            let join = |thread: thread::ScopedJoinHandle<'_, _>| thread.join().unwrap_or_default();
            threads.into_iter().map(join).sum()
        });
        taken.extend(drain(&mut end));
        assert_eq!(taken.len(), pushed, "jobs are lost or doubled");
        for thread in 0..THREADS {
            let its = taken.iter().filter(|job| **job / EACH == thread);
            assert!(its.is_sorted(), "the jobs of one thread come out of order");
        }
    });
}

/// For queues that promise an order outside: it is that of the submits, of single jobs and of batches,
/// whatever is taken in between.
///
/// # Panics
///
/// If the queue fails the check.
pub fn batches_and_single_jobs_keep_their_order<Q: WorkQueue<usize>>(make: impl Fn() -> Q) {
    let queue = attached_to_one(&make);
    within_patience(move || {
        let mut end = queue.local(0);
        let (mut accepted, mut taken) = (Vec::new(), Vec::new());
        let mut next = 0;
        for round in 0..500 {
            let single = fill(&queue, next..next + round % 13);
            accepted.extend(next..next + single);
            next += 13;
            accepted.extend(fill_batch(&queue, next..next + round % 151));
            next += 151;
            taken.extend((0..round % 170).map_while(|_| take(&mut end)));
        }
        taken.extend(drain(&mut end));
        assert_eq!(taken.len(), accepted.len(), "jobs are lost or doubled");
        assert_same(&taken, accepted, "batches and single jobs come out of order");
    });
}

/// For queues that promise an order outside: it holds as well while a worker feeds itself and looks
/// outside only now and then.
///
/// # Panics
///
/// If the queue fails the check.
pub fn a_fairness_turn_keeps_the_order_outside<Q: WorkQueue<usize>>(make: impl Fn() -> Q) {
    let queue = attached_to_one(&make);
    within_patience(move || {
        let (outside, _) = feed(&queue);
        assert!(outside.is_sorted(), "a fairness turn brings outside jobs out of order");
    });
}

/// For queues that are first in, first out inside as well: a worker's own jobs keep their order while
/// it looks outside now and then.
///
/// # Panics
///
/// If the queue fails the check.
pub fn a_fairness_turn_keeps_the_order_inside<Q: WorkQueue<usize>>(make: impl Fn() -> Q) {
    let queue = attached_to_one(&make);
    within_patience(move || {
        let (_, own) = feed(&queue);
        assert!(own.is_sorted(), "a fairness turn brings own jobs out of order");
    });
}

/// Returns the jobs from outside and the worker's own ones, in the order in which they come while the
/// worker feeds itself and for a while does not steal.
fn feed<Q: WorkQueue<usize>>(queue: &Q) -> (Vec<usize>, Vec<usize>) {
    let mut end = queue.local(0);
    let accepted = fill(queue, 0..500);
    let mut taken = Vec::new();
    for n in OWN..OWN + 5_000 {
        end.push(n);
        taken.extend(end.pop());
    }
    taken.extend(drain(&mut end));
    assert_eq!(taken.len(), accepted + 5_000, "jobs are lost or doubled");
    taken.into_iter().partition(|job| *job < OWN)
}

/// For queues that promise an order outside: the jobs that [`retain`](WorkQueue::retain) keeps stay in it.
///
/// # Panics
///
/// If the queue fails the check.
pub fn retain_keeps_the_order_outside<Q: WorkQueue<usize>>(make: impl Fn() -> Q) {
    let queue = attached_to_one(&make);
    within_patience(move || {
        let (outside, _) = sieve(&queue);
        assert!(outside.is_sorted(), "retain brings outside jobs out of order");
    });
}

/// For queues that are first in, first out inside as well: the jobs that [`retain`](WorkQueue::retain)
/// keeps of a worker's own stay in order.
///
/// # Panics
///
/// If the queue fails the check.
pub fn retain_keeps_the_order_inside<Q: WorkQueue<usize>>(make: impl Fn() -> Q) {
    let queue = attached_to_one(&make);
    within_patience(move || {
        let (_, own) = sieve(&queue);
        assert!(own.is_sorted(), "retain brings own jobs out of order");
    });
}

/// Returns the jobs from outside and the worker's own ones, in the order in which they come after some were
/// removed, twice.
fn sieve<Q: WorkQueue<usize>>(queue: &Q) -> (Vec<usize>, Vec<usize>) {
    let mut end = queue.local(0);
    let single = fill(queue, 0..300);
    let batch = fill_batch(queue, 300..600);
    let mut taken = Vec::from_iter(end.steal());
    (OWN..OWN + 500).for_each(|n| end.push(n));
    queue.retain(|job| *job % 3 != 0);
    taken.extend((0..50).map_while(|_| take(&mut end)));
    queue.retain(|job| *job % 5 != 0);
    taken.extend(drain(&mut end));
    let kept = |job: &usize| !(*job).is_multiple_of(3) && !(*job).is_multiple_of(5);
    let all = (0..single).chain(batch).chain(OWN..OWN + 500);
    assert!(taken.len() >= all.filter(kept).count(), "jobs are lost");
    taken.into_iter().partition(|job| *job < OWN)
}
