//! The checks for queues with stealing, beyond the other duties: for queues that are never full and whose
//! `pop` finds jobs from outside now and then.

use std::cell::Cell;
use std::sync::atomic::{AtomicBool, AtomicU8, AtomicUsize, Ordering};
use std::thread;

use pool_core::{LocalQueue, WorkQueue};

use super::calls::attached;
use crate::support::within_patience;

/// While workers pop, and so take in jobs from outside, `is_empty` is true only if every job was popped.
///
/// The workers only pop, so none steals and each pop returns one job at most. If a job were out of sight on
/// its way to a worker's deque, more would be missing than there are pops under way.
///
/// # Panics
///
/// If the queue fails the check.
pub fn pops_leave_nothing_out_of_sight<Q: WorkQueue<usize>>(make: impl Fn() -> Q) {
    nothing_is_out_of_sight(make, 20_000, 13, None);
}

/// `is_empty` is right while [`retain`](WorkQueue::retain) looks for stale jobs as well, for queues that
/// remove them in place.
///
/// # Panics
///
/// If the queue fails the check.
pub fn retain_leaves_nothing_out_of_sight<Q: WorkQueue<usize>>(make: impl Fn() -> Q) {
    nothing_is_out_of_sight(make, 500, 300, Some(|queue| queue.retain(|_| true)));
}

fn nothing_is_out_of_sight<Q: WorkQueue<usize>>(
    make: impl Fn() -> Q,
    rounds: usize,
    jobs: usize,
    meanwhile: Option<fn(&Q)>,
) {
    const WORKERS: usize = 3;
    let queue = attached(&make);
    within_patience(move || {
        let (popped, over) = (AtomicUsize::new(0), AtomicBool::new(false));
        thread::scope(|scope| {
            for worker in 0..WORKERS {
                let (queue, popped, over) = (&queue, &popped, &over);
                scope.spawn(move || {
                    let mut end = queue.local(worker);
                    while !over.load(Ordering::SeqCst) {
                        match end.pop() {
                            Some(_) => _ = popped.fetch_add(1, Ordering::SeqCst),
                            None => pause(),
                        }
                    }
                });
            }
            if let Some(meanwhile) = meanwhile {
                let (queue, over) = (&queue, &over);
                scope.spawn(move || {
                    while !over.load(Ordering::SeqCst) {
                        meanwhile(queue);
                    }
                });
            }
            let mut pushed = 0;
            let mut mistakes = 0;
            for round in 0..rounds {
                for _ in 0..1 + round % jobs {
                    queue.push(pushed).unwrap();
                    pushed += 1;
                }
                while !queue.is_empty() {
                    pause();
                }
                mistakes += usize::from(popped.load(Ordering::SeqCst) + WORKERS < pushed);
            }
            over.store(true, Ordering::SeqCst);
            assert_eq!(mistakes, 0, "jobs were out of sight, and the queue called itself empty");
        });
    });
}

/// Lets time pass: mostly little, so that threads stay close to each other, and a turn of the processor now
/// and then, for a machine that has only one.
fn pause() {
    thread_local!(static PAUSES: Cell<u32> = const { Cell::new(0) });
    PAUSES.set(PAUSES.get().wrapping_add(1));
    if PAUSES.get().is_multiple_of(200) {
        thread::yield_now();
    } else {
        std::hint::spin_loop();
    }
}

/// The jobs that a worker took in before it got busy for ever are run by others, though they feed
/// themselves.
///
/// # Panics
///
/// If the queue fails the check.
pub fn what_a_busy_worker_took_in_is_not_starved<Q: WorkQueue<usize>>(make: impl Fn() -> Q) {
    const OUTSIDE: usize = 200;
    let queue = attached(&make);
    within_patience(move || {
        let (mut busy, mut greedy) = (queue.local(0), queue.local(1));
        (1..=OUTSIDE).for_each(|n| queue.push(n).unwrap());
        assert_eq!(busy.steal(), Some(1));
        greedy.push(0);
        let mut waiting: Vec<_> = (2..=OUTSIDE).collect();
        for _ in 0..100_000 {
            greedy.push(0);
            if let Some(job) = greedy.pop() {
                waiting.retain(|waits| *waits != job);
            }
        }
        assert_eq!(waiting, [], "starved after 100,000 pops");
    });
}

/// Workers that only steal, from outside and from one another, neither wait for each other for ever nor
/// lose a job.
///
/// # Panics
///
/// If the queue fails the check.
pub fn workers_may_steal_from_each_other<Q: WorkQueue<usize>>(make: impl Fn() -> Q) {
    const JOBS: usize = 100_000;
    let queue = attached(&make);
    within_patience(move || {
        let seen: Vec<_> = (0..JOBS).map(|_| AtomicU8::new(0)).collect();
        let taken = AtomicUsize::new(0);
        thread::scope(|scope| {
            for worker in 0..3 {
                let (queue, seen, taken) = (&queue, &seen, &taken);
                scope.spawn(move || {
                    let mut end = queue.local(worker);
                    while taken.load(Ordering::SeqCst) < JOBS {
                        // Its own jobs are for the others, unless all of them are its own.
                        let Some(job) = end.steal().or_else(|| end.pop()) else { continue };
                        seen[job].fetch_add(1, Ordering::SeqCst);
                        taken.fetch_add(1, Ordering::SeqCst);
                        if job % 2 == 0 {
                            end.push(job + 1);
                        }
                    }
                });
            }
            for first in (0..JOBS).step_by(200) {
                queue.push_batch(&mut (first..first + 180).step_by(2)).unwrap();
                (first + 180..first + 200).step_by(2).for_each(|even| queue.push(even).unwrap());
            }
        });
        assert!(seen.iter().all(|seen| seen.load(Ordering::SeqCst) == 1), "lost or doubled");
        assert!(queue.is_empty());
        assert_eq!(queue.len(), 0);
    });
}
