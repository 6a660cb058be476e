//! Delayed and periodic jobs, by a clock that the test owns.

use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::{Arc, Mutex, mpsc};
use std::task::{Context, Wake, Waker};
use std::thread;
use std::time::{Duration, Instant};

use drainpool::{
    Clock, ManualClock, MissedTicks, Period, Scheduled, SubmitOptions, Timer, TimerHandle,
    TimerRefusal, TimerReport,
};

use crate::setup::held::{Gate, hold};
use crate::setup::tools::{Bomb, scrambled};
use crate::setup::{Latch, Pool, Setup, Tally, balanced, eventually};

on_every_backend! {
    jobs_run_when_their_time_is_over
    equal_moments_fire_in_the_order_of_their_submits
    a_timer_serves_a_pool_with_a_handler
    what_never_comes_does_no_harm
    a_cancelled_job_is_gone_at_once
    a_job_that_lies_in_the_queue_can_be_cancelled
    due_jobs_wait_for_room
    due_jobs_that_wait_for_room_hold_up_nobody
    cancelled_jobs_leave_the_row_for_room
    the_end_of_the_pool_gives_up_what_is_not_due
    the_end_of_the_timer_leaves_the_pool
    closures_are_dropped_outside_of_any_lock
    a_timer_is_dropped_by_its_own_jobs
    ticks_do_not_drift
    missed_ticks_are_skipped_or_made_up_for
    a_periodic_job_runs_once_at_a_time
    a_periodic_job_outlives_its_panic
    a_periodic_job_is_cancelled
    a_periodic_job_ends_with_its_timer
    an_interval_is_longer_than_zero
    a_cancel_or_the_run_wins
    ends_in_any_order
    a_clock_that_panics_stops_nothing
    what_expires_is_watched_over
    a_job_sets_the_next
}

const SECOND: Duration = Duration::from_secs(1);

/// A pool with a timer, by a clock that stands still. The timer is dropped first.
struct Scene {
    clock: ManualClock,
    timer: Timer,
    pool: Pool,
}

impl Scene {
    fn new(setup: Setup) -> Self {
        Self::of(setup, false)
    }

    fn paused(setup: Setup) -> Self {
        Self::of(setup, true)
    }

    fn of(setup: Setup, paused: bool) -> Self {
        let clock = ManualClock::new();
        let builder = setup.builder().clock(clock.clone());
        let builder = if paused { builder.paused() } else { builder };
        let pool = builder.build().unwrap();
        Self { timer: Timer::new(&pool).unwrap(), clock, pool }
    }

    /// Fills a bounded pool that is paused. The number of jobs.
    fn fill(&self) -> u64 {
        let mut jobs = 0;
        while self.pool.try_execute(|| ()).is_ok() {
            jobs += 1;
        }
        jobs
    }

    fn wait_until_blocked(&self) {
        eventually(|| self.pool.stats().waiting_submitters == 1);
    }
}

/// Each job that was set once is in one count.
fn sum(report: TimerReport) -> u64 {
    report.fired + report.cancelled + report.dropped + report.not_due
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

fn due_jobs_wait_for_room(setup: Setup) {
    let scene = Scene::paused(Setup { capacity: Some(2), ..setup });
    let filled = scene.fill();
    let ran = Tally::default();
    for _ in 0..50 {
        let runs = ran.clone();
        scene.timer.after(SECOND, move || runs.add()).unwrap();
    }
    scene.clock.advance(SECOND);
    scene.wait_until_blocked();
    assert_eq!(scene.timer.pending(), 50);
    scene.pool.resume();
    eventually(|| ran.get() == 50);
    assert_eq!(scene.timer.shutdown().fired, 50);
    assert_eq!(balanced(&scene.pool).done, filled + 50);
}

fn due_jobs_that_wait_for_room_hold_up_nobody(setup: Setup) {
    let ends: [fn(&Scene); 3] = [
        |scene| {
            scene.timer.shutdown();
        },
        |scene| scene.pool.close(),
        |scene| {
            scene.pool.shutdown();
        },
    ];
    for end in ends {
        let scene = Scene::paused(Setup { capacity: Some(2), ..setup });
        let filled = scene.fill();
        let set = |_| scene.timer.after(SECOND, || ()).unwrap();
        let jobs: Vec<_> = (0..3).map(set).collect();
        let later = scene.timer.after(2 * SECOND, || ()).unwrap();
        scene.clock.advance(SECOND);
        scene.wait_until_blocked();
        assert!(jobs[0].cancel() && later.cancel());
        end(&scene);
        let report = scene.timer.shutdown();
        assert_eq!((report.cancelled, sum(report)), (2, 4));
        // A shutdown resumes the pool, and may make room before it is seen.
        assert!(report.fired + report.dropped == 2 && jobs[2].next_due().is_none());
        assert_eq!(balanced(&scene.pool).done, filled + report.fired);
        assert!(jobs.iter().all(Scheduled::is_finished));
    }
}

fn cancelled_jobs_leave_the_row_for_room(setup: Setup) {
    let scene = Scene::paused(Setup { capacity: Some(1), ..setup });
    let filled = scene.fill();
    for _ in 0..3 {
        let set = |_| scene.timer.after(SECOND, || unreachable!()).unwrap();
        let jobs: Vec<_> = (0..3).map(set).collect();
        scene.clock.advance(SECOND);
        scene.wait_until_blocked();
        assert!(jobs.iter().all(Scheduled::cancel));
        eventually(|| scene.pool.stats().waiting_submitters == 0);
    }
    scene.pool.resume();
    for _ in 0..20 {
        scene.pool.execute(|| ()).unwrap();
    }
    assert_eq!(scene.timer.shutdown().cancelled, 9);
    assert_eq!(balanced(&scene.pool).done, filled + 20);
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

/// A job that tells of each of its runs.
fn ticker(timer: &TimerHandle, period: impl Into<Period>) -> (Scheduled, mpsc::Receiver<()>) {
    let (sender, ticks) = mpsc::channel();
    let job = timer.every(period, move || sender.send(()).unwrap()).unwrap();
    (job, ticks)
}

fn ticks_do_not_drift(setup: Setup) {
    let scene = Scene::new(setup);
    let start = scene.clock.now();
    let (job, ticks) = ticker(&scene.timer, 10 * SECOND);
    for n in 1..=20 {
        eventually(|| job.next_due() == Some(start + n * 10 * SECOND));
        // The run is late by up to nine seconds.
        let late = n % 10 * SECOND;
        scene.clock.advance(start + n * 10 * SECOND + late - scene.clock.now());
        ticks.recv().unwrap();
    }
    eventually(|| job.next_due() == Some(start + 210 * SECOND));
    let first = start + 195 * SECOND;
    let (job, ticks) = ticker(&scene.timer, Period::new(20 * SECOND).first_at(first));
    ticks.recv().unwrap();
    eventually(|| job.next_due() == Some(first + 20 * SECOND));
}

fn missed_ticks_are_skipped_or_made_up_for(setup: Setup) {
    for (missed, runs) in [(MissedTicks::Skip, 1), (MissedTicks::CatchUp, 7)] {
        let scene = Scene::new(setup);
        let start = scene.clock.now();
        let period = Period::new(10 * SECOND).missed(missed);
        let (job, ticks) = ticker(&scene.timer, period);
        scene.clock.advance(75 * SECOND);
        (0..runs).for_each(|_| ticks.recv().unwrap());
        eventually(|| job.next_due() == Some(start + 80 * SECOND));
        assert!(ticks.try_recv().is_err());
        scene.clock.advance(5 * SECOND);
        ticks.recv().unwrap();
        assert_eq!(scene.timer.shutdown().fired, runs + 1);
    }
}

fn a_periodic_job_runs_once_at_a_time(setup: Setup) {
    let scene = Scene::new(setup);
    let gate = Gate::default();
    let (begun, goes_on) = (Tally::default(), (*gate).clone());
    let begins = begun.clone();
    let job = scene.timer.every(SECOND, move || {
        begins.add();
        goes_on.wait();
    });
    let start = scene.clock.now();
    scene.clock.advance(SECOND);
    eventually(|| begun.get() == 1);
    for _ in 0..5 {
        scene.clock.advance(SECOND);
    }
    scene.clock.advance(SECOND / 2);
    // The timer has looked: another job has come by.
    let (sender, received) = mpsc::channel();
    scene.timer.after(Duration::ZERO, move || sender.send(()).unwrap()).unwrap();
    if setup.threads > 1 {
        received.recv().unwrap();
    }
    assert_eq!(begun.get(), 1);
    gate.open();
    let job = job.unwrap();
    eventually(|| job.next_due() == Some(start + 7 * SECOND));
    // The first missed tick was made up for, the others skipped.
    assert_eq!(begun.get(), 2);
}

fn a_periodic_job_outlives_its_panic(setup: Setup) {
    let scene = Scene::new(setup);
    let (sender, ticks) = mpsc::channel();
    let mut runs = 0;
    let job = scene.timer.every(SECOND, move || {
        runs += 1;
        sender.send(runs).unwrap();
        assert!(runs % 2 == 0, "the run panics on purpose");
    });
    let job = job.unwrap();
    for n in 1..=4 {
        eventually(|| job.next_due().is_some());
        scene.clock.advance(SECOND);
        assert_eq!(ticks.recv().unwrap(), n);
    }
    assert_eq!(scene.timer.shutdown().fired, 4);
    let report = balanced(&scene.pool);
    assert_eq!((report.done, report.panicked), (2, 2));
}

fn a_periodic_job_is_cancelled(setup: Setup) {
    // While it waits.
    let scene = Scene::new(setup);
    let (job, ticks) = ticker(&scene.timer, SECOND);
    assert!(job.cancel() && !job.cancel() && job.is_finished());
    assert!(ticks.recv().is_err(), "its closure is gone");
    // By itself.
    let own = Arc::new(Mutex::new(None::<Scheduled>));
    let (mine, (sender, ticks)) = (Arc::clone(&own), mpsc::channel());
    let job = scene.timer.every(SECOND, move || {
        let cancelled = mine.lock().unwrap().as_ref().is_some_and(Scheduled::cancel);
        sender.send(cancelled).unwrap();
    });
    *own.lock().unwrap() = Some(job.unwrap());
    scene.clock.advance(SECOND);
    assert_eq!(ticks.iter().collect::<Vec<_>>(), [true]);
    eventually(|| own.lock().unwrap().as_ref().is_some_and(Scheduled::is_finished));
    // In the queue.
    let workers = hold(&scene.pool, setup.threads);
    let (job, ticks) = ticker(&scene.timer, SECOND);
    scene.clock.advance(SECOND);
    eventually(|| scene.pool.stats().queued == 1);
    assert!(job.cancel());
    workers.release();
    assert!(ticks.recv().is_err());
    eventually(|| job.is_finished());
    assert_eq!(scene.timer.shutdown().cancelled, 3);
}

fn a_periodic_job_ends_with_its_timer(setup: Setup) {
    let ends: [fn(&Scene, &Scheduled); 3] = [
        |scene, _| {
            scene.timer.shutdown();
        },
        |scene, _| scene.pool.close(),
        |_, job| assert!(job.cancel()),
    ];
    for (end, not_due) in ends.into_iter().zip([1, 1, 0]) {
        let scene = Scene::new(setup);
        let gate = Gate::default();
        let (begun, goes_on, captured) = (Latch::default(), (*gate).clone(), Arc::new(()));
        let (begins, held) = (begun.clone(), Arc::clone(&captured));
        let job = scene.timer.every(SECOND, move || {
            let _held = &held;
            begins.open();
            goes_on.wait();
        });
        let job = job.unwrap();
        scene.clock.advance(SECOND);
        begun.wait();
        // The run goes on, and nobody waits for it.
        end(&scene, &job);
        assert!(!job.is_finished());
        gate.open();
        eventually(|| job.is_finished() && Arc::strong_count(&captured) == 1);
        let report = scene.timer.shutdown();
        let ended = (report.fired, report.not_due, report.cancelled);
        assert_eq!(ended, (1, not_due, 1 - not_due));
        assert!(!job.cancel());
        assert_eq!(balanced(&scene.pool).done, 1);
    }
}

fn an_interval_is_longer_than_zero(setup: Setup) {
    let scene = Scene::new(setup);
    let refused = scene.timer.every(Duration::ZERO, || ()).unwrap_err();
    assert_eq!(refused.reason(), TimerRefusal::ZeroInterval);
    assert!(refused.to_string().contains("zero"));
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

/// A clock that can be told to panic, and that notes until when a thread may sleep.
#[derive(Clone)]
struct Odd {
    clock: ManualClock,
    panics: Arc<AtomicBool>,
    asked: Arc<Mutex<Option<Instant>>>,
}

impl Odd {
    fn new() -> Self {
        Self { clock: ManualClock::new(), panics: Arc::default(), asked: Arc::default() }
    }
}

impl Clock for Odd {
    fn now(&self) -> Instant {
        assert!(!self.panics.load(Ordering::SeqCst), "the clock panics on purpose");
        self.clock.now()
    }

    fn sleep_for(&self, deadline: Instant) -> Option<Duration> {
        *self.asked.lock().unwrap() = Some(deadline);
        self.clock.sleep_for(deadline)
    }

    fn subscribe(&self, alarm: std::sync::Weak<dyn Fn() + Send + Sync>) {
        self.clock.subscribe(alarm);
    }
}

fn a_clock_that_panics_stops_nothing(setup: Setup) {
    let clock = Odd::new();
    let pool = setup.builder().clock(clock.clone()).build().unwrap();
    let timer = Timer::new(&pool).unwrap();
    let (sender, received) = mpsc::channel();
    timer.after(SECOND, move || sender.send(7).unwrap()).unwrap();
    clock.panics.store(true, Ordering::SeqCst);
    clock.clock.advance(SECOND);
    assert_eq!((received.try_recv().is_ok(), timer.pending()), (false, 1));
    clock.panics.store(false, Ordering::SeqCst);
    clock.clock.advance(Duration::ZERO);
    assert_eq!(received.recv().unwrap(), 7);
    assert_eq!(timer.shutdown().fired, 1);
}

/// A waker that opens a latch.
struct Opens(Latch);

impl Wake for Opens {
    fn wake(self: Arc<Self>) {
        self.0.open();
    }
}

fn what_expires_is_watched_over(setup: Setup) {
    let clock = Odd::new();
    let pool = setup.builder().clock(clock.clone()).paused().build().unwrap();
    let timer = Timer::new(&pool).unwrap();
    let sleeps_until = |moment| eventually(|| *clock.asked.lock().unwrap() == Some(moment));
    let start = clock.now();
    let _later = timer.after(9 * SECOND, || ()).unwrap();
    sleeps_until(start + 9 * SECOND);
    // The thread hears of each job that expires before that.
    let within = |seconds| {
        let options = SubmitOptions::new().start_within(seconds * SECOND);
        pool.with(options).spawn(|| ()).unwrap()
    };
    let second = within(5);
    sleeps_until(start + 5 * SECOND);
    let first = within(3);
    sleeps_until(start + 3 * SECOND);
    // Nobody but the timer looks at the clock for them.
    let (woken, mut job) = (Latch::default(), first);
    let waker = Waker::from(Arc::new(Opens(woken.clone())));
    let polled = std::pin::Pin::new(&mut job).poll(&mut Context::from_waker(&waker));
    assert!(polled.is_pending());
    clock.clock.advance(3 * SECOND);
    woken.wait();
    assert!(job.join().is_err());
    assert!(second.cancel());
    drop(timer);
    pool.resume();
    assert_eq!(balanced(&pool).expired, 1);
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
