//! A job whose time is over frees its place and answers its handle then, and not when its turn comes.

use std::pin::pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering::SeqCst};
use std::task::{Context, Poll, Wake, Waker};
use std::thread;
use std::time::Duration;

use drainpool::{Clock, JobError, JobHandle, ManualClock, SubmitOptions, SystemClock};

use crate::setup::held::occupy;
use crate::setup::{Latch, Pool, Setup, balanced, eventually};

on_every_backend! {
    crate::level::alone_on =>
    an_expired_job_is_finished
    an_expired_job_answers_whoever_waits
    an_expired_job_wakes_whoever_has_polled_it
    an_expired_job_makes_room_for_whoever_waits
    the_system_s_clock_makes_room_as_well
}

const PLACES: usize = 4;
const MS: Duration = Duration::from_millis(1);
const HOUR: Duration = Duration::from_secs(3_600);

/// A pool whose workers are busy, or that is paused. Dropped, it lets them go on.
struct Scene {
    free: Latch,
    pool: Pool,
    held: u64,
}

impl Scene {
    fn new(setup: Setup, clock: impl Clock) -> Self {
        let builder = setup.builder().capacity(PLACES).clock(clock);
        // Of the two kinds of setups, one is for each state. Paused from the start: a worker that searches when
        // a pause begins may start one more job.
        let held = if setup.capacity.is_some() { setup.threads } else { 0 };
        let builder = if held == 0 { builder.paused() } else { builder };
        let (pool, free) = (builder.build().unwrap(), Latch::default());
        occupy(&pool, held, &free);
        Self { free, pool, held: held as u64 }
    }

    fn spawn_all(&self, timeout: Duration) -> Vec<JobHandle<u64>> {
        (0..PLACES)
            .map(|_| {
                self.pool.with(SubmitOptions::new().start_within(timeout)).spawn(|| 7).unwrap()
            })
            .collect()
    }

    /// All that was spawned has expired, and this many further jobs run.
    fn end(&self, done: u64) {
        self.free.open();
        let report = balanced(&self.pool);
        assert_eq!((report.done, report.expired), (self.held + done, PLACES as u64));
    }
}

impl Drop for Scene {
    fn drop(&mut self) {
        self.free.open();
    }
}

fn is_expired<T>(outcome: &Result<T, JobError>) -> bool {
    matches!(outcome, Err(JobError::Expired))
}

fn an_expired_job_is_finished(setup: Setup) {
    let clock = ManualClock::new();
    let scene = Scene::new(setup, clock.clone());
    let jobs = scene.spawn_all(10 * MS);
    clock.advance(9 * MS);
    assert!(jobs.iter().all(|job| !job.is_finished()), "before their time");
    assert!(scene.pool.try_execute(|| ()).is_err(), "there is room before their time");
    clock.advance(MS);
    assert!(jobs.iter().all(JobHandle::is_finished), "after their time");
    let stats = scene.pool.stats();
    assert_eq!((stats.queued, stats.expired), (0, PLACES as u64));
    scene.pool.try_execute(|| ()).expect("room");
    for mut job in jobs {
        assert!(!job.cancel(), "too late");
        assert!(is_expired(&job.join_timeout(HOUR).expect("at once")));
    }
    scene.end(1);
}

fn an_expired_job_answers_whoever_waits(setup: Setup) {
    let clock = ManualClock::new();
    let scene = Scene::new(setup, clock.clone());
    let mut jobs = scene.spawn_all(10 * MS);
    let mut last = jobs.pop().unwrap();
    let mut waiters: Vec<_> =
        jobs.into_iter().map(|job| thread::spawn(|| is_expired(&job.join()))).collect();
    let timeout = move || last.join_timeout(HOUR).is_ok_and(|outcome| is_expired(&outcome));
    waiters.push(thread::spawn(timeout));
    // Most of them wait by then; to those that do not, it is the same.
    (0..1_000).for_each(|_| thread::yield_now());
    clock.advance(10 * MS);
    // Nothing else happens; the watchdog barks if they wait on.
    assert!(waiters.into_iter().all(|waiter| waiter.join().unwrap()));
    scene.end(0);
}

struct Told(AtomicBool);

impl Wake for Told {
    fn wake(self: Arc<Self>) {
        self.0.store(true, SeqCst);
    }
}

fn an_expired_job_wakes_whoever_has_polled_it(setup: Setup) {
    let clock = ManualClock::new();
    let scene = Scene::new(setup, clock.clone());
    let told = Arc::new(Told(AtomicBool::new(false)));
    let waker = Waker::from(Arc::clone(&told));
    let mut context = Context::from_waker(&waker);
    let mut jobs = scene.spawn_all(10 * MS);
    let mut job = pin!(jobs.pop().unwrap());
    assert!(job.as_mut().poll(&mut context).is_pending());
    clock.advance(10 * MS);
    // Nothing else happens.
    eventually(|| told.0.load(SeqCst));
    match job.poll(&mut context) {
        Poll::Ready(outcome) => assert!(is_expired(&outcome)),
        Poll::Pending => panic!("told, and not ready"),
    }
    scene.end(0);
}

/// Submits one job more than there is room for, which waits. When `pass` has let the time pass, it gets
/// room, though nothing else happens.
fn a_submit_gets_room(scene: &Scene, timeout: Duration, pass: impl FnOnce()) {
    let jobs = scene.spawn_all(timeout);
    let handle = scene.pool.handle();
    let submitter = thread::spawn(move || handle.execute(|| ()).is_ok());
    pass();
    assert!(submitter.join().unwrap());
    eventually(|| jobs.iter().all(JobHandle::is_finished));
}

fn an_expired_job_makes_room_for_whoever_waits(setup: Setup) {
    let clock = ManualClock::new();
    let scene = Scene::new(setup, clock.clone());
    a_submit_gets_room(&scene, 10 * MS, || {
        eventually(|| scene.pool.stats().waiting_submitters == 1);
        clock.advance(10 * MS);
    });
    scene.end(1);
}

fn the_system_s_clock_makes_room_as_well(setup: Setup) {
    let scene = Scene::new(setup, SystemClock);
    a_submit_gets_room(&scene, 10 * MS, || ());
    scene.end(1);
}
