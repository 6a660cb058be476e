//! All the ways in which a job of a lane can end: each hands its turn on.

use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use drainpool::{Collect, InOrder, JobError, LanesExt, ManualClock, SubmitOptions};

use crate::setup::tools::Bomb;
use crate::setup::{Latch, Setup, Tally, at_rest, balanced};

on_every_backend! {
    after_a_panic_the_next_has_its_turn
    a_cancelled_job_leaves_the_lane
    a_job_with_a_turn_is_cancelled
    what_a_cancelled_job_owns_is_dropped_first
    an_expired_job_hands_its_turn_on
    one_that_has_expired_at_once_holds_up_nobody
    close_drains_the_lane
    a_dropped_pool_drains_the_lane
    a_pool_is_dropped_by_a_job_of_a_lane
    the_sink_learns_of_cancelled_jobs
    a_long_lane_needs_no_stack
    many_cancelled_jobs_leave_nothing
    a_job_that_is_taken_back_hands_its_turn_on
    a_lane_ends_with_a_pool_that_is_shut_down_now
}

fn count_up(count: &AtomicUsize) {
    count.fetch_add(1, Ordering::SeqCst);
}

fn after_a_panic_the_next_has_its_turn(setup: Setup) {
    let pool = setup.pool();
    let lane = pool.lane(1);
    for n in 0..60 {
        match n % 3 {
            0 => drop(lane.execute(|| panic!("of a lane, on purpose")).unwrap()),
            1 => drop(lane.spawn(|| -> u32 { panic!("of a lane, on purpose") }).unwrap()),
            _ => drop(lane.execute(|| ()).unwrap()),
        }
    }
    lane.spawn(|| ()).unwrap().join().unwrap();
    let report = balanced(&pool);
    assert_eq!((report.done, report.panicked), (21, 40));
}

fn a_cancelled_job_leaves_the_lane(setup: Setup) {
    let pool = setup.builder().paused().build().unwrap();
    let (lane, ran) = (pool.lane(1), Arc::new(AtomicUsize::new(0)));
    let job = |ran: &Arc<AtomicUsize>| {
        let ran = ran.clone();
        move || count_up(&ran)
    };
    let first = lane.spawn(job(&ran)).unwrap();
    let second = lane.spawn(job(&ran)).unwrap();
    let third = lane.spawn(job(&ran)).unwrap();
    assert!(second.cancel() && !second.cancel());
    assert_eq!(lane.len(), 2);
    assert!(matches!(second.join(), Err(JobError::Cancelled)));
    pool.resume();
    first.join().unwrap();
    third.join().unwrap();
    assert_eq!(ran.load(Ordering::SeqCst), 2);
    assert_eq!(balanced(&pool).cancelled, 1);
}

fn a_job_with_a_turn_is_cancelled(setup: Setup) {
    let pool = setup.builder().paused().build().unwrap();
    let lane = pool.lane(1);
    let first = lane.spawn(|| 1).unwrap();
    let second = lane.spawn(|| 2).unwrap();
    assert!(first.cancel());
    assert_eq!(lane.len(), 1);
    pool.close();
    pool.resume();
    assert_eq!(second.join().unwrap(), 2);
    let report = balanced(&pool);
    assert_eq!((report.done, report.cancelled), (1, 1));
}

/// What it owns may panic as well.
fn what_a_cancelled_job_owns_is_dropped_first(setup: Setup) {
    struct Noted(Arc<Mutex<Vec<&'static str>>>);
    impl Drop for Noted {
        fn drop(&mut self) {
            self.0.lock().unwrap().push("dropped");
        }
    }
    let pool = setup.builder().paused().build().unwrap();
    let (lane, log) = (pool.lane(1), Arc::new(Mutex::new(Vec::new())));
    let owned = (Noted(log.clone()), Bomb);
    let first = lane.spawn(move || drop(owned)).unwrap();
    let second = lane.spawn({
        let log = log.clone();
        move || log.lock().unwrap().push("ran")
    });
    pool.resume();
    // In time or not: both drop it.
    first.cancel();
    second.unwrap().join().unwrap();
    assert_eq!(*log.lock().unwrap(), ["dropped", "ran"]);
    drop(first);
    balanced(&pool);
}

fn an_expired_job_hands_its_turn_on(setup: Setup) {
    let clock = ManualClock::new();
    let pool = setup.builder().clock(clock.clone()).paused().build().unwrap();
    let lane = pool.lane(1);
    let fresh = lane.with(SubmitOptions::new().start_within(Duration::from_secs(5)));
    let handled = fresh.spawn(|| 1).unwrap();
    fresh.execute(|| ()).unwrap();
    let last = lane.spawn(|| 3).unwrap();
    clock.advance(Duration::from_secs(6));
    assert!(handled.is_finished());
    pool.resume();
    assert_eq!(last.join().unwrap(), 3);
    let report = balanced(&pool);
    assert_eq!((report.done, report.expired), (1, 2));
}

fn one_that_has_expired_at_once_holds_up_nobody(setup: Setup) {
    let pool = setup.pool();
    let lane = pool.lane(1);
    let at_once = lane.with(SubmitOptions::new().start_within(Duration::ZERO));
    let mut expired = 0;
    for n in 0..200 {
        let job = at_once.spawn(move || n).unwrap();
        // Ends what is due.
        let _ = pool.stats();
        expired += u64::from(matches!(job.join(), Err(JobError::Expired)));
        assert_eq!(lane.spawn(move || n).unwrap().join().unwrap(), n);
    }
    assert_eq!(balanced(&pool).expired, expired);
    assert!(lane.is_empty());
}

fn close_drains_the_lane(setup: Setup) {
    let pool = setup.builder().paused().build().unwrap();
    let (lane, ran) = (pool.lane(1), Arc::new(AtomicUsize::new(0)));
    let jobs = setup.room().min(100);
    for _ in 0..jobs {
        let (own, ran) = (lane.clone(), ran.clone());
        let submitted = lane.execute(move || {
            ran.fetch_add(1, Ordering::SeqCst);
            own.execute(move || count_up(&ran)).unwrap();
        });
        submitted.unwrap();
    }
    pool.close();
    assert!(lane.execute(|| ()).unwrap_err().is_closed());
    assert_eq!(balanced(&pool).done, 2 * jobs as u64);
    assert_eq!(ran.load(Ordering::SeqCst), 2 * jobs);
}

fn a_dropped_pool_drains_the_lane(setup: Setup) {
    let pool = setup.builder().paused().build().unwrap();
    let (lane, tally) = (pool.lane(1), Tally::default());
    let jobs = setup.room().min(100);
    for _ in 0..jobs {
        let job = tally.clone();
        lane.execute(move || job.add()).unwrap();
    }
    drop(pool);
    assert_eq!(tally.get(), jobs as u64);
    assert!(lane.is_empty() && lane.spawn(|| ()).is_err());
}

fn a_pool_is_dropped_by_a_job_of_a_lane(setup: Setup) {
    let pool = setup.builder().build().unwrap();
    let (lane, done) = (pool.lane(1), Arc::new(Latch::default()));
    let own = lane.clone();
    let submitted = lane.execute({
        let done = done.clone();
        move || {
            drop(pool);
            own.execute(move || done.open()).unwrap();
        }
    });
    submitted.unwrap();
    done.wait();
}

fn the_sink_learns_of_cancelled_jobs(setup: Setup) {
    let (sender, results) = std::sync::mpsc::channel();
    let sink = InOrder::new(sender);
    let pool = setup.builder().paused().sink(sink).build().unwrap();
    let lane = pool.lane(1);
    lane.execute(|| 1).unwrap();
    // One that waits for its turn when it is cancelled, and then one that has got it.
    let second = lane.spawn(|| 2).unwrap();
    assert!(second.cancel());
    pool.resume();
    lane.execute(|| 3).unwrap();
    lane.spawn(|| 4).unwrap().join().unwrap();
    lane.execute(|| 5).unwrap();
    pool.shutdown();
    drop(pool);
    let got: Vec<u32> = results.iter().map(|done| done.outcome.unwrap()).collect();
    assert_eq!(got, [1, 3, 5]);
}

/// A lane whose jobs end one in the other.
fn a_long_lane_needs_no_stack(setup: Setup) {
    if setup.capacity.is_some() {
        return;
    }
    const LONG: usize = 100_000;
    let pool = setup.builder().paused().build().unwrap();
    let lane = pool.lane(1);
    let jobs: Vec<_> = (0..LONG).map(|n| lane.spawn(move || n).unwrap()).collect();
    // The first has its turn, so that each cancellation hands it on.
    assert!(jobs.iter().all(|job| job.cancel()));
    assert!(lane.is_empty());
    for n in 0..LONG {
        lane.execute(move || assert!(n < LONG)).unwrap();
    }
    let last = lane.spawn(|| ()).unwrap();
    // Runs all of them on this thread, one after the other.
    last.join_or_run().unwrap();
    let report = balanced(&pool);
    assert_eq!((report.done, report.cancelled), (LONG as u64 + 1, LONG as u64));
}

fn many_cancelled_jobs_leave_nothing(setup: Setup) {
    let pool = setup.builder().build().unwrap();
    let (lane, go) = (pool.lane(1), Arc::new(Latch::default()));
    let first = lane.spawn({
        let go = go.clone();
        move || go.wait()
    });
    for _ in 0..10_000 {
        assert!(lane.spawn(|| ()).unwrap().cancel());
        assert!(lane.len() <= 1);
    }
    go.open();
    first.unwrap().join().unwrap();
    balanced(&pool);
}

/// Also while the caller keeps what it has taken back.
fn a_job_that_is_taken_back_hands_its_turn_on(setup: Setup) {
    let outcomes = Collect::new();
    let pool = setup.builder().paused().sink(outcomes.clone()).build().unwrap();
    let lane = pool.lane(1);
    for n in 0..2 {
        lane.execute(move || n).unwrap();
    }
    let back = pool.take_queued();
    assert!(back.is_empty(), "it is ended, not left to the caller");
    assert_eq!(lane.len(), 1);
    pool.resume();
    let report = balanced(&pool);
    assert_eq!((report.done, report.returned), (1, 1));
    let outcomes = outcomes.take().into_iter().map(|done| done.outcome.ok()).collect::<Vec<_>>();
    assert_eq!(outcomes, [None, Some(1)]);
}

fn a_lane_ends_with_a_pool_that_is_shut_down_now(setup: Setup) {
    let pool = setup.pool();
    let (lane, ran) = (pool.lane(1), Tally::default());
    let (begun, go_on) = (Latch::default(), Latch::default());
    let first = lane.spawn({
        let (begun, go_on) = (begun.clone(), go_on.clone());
        move || {
            begun.open();
            go_on.wait();
        }
    });
    begun.wait();
    at_rest(&pool, 1);
    let mut waiting = Vec::new();
    for n in 0..setup.room().min(100) {
        let ran = ran.clone();
        if n % 2 == 0 {
            waiting.push(lane.spawn(move || ran.add()).unwrap());
        } else {
            lane.execute(move || ran.add()).unwrap();
        }
    }
    let back = pool.shutdown_now();
    assert!(back.is_empty() && lane.execute(|| ()).is_err_and(|refused| refused.is_closed()));
    go_on.open();
    first.unwrap().join().unwrap();
    for job in waiting {
        assert!(matches!(job.join(), Err(JobError::Returned)));
    }
    let report = balanced(&pool);
    assert_eq!((report.done, report.returned), (1, setup.room().min(100) as u64));
    assert_eq!((lane.len(), ran.get()), (0, 0));
}
