//! A bound on the queue, and what can be done when it is reached.

use std::sync::mpsc;
use std::time::Duration;

use drainpool::{BuildError, Collect, ManualClock, WhenFull};

use crate::setup::{Latch, Pool, Setup, Tally, balanced, eventually};

on_every_backend! {
    full_gives_the_job_back
    waits_for_room
    waits_for_room_for_a_while
    runs_in_the_caller
    runs_a_handle_s_job_in_the_caller
    a_panic_in_the_caller_is_an_outcome
    those_who_wait_get_room_in_turn
    close_sends_those_away_who_wait
    a_batch_waits_for_room
    jobs_are_not_bound_by_their_own_pool
    never_more_wait_than_there_is_room_for
    a_capacity_of_nothing_is_an_error
}

/// A paused pool with room for so many jobs.
fn paused(setup: Setup, capacity: usize) -> Pool {
    setup.builder().capacity(capacity).paused().build().unwrap()
}

/// A paused pool without room.
fn full(setup: Setup) -> Pool {
    let pool = paused(setup, 2);
    pool.execute_batch([|| (), || ()]).unwrap();
    pool
}

fn full_gives_the_job_back(setup: Setup) {
    let pool = full(setup);
    let refused = Tally::default();
    let count = refused.clone();
    match pool.try_execute(move || count.add()) {
        Err(refused) if refused.is_full() => refused.into_inner().run(),
        other => panic!("{other:?}"),
    }
    let count = refused.clone();
    match pool.try_spawn(move || count.add()) {
        Err(refused) if refused.is_full() => refused.into_inner()(),
        other => panic!("{:?}", other.map(|job| job.id())),
    }
    assert_eq!(refused.get(), 2);
    assert_eq!(balanced(&pool).done, 2);
}

fn waits_for_room(setup: Setup) {
    let pool = full(setup);
    let handle = pool.handle();
    let submitter = std::thread::spawn(move || handle.spawn(|| 7).unwrap().join().unwrap());
    eventually(|| pool.stats().waiting_submitters == 1);
    assert_eq!(pool.stats().accepted, 2);
    pool.resume();
    assert_eq!(submitter.join().unwrap(), 7);
    assert_eq!(balanced(&pool).done, 3);
}

fn waits_for_room_for_a_while(setup: Setup) {
    let clock = ManualClock::new();
    let builder = setup.builder().capacity(1).paused().clock(clock.clone());
    let pool = builder.build().unwrap();
    pool.with(WhenFull::WaitFor(Duration::ZERO)).execute(|| ()).unwrap();
    assert!(
        pool.with(WhenFull::WaitFor(Duration::ZERO))
            .execute(|| ())
            .is_err_and(|refused| refused.is_full())
    );
    let handle = pool.handle();
    let submitter = std::thread::spawn(move || {
        let spawned = handle.with(WhenFull::WaitFor(Duration::from_secs(60))).spawn(|| ());
        spawned.is_err_and(|refused| refused.is_full())
    });
    eventually(|| pool.stats().waiting_submitters == 1);
    clock.advance(Duration::from_secs(59));
    assert!(!submitter.is_finished());
    clock.advance(Duration::from_secs(1));
    assert!(submitter.join().unwrap());
    assert_eq!(pool.stats().waiting_submitters, 0);
    pool.resume();
    pool.with(WhenFull::WaitFor(Duration::MAX)).execute(|| ()).unwrap();
    assert_eq!(balanced(&pool).done, 2);
}

fn runs_in_the_caller(setup: Setup) {
    let results = Collect::new();
    let builder = setup.builder().capacity(1).paused().sink(results.clone());
    let pool = builder.build().unwrap();
    let place = || std::thread::current().id();
    let queued = pool.with(WhenFull::RunHere).execute(place).unwrap();
    let here = pool.with(WhenFull::RunHere).execute(place).unwrap();
    let done = results.take().remove(0);
    assert_eq!((done.id, done.worker, done.outcome.unwrap()), (here, None, place()));
    pool.resume();
    assert_eq!(balanced(&pool).done, 2);
    let done = results.take().remove(0);
    assert_eq!(done.id, queued);
    assert!(done.worker.is_some() && done.outcome.unwrap() != place());
    match pool.with(WhenFull::RunHere).execute(place) {
        Err(refused) if refused.is_closed() => assert_eq!(refused.into_inner().run(), place()),
        other => panic!("{other:?}"),
    }
}

fn runs_a_handle_s_job_in_the_caller(setup: Setup) {
    let pool = full(setup);
    let here = std::thread::current().id();
    let job = pool.with(WhenFull::RunHere).spawn(|| std::thread::current().id()).unwrap();
    assert!(job.is_finished());
    assert_eq!(job.join().unwrap(), here);
    assert_eq!(balanced(&pool).done, 3);
    assert!(pool.with(WhenFull::RunHere).spawn(|| ()).is_err_and(|refused| refused.is_closed()));
}

fn a_panic_in_the_caller_is_an_outcome(setup: Setup) {
    let pool = full(setup);
    pool.with(WhenFull::RunHere).execute(|| panic!("on purpose")).unwrap();
    let job = pool.with(WhenFull::RunHere).spawn(|| -> () { panic!("on purpose") }).unwrap();
    assert!(job.join().is_err());
    let report = balanced(&pool);
    assert_eq!((report.done, report.panicked), (2, 2));
}

fn those_who_wait_get_room_in_turn(setup: Setup) {
    let pool = paused(setup, 1);
    let mut last = pool.spawn(|| ()).unwrap();
    let (submitted, next) = mpsc::channel();
    for nth in 0..8 {
        let (handle, submitted) = (pool.handle(), submitted.clone());
        std::thread::spawn(move || {
            submitted.send((nth, handle.spawn(|| ()).unwrap())).unwrap();
        });
        eventually(|| pool.stats().waiting_submitters == nth + 1);
    }
    for nth in 0..8 {
        // Room for one, which the first in the row gets, and nobody who comes now.
        last.cancel();
        assert!(pool.try_execute(|| ()).is_err());
        let (who, job) = next.recv().unwrap();
        assert_eq!(who, nth);
        last = job;
    }
    let report = balanced(&pool);
    assert_eq!((report.cancelled, report.done), (8, 1));
}

fn close_sends_those_away_who_wait(setup: Setup) {
    let pool = full(setup);
    let submitters: Vec<_> = (0..4)
        .map(|_| {
            let handle = pool.handle();
            std::thread::spawn(move || {
                handle.execute(|| ()).is_err_and(|refused| refused.is_closed())
            })
        })
        .collect();
    eventually(|| pool.stats().waiting_submitters == 4);
    pool.close();
    assert!(submitters.into_iter().all(|submitter| submitter.join().unwrap()));
    assert_eq!(balanced(&pool).accepted, 2);
}

fn a_batch_waits_for_room(setup: Setup) {
    let pool = paused(setup, 3);
    let (handle, ran) = (pool.handle(), Tally::default());
    let count = ran.clone();
    let submitter = std::thread::spawn(move || {
        let jobs = (0..100).map(|_| {
            let count = count.clone();
            move || count.add()
        });
        handle.execute_batch(jobs).unwrap().len()
    });
    eventually(|| pool.stats().waiting_submitters == 1);
    assert_eq!(pool.stats().accepted, 3);
    pool.resume();
    assert_eq!(submitter.join().unwrap(), 100);
    assert_eq!(balanced(&pool).done, 100);
    assert_eq!(ran.get(), 100);
}

fn jobs_are_not_bound_by_their_own_pool(setup: Setup) {
    let pool = setup.builder().capacity(1).build().unwrap();
    let (handle, ran) = (pool.handle(), Tally::default());
    let count = ran.clone();
    pool.execute(move || {
        for _ in 0..100 {
            let count = count.clone();
            handle.execute(move || count.add()).unwrap();
        }
        let jobs = handle.spawn_batch([|| 1, || 2]).unwrap();
        assert_eq!(jobs.into_iter().map(|job| job.join().unwrap()).sum::<i32>(), 3);
    })
    .unwrap();
    let report = balanced(&pool);
    assert_eq!((report.done, report.panicked, ran.get()), (103, 0, 100));
}

fn never_more_wait_than_there_is_room_for(setup: Setup) {
    let pool = setup.builder().capacity(2).build().unwrap();
    let (submitted, started) = (Tally::default(), Tally::default());
    std::thread::scope(|scope| {
        for _ in 0..4 {
            scope.spawn(|| {
                for _ in 0..500 {
                    let start = started.clone();
                    pool.execute(move || start.add()).unwrap();
                    submitted.add();
                    // In this order, so that those which start in between do not count as waiting. A
                    // worker may have taken one that it has not started.
                    let waiting = submitted.get().saturating_sub(started.get());
                    assert!(waiting <= 2 + setup.threads as u64, "{waiting}");
                }
            });
        }
    });
    assert_eq!(balanced(&pool).done, 2_000);
}

fn a_capacity_of_nothing_is_an_error(setup: Setup) {
    let error = setup.builder().capacity(0).build().unwrap_err();
    assert!(matches!(error, BuildError::ZeroCapacity), "{error}");
    let error = setup.builder().capacity(usize::MAX).build().unwrap_err();
    assert!(matches!(error, BuildError::CapacityTooLarge { requested: usize::MAX, .. }), "{error}");
    let latch = Latch::default();
    let held = latch.clone();
    let pool = setup.builder().capacity(drainpool::MAX_CAPACITY).build().unwrap();
    pool.execute(move || held.wait()).unwrap();
    latch.open();
    assert_eq!(balanced(&pool).done, 1);
}
