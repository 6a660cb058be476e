//! Jobs after a delay or at a moment, and their cancels.

use std::cell::Cell;
use std::sync::{Arc, Mutex, mpsc};
use std::thread;
use std::time::Duration;

use drainpool::{Clock, JobContext, ManualClock, Timer, TimerHandle};

use super::{SECOND, Scene, sum};
use crate::setup::request::{Request, request, requested};
use crate::setup::tools::scrambled;
use crate::setup::{Latch, Setup, Tally, balanced, eventually};

on_every_backend! {
    jobs_run_when_their_time_is_over
    equal_moments_fire_in_the_order_of_their_submits
    a_timer_serves_a_pool_with_a_handler
    what_never_comes_does_no_harm
    a_cancelled_job_is_gone_at_once
    a_job_that_lies_in_the_queue_can_be_cancelled
    a_job_sets_the_next
    a_job_runs_in_the_context_of_the_one_who_set_it
    a_timer_s_thread_captures_no_context
}

/// The same setup with a bound and one worker.
fn narrow(setup: Setup) -> Setup {
    Setup { threads: 1, capacity: Some(1), ..setup }
}

fn jobs_run_when_their_time_is_over(setup: Setup) {
    let scene = Scene::new(setup);
    let (sender, received) = mpsc::channel();
    let send = |text| {
        let sender = sender.clone();
        move || sender.send(text).unwrap()
    };
    let start = scene.clock.now();
    let third = scene.timer.after(3 * SECOND, send("third")).unwrap();
    let second = scene.timer.at(start + 2 * SECOND, send("second")).unwrap();
    let first = scene.timer.after(SECOND, send("first")).unwrap();
    scene.timer.at(start, send("now")).unwrap();
    assert_eq!(received.recv().unwrap(), "now");
    eventually(|| scene.timer.pending() == 3);
    assert_eq!(first.next_due(), Some(start + SECOND));
    assert!(!first.is_finished());
    for (job, text) in [(first, "first"), (second, "second"), (third, "third")] {
        assert!(received.try_recv().is_err());
        scene.clock.advance(SECOND);
        assert_eq!(received.recv().unwrap(), text);
        eventually(|| job.is_finished());
        assert_eq!(job.next_due(), None);
        assert!(!job.cancel());
    }
    assert_eq!(scene.timer.shutdown().fired, 4);
    assert_eq!(balanced(&scene.pool).done, 4);
}

fn equal_moments_fire_in_the_order_of_their_submits(setup: Setup) {
    // A job enters when the one before has begun.
    let scene = Scene::new(narrow(setup));
    let ran = Arc::new(Mutex::new(Vec::new()));
    let note = |n: u32| {
        let ran = Arc::clone(&ran);
        move || ran.lock().unwrap().push(n)
    };
    let moment = scene.clock.now() + SECOND;
    for n in 20..40 {
        scene.timer.at(moment, note(n)).unwrap();
    }
    for n in (0..20).rev() {
        scene.timer.at(moment - (20 - n) * (SECOND / 100), note(n)).unwrap();
    }
    scene.clock.advance(SECOND);
    eventually(|| ran.lock().unwrap().len() == 40);
    assert_eq!(*ran.lock().unwrap(), (0..40).collect::<Vec<_>>());
}

fn a_timer_serves_a_pool_with_a_handler(setup: Setup) {
    let clock = ManualClock::new();
    let builder = setup.builder().clock(clock.clone());
    let pool = builder.build_with(|_| |_: u32| ()).unwrap();
    let timer = Timer::new(&pool).unwrap();
    let (ran, handle) = (Latch::default(), pool.handle());
    let runs = ran.clone();
    timer
        .after(SECOND, move || {
            handle.submit(7).unwrap();
            runs.open();
        })
        .unwrap();
    clock.advance(SECOND);
    ran.wait();
    pool.wait_idle().unwrap();
    assert_eq!(pool.shutdown().done, 2);
}

fn what_never_comes_does_no_harm(setup: Setup) {
    let scene = Scene::new(setup);
    let never = scene.timer.after(Duration::MAX, || unreachable!()).unwrap();
    let rarely = scene.timer.every(Duration::MAX, || unreachable!()).unwrap();
    scene.clock.advance(1_000_000 * SECOND);
    assert_eq!((never.next_due(), rarely.next_due()), (None, None));
    assert!(never.cancel() && !never.cancel() && never.is_finished());
    let report = scene.timer.shutdown();
    assert_eq!((report.cancelled, report.not_due), (1, 1));
    assert!(rarely.is_finished() && !rarely.cancel());
}

fn a_cancelled_job_is_gone_at_once(setup: Setup) {
    let scene = Scene::new(setup);
    let captured = Arc::new(());
    let held = Arc::clone(&captured);
    let job = scene.timer.after(SECOND, move || drop(held)).unwrap();
    assert_eq!((Arc::strong_count(&captured), scene.timer.pending()), (2, 1));
    let other = job.clone();
    assert!(job.cancel());
    assert_eq!((Arc::strong_count(&captured), scene.timer.pending()), (1, 0));
    assert!(!other.cancel() && other.is_finished());
    scene.clock.advance(SECOND);
    let report = scene.timer.shutdown();
    assert_eq!((report.cancelled, sum(report)), (1, 1));
    assert_eq!(balanced(&scene.pool).accepted, 0);
}

fn a_job_that_lies_in_the_queue_can_be_cancelled(setup: Setup) {
    let scene = Scene::paused(setup);
    let job = scene.timer.after(SECOND, || unreachable!()).unwrap();
    scene.clock.advance(SECOND);
    // In the moment of the hand-over it is too late.
    eventually(|| job.cancel());
    assert!(job.is_finished());
    let report = scene.timer.shutdown();
    assert!(report.fired == 1 || report.cancelled == 1, "{report:?}");
    let ended = balanced(&scene.pool);
    assert_eq!((ended.accepted, ended.cancelled), (report.fired, report.fired));
}

/// A retry that blocks no worker.
fn a_job_sets_the_next(setup: Setup) {
    fn attempt(timer: TimerHandle, nth: u32, set: mpsc::Sender<u32>) {
        let (again, then) = (timer.clone(), set.clone());
        if nth < 5 {
            let back_off = SECOND * 2_u32.pow(nth);
            timer.after(back_off, move || attempt(again, nth + 1, then)).unwrap();
        }
        set.send(nth).unwrap();
    }
    let scene = Scene::new(setup);
    let (handle, (sender, set)) = (scene.timer.handle(), mpsc::channel());
    scene.pool.execute(move || attempt(handle, 0, sender)).unwrap();
    for nth in 0..5 {
        assert_eq!(set.recv().unwrap(), nth);
        // Nothing waits in the pool meanwhile.
        scene.pool.wait_idle().unwrap();
        assert_eq!(scene.timer.pending(), 1);
        scene.clock.advance(SECOND * 2_u32.pow(nth));
    }
    assert_eq!(set.recv().unwrap(), 5);
    assert_eq!(scene.timer.shutdown().fired, 5);
}

/// A hundred thousand, in no order, half of them cancelled.
#[test]
fn many_are_set_fired_and_cancelled() {
    const JOBS: usize = 100_000;
    pool_conformance::within_patience(|| {
        let setup = Setup { backend: crate::setup::Backend::Crossbeam, threads: 2, capacity: None };
        let scene = Scene::new(setup);
        let ran = Tally::default();
        let set = |seconds| {
            let runs = ran.clone();
            scene.timer.after((1 + seconds % 1_000) * SECOND, move || runs.add()).unwrap()
        };
        let jobs: Vec<_> = scrambled(JOBS).into_iter().map(set).collect();
        assert_eq!(scene.timer.pending(), JOBS);
        assert_eq!(jobs.iter().step_by(2).filter(|job| job.cancel()).count(), JOBS / 2);
        assert_eq!(scene.timer.pending(), JOBS / 2);
        for _ in 0..1_000 {
            scene.clock.advance(SECOND);
        }
        eventually(|| ran.get() == JOBS as u64 / 2);
        let report = scene.timer.shutdown();
        assert_eq!((report.fired, report.cancelled), (JOBS as u64 / 2, JOBS as u64 / 2));
    });
}

fn a_job_runs_in_the_context_of_the_one_who_set_it(setup: Setup) {
    let clock = ManualClock::new();
    let pool = setup.builder().clock(clock.clone()).context::<Request>().build().unwrap();
    let timer = Timer::new(&pool).unwrap();
    let (sender, received) = mpsc::channel();
    let send = || {
        let sender = sender.clone();
        move || sender.send(request()).unwrap()
    };
    requested(7, || timer.after(SECOND, send()).unwrap());
    let handle = timer.handle();
    let sends = send();
    let sets = move || {
        handle.after(Duration::ZERO, sends).unwrap();
    };
    requested(8, || pool.spawn(sets).unwrap()).join().unwrap();
    let ticks = requested(9, || timer.every(SECOND, send()).unwrap());
    assert_eq!(received.recv().unwrap(), 8);
    clock.advance(SECOND);
    let mut seen = [received.recv().unwrap(), received.recv().unwrap()];
    seen.sort_unstable();
    assert_eq!(seen, [0, 7], "a periodic job has no context");
    assert!(ticks.cancel());
    timer.shutdown();
    pool.shutdown();
}

/// A context that nobody has on a timer's thread. It counts how often it is entered.
struct OfNoTimer;

thread_local! {
    static ENTERED: Cell<u32> = const { Cell::new(0) };
}

impl JobContext for OfNoTimer {
    fn capture() -> Self {
        assert_ne!(thread::current().name(), Some("pool-timer"), "there is no context on purpose");
        Self
    }

    fn enter(self) -> impl Sized {
        ENTERED.set(ENTERED.get() + 1);
    }
}

fn a_timer_s_thread_captures_no_context(setup: Setup) {
    let clock = ManualClock::new();
    let pool = setup.with_threads(1).builder().clock(clock.clone());
    let pool = pool.context::<OfNoTimer>().build().unwrap();
    let timer = Timer::new(&pool).unwrap();
    let (sender, received) = mpsc::channel();
    let send = || {
        let sender = sender.clone();
        move || sender.send(ENTERED.replace(0)).unwrap()
    };
    timer.after(SECOND, send()).unwrap();
    clock.advance(SECOND);
    assert_eq!(received.recv().unwrap(), 1, "one context each");
    let ticks = timer.every(SECOND, send()).unwrap();
    clock.advance(SECOND);
    assert_eq!(received.recv().unwrap(), 0, "a periodic job has none");
    ticks.cancel();
    assert_eq!(timer.shutdown().dropped, 0);
    pool.shutdown();
}
