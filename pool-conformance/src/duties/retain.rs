//! The checks of `retain`: which jobs it may remove, and which not. Removing none is allowed.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU8, AtomicUsize, Ordering};
use std::thread;

use pool_core::{LocalQueue, WorkQueue};

use super::calls::{assert_same, attached, drain, fill, on_threads_in_turn, push, push_all, take};
use crate::support::within_patience;

/// [`retain`](WorkQueue::retain) shows each job that waits once, outside and in every worker's end. The
/// jobs to keep come out once, the jobs to remove are dropped at once. A queue that shows no job and
/// removes none passes.
///
/// # Panics
///
/// If the queue fails the check.
pub fn retain_removes_what_it_is_told_to<Q: WorkQueue<Arc<usize>>>(make: impl Fn() -> Q) {
    // None, some, most, all.
    for kept_of_four in [4, 3, 1, 0] {
        let queue = attached(&make);
        within_patience(move || {
            let keeps = |job: usize| job % 4 < kept_of_four;
            let mut ends: Vec<_> = (0..5).map(|worker| queue.local(worker)).collect();
            let jobs: Vec<_> = (0..800).map(Arc::new).collect();
            let mut waiting: Vec<_> = scatter(&queue, &mut ends, &jobs);
            let mut shown = vec![0; jobs.len()];
            queue.retain(|job| {
                shown[**job] += 1;
                keeps(**job)
            });
            let offers = shown.iter().any(|times| *times > 0);
            assert!(shown.iter().all(|times| *times <= 1), "retain shows a job twice");
            let alive = |job: usize| Arc::strong_count(&jobs[job]) > 1;
            let unseen = waiting.iter().any(|job| shown[*job] == 0 && !alive(*job));
            assert!(!unseen, "retain removes a job that it did not show");
            let all_shown = waiting.iter().all(|job| shown[*job] == 1);
            assert!(all_shown || !offers, "retain does not show every job that waits");
            waiting.retain(|job| !offers || keeps(*job));
            assert!(waiting.iter().all(|job| alive(*job)), "retain loses a job that is to be kept");
            let left = (0..jobs.len()).filter(|job| alive(*job)).count();
            assert_eq!(left, waiting.len(), "jobs that were to be removed are still alive");
            assert_eq!(queue.is_empty(), waiting.is_empty(), "is_empty is wrong after retain");

            let mut taken: Vec<_> = ends.iter_mut().flat_map(drain).map(|job| *job).collect();
            taken.sort_unstable();
            assert_same(&taken, waiting, "after retain other jobs come out than were to be kept");
        });
    }
}

/// Puts jobs everywhere: outside, into every end, and to the places where stolen jobs go. Returns those
/// that wait then, in order.
fn scatter<Q: WorkQueue<Arc<usize>>>(
    queue: &Q,
    ends: &mut [Q::Local],
    jobs: &[Arc<usize>],
) -> Vec<usize> {
    let mut waiting: Vec<_> = (0..400).collect();
    for (n, job) in jobs[..300].iter().enumerate() {
        ends[n % ends.len()].push(Arc::clone(job));
    }
    for (n, job) in jobs[300..400].iter().enumerate() {
        if queue.push(Arc::clone(job)).is_err() {
            waiting.retain(|waits| *waits != 300 + n);
        }
    }
    let stolen = ends.iter_mut().filter_map(LocalQueue::steal);
    stolen.for_each(|job| waiting.retain(|waits| *waits != *job));
    let push_some = |place| {
        let (first, some) = (400 + 10 * place, jobs[400 + 10 * place..].iter().take(10));
        first..first + fill(queue, some.cloned())
    };
    waiting.extend(on_threads_in_turn(push_some).into_iter().flatten());
    let refused = queue.push_batch(&mut jobs[600..].iter().cloned()).err();
    waiting.extend(600..refused.map_or(jobs.len(), |job| *job.into_inner()));
    waiting
}

/// While workers push and pop, [`retain`](WorkQueue::retain) loses no job that is to be kept, and none
/// that was removed comes out.
///
/// # Panics
///
/// If the queue fails the check.
pub fn retain_loses_nothing_while_workers_pop<Q: WorkQueue<usize>>(make: impl Fn() -> Q) {
    const JOBS: usize = if cfg!(debug_assertions) { 20_000 } else { 200_000 };
    // An even job comes from outside, stays, and submits the odd one that follows it. Of the odd ones,
    // every third is removed if it waits when `retain` is called.
    let keeps = |job: usize| job.is_multiple_of(2) || !job.is_multiple_of(3);
    let queue = attached(&make);
    within_patience(move || {
        let gone: Vec<_> = (0..JOBS).map(|_| AtomicU8::new(0)).collect();
        let (calls, over) = (AtomicUsize::new(0), AtomicBool::new(false));
        let work = |end: &mut Q::Local| {
            let Some(job) = take(end) else { return false };
            gone[job].fetch_add(1, Ordering::Relaxed);
            if job % 2 == 0 {
                end.push(job + 1);
            }
            true
        };
        thread::scope(|scope| {
            for worker in 0..2 {
                let (queue, work, over) = (&queue, &work, &over);
                scope.spawn(move || {
                    let mut end = queue.local(worker);
                    while !over.load(Ordering::SeqCst) {
                        if !work(&mut end) {
                            thread::yield_now();
                        }
                    }
                });
            }
            let pusher = scope.spawn(|| push_between_calls(&queue, JOBS, &calls));
            while !pusher.is_finished() {
                queue.retain(|job| {
                    if !keeps(*job) {
                        gone[*job].fetch_add(1, Ordering::Relaxed);
                    }
                    keeps(*job)
                });
                calls.fetch_add(1, Ordering::SeqCst);
            }
            over.store(true, Ordering::SeqCst);
        });
        // The workers have left, so the remaining jobs are for this one.
        let mut end = queue.local(0);
        while work(&mut end) {}
        let times = |wanted: fn(u8) -> bool| {
            gone.iter().filter(|gone| wanted(gone.load(Ordering::Relaxed))).count()
        };
        assert_eq!(times(|n| n > 1), 0, "jobs come out twice, or though they were removed");
        assert_eq!(times(|n| n == 0), 0, "retain loses jobs while workers pop");
    });
}

/// Pushes the even numbers below `jobs`, some for each of the calls that are made meanwhile.
fn push_between_calls<Q: WorkQueue<usize>>(queue: &Q, jobs: usize, calls: &AtomicUsize) {
    for first in (0..jobs).step_by(100) {
        (first..first + 50).step_by(2).for_each(|even| push(queue, even));
        push_all(queue, (first + 50..first + 100).step_by(2));
        // So that the next jobs come during the next call.
        let before = calls.load(Ordering::SeqCst);
        while calls.load(Ordering::SeqCst) == before {
            thread::yield_now();
        }
    }
}
