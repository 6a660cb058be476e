//! Jobs at an interval.

use std::sync::{Arc, Mutex, mpsc};
use std::time::Duration;

use drainpool::{Clock, MissedTicks, Period, Scheduled, TimerHandle, TimerRefusal};

use super::{SECOND, Scene};
use crate::setup::held::{Gate, hold};
use crate::setup::{Latch, Setup, Tally, balanced, eventually};

on_every_backend! {
    ticks_do_not_drift
    missed_ticks_are_skipped_or_made_up_for
    a_periodic_job_runs_once_at_a_time
    a_periodic_job_outlives_its_panic
    a_periodic_job_is_cancelled
    a_periodic_job_ends_with_its_timer
    an_interval_is_longer_than_zero
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
