//! Jobs of a timer that have a priority, a label, or a time to start.

use std::sync::mpsc;

use drainpool::{Clock, ManualClock, Priority, SubmitOptions, Timer, WhenFull, current_label};

use super::{SECOND, Scene};
use crate::setup::{Backend, Setup, Tally, balanced, eventually};

on_every_backend! {
    a_job_that_is_due_has_its_priority
    each_run_has_its_label
    a_time_to_start_begins_with_the_submit
}

fn a_job_that_is_due_has_its_priority(setup: Setup) {
    let scene = Scene::paused(Setup { threads: 1, capacity: None, ..setup });
    let (sender, received) = mpsc::channel();
    let send = |text| {
        let sender = sender.clone();
        move || sender.send(text).unwrap()
    };
    for _ in 0..5 {
        scene.pool.execute(send("waiting")).unwrap();
    }
    // A due job waits for room, whatever its options say.
    let urgent = SubmitOptions::new().priority(Priority::HIGH).when_full(WhenFull::RunHere);
    scene.timer.with(Priority::LOW).after(SECOND, send("low")).unwrap();
    scene.timer.with(urgent).after(SECOND, send("high")).unwrap();
    scene.clock.advance(SECOND);
    eventually(|| scene.pool.stats().queued == 7);
    scene.pool.resume();
    balanced(&scene.pool);
    drop(sender);
    let order: Vec<_> = received.iter().collect();
    assert_eq!(order.len(), 7);
    if setup.backend == Backend::Priority {
        assert_eq!((order[0], order[6]), ("high", "low"));
    }
}

fn each_run_has_its_label(setup: Setup) {
    let clock = ManualClock::new();
    let pool = setup.builder().track_jobs().clock(clock.clone()).build().unwrap();
    let timer = Timer::new(&pool).unwrap();
    let (sender, received) = mpsc::channel();
    let tell = |tell: mpsc::Sender<_>| move || tell.send(current_label()).unwrap();
    let labelled = timer.with(SubmitOptions::new().label("tick"));
    labelled.every(SECOND, tell(sender.clone())).unwrap();
    for _ in 0..3 {
        clock.advance(SECOND);
        assert_eq!(received.recv().unwrap().as_deref(), Some("tick"));
        // The next tick is missed while the run has not come to its end.
        eventually(|| timer.pending() == 1);
    }
    labelled.after(SECOND, tell(sender.clone())).unwrap();
    // The handle's own jobs have no options by that.
    timer.at(clock.now(), tell(sender)).unwrap();
    assert_eq!(received.recv().unwrap(), None);
    timer.shutdown();
    pool.shutdown();
}

fn a_time_to_start_begins_with_the_submit(setup: Setup) {
    let scene = Scene::paused(setup);
    let ran = Tally::default();
    let count = ran.clone();
    let within = scene.timer.with(SubmitOptions::new().start_within(5 * SECOND));
    let job = within.after(10 * SECOND, move || count.add()).unwrap();
    scene.clock.advance(10 * SECOND);
    eventually(|| scene.pool.stats().queued == 1);
    scene.clock.advance(4 * SECOND);
    assert!(!job.is_finished());
    scene.clock.advance(SECOND);
    eventually(|| job.is_finished());
    scene.pool.resume();
    let report = balanced(&scene.pool);
    assert_eq!((report.expired, report.done, ran.get()), (1, 0, 0));
    assert_eq!(scene.timer.shutdown().fired, 1);
}
