//! The hand-over from one job of a lane to the next, in many random schedules.
//!
//! Run with `RUSTFLAGS="--cfg shuttle" cargo test -p pool-lanes --release --test shuttle`.
//! `SHUTTLE_ITERATIONS` sets how many schedules each scene is played in.
#![cfg(shuttle)]

#[path = "../../pool-core/tests/support/retrying.rs"]
mod retrying;

use std::sync::Arc;

use pool_core::{Handle, Job, JobError, Task, ThreadPool, ThreadPoolBuilder};
use pool_lanes::{Lane, LanesExt};
use retrying::Retrying;
use shuttle::sync::atomic::{AtomicUsize, Ordering};
use shuttle::sync::{Barrier, Mutex};
use shuttle::thread;

type Queue = Retrying<Job<Task>>;
type OfPool = Lane<Task, (), Queue>;

/// Plays a scene in many schedules. A hang is a deadlock, which shuttle reports.
fn play(scene: impl Fn() + Send + Sync + Copy + 'static) {
    let iterations = std::env::var("SHUTTLE_ITERATIONS").ok().and_then(|n| n.parse().ok());
    let iterations = iterations.unwrap_or(2_000);
    shuttle::check_random(scene, iterations);
    shuttle::check_pct(scene, iterations, 3);
}

fn pool(threads: usize) -> ThreadPool<(), Queue> {
    ThreadPoolBuilder::with_queue(Retrying::new()).num_threads(threads).build().unwrap()
}

/// Runs alone in its lane, or fails.
fn alone(running: &AtomicUsize) {
    assert_eq!(running.fetch_add(1, Ordering::SeqCst), 0);
    thread::yield_now();
    assert_eq!(running.fetch_sub(1, Ordering::SeqCst), 1);
}

#[test]
fn submitters_and_hand_over() {
    play(|| {
        let pool = pool(2);
        let lane = pool.lane(1);
        let (running, log) = (Arc::new(AtomicUsize::new(0)), Arc::new(Mutex::new(Vec::new())));
        let submitters: Vec<_> = (0..2)
            .map(|by| {
                let (lane, running, log) = (lane.clone(), running.clone(), log.clone());
                thread::spawn(move || {
                    for n in 0..2 {
                        let (running, log) = (running.clone(), log.clone());
                        let job = move || {
                            alone(&running);
                            log.lock().unwrap().push((by, n));
                        };
                        if by == n {
                            drop(lane.spawn(job).unwrap());
                        } else {
                            lane.execute(job).unwrap();
                        }
                    }
                })
            })
            .collect();
        submitters.into_iter().for_each(|submitter| submitter.join().unwrap());
        assert_eq!(pool.shutdown().done, 4);
        let log = log.lock().unwrap();
        for by in 0..2 {
            assert!(log.iter().filter(|done| done.0 == by).map(|done| done.1).eq(0..2));
        }
        assert!(lane.is_empty());
    });
}

/// Each waits for its second job, and so may run those of the other.
#[test]
fn jobs_that_wait_and_hand_over() {
    play(|| {
        let pool = pool(2);
        let (lane, running) = (pool.lane(1), Arc::new(AtomicUsize::new(0)));
        let waiters: Vec<_> = (0..2)
            .map(|_| {
                let (lane, running) = (lane.clone(), running.clone());
                let wait = move || {
                    let job = |running: Arc<AtomicUsize>| move || alone(&running);
                    lane.execute(job(running.clone())).unwrap();
                    lane.spawn(job(running)).unwrap().join().unwrap();
                };
                pool.spawn(wait).unwrap()
            })
            .collect();
        waiters.into_iter().for_each(|waiter| waiter.join().unwrap());
        assert_eq!(pool.shutdown().done, 6);
        assert!(lane.is_empty());
    });
}

#[test]
fn cancel_and_hand_over() {
    play(|| {
        let pool = pool(2);
        let lane = pool.lane(1);
        let running = Arc::new(AtomicUsize::new(0));
        let jobs: Vec<_> = (0..3)
            .map(|_| {
                let running = running.clone();
                lane.spawn(move || alone(&running)).unwrap()
            })
            .collect();
        let cancellers = [0, 1].map(|nth| {
            let canceller = jobs[nth].canceller();
            thread::spawn(move || canceller.cancel())
        });
        let cancelled = cancellers.map(|canceller| canceller.join().unwrap());
        for (nth, job) in jobs.into_iter().enumerate() {
            match job.join() {
                Ok(()) => assert!(nth == 2 || !cancelled[nth]),
                Err(JobError::Cancelled) => assert!(cancelled[nth]),
                other => panic!("{other:?}"),
            }
        }
        let report = pool.shutdown();
        assert_eq!(report.done + report.cancelled, 3);
        assert!(lane.is_empty());
    });
}

/// A lane that goes while other threads ask for its key.
#[test]
fn one_key_from_several_threads() {
    play(|| {
        let pool = pool(2);
        let (lanes, running) = (pool.lanes::<u32>(), Arc::new(AtomicUsize::new(0)));
        let submitters = [(), (), ()].map(|()| {
            let (lanes, running) = (lanes.clone(), running.clone());
            thread::spawn(move || {
                for _ in 0..2 {
                    let running = running.clone();
                    let lane = lanes.lane(&1);
                    let job = lane.spawn(move || alone(&running)).unwrap();
                    assert_eq!(lanes.len(), 1, "while it is held");
                    drop(lane);
                    job.join().unwrap();
                }
            })
        });
        submitters.into_iter().for_each(|submitter| submitter.join().unwrap());
        assert_eq!(pool.shutdown().done, 6);
        assert!(lanes.is_empty());
    });
}

/// The pool is dropped while jobs are submitted from outside and to their own lane.
#[test]
fn the_end_and_hand_over() {
    play(|| {
        let pool = pool(2);
        let (lane, ran) = (pool.lane(1), Arc::new(AtomicUsize::new(0)));
        let submitter = thread::spawn({
            let (lane, ran) = (lane.clone(), ran.clone());
            move || (0..2).filter(|_| submit(&lane, &ran)).count()
        });
        drop(pool);
        assert_eq!(ran.load(Ordering::SeqCst), 2 * submitter.join().unwrap());
        assert!(lane.is_empty());
    });
}

/// Submits a job that submits another to its lane. Returns whether it was accepted.
fn submit(lane: &OfPool, ran: &Arc<AtomicUsize>) -> bool {
    let (own, ran) = (lane.clone(), ran.clone());
    let job = move || {
        ran.fetch_add(1, Ordering::SeqCst);
        let submitted = own.execute(move || {
            ran.fetch_add(1, Ordering::SeqCst);
        });
        submitted.unwrap();
    };
    lane.execute(job).is_ok()
}

#[test]
fn jobs_that_keep_each_other_from_a_turn() {
    play(|| {
        let pool = pool(2);
        let (lane, meeting) = (pool.lane(2), Arc::new(Barrier::new(2)));
        let jobs = [(), ()].map(|()| {
            let (own, meeting) = (lane.clone(), meeting.clone());
            let job = move || {
                meeting.wait();
                own.spawn(|| ()).unwrap().join().is_err()
            };
            lane.spawn(job).unwrap()
        });
        let told = jobs.map(|job| job.join().unwrap());
        assert!(told[0] != told[1]);
        let report = pool.shutdown();
        assert_eq!((report.done, report.panicked), (3, 1));
    });
}

/// Held jobs by themselves: released by one thread and run by another at the same time.
#[test]
fn a_release_and_a_runner() {
    play(|| {
        let pool = pool(1);
        let handle: &Handle<Task, (), Queue> = &pool;
        let (held, job) = handle.admit(pool_core::SubmitOptions::new()).unwrap().spawn(|| 7);
        let runner = held.runner();
        let other = thread::spawn(move || runner.run());
        held.release();
        other.join().unwrap();
        assert_eq!(job.join().unwrap(), 7);
        assert_eq!(pool.shutdown().done, 1);
    });
}
