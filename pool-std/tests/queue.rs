//! The duties of a queue, on the queue alone.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU8, AtomicUsize, Ordering};

use pool_core::{LocalQueue, WorkQueue};
use pool_std::{StdLocal, StdQueue};

fn take<J>(local: &mut StdLocal<J>) -> Option<J> {
    local.pop().or_else(|| local.steal())
}

#[test]
fn first_in_first_out_from_outside_and_from_inside() {
    let queue = StdQueue::new();
    let mut local = queue.local(0);
    for n in 0..1_000 {
        queue.push(n).unwrap();
    }
    for n in 0..1_000 {
        assert_eq!(take(&mut local), Some(n));
    }
    for n in 0..1_000 {
        local.push(n);
    }
    for n in 0..1_000 {
        assert_eq!(take(&mut local), Some(n));
    }
    assert_eq!(take(&mut local), None);
}

#[test]
fn len_counts_jobs_wherever_they_lie() {
    let queue = StdQueue::new();
    let (mut a, mut b) = (queue.local(0), queue.local(1));
    assert!(queue.is_empty());
    queue.push(1).unwrap();
    a.push(2);
    b.push(3);
    assert_eq!(queue.len(), 3);
    assert!(take(&mut a).is_some());
    assert!(take(&mut a).is_some());
    assert!(take(&mut a).is_some(), "the other worker's job is within reach");
    assert!(queue.is_empty());
    assert_eq!(take(&mut b), None);
}

#[test]
fn a_worker_that_feeds_itself_takes_in_jobs_from_outside() {
    let queue = StdQueue::new();
    let mut local = queue.local(0);
    local.push("inside");
    assert_eq!(local.pop(), Some("inside"));
    queue.push("outside").unwrap();
    local.push("inside");
    // Only its own end, which is never empty.
    let pops = (0..1_000).position(|_| {
        local.push("inside");
        local.pop() == Some("outside")
    });
    assert!(pops.is_some(), "starved");
}

#[test]
fn jobs_outlive_the_end_that_they_were_pushed_to() {
    let queue = StdQueue::new();
    let mut first = queue.local(3);
    first.push(7);
    drop(first);
    assert_eq!(take(&mut queue.local(1)), Some(7));
}

#[test]
fn a_dropped_queue_drops_its_jobs() {
    let job = Arc::new(());
    let queue = StdQueue::new();
    let mut local = queue.local(0);
    for _ in 0..100 {
        queue.push(Arc::clone(&job)).unwrap();
        local.push(Arc::clone(&job));
    }
    drop(take(&mut local));
    drop((queue, local));
    assert_eq!(Arc::strong_count(&job), 1);
}

/// Pushers and workers at full speed: every job comes out exactly once.
#[test]
fn nothing_is_lost_and_nothing_doubled() {
    const JOBS: usize = if cfg!(debug_assertions) { 50_000 } else { 1_000_000 };
    const PUSHERS: usize = 2;
    for workers in [1, 2, 8] {
        let queue = StdQueue::new();
        let seen: Vec<_> = (0..JOBS * PUSHERS * 2).map(|_| AtomicU8::new(0)).collect();
        let (taken, pushed) = (AtomicUsize::new(0), AtomicBool::new(false));
        std::thread::scope(|scope| {
            for worker in 0..workers {
                let (queue, seen, taken, pushed) = (&queue, &seen, &taken, &pushed);
                scope.spawn(move || {
                    let mut local = queue.local(worker);
                    while !(pushed.load(Ordering::SeqCst)
                        && taken.load(Ordering::SeqCst) == seen.len())
                    {
                        let Some(job): Option<usize> = take(&mut local) else {
                            std::thread::yield_now();
                            continue;
                        };
                        seen[job].fetch_add(1, Ordering::Relaxed);
                        if job % 2 == 0 {
                            // An even job has an odd child.
                            local.push(job + 1);
                        }
                        taken.fetch_add(1, Ordering::SeqCst);
                    }
                });
            }
            let pushers: Vec<_> = (0..PUSHERS)
                .map(|pusher| {
                    let queue = &queue;
                    scope.spawn(move || {
                        for n in 0..JOBS {
                            queue.push(2 * (n * PUSHERS + pusher)).unwrap();
                        }
                    })
                })
                .collect();
            for pusher in pushers {
                pusher.join().unwrap();
            }
            pushed.store(true, Ordering::SeqCst);
        });
        assert!(seen.iter().all(|times| times.load(Ordering::Relaxed) == 1));
        assert!(queue.is_empty());
    }
}
