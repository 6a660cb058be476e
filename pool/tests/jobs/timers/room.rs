//! Due jobs and the bound of the queue.

use drainpool::Scheduled;

use super::{SECOND, Scene, sum};
use crate::setup::{Setup, Tally, balanced, eventually};

on_every_backend! {
    due_jobs_wait_for_room
    due_jobs_that_wait_for_room_hold_up_nobody
    cancelled_jobs_leave_the_row_for_room
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
