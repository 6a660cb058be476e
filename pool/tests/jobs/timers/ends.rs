//! The ends of a timer and of its pool, and what becomes of the closures.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::thread;

use drainpool::{Scheduled, Timer, TimerHandle, TimerRefusal};

use super::{SECOND, Scene, sum};
use crate::setup::tools::{Bomb, scrambled};
use crate::setup::{Latch, Pool, Setup, Tally, balanced, eventually};

on_every_backend! {
    the_end_of_the_pool_gives_up_what_is_not_due
    the_end_of_the_timer_leaves_the_pool
    closures_are_dropped_outside_of_any_lock
    a_timer_is_dropped_by_its_own_jobs
    a_cancel_or_the_run_wins
    ends_in_any_order
}

fn the_end_of_the_pool_gives_up_what_is_not_due(setup: Setup) {
    let ends: [fn(Pool); 2] = [
        |pool| pool.close(),
        |pool| {
            pool.shutdown();
        },
    ];
    for end in ends {
        let Scene { timer, pool, .. } = Scene::new(setup);
        let captured = Arc::new(());
        let (held, ticking) = (Arc::clone(&captured), Arc::clone(&captured));
        let job = timer.after(SECOND, move || drop(held)).unwrap();
        timer.every(SECOND, move || drop(Arc::clone(&ticking))).unwrap();
        end(pool);
        let refused = timer.after(SECOND, || ()).unwrap_err();
        assert_eq!(refused.reason(), TimerRefusal::Closed);
        let refused = timer.every(SECOND, || ()).unwrap_err();
        assert_eq!(refused.reason(), TimerRefusal::Closed);
        refused.into_inner()();
        // Without a call to the timer.
        eventually(|| Arc::strong_count(&captured) == 1);
        eventually(|| job.is_finished());
        assert!(!job.cancel());
        let report = timer.shutdown();
        assert_eq!((report.not_due, sum(report)), (2, 2));
    }
}

fn the_end_of_the_timer_leaves_the_pool(setup: Setup) {
    let Scene { timer, pool, clock } = Scene::new(setup);
    let captured = Arc::new(());
    let held = Arc::clone(&captured);
    timer.after(SECOND, move || drop(held)).unwrap();
    let handle = timer.handle();
    let again = timer.shutdown();
    assert_eq!((again.not_due, sum(again)), (1, 1));
    assert_eq!(Arc::strong_count(&captured), 1);
    assert_eq!(timer.shutdown(), again);
    drop(timer);
    assert_eq!(handle.after(SECOND, || ()).unwrap_err().reason(), TimerRefusal::Closed);
    clock.advance(SECOND);
    pool.execute(|| ()).unwrap();
    assert_eq!(balanced(&pool).done, 1);
    // A timer for a pool that is closed takes nothing.
    let late = Timer::new(&pool).unwrap();
    assert_eq!(late.after(SECOND, || ()).unwrap_err().reason(), TimerRefusal::Closed);
}

/// Calls a timer when it is dropped.
struct Caller(TimerHandle, Tally);

impl Drop for Caller {
    fn drop(&mut self) {
        let job = self.0.after(SECOND, || ());
        let _ = job.map(|job| job.cancel());
        let _ = self.0.pending();
        self.1.add();
    }
}

fn closures_are_dropped_outside_of_any_lock(setup: Setup) {
    let scene = Scene::new(setup);
    let dropped = Tally::default();
    let set = || {
        let (caller, bomb) = (Caller(scene.timer.handle(), dropped.clone()), Bomb);
        scene.timer.after(SECOND, move || drop((caller, bomb))).unwrap()
    };
    assert!(set().cancel());
    assert_eq!(dropped.get(), 1);
    set();
    set();
    let caller = Caller(scene.timer.handle(), dropped.clone());
    let periodic = scene.timer.every(SECOND, move || assert!(caller.0.pending() < 9)).unwrap();
    assert!(periodic.cancel());
    scene.pool.close();
    let report = scene.timer.shutdown();
    assert_eq!((dropped.get(), report.not_due), (4, 2));
}

fn a_timer_is_dropped_by_its_own_jobs(setup: Setup) {
    for fired in [true, false] {
        let Scene { timer, pool, clock } = Scene::new(setup);
        let timer = Arc::new(timer);
        let (owner, dropped) = (Arc::clone(&timer), Latch::default());
        let opens = OpensAtDrop(dropped.clone());
        timer.after(SECOND, move || drop((owner, opens))).unwrap();
        drop(timer);
        // On a worker, or on the timer's own thread.
        if fired {
            clock.advance(SECOND)
        } else {
            pool.close()
        }
        dropped.wait();
        assert_eq!(balanced(&pool).done, u64::from(fired));
    }
}

struct OpensAtDrop(Latch);

impl Drop for OpensAtDrop {
    fn drop(&mut self) {
        self.0.open();
    }
}

fn a_cancel_or_the_run_wins(setup: Setup) {
    const JOBS: u64 = 400;
    let scene = Scene::new(setup);
    let ran = Tally::default();
    let set = |n: u32| {
        let runs = ran.clone();
        scene.timer.after(n / 40 * SECOND, move || runs.add()).unwrap()
    };
    let jobs: Vec<_> = (0..JOBS as u32).map(set).collect();
    let cancelled = thread::scope(|scope| {
        let order = scrambled(jobs.len());
        let cancels = scope.spawn(|| {
            let at = order.into_iter().map(|n| n as usize % jobs.len());
            at.filter(|at| jobs[*at].cancel()).count() as u64
        });
        for _ in 0..10 {
            scene.clock.advance(SECOND);
            thread::yield_now();
        }
        cancels.join().unwrap()
    });
    eventually(|| jobs.iter().all(Scheduled::is_finished));
    let report = scene.timer.shutdown();
    let ended = balanced(&scene.pool);
    assert_eq!(ran.get() + cancelled, JOBS);
    assert_eq!((report.fired + report.cancelled, sum(report)), (JOBS, JOBS));
    assert_eq!((report.cancelled + ended.cancelled, ended.done), (cancelled, ran.get()));
}

fn ends_in_any_order(setup: Setup) {
    for seed in scrambled(12) {
        let Scene { timer, pool, clock } = Scene::new(setup);
        let (set, ran) = (AtomicU64::new(0), Tally::default());
        let handle = timer.handle();
        thread::scope(|scope| {
            for _ in 0..2 {
                scope.spawn(|| {
                    for n in 0..40 {
                        let runs = ran.clone();
                        let job = handle.after(n % 3 * SECOND, move || runs.add());
                        set.fetch_add(u64::from(job.is_ok()), Ordering::SeqCst);
                        if let (Ok(job), 0) = (job, n % 5) {
                            job.cancel();
                        }
                    }
                });
            }
            scope.spawn(|| {
                for _ in 0..4 {
                    clock.advance(SECOND);
                    thread::yield_now();
                }
            });
            for end in 0..2 {
                let (pool, timer) = (&pool, &timer);
                scope.spawn(move || match (seed >> end) % 3 {
                    0 => pool.close(),
                    1 => {
                        pool.shutdown();
                    }
                    _ => {
                        timer.shutdown();
                    }
                });
            }
        });
        let report = timer.shutdown();
        assert_eq!(sum(report), set.into_inner(), "{report:?}");
        let ended = balanced(&pool);
        assert_eq!(ended.accepted, report.fired);
        assert_eq!(ended.done, ran.get());
    }
}
