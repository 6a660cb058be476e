//! Stale jobs can be removed, wherever they lie.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU8, AtomicUsize, Ordering};
use std::thread;

use pool_conformance::within_patience;
use pool_core::{LocalQueue, WorkQueue};

fn take<J>(end: &mut impl LocalQueue<J>) -> Option<J> {
    end.pop().or_else(|| end.steal())
}

/// Puts a thousand jobs, from 0 on, everywhere: into the ends of the workers, which take some in from
/// outside as well, and outside, one by one and in batches. How many jobs there are then.
fn fill<Q: WorkQueue<usize>>(queue: &Q, ends: &mut [Q::Local]) -> usize {
    let mut next = 0..;
    let mut take_next = |count| next.by_ref().take(count).collect::<Vec<usize>>();
    for end in &mut *ends {
        queue.push_batch(&mut take_next(50).into_iter()).unwrap();
        take_next(50).into_iter().for_each(|n| queue.push(n).unwrap());
        let first = end.steal().unwrap();
        end.push(first);
        take_next(100).into_iter().for_each(|n| end.push(n));
    }
    queue.push_batch(&mut take_next(100).into_iter()).unwrap();
    take_next(300).into_iter().for_each(|n| queue.push(n).unwrap());
    take_next(1)[0]
}

/// Whatever is to be kept stays, once; whatever is not is dropped at once; and each is looked at once.
pub(crate) fn what_is_kept_stays_once<Q: WorkQueue<usize>>(make: impl Fn() -> Q) {
    for workers in [1, 3] {
        for wanted in [|_| false, |n| n % 7 == 0, |n| n % 7 > 0, |_| true] as [fn(usize) -> bool; 4]
        {
            let queue = make();
            within_patience(move || {
                let mut ends: Vec<_> = (0..workers).map(|worker| queue.local(worker)).collect();
                queue.retain(|_| unreachable!("there is no job"));
                for _ in 0..3 {
                    let all = fill(&queue, &mut ends);
                    let mut seen = vec![0; all];
                    queue.retain(|job| {
                        seen[*job] += 1;
                        wanted(*job)
                    });
                    assert!(
                        seen.into_iter().all(|seen| seen == 1),
                        "a job not seen, or seen twice"
                    );
                    let kept: Vec<_> = (0..all).filter(|job| wanted(*job)).collect();
                    assert_eq!((queue.len(), queue.is_empty()), (kept.len(), kept.is_empty()));
                    let mut taken: Vec<_> =
                        (0..).map_while(|turn: usize| take(&mut ends[turn % workers])).collect();
                    taken.sort_unstable();
                    assert_eq!(taken, kept, "lost, doubled, or not removed");
                    assert_eq!((queue.len(), queue.is_empty()), (0, true));
                }
            });
        }
    }
}

/// A job that is removed is dropped by then.
pub(crate) fn what_is_removed_is_dropped<Q: WorkQueue<(usize, Arc<()>)>>(make: impl Fn() -> Q) {
    let queue = make();
    within_patience(move || {
        let jobs = Arc::new(());
        let mut end = queue.local(0);
        for n in 0..1_000 {
            queue.push((n, Arc::clone(&jobs))).unwrap();
            end.push((n, Arc::clone(&jobs)));
        }
        queue.retain(|(n, _)| *n < 10);
        assert_eq!(Arc::strong_count(&jobs), 1 + 20, "a job that was removed lives on");
    });
}

/// With one worker, the jobs that stay come in the order in which they would have come.
pub(crate) fn one_worker_keeps_the_order<Q: WorkQueue<usize>>(make: impl Fn() -> Q) {
    let (queue, other) = (make(), make());
    within_patience(move || {
        let (mut end, mut other_end) = (queue.local(0), other.local(0));
        fill(&queue, std::slice::from_mut(&mut end));
        fill(&other, std::slice::from_mut(&mut other_end));
        queue.retain(|job| *job % 3 == 0);
        let taken = std::iter::from_fn(|| take(&mut end));
        let expected = std::iter::from_fn(|| take(&mut other_end)).filter(|job| job % 3 == 0);
        assert!(taken.eq(expected), "out of order");
    });
}

/// With one worker, what comes from outside keeps its order, also what the worker had taken in by then.
pub(crate) fn outside_jobs_keep_their_order<Q: WorkQueue<usize>>(make: impl Fn() -> Q) {
    // Many, so that they lie in several places, but too few for a look after those that wait long.
    for (before, after) in [(20, 4), (56, 1), (3, 50)] {
        let queue = make();
        within_patience(move || {
            let mut end = queue.local(0);
            (0..before).for_each(|n| queue.push(n).unwrap());
            let mut taken = vec![take(&mut end).unwrap()];
            (before..before + after).for_each(|n| queue.push(n).unwrap());
            queue.retain(|_| true);
            taken.extend(take(&mut end));
            queue.retain(|_| true);
            taken.extend(std::iter::from_fn(|| take(&mut end)));
            assert!(taken.iter().copied().eq(0..before + after), "out of order: {taken:?}");
        });
    }
}

/// No job waits for ever, though stale ones are looked for again and again, and for each that is taken
/// another one comes from outside.
pub(crate) fn nobody_starves_through_retain<Q: WorkQueue<usize>>(make: impl Fn() -> Q) {
    const WAITING: usize = 64;
    const PATIENCE: usize = 2_000;
    const POPS: usize = if cfg!(debug_assertions) { 3 } else { 10 } * PATIENCE;
    for every in [1, 16, 61] {
        let queue = make();
        within_patience(move || {
            let mut end = queue.local(0);
            (0..WAITING).for_each(|n| queue.push(n).unwrap());
            let mut taken = vec![false; WAITING + POPS];
            for pop in 0..POPS {
                queue.push(WAITING + pop).unwrap();
                taken[take(&mut end).expect("a job was out of sight")] = true;
                if pop % every == 0 {
                    queue.retain(|_| true);
                }
            }
            let starved = taken[..WAITING + POPS - PATIENCE].iter().position(|taken| !taken);
            assert_eq!(
                starved, None,
                "waits still, with a look after stale ones every {every} pops"
            );
        });
    }
}

/// The same for the jobs of a worker that feeds itself, and those from outside.
pub(crate) fn nobody_starves_through_retain_though_a_worker_feeds_itself<Q: WorkQueue<usize>>(
    make: impl Fn() -> Q,
) {
    const OWN: usize = 200;
    const ALL: usize = OWN + 10;
    /// For so many pops at most each job may let others go first.
    const PATIENCE: usize = 200;
    /// What the worker feeds itself with.
    const FEED: usize = ALL;
    for every in [16, 61] {
        let queue = make();
        within_patience(move || {
            let mut end = queue.local(0);
            (0..OWN).for_each(|n| end.push(n));
            (OWN..ALL).for_each(|n| queue.push(n).unwrap());
            let mut taken = [false; ALL + 1];
            for pop in 0..ALL * PATIENCE {
                end.push(FEED);
                taken[take(&mut end).expect("a job was out of sight")] = true;
                if pop % every == 0 {
                    queue.retain(|_| true);
                }
            }
            let starved = taken.iter().position(|taken| !taken);
            assert_eq!(
                starved, None,
                "waits still, with a look after stale ones every {every} pops"
            );
        });
    }
}

/// While others push, pop and steal, each job is removed or taken, one or the other, once.
pub(crate) fn nothing_is_lost_meanwhile<Q: WorkQueue<usize>>(make: impl Fn() -> Q) {
    const JOBS: usize = if cfg!(debug_assertions) { 40_000 } else { 400_000 };
    /// So often that a job is looked at some dozens of times.
    const EVERY: usize = JOBS / 100;
    for workers in [1, 3] {
        let queue = make();
        within_patience(move || {
            let ends: Vec<_> = (0..JOBS).map(|_| AtomicU8::new(0)).collect();
            let (ended, over) = (AtomicUsize::new(0), AtomicBool::new(false));
            let end_job = |job: usize| {
                ends[job].fetch_add(1, Ordering::SeqCst);
                over.store(ended.fetch_add(1, Ordering::SeqCst) + 1 >= JOBS, Ordering::SeqCst);
            };
            thread::scope(|scope| {
                for worker in 0..workers {
                    let (queue, over) = (&queue, &over);
                    scope.spawn(move || {
                        let mut end = queue.local(worker);
                        let mut turn = 0;
                        while !over.load(Ordering::SeqCst) {
                            turn += 1;
                            let job = if turn % 16 == 0 { end.steal() } else { take(&mut end) };
                            let Some(job) = job else {
                                thread::yield_now();
                                continue;
                            };
                            if job % 4 == 0 {
                                (1..4).for_each(|nth| end.push(job + nth));
                            }
                            end_job(job);
                        }
                    });
                }
                scope.spawn(|| {
                    let mut looked = 0;
                    while !over.load(Ordering::SeqCst) {
                        // Not again and again: the workers would hardly come to the locks.
                        if ended.load(Ordering::SeqCst) < looked + EVERY {
                            thread::yield_now();
                            continue;
                        }
                        looked = ended.load(Ordering::SeqCst);
                        queue.retain(|job| {
                            // Those that bring more have to come out.
                            let keeps = *job % 4 < 2;
                            if !keeps {
                                end_job(*job);
                            }
                            keeps
                        });
                    }
                });
                let mut first = (0..JOBS).step_by(4);
                while first.len() > 0 {
                    queue.push_batch(&mut first.by_ref().take(100)).unwrap();
                    first.by_ref().take(100).for_each(|job| queue.push(job).unwrap());
                }
            });
            assert!(ends.iter().all(|ends| ends.load(Ordering::SeqCst) == 1), "lost or doubled");
            assert_eq!((queue.len(), queue.is_empty()), (0, true));
        });
    }
}
