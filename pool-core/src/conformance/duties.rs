//! The duties of a queue, on the queue alone.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU8, AtomicUsize, Ordering};
use std::thread;

use super::support::within_patience;
use crate::{LocalQueue, PushError, WorkQueue};

/// Pushes, and again for as long as the queue is full.
fn push<J, Q: WorkQueue<J>>(queue: &Q, mut job: J) {
    while let Err(PushError(refused)) = queue.push(job) {
        job = refused;
        thread::yield_now();
    }
}

fn take<J>(end: &mut impl LocalQueue<J>) -> Option<J> {
    end.pop().or_else(|| end.steal())
}

/// Pushers and workers at full speed: every job comes out exactly once.
///
/// # Panics
///
/// Like every check: if the queue fails it.
pub fn nothing_is_lost_and_nothing_doubled<Q: WorkQueue<usize>>(make: impl Fn() -> Q) {
    const JOBS: usize = if cfg!(debug_assertions) { 20_000 } else { 500_000 };
    for workers in [1, 2, 16] {
        let queue = make();
        within_patience(move || {
            let seen: Vec<_> = (0..JOBS).map(|_| AtomicU8::new(0)).collect();
            let (taken, pushed) = (AtomicUsize::new(0), AtomicBool::new(false));
            thread::scope(|scope| {
                for worker in 0..workers {
                    let (queue, seen, taken, pushed) = (&queue, &seen, &taken, &pushed);
                    scope.spawn(move || {
                        let mut end = queue.local(worker);
                        // Those jobs that did not come out when all others have are lost.
                        let mut idle = 0;
                        while taken.load(Ordering::SeqCst) < JOBS && idle < 100_000 {
                            let Some(job) = take(&mut end) else {
                                idle += u32::from(pushed.load(Ordering::SeqCst));
                                thread::yield_now();
                                continue;
                            };
                            idle = 0;
                            seen[job].fetch_add(1, Ordering::Relaxed);
                            taken.fetch_add(1, Ordering::SeqCst);
                            if job % 2 == 0 {
                                end.push(job + 1);
                            }
                        }
                    });
                }
                for even in (0..JOBS).step_by(2) {
                    push(&queue, even);
                }
                pushed.store(true, Ordering::SeqCst);
            });
            let times = |wanted: fn(u8) -> bool| {
                seen.iter().filter(|seen| wanted(seen.load(Ordering::Relaxed))).count()
            };
            // A doubled job ends the count early and so makes others look lost: it comes first.
            assert_eq!(times(|n| n > 1), 0, "jobs doubled");
            assert_eq!(times(|n| n == 0), 0, "jobs lost");
            assert!(queue.is_empty() || queue.len() == 0, "an empty queue that does not know it");
        });
    }
}

/// One worker finds every job that is there, at once: whoever gives up early falls asleep over it.
///
/// # Panics
///
/// If the queue fails the check.
pub fn what_is_there_is_found<Q: WorkQueue<usize>>(make: impl Fn() -> Q) {
    let queue = make();
    within_patience(move || {
        let mut ends: Vec<_> = (0..3).map(|worker| queue.local(worker)).collect();
        for n in 0..3_000 {
            // From outside, then through each worker's own end.
            match n % 4 {
                3 => push(&queue, n),
                worker => ends[worker].push(n),
            }
            assert!(!queue.is_empty(), "a job waits, and the queue says that none does");
            let taken = take(&mut ends[n % 3]);
            assert_eq!(taken, Some(n), "a worker did not find the only job");
            assert_eq!(take(&mut ends[(n + 1) % 3]), None);
        }
    });
}

/// Jobs near one worker are within reach of every other.
///
/// # Panics
///
/// If the queue fails the check.
pub fn local_jobs_are_within_reach<Q: WorkQueue<usize>>(make: impl Fn() -> Q) {
    let queue = make();
    within_patience(move || {
        let mut busy = queue.local(0);
        let mut others = [queue.local(1), queue.local(2)];
        for n in 0..1_000 {
            busy.push(n);
        }
        let mut taken: Vec<_> =
            (0..1_000).map_while(|turn: usize| take(&mut others[turn % 2])).collect();
        taken.sort_unstable();
        assert_eq!(taken, (0..1_000).collect::<Vec<_>>(), "jobs out of the others' reach");
    });
}

/// A worker that leaves leaves no job behind, and may come back.
///
/// # Panics
///
/// If the queue fails the check.
pub fn an_end_that_is_dropped_loses_no_job<Q: WorkQueue<usize>>(make: impl Fn() -> Q) {
    let queue = make();
    within_patience(move || {
        for round in 0..10 {
            let mut leaving = queue.local(round % 3);
            (0..10).for_each(|n| leaving.push(n));
            drop(leaving);
            let mut end = queue.local((round + 1) % 3);
            let taken: usize = std::iter::from_fn(|| take(&mut end)).count();
            assert_eq!(taken, 10, "jobs lost with the end that they were pushed to");
        }
    });
}

/// A queue that is dropped drops its jobs, wherever they lie.
///
/// # Panics
///
/// If the queue fails the check.
pub fn a_dropped_queue_drops_its_jobs<Q: WorkQueue<Arc<()>>>(make: impl Fn() -> Q) {
    let queue = make();
    within_patience(move || {
        let job = Arc::new(());
        let mut end = queue.local(0);
        for _ in 0..100 {
            // A full queue gives the job back, and that is that.
            let _ = queue.push(Arc::clone(&job)).is_ok();
            end.push(Arc::clone(&job));
        }
        drop(take(&mut end));
        drop((end, queue));
        assert_eq!(Arc::strong_count(&job), 1, "jobs that outlive their queue");
    });
}

/// A queue that refuses a job gives that very job back, and has not kept it.
///
/// # Panics
///
/// If the queue fails the check.
pub fn a_refused_job_comes_back<Q: WorkQueue<usize>>(make: impl Fn() -> Q) {
    let queue = make();
    within_patience(move || {
        let mut accepted = Vec::new();
        for n in 0..10_000 {
            match queue.push(n) {
                Ok(()) => accepted.push(n),
                Err(PushError(refused)) => assert_eq!(refused, n, "another job came back"),
            }
        }
        let mut end = queue.local(0);
        let mut taken: Vec<_> = std::iter::from_fn(|| take(&mut end)).collect();
        taken.sort_unstable();
        assert_eq!(taken, accepted, "the queue holds other jobs than it accepted");
    });
}

/// Of a batch, every job is in the queue, or came back, or was left where it was.
///
/// # Panics
///
/// If the queue fails the check.
pub fn a_batch_is_taken_whole<Q: WorkQueue<usize>>(make: impl Fn() -> Q) {
    let queue = make();
    within_patience(move || {
        let mut batch = 0..10_000;
        let refused = queue.push_batch(&mut batch).err().map(PushError::into_inner);
        assert!(refused.is_some() || batch.is_empty(), "jobs are left, but none was refused");
        let mut end = queue.local(0);
        let mut all: Vec<_> = std::iter::from_fn(|| take(&mut end)).collect();
        all.extend(refused);
        all.extend(batch);
        all.sort_unstable();
        assert!(all.into_iter().eq(0..10_000), "jobs of the batch are lost or doubled");
    });
}

/// A job from outside comes out though the worker's own end is never empty.
///
/// # Panics
///
/// If the queue fails the check.
pub fn a_worker_that_feeds_itself_starves_nobody<Q: WorkQueue<usize>>(make: impl Fn() -> Q) {
    const OWN: usize = 0;
    const OUTSIDE: usize = 1;
    const OLD: usize = 2;
    let queue = make();
    within_patience(move || {
        let mut end = queue.local(0);
        end.push(OLD);
        end.push(OWN);
        push(&queue, OUTSIDE);
        let mut waiting = vec![OLD, OUTSIDE];
        for _ in 0..10_000 {
            end.push(OWN);
            if let Some(job) = end.pop() {
                waiting.retain(|waits| *waits != job);
            }
        }
        assert!(waiting.is_empty(), "starved after 10,000 pops: {waiting:?}");
    });
}

/// For queues that promise it: with one worker, first in, first out, from outside and from inside.
///
/// # Panics
///
/// If the queue fails the check.
pub fn one_worker_is_first_in_first_out<Q: WorkQueue<usize>>(make: impl Fn() -> Q) {
    one_worker_takes_outside_jobs_in_order(&make);
    let queue = make();
    within_patience(move || {
        let mut end = queue.local(0);
        (0..1_000).for_each(|n| end.push(n));
        let taken: Vec<_> = std::iter::from_fn(|| take(&mut end)).collect();
        assert_eq!(taken, (0..1_000).collect::<Vec<_>>(), "out of order");
    });
}

/// For queues that promise it: with one worker, jobs from outside come first in, first out.
///
/// # Panics
///
/// If the queue fails the check.
pub fn one_worker_takes_outside_jobs_in_order<Q: WorkQueue<usize>>(make: impl Fn() -> Q) {
    let queue = make();
    within_patience(move || {
        let mut end = queue.local(0);
        let mut accepted = Vec::new();
        for n in 0..1_000 {
            if queue.push(n).is_ok() {
                accepted.push(n);
            }
        }
        let taken: Vec<_> = std::iter::from_fn(|| take(&mut end)).collect();
        assert_eq!(taken, accepted, "out of order");
    });
}
