//! The suites of CPython's `concurrent.futures` on submitting to an executor, on `map` and on the
//! thread pool's threads.

use std::sync::{Arc, mpsc};
use std::thread;
use std::time::Duration;

use pool::{BuildError, JobError, JobSet, MAX_THREADS, SubmitError, WaitError};

use crate::held::{Gate, hold};
use crate::setup::{Builder, CAPACITY, Latch, Pool, Setup, Tally, balanced, eventually};

on_every_backend! {
    test_submit
    test_submit_keyword
    test_map
    test_map_exception
    test_map_timeout
    test_shutdown_race_issue12456
    test_no_stale_references
    test_max_workers_negative
    test_free_reference
    test_map_submits_without_iteration
    test_default_workers
    test_saturation
    test_idle_thread_reuse
    test_executor_map_current_future_cancel
}

fn test_submit(setup: Setup) {
    let pool = setup.pool();
    assert_eq!(pool.spawn(|| 2_u32.pow(8)).unwrap().join().unwrap(), 256);
    assert_eq!(balanced(&pool).done, 1);
}

/// Named arguments are a type of jobs here.
fn test_submit_keyword(setup: Setup) {
    struct Power {
        base: u32,
        exponent: u32,
    }
    let (results, received) = mpsc::channel();
    let handler = |job: Power| job.base.pow(job.exponent);
    let pool = setup.builder().sink(results).build_with(move |_worker| handler).unwrap();
    let id = pool.submit(Power { exponent: 8, base: 2 }).unwrap();
    let done = received.recv().unwrap();
    assert_eq!((done.id, done.outcome.unwrap()), (id, 256));
    let report = pool.shutdown();
    assert_eq!((report.accepted, report.done), (1, 1));
}

fn test_map(setup: Setup) {
    let pool = setup.pool();
    let powers: Result<Vec<u64>, _> = pool.map(0..10_u32, |n| 3_u64.pow(n)).collect();
    assert!(powers.unwrap().into_iter().eq((0..10).map(|n| 3_u64.pow(n))));

    let mut unordered: Vec<u64> =
        pool.map_unordered(0..10_u32, |n| 3_u64.pow(n)).map(Result::unwrap).collect();
    unordered.sort_unstable();
    assert!(unordered.into_iter().eq((0..10).map(|n| 3_u64.pow(n))));
    assert_eq!(balanced(&pool).done, 20);

    // The caller does it when nobody else will.
    let here = thread::current().id();
    assert!(pool.map(0..3, move |_| thread::current().id() == here).all(Result::unwrap));
}

fn test_map_exception(setup: Setup) {
    let pool = setup.pool();
    let divide = |divisor: u32| match divisor {
        0 => panic!("no quotient, on purpose"),
        _ => 12 / divisor,
    };
    let mut quotients = pool.map([2, 3, 0, 4], divide);
    assert_eq!(quotients.next().unwrap().unwrap(), 6);
    assert_eq!(quotients.next().unwrap().unwrap(), 4);
    match quotients.next() {
        Some(Err(JobError::Panicked(panic))) => {
            assert_eq!(panic.message(), Some("no quotient, on purpose"));
        }
        other => panic!("{other:?}"),
    }
    assert_eq!(quotients.next().unwrap().unwrap(), 3, "it goes on after that");
    assert!(quotients.next().is_none());
    let report = balanced(&pool);
    assert_eq!((report.done, report.panicked), (3, 1));
}

/// A map has no time limit of its own; a set of jobs has.
fn test_map_timeout(setup: Setup) {
    // One more worker, so that the slow one does not hold up the quick one.
    let pool = setup.with_threads(setup.threads + 1).pool();
    let gate = Gate::default();
    let open = Latch::clone(&gate);
    let mut jobs = JobSet::new();
    let slow = jobs.insert(pool.spawn(move || open.wait()).unwrap());
    let quick = jobs.insert(pool.spawn(|| ()).unwrap());

    let (first, outcome) = jobs.join_next_timeout(Duration::MAX).unwrap().unwrap();
    outcome.unwrap();
    assert_eq!(first, quick);
    assert_eq!(jobs.join_next_timeout(Duration::ZERO).unwrap_err(), WaitError::TimedOut);
    gate.open();
    assert_eq!(jobs.join_next().unwrap().0, slow, "what was late is not lost");
    assert!(jobs.join_next_timeout(Duration::ZERO).unwrap().is_none());
    assert_eq!(balanced(&pool).done, 2);
}

/// The end comes while the queue is full and submitters wait for room.
fn test_shutdown_race_issue12456(setup: Setup) {
    let pool = setup.pool();
    let ran = Tally::default();
    let held = hold(&pool, setup.threads);
    for _ in 0..CAPACITY {
        let ran = ran.clone();
        pool.execute(move || ran.add()).unwrap();
    }
    let submit = || {
        let ran = ran.clone();
        pool.execute(move || ran.add())
    };
    thread::scope(|threads| {
        let late: Vec<_> = (0..4).map(|_| threads.spawn(submit)).collect();
        if setup.capacity.is_some() {
            eventually(|| pool.stats().waiting_submitters == 4);
        }
        let report = threads.spawn(|| balanced(&pool));
        eventually(|| pool.is_closed());
        let late: Vec<_> = late.into_iter().map(|submitter| submitter.join().unwrap()).collect();
        held.release();
        let accepted = late.iter().filter(|outcome| outcome.is_ok()).count();
        assert!(setup.capacity.is_none() || accepted == 0, "there was no room");
        let report = report.join().unwrap();
        assert_eq!(report.done, (setup.threads + CAPACITY + accepted) as u64);
        assert_eq!(ran.get(), (CAPACITY + accepted) as u64);
        // The others were sent away with what they brought.
        for refused in late.into_iter().filter_map(Result::err) {
            assert!(matches!(refused, SubmitError::Closed(_)), "{refused:?}");
            refused.into_inner().run();
        }
    });
    assert_eq!(ran.get(), (CAPACITY + 4) as u64);
}

/// A job's captures are gone when its end shows, while its worker stays.
fn test_no_stale_references(setup: Setup) {
    let (results, received) = mpsc::channel();
    let pool: Pool<usize> = setup.builder().sink(results).build().unwrap();
    let watched = || {
        let captured = Arc::new(());
        (Arc::downgrade(&captured), move || Arc::strong_count(&captured))
    };
    let (weak, job) = watched();
    assert_eq!(pool.spawn(job).unwrap().join().unwrap(), 1);
    assert!(weak.upgrade().is_none(), "after a join");

    let (weak, job) = watched();
    pool.execute(job).unwrap();
    assert_eq!(received.recv().unwrap().outcome.unwrap(), 1);
    assert!(weak.upgrade().is_none(), "after the outcome");

    let held = hold(&pool, setup.threads);
    let (weak, job) = watched();
    let job = pool.spawn(job).unwrap();
    assert!(weak.upgrade().is_some());
    assert!(job.cancel());
    assert!(weak.upgrade().is_none(), "after it was cancelled");
    held.release();
    assert_eq!(balanced(&pool).cancelled, 1);
}

/// No number can be negative here, but it can be too small or too large.
fn test_max_workers_negative(setup: Setup) {
    let error = setup.builder().num_threads(0).build::<()>().unwrap_err();
    assert_eq!(error.to_string(), "a pool needs at least one thread");
    for requested in [MAX_THREADS + 1, usize::MAX] {
        match setup.builder().num_threads(requested).build::<()>() {
            Err(BuildError::TooManyThreads { requested: number, max }) => {
                assert_eq!((number, max), (requested, MAX_THREADS));
            }
            other => panic!("{other:?}"),
        }
    }
}

/// Nobody keeps a result but the one who has it.
fn test_free_reference(setup: Setup) {
    let pool = setup.pool();
    let mut yielded = 0;
    for result in pool.map(0..10, Arc::new) {
        assert_eq!(Arc::strong_count(&result.unwrap()), 1);
        yielded += 1;
    }
    for result in pool.map_unordered(0..10, Arc::new) {
        assert_eq!(Arc::strong_count(&result.unwrap()), 1);
        yielded += 1;
    }
    assert_eq!(yielded, 20);
    assert_eq!(balanced(&pool).done, 20);
}

/// A map is lazy here, but once begun, its buffer is filled without any further step.
fn test_map_submits_without_iteration(setup: Setup) {
    let pool = setup.pool();
    let ran = Tally::default();
    let count = ran.clone();
    let mut map = pool.map(0.., move |n| {
        count.add();
        n
    });
    map = map.buffer(5);
    assert_eq!(pool.stats().accepted, 0);
    assert_eq!(map.next().unwrap().unwrap(), 0);
    pool.wait_idle().unwrap();
    assert_eq!((ran.get(), pool.stats().accepted), (5, 5));
    assert!(map.by_ref().take(4).map(Result::unwrap).eq(1..5));
    drop(map);
    balanced(&pool);
}

fn test_default_workers(setup: Setup) {
    let pool: Pool = Builder::with_backend(setup.backend).build().unwrap();
    let processors = thread::available_parallelism().unwrap().get();
    assert_eq!((pool.num_threads(), pool.stats().threads), (processors, processors));
    hold(&pool, processors).release();
    assert_eq!(balanced(&pool).done, processors as u64);
}

/// However many jobs wait, there are no more threads than were asked for.
fn test_saturation(setup: Setup) {
    let started = Tally::default();
    let count = started.clone();
    let builder = setup.builder().thread_keep_alive(Duration::MAX);
    let pool: Pool = builder.on_thread_start(move |_worker| count.add()).build().unwrap();
    let held = hold(&pool, setup.threads);
    let waiting = 14 * setup.threads;
    let accepted = (0..waiting).filter(|_| pool.try_execute(|| ()).is_ok()).count();
    assert_eq!(accepted, waiting.min(setup.room()));
    let stats = pool.stats();
    assert_eq!((stats.threads, stats.queued), (setup.threads, accepted as u64));
    held.release();
    assert_eq!(balanced(&pool).done, (setup.threads + accepted) as u64);
    assert_eq!(started.get(), setup.threads as u64);
}

fn test_idle_thread_reuse(setup: Setup) {
    let started = Tally::default();
    let count = started.clone();
    let builder = setup.builder().thread_keep_alive(Duration::MAX);
    let pool: Pool = builder.on_thread_start(move |_worker| count.add()).build().unwrap();
    let mut threads = Vec::new();
    for _ in 0..4 {
        threads.push(pool.spawn(|| thread::current().id()).unwrap().join().unwrap());
        pool.wait_idle().unwrap();
    }
    assert!(threads.iter().all(|id| *id == threads[0]), "{threads:?}");
    assert_eq!((started.get(), pool.stats().threads), (1, 1));
    assert_eq!(balanced(&pool).done, 4);
}

/// A map that is given up half-way cancels what has not started.
fn test_executor_map_current_future_cancel(setup: Setup) {
    let paused: Pool = setup.builder().paused().build().unwrap();
    let (handle, other) = (paused.handle(), setup.pool());
    let ran = Tally::default();
    let count = ran.clone();
    // Inside of a job, whoever asks for the first outcome runs the first: no worker does, here.
    let job = move || {
        let mut map = handle.map(0..CAPACITY, move |n| {
            count.add();
            n
        });
        map = map.buffer(CAPACITY);
        map.next().unwrap().unwrap()
    };
    assert_eq!(other.spawn(job).unwrap().join().unwrap(), 0);
    assert_eq!(ran.get(), 1);
    let report = balanced(&paused);
    assert_eq!((report.done, report.cancelled), (1, CAPACITY as u64 - 1));
    assert_eq!(ran.get(), 1, "nor did the others run later");
    assert_eq!(balanced(&other).done, 1);
}
