//! The checks that a job that went in comes out exactly once.

use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::sync::{Arc, Barrier};
use std::thread;

use pool_core::{LocalQueue, PushError, WorkQueue};

use super::calls::{assert_same, attached, drain, fill, push, push_all, sorted, take};
use crate::support::within_patience;

/// Pushers, one by one and in batches, and workers at full speed: every job comes out exactly once.
///
/// # Panics
///
/// Like every check: if the queue fails it.
pub fn nothing_is_lost_and_nothing_doubled<Q: WorkQueue<usize>>(make: impl Fn() -> Q) {
    const JOBS: usize = if cfg!(debug_assertions) { 20_000 } else { 500_000 };
    for workers in [1, 2, 16] {
        let queue = attached(&make);
        within_patience(move || {
            let seen: Vec<_> = (0..JOBS).map(|_| AtomicUsize::new(0)).collect();
            let work = |end: &mut Q::Local| {
                let Some(job) = take(end) else { return false };
                let before = seen[job].fetch_add(1, Ordering::Relaxed);
                if job % 2 == 0 && before == 0 {
                    end.push(job + 1);
                }
                // A job that comes repeatedly would keep the loop going.
                before < 3
            };
            let (together, pushed) = (Barrier::new(2), AtomicBool::new(false));
            thread::scope(|scope| {
                for worker in 0..workers {
                    let (queue, work, pushed) = (&queue, &work, &pushed);
                    scope.spawn(move || {
                        let mut end = queue.local(worker);
                        while work(&mut end) || !pushed.load(Ordering::SeqCst) {
                            if queue.is_empty() {
                                thread::yield_now();
                            }
                        }
                    });
                }
                let batches = scope.spawn(|| {
                    for first in (0..JOBS / 2).step_by(100) {
                        together.wait();
                        push_all(&queue, (first..first + 100).step_by(2));
                    }
                });
                for first in (JOBS / 2..JOBS).step_by(100) {
                    together.wait();
                    (first..first + 100).step_by(2).for_each(|even| push(&queue, even));
                }
                // A panic there is resumed when the scope ends.
                let _ = batches.join();
                pushed.store(true, Ordering::SeqCst);
            });
            // The jobs that a worker missed while another one moved them.
            let mut end = queue.local(0);
            while work(&mut end) {}
            let times = |wanted: fn(usize) -> bool| {
                seen.iter().filter(|seen| wanted(seen.load(Ordering::Relaxed))).count()
            };
            assert_eq!(times(|n| n > 1), 0, "jobs doubled");
            assert_eq!(times(|n| n == 0), 0, "jobs lost");
            assert!(queue.is_empty(), "an empty queue that does not know it");
        });
    }
}

/// A worker that leaves leaves no job behind, and may come back.
///
/// # Panics
///
/// If the queue fails the check.
pub fn an_end_that_is_dropped_loses_no_job<Q: WorkQueue<usize>>(make: impl Fn() -> Q) {
    let queue = attached(&make);
    within_patience(move || {
        for round in 0..10 {
            let mut leaving = queue.local(round % 3);
            (0..10).for_each(|n| leaving.push(n));
            drop(leaving);
            let mut end = queue.local((round + 1) % 3);
            let taken: usize = drain(&mut end).count();
            assert_eq!(taken, 10, "jobs lost with the end that they were pushed to");
        }
    });
}

/// A worker that comes back loses no job that it left in its former end, and the jobs that it then submits
/// are within reach of a worker that knows its former end.
///
/// # Panics
///
/// If the queue fails the check.
pub fn an_end_that_is_asked_for_again_loses_no_job<Q: WorkQueue<usize>>(make: impl Fn() -> Q) {
    let queue = attached(&make);
    within_patience(move || {
        let mut other = queue.local(1);
        for round in 0..9 {
            let mut leaving = queue.local(0);
            (0..100).for_each(|n| leaving.push(n));
            // In some rounds the other worker looks there before.
            let mut taken = if round % 2 == 0 { vec![] } else { Vec::from_iter(take(&mut other)) };
            drop(leaving);
            let mut back = queue.local(0);
            (100..200).for_each(|n| back.push(n));
            match round % 3 {
                0 => taken.extend(drain(&mut back)),
                1 => taken.extend(drain(&mut other)),
                _ => {
                    while let Some(job) = take(&mut back) {
                        taken.push(job);
                        taken.extend(take(&mut other));
                    }
                }
            }
            let taken = sorted(taken.into_iter());
            assert!(taken.into_iter().eq(0..200), "jobs lost when their worker came back");
        }
    });
}

/// A queue that is dropped drops its jobs, wherever they lie.
///
/// # Panics
///
/// If the queue fails the check.
pub fn a_dropped_queue_drops_its_jobs<Q: WorkQueue<Arc<()>>>(make: impl Fn() -> Q) {
    let queue = attached(&make);
    within_patience(move || {
        let job = Arc::new(());
        let mut end = queue.local(0);
        for _ in 0..100 {
            // A full queue returns the job, which is dropped.
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
    let queue = attached(&make);
    within_patience(move || {
        let mut accepted = Vec::new();
        for n in 0..10_000 {
            match queue.push(n) {
                Ok(()) => accepted.push(n),
                Err(PushError(refused)) => assert_eq!(refused, n, "another job came back"),
            }
        }
        let taken = sorted(drain(&mut queue.local(0)));
        assert_same(&taken, accepted, "the queue holds other jobs than it accepted");
    });
}

/// Jobs that take no memory are jobs: as many come out as went in.
///
/// # Panics
///
/// If the queue fails the check.
pub fn jobs_without_a_size_are_counted<Q: WorkQueue<()>>(make: impl Fn() -> Q) {
    let queue = attached(&make);
    within_patience(move || {
        let (mut end, mut other) = (queue.local(0), queue.local(1));
        let mut outside = fill(&queue, (0..1_000).map(|_| ()));
        let mut batch = 0;
        // Counts the jobs that the queue takes from the iterator; the refused one comes back.
        let refused = queue.push_batch(&mut (0..1_000).map(|_| batch += 1)).is_err();
        outside += batch - usize::from(refused);
        (0..1_000).for_each(|_| end.push(()));
        let mut taken = 0;
        while let Some(()) = take(&mut other).or_else(|| take(&mut end)) {
            taken += 1;
        }
        assert_eq!(taken, outside + 1_000, "jobs of size zero are lost or doubled");
        assert!(queue.is_empty(), "an empty queue that does not know it");
    });
}

/// Jobs of some kilobytes come out as they went in.
///
/// # Panics
///
/// If the queue fails the check.
pub fn large_jobs_come_out_whole<Q: WorkQueue<[usize; 512]>>(make: impl Fn() -> Q) {
    let queue = attached(&make);
    within_patience(move || {
        let (mut end, mut other) = (queue.local(0), queue.local(1));
        let outside = fill(&queue, (0..300).map(|n| [n; 512]));
        let refused = queue.push_batch(&mut (300..600).map(|n| [n; 512])).err();
        let batch = refused.map_or(300..600, |PushError(job)| 300..job[0]);
        (600..900).for_each(|n| end.push([n; 512]));
        let mut taken = Vec::new();
        while let Some(job) = take(&mut other).or_else(|| take(&mut end)) {
            assert!(job.iter().all(|part| *part == job[0]), "a large job came out in parts");
            taken.push(job[0]);
        }
        let taken = sorted(taken.into_iter());
        let accepted = (0..outside).chain(batch).chain(600..900);
        assert!(taken.into_iter().eq(accepted), "large jobs are lost or doubled");
    });
}
