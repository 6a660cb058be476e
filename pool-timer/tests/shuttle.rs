//! A timer whose thread, callers, clock and pool come together in many schedules.
//!
//! Run with `RUSTFLAGS="--cfg shuttle" cargo test -p pool-timer --release --test shuttle`.
//! `SHUTTLE_ITERATIONS` sets how many schedules each scene is played in.
#![cfg(shuttle)]

#[path = "../../pool-core/tests/support/retrying.rs"]
mod retrying;

use std::sync::Arc;
use std::time::Duration;

use pool_core::{Job, JobError, ManualClock, SubmitOptions, Task, ThreadPool, ThreadPoolBuilder};
use pool_timer::{Scheduled, Timer, TimerReport};
use retrying::Retrying;
use shuttle::sync::atomic::{AtomicU64, Ordering};
use shuttle::thread;

const SECOND: Duration = Duration::from_secs(1);

/// Plays a scene in many schedules. A hang is a deadlock, which shuttle reports.
fn play(scene: impl Fn() + Send + Sync + Copy + 'static) {
    let iterations = std::env::var("SHUTTLE_ITERATIONS").ok().and_then(|n| n.parse().ok());
    let iterations = iterations.unwrap_or(2_000);
    shuttle::check_random(scene, iterations);
    shuttle::check_pct(scene, iterations, 3);
}

type Pool = ThreadPool<(), Retrying<Job<Task>>>;

struct Scene {
    clock: ManualClock,
    timer: Arc<Timer>,
    pool: Arc<Pool>,
}

impl Scene {
    fn new(capacity: Option<usize>) -> Self {
        let clock = ManualClock::new();
        let builder = ThreadPoolBuilder::with_queue(Retrying::new()).num_threads(1);
        let builder = builder.clock(clock.clone());
        let pool = match capacity {
            Some(capacity) => builder.capacity(capacity).paused().build(),
            None => builder.build(),
        };
        let pool = Arc::new(pool.unwrap());
        Self { clock, timer: Arc::new(Timer::new(&pool).unwrap()), pool }
    }

    /// Checks that the books of both are balanced at their end, and returns the timer's.
    fn end(&self) -> TimerReport {
        let report = self.timer.shutdown();
        let ended = self.pool.shutdown();
        assert_eq!((ended.accepted, ended.unfinished), (report.fired, 0));
        assert_eq!(self.timer.shutdown(), report);
        report
    }
}

/// Each job that is set is fired, cancelled or given up, and the pool runs all that are fired.
#[test]
fn set_and_time_and_close() {
    play(|| {
        let scene = Scene::new(None);
        let ran = Arc::new(AtomicU64::new(0));
        let setters: Vec<_> = (0..2)
            .map(|_| {
                let (timer, ran) = (scene.timer.handle(), Arc::clone(&ran));
                thread::spawn(move || {
                    let set = |n| {
                        let ran = Arc::clone(&ran);
                        timer.after(n * SECOND, move || {
                            ran.fetch_add(1, Ordering::SeqCst);
                        })
                    };
                    (0..2).filter(|n| set(*n).is_ok()).count() as u64
                })
            })
            .collect();
        let pool = Arc::clone(&scene.pool);
        let closer = thread::spawn(move || pool.close());
        scene.clock.advance(SECOND);
        let set: u64 = setters.into_iter().map(|setter| setter.join().unwrap()).sum();
        closer.join().unwrap();
        let report = scene.end();
        assert_eq!(report.fired + report.dropped + report.not_due, set);
        assert_eq!(ran.load(Ordering::SeqCst), report.fired);
    });
}

/// Due jobs wait for room while they are cancelled, while the pool goes on, and while the timer ends: no place
/// is lost, and none is waited for in vain.
#[test]
fn wait_for_room_and_cancel_and_resume() {
    play(|| {
        let scene = Scene::new(Some(1));
        let set = |_| scene.timer.after(SECOND, || ()).unwrap();
        let jobs: Vec<_> = (0..3).map(set).collect();
        let pool = Arc::clone(&scene.pool);
        let resumer = thread::spawn(move || pool.resume());
        let canceller = thread::spawn(move || {
            let cancelled = jobs.iter().skip(1).filter(|job| job.cancel()).count() as u64;
            (jobs, cancelled)
        });
        scene.clock.advance(SECOND);
        let (jobs, cancelled) = canceller.join().unwrap();
        resumer.join().unwrap();
        // All places are there for others.
        for _ in 0..2 {
            scene.pool.spawn(|| ()).unwrap().join().unwrap();
        }
        while !jobs.iter().all(Scheduled::is_finished) {
            thread::yield_now();
        }
        let report = scene.timer.shutdown();
        let ended = scene.pool.shutdown();
        assert_eq!((report.fired + report.cancelled, ended.accepted), (3, report.fired + 2));
        assert_eq!(report.cancelled + ended.cancelled, cancelled);
        assert_eq!(ended.done, 5 - cancelled);
    });
}

/// A periodic job runs, is cancelled, and its timer ends: it is counted once, and its closure is dropped.
#[test]
fn tick_and_cancel_and_shutdown() {
    play(|| {
        let scene = Scene::new(None);
        let captured = Arc::new(());
        let held = Arc::clone(&captured);
        let job = scene.timer.every(SECOND, move || drop(Arc::clone(&held))).unwrap();
        let timer = Arc::clone(&scene.timer);
        let ender = thread::spawn(move || timer.shutdown());
        let canceller = thread::spawn(move || {
            job.cancel();
            job
        });
        scene.clock.advance(SECOND);
        scene.clock.advance(SECOND);
        let job = canceller.join().unwrap();
        ender.join().unwrap();
        let report = scene.end();
        assert_eq!(report.cancelled + report.not_due, 1);
        assert!(job.is_finished());
        assert_eq!(Arc::strong_count(&captured), 1);
    });
}

/// A job that expires is ended by the timer's thread in time, though nobody asks for it.
#[test]
fn expire_and_time() {
    play(|| {
        let clock = ManualClock::new();
        let builder = ThreadPoolBuilder::with_queue(Retrying::new()).num_threads(1);
        let pool: Pool = builder.clock(clock.clone()).paused().build().unwrap();
        let timer = Timer::new(&pool).unwrap();
        let moving = clock.clone();
        let mover = thread::spawn(move || moving.advance(SECOND));
        let fresh = SubmitOptions::new().start_within(SECOND);
        let job = pool.with(fresh).spawn(|| ()).unwrap();
        mover.join().unwrap();
        clock.advance(SECOND);
        // It asks for the outcome by a future, which looks at no clock.
        let outcome = shuttle::future::block_on(job);
        assert!(matches!(outcome, Err(JobError::Expired)));
        drop(timer);
        assert_eq!(pool.shutdown().expired, 1);
    });
}
