//! Duties of the queues with stealing that the conformance kit does not check, for any of them.

pub(crate) mod fairness;
pub(crate) mod retain;

use std::cell::Cell;
use std::sync::atomic::{AtomicBool, AtomicU8, AtomicUsize, Ordering};
use std::thread;

use pool_conformance::within_patience;
use pool_core::{LocalQueue, WorkQueue};

/// Lets time pass: little for the most part, so that threads stay close to each other, and a turn of
/// the processor now and then, for a machine that has only one.
fn pause() {
    thread_local!(static PAUSES: Cell<u32> = const { Cell::new(0) });
    PAUSES.set(PAUSES.get().wrapping_add(1));
    if PAUSES.get().is_multiple_of(200) {
        thread::yield_now();
    } else {
        std::hint::spin_loop();
    }
}

/// While workers take in what is outside, an empty queue is one whose jobs were all popped.
///
/// The workers only pop, so nobody steals and each pop returns one job at most. Were a job out of
/// sight on its way to a worker's deque, more would be missing than there are pops under way.
pub(crate) fn an_empty_queue_has_nothing_on_its_way<Q: WorkQueue<usize>>(make: impl Fn() -> Q) {
    has_nothing_on_its_way(make, 20_000, 13, None);
}

/// The same while stale jobs are looked for, for queues that do that in place.
pub(crate) fn an_empty_queue_has_nothing_on_its_way_while_it_retains<Q: WorkQueue<usize>>(
    make: impl Fn() -> Q,
) {
    has_nothing_on_its_way(make, 500, 300, Some(|queue| queue.retain(|_| true)));
}

fn has_nothing_on_its_way<Q: WorkQueue<usize>>(
    make: impl Fn() -> Q,
    rounds: usize,
    jobs: usize,
    meanwhile: Option<fn(&Q)>,
) {
    const WORKERS: usize = 3;
    let queue = make();
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
            assert_eq!(mistakes, 0, "jobs were on their way, and the queue called itself empty");
        });
    });
}

/// What a worker took in before it got busy for ever is run by others, though they feed themselves.
pub(crate) fn a_busy_workers_jobs_are_not_starved<Q: WorkQueue<usize>>(make: impl Fn() -> Q) {
    const OUTSIDE: usize = 200;
    let queue = make();
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

/// Workers that do nothing but steal, from outside and from one another, neither wait for each other
/// for ever nor lose a job.
pub(crate) fn workers_may_rob_each_other<Q: WorkQueue<usize>>(make: impl Fn() -> Q) {
    const JOBS: usize = 100_000;
    let queue = make();
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

/// With one worker, jobs from outside come in order however they were submitted, and the jobs that
/// jobs submit come behind those that were taken in by then.
pub(crate) fn one_worker_keeps_the_order<Q: WorkQueue<usize>>(make: impl Fn() -> Q) {
    let queue = make();
    let mut end = queue.local(0);
    queue.push_batch(&mut (0..3)).unwrap();
    queue.push(3).unwrap();
    queue.push_batch(&mut std::iter::empty()).unwrap();
    queue.push_batch(&mut (4..500)).unwrap();
    (500..600).for_each(|n| queue.push(n).unwrap());
    assert_eq!(queue.len(), 600);
    let (mut outside, mut nested) = (Vec::new(), Vec::new());
    while let Some(job) = end.pop().or_else(|| end.steal()) {
        if job < 600 {
            outside.push(job);
            end.push(1_000 + job);
        } else {
            nested.push(job);
        }
    }
    assert!(outside.into_iter().eq(0..600));
    assert!(nested.into_iter().eq(1_000..1_600));
}
