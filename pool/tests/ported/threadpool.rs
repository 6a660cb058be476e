//! The suite of the crate `threadpool`, but for its waits: see `threadpool_join`.

use std::collections::BTreeSet;
use std::sync::{Arc, Barrier, mpsc};
use std::thread;
use std::time::Duration;

use pool::{BuildError, Collect, JobHandle, ManualClock};

use crate::held::{Gate, hold};
use crate::setup::{Builder, Handle, Latch, Pool, Setup, Tally, balanced, eventually};

on_every_backend! {
    test_set_num_threads_increasing
    test_set_num_threads_decreasing
    test_active_count
    test_works
    test_zero_tasks_panic
    test_recovery_from_subtask_panic
    test_should_not_panic_on_drop_if_subtasks_panic_after_drop
    test_massive_task_creation
    test_shrink
    test_name
    test_debug
    test_clone
    test_sync_shared_data
    test_send_shared_data
    test_send
    test_cloned_eq
}

const MINUTE: Duration = Duration::from_secs(60);

/// Workers come on demand here, and leave after a minute of that clock.
fn elastic(setup: Setup, core: usize) -> (Builder, ManualClock) {
    let clock = ManualClock::new();
    let builder = setup.builder().thread_keep_alive(MINUTE).core_threads(core);
    (builder.clock(clock.clone()), clock)
}

/// There is no way to set the number, but a pool with keep-alive grows up to it by itself.
fn test_set_num_threads_increasing(setup: Setup) {
    let (builder, _clock) = elastic(setup, 1);
    let pool: Pool = builder.build().unwrap();
    let first = hold(&pool, 1);
    assert_eq!(pool.stats().threads, 1);

    let others = hold(&pool, setup.threads - 1);
    let stats = pool.stats();
    assert_eq!((stats.threads, stats.running), (setup.threads, setup.threads as u64));
    first.release();
    others.release();
    assert_eq!(balanced(&pool).done, setup.threads as u64);
}

/// And it shrinks by itself, down to its core.
fn test_set_num_threads_decreasing(setup: Setup) {
    let (builder, clock) = elastic(setup, 1);
    let pool: Pool = builder.build().unwrap();
    hold(&pool, setup.threads).release();
    pool.wait_idle().unwrap();
    assert_eq!(pool.stats().threads, setup.threads);

    clock.advance(MINUTE);
    eventually(|| pool.stats().threads == 1);
    for _ in 0..3 {
        pool.spawn(|| ()).unwrap().join().unwrap();
        pool.wait_idle().unwrap();
        assert_eq!(pool.stats().threads, 1, "one job at a time needs no more");
    }
    clock.advance(MINUTE);
    assert_eq!(pool.spawn(|| 7).unwrap().join().unwrap(), 7);
    assert_eq!(pool.stats().threads, 1, "the core stays");
    balanced(&pool);
}

fn test_active_count(setup: Setup) {
    let pool = setup.pool();
    let active = hold(&pool, setup.threads);
    let waiting = setup.threads.min(setup.room());
    for _ in 0..waiting {
        pool.execute(|| ()).unwrap();
    }
    let stats = pool.stats();
    assert_eq!((stats.running, stats.queued), (setup.threads as u64, waiting as u64));

    active.release();
    pool.wait_idle().unwrap();
    let stats = pool.stats();
    assert_eq!((stats.running, stats.queued), (0, 0));
    assert_eq!(balanced(&pool).done, (setup.threads + waiting) as u64);
}

fn test_works(setup: Setup) {
    let (results, received) = mpsc::channel();
    let pool: Pool<u64> = setup.builder().sink(results).build().unwrap();
    for n in 0..100 {
        pool.execute(move || n).unwrap();
    }
    let sum: u64 = received.iter().take(100).map(|done| done.outcome.unwrap()).sum();
    assert_eq!(sum, 99 * 100 / 2);
    let report = balanced(&pool);
    assert_eq!((report.done, report.undelivered), (100, 0));
    assert_eq!(received.iter().count(), 0, "none comes twice");
}

/// An error, as every refusal is here.
fn test_zero_tasks_panic(setup: Setup) {
    let none: Result<Pool, _> = setup.builder().num_threads(0).build();
    assert!(matches!(none, Err(BuildError::ZeroThreads)));
    let room: Result<Pool, _> = setup.builder().capacity(0).build();
    assert!(matches!(room, Err(BuildError::ZeroCapacity)));
}

fn test_recovery_from_subtask_panic(setup: Setup) {
    let pool = setup.pool();
    for _ in 0..setup.threads {
        pool.execute(|| panic!("a job's end on purpose")).unwrap();
    }
    pool.wait_idle().unwrap();
    let stats = pool.stats();
    assert_eq!((stats.panicked, stats.threads), (setup.threads as u64, setup.threads));

    // All of them at once, so that it takes every worker.
    hold(&pool, setup.threads).release();
    let report = balanced(&pool);
    assert_eq!((report.panicked, report.done), (setup.threads as u64, setup.threads as u64));
}

fn test_should_not_panic_on_drop_if_subtasks_panic_after_drop(setup: Setup) {
    let pool = setup.pool();
    let handle = pool.handle();
    let gate = Gate::default();
    for _ in 0..setup.threads {
        let gate = Latch::clone(&gate);
        let job = move || {
            gate.wait();
            panic!("after the drop began, on purpose")
        };
        pool.execute(job).unwrap();
    }
    let dropped = thread::spawn(move || drop(pool));
    eventually(|| handle.is_closed());
    assert_eq!(handle.stats().panicked, 0);
    gate.open();
    assert!(dropped.join().is_ok());
    let stats = handle.stats();
    assert_eq!((stats.panicked, stats.threads), (setup.threads as u64, 0));
}

fn test_massive_task_creation(setup: Setup) {
    const JOBS: usize = 10_000;
    let results = Collect::new();
    let pool: Pool<usize> = setup.builder().sink(results.clone()).build().unwrap();
    for n in 0..JOBS {
        pool.execute(move || n).unwrap();
    }
    pool.wait_idle().unwrap();
    assert_eq!(pool.stats().running, 0);
    let numbers = results.take().into_iter().map(|done| done.outcome.unwrap());
    let mut numbers: Vec<usize> = numbers.collect();
    numbers.sort_unstable();
    assert!(numbers.into_iter().eq(0..JOBS));
    assert_eq!(balanced(&pool).done, JOBS as u64);
}

/// Those with nothing to do leave, while the others are busy.
fn test_shrink(setup: Setup) {
    let (builder, clock) = elastic(setup, 0);
    let pool: Pool = builder.build().unwrap();
    let busy = setup.threads.div_ceil(2);
    let long = hold(&pool, busy);
    hold(&pool, setup.threads - busy).release();
    eventually(|| pool.stats().idle_threads == setup.threads - busy);

    clock.advance(MINUTE);
    eventually(|| pool.stats().threads == busy);
    assert_eq!(pool.stats().running, busy as u64);
    long.release();
    pool.wait_idle().unwrap();

    clock.advance(MINUTE);
    eventually(|| pool.stats().threads == 0);
    assert_eq!(pool.spawn(|| 7).unwrap().join().unwrap(), 7, "somebody comes back");
    balanced(&pool);
}

/// The names of the threads of so many jobs that run at the same time.
fn names_at_work(pool: &Handle, jobs: usize) -> BTreeSet<String> {
    let all_here = Arc::new(Barrier::new(jobs));
    let jobs: Vec<_> = (0..jobs)
        .map(|_| {
            let all_here = all_here.clone();
            let name = move || {
                all_here.wait();
                thread::current().name().unwrap_or_default().to_owned()
            };
            pool.spawn(name).unwrap()
        })
        .collect();
    jobs.into_iter().map(|job| job.join().unwrap()).collect()
}

fn test_name(setup: Setup) {
    let (builder, clock) = elastic(setup, 0);
    let pool: Pool = builder.thread_name(|worker| format!("test-{worker}")).build().unwrap();
    let names: BTreeSet<_> = (0..setup.threads).map(|worker| format!("test-{worker}")).collect();
    assert_eq!(names_at_work(&pool, setup.threads), names);

    for _ in 0..setup.threads {
        pool.execute(|| panic!("on purpose")).unwrap();
    }
    pool.wait_idle().unwrap();
    assert_eq!(names_at_work(&pool, setup.threads), names, "after panics");

    pool.wait_idle().unwrap();
    clock.advance(MINUTE);
    eventually(|| pool.stats().threads == 0);
    assert_eq!(names_at_work(&pool, setup.threads), names, "of threads that came anew");
    balanced(&pool);
}

/// The text is not promised, but it shows the figures.
fn test_debug(setup: Setup) {
    let pool = setup.pool();
    pool.execute(|| ()).unwrap();
    pool.execute(|| panic!("on purpose")).unwrap();
    pool.wait_idle().unwrap();
    let figures = format!("{:?}", pool.stats());
    for part in ["accepted: 2", "done: 1", "panicked: 1"] {
        assert!(figures.contains(part), "{figures}");
    }
    for text in [format!("{pool:?}"), format!("{:?}", pool.handle())] {
        assert!(text.contains(&figures), "{text}");
    }
}

fn test_clone(setup: Setup) {
    let pool = setup.pool();
    let ran = Tally::default();
    let all_here = Arc::new(Barrier::new(4));
    let submitters: Vec<_> = (0..4)
        .map(|_| {
            let (handle, ran, all_here) = (pool.handle(), ran.clone(), all_here.clone());
            thread::spawn(move || {
                all_here.wait();
                for _ in 0..100 {
                    let ran = ran.clone();
                    handle.execute(move || ran.add()).unwrap();
                }
                handle.wait_idle().unwrap();
            })
        })
        .collect();
    for submitter in submitters {
        submitter.join().unwrap();
    }
    assert_eq!(ran.get(), 400, "each has waited for its own, at least");
    assert_eq!(balanced(&pool).done, 400);
}

fn test_sync_shared_data(setup: Setup) {
    let pool = setup.pool();
    thread::scope(|threads| {
        for _ in 0..3 {
            threads.spawn(|| pool.execute(|| ()).unwrap());
        }
    });
    assert_eq!(balanced(&pool).done, 3);
}

fn test_send_shared_data(setup: Setup) {
    let pool = setup.pool();
    let handle = pool.handle();
    let job: JobHandle<u32> = thread::spawn(move || handle.spawn(|| 7).unwrap()).join().unwrap();
    // What comes of it can travel too.
    assert_eq!(thread::spawn(move || job.join().unwrap()).join().unwrap(), 7);
    assert_eq!(balanced(&pool).done, 1);
}

fn test_send(setup: Setup) {
    let pool = setup.pool();
    let report = thread::spawn(move || {
        pool.execute(|| ()).unwrap();
        balanced(&pool)
    });
    assert_eq!(report.join().unwrap().done, 1);
}

/// Handles can not be compared, but all of one pool see and do the same.
fn test_cloned_eq(setup: Setup) {
    let (pool, other) = (setup.pool(), setup.pool());
    let a = pool.handle();
    let b = a.clone();
    a.spawn(|| ()).unwrap().join().unwrap();
    a.wait_idle().unwrap();
    assert_eq!(a.stats(), b.stats());
    assert_ne!(a.stats(), other.stats());
    b.close();
    assert!(a.is_closed() && pool.is_closed());
    assert!(!other.is_closed());
    assert_eq!(balanced(&pool).done, 1);
}
