//! The suites of CPython's `concurrent.futures` on the end of an executor and on the beginning of
//! its threads.

use std::cell::{Cell, RefCell};
use std::collections::BTreeSet;
use std::sync::{Arc, Barrier};
use std::thread;
use std::time::Duration;

use pool::{BuildError, JobError, JobHandle, JobSet, StartCause, SubmitError};

use crate::held::hold;
use crate::setup::{CAPACITY, Handle, Pool, Setup, Tally, balanced, eventually};

on_every_backend! {
    test_run_after_shutdown
    test_interpreter_shutdown
    test_submit_after_interpreter_shutdown
    test_hang_issue12364
    test_cancel_futures
    test_hang_gh83386
    test_hang_gh94440
    test_threads_terminate
    test_context_manager_shutdown
    test_del_shutdown
    test_shutdown_no_wait
    test_thread_names_assigned
    test_thread_names_default
    test_cancel_futures_wait_false
    test_initializer
    test_initializer_failing
    test_initializer_failing_on_demand
    test_initializer_failing_for_some
}

/// Nothing is accepted, and everything comes back.
fn assert_refuses(pool: &Handle) {
    let ran = Tally::default();
    let job = || {
        let ran = ran.clone();
        move || ran.add()
    };
    let refused = [pool.execute(job()), pool.try_execute(job()), pool.execute_or_run(job())];
    for outcome in refused {
        match outcome {
            Err(SubmitError::Closed(task)) => task.run(),
            other => panic!("{other:?}"),
        }
    }
    match pool.spawn(job()) {
        Err(SubmitError::Closed(closure)) => closure(),
        other => panic!("{other:?}"),
    }
    let batch = pool.execute_batch([job(), job()]).unwrap_err();
    assert_eq!(batch.accepted().len(), 0);
    let (read, rest) = batch.into_inner();
    read.into_iter().for_each(pool::Task::run);
    assert_eq!(rest.count(), 0);
    assert_eq!(ran.get(), 6);
}

fn test_run_after_shutdown(setup: Setup) {
    let pool = setup.pool();
    let report = balanced(&pool);
    assert_refuses(&pool);
    assert_eq!(pool.shutdown(), report, "and nothing of it is in the books");
}

/// Whatever ends the pool's owner, even a panic, waits for the jobs.
fn test_interpreter_shutdown(setup: Setup) {
    let ran = Tally::default();
    let count = ran.clone();
    let owner = thread::spawn(move || {
        let pool: Pool = setup.builder().paused().build().unwrap();
        for _ in 0..CAPACITY {
            let count = count.clone();
            pool.execute(move || count.add()).unwrap();
        }
        assert_eq!(count.get(), 0);
        panic!("the owner ends, on purpose");
    });
    assert!(owner.join().is_err());
    assert_eq!(ran.get(), CAPACITY as u64);
}

/// What outlives the pool, and is used then, is a handle.
fn test_submit_after_interpreter_shutdown(setup: Setup) {
    let pool = setup.pool();
    let handle = pool.handle();
    let job = handle.spawn(|| 7).unwrap();
    drop(pool);
    assert!(handle.is_closed());
    assert_refuses(&handle);
    assert_eq!(handle.wait_idle(), Ok(()));
    assert_eq!((handle.stats().accepted, handle.stats().threads), (1, 0));
    assert_eq!(job.join().unwrap(), 7, "what was accepted before is there");
}

fn test_hang_issue12364(setup: Setup) {
    let pool = setup.pool();
    let jobs: Vec<_> = (0..50).map(|n| pool.spawn(move || n).unwrap()).collect();
    assert_eq!(balanced(&pool).done, 50);
    assert!(jobs.iter().all(JobHandle::is_finished));
    assert!(jobs.into_iter().map(|job| job.join().unwrap()).eq(0..50));
}

/// So many jobs behind workers that are held, in a set.
fn queued(pool: &Handle, ran: &Tally) -> JobSet<()> {
    let job = |_| {
        let ran = ran.clone();
        pool.spawn(move || ran.add()).unwrap()
    };
    (0..CAPACITY).map(job).collect()
}

fn test_cancel_futures(setup: Setup) {
    let pool = setup.pool();
    let ran = Tally::default();
    let held = hold(&pool, setup.threads);
    let jobs = queued(&pool, &ran);
    assert_eq!(jobs.cancel_all(), CAPACITY);
    assert_eq!(jobs.cancel_all(), 0, "each only once");
    held.release();
    let report = balanced(&pool);
    assert_eq!((report.done, report.cancelled), (setup.threads as u64, CAPACITY as u64));
    let outcomes = jobs.join_all();
    assert_eq!(outcomes.len(), CAPACITY);
    assert!(outcomes.iter().all(|outcome| matches!(outcome, Err(JobError::Cancelled))));
    assert_eq!(ran.get(), 0);
}

/// Closed at once after a submit, and left to itself.
fn test_hang_gh83386(setup: Setup) {
    let pool = setup.pool();
    let handle = pool.handle();
    let job = move || handle.spawn(|| 7).unwrap();
    let outer = pool.spawn(job).unwrap();
    pool.close();
    drop(pool);
    let inner = outer.join().unwrap();
    assert_eq!(inner.join().unwrap(), 7);
}

fn test_hang_gh94440(setup: Setup) {
    let pool = setup.pool();
    let job = pool.spawn(|| ()).unwrap();
    let in_time = job.cancel();
    let report = balanced(&pool);
    assert_eq!(report.cancelled, u64::from(in_time));
    assert_eq!(job.join().is_err(), in_time);

    // Nothing but cancelled jobs, which lie in the queue like others.
    let pool: Pool = setup.builder().paused().build().unwrap();
    let jobs = queued(&pool, &Tally::default());
    assert_eq!(jobs.cancel_all(), CAPACITY);
    assert_eq!(pool.wait_idle(), Ok(()));
    assert_eq!(balanced(&pool).cancelled, CAPACITY as u64);
}

/// Adds one when the thread that it belongs to is gone.
struct Farewell(Tally);

impl Drop for Farewell {
    fn drop(&mut self) {
        self.0.add();
    }
}

fn test_threads_terminate(setup: Setup) {
    thread_local!(static FAREWELL: RefCell<Option<Farewell>> = const { RefCell::new(None) });
    let (stopped, gone) = (Tally::default(), Tally::default());
    let (stop, leave) = (stopped.clone(), gone.clone());
    let builder = setup.builder().on_thread_stop(move |_worker| stop.add());
    let builder = builder.on_thread_start(move |_worker| {
        FAREWELL.set(Some(Farewell(leave.clone())));
    });
    let pool: Pool = builder.build().unwrap();
    for _ in 0..3 {
        pool.execute(|| ()).unwrap();
    }
    pool.wait_idle().unwrap();
    assert_eq!((stopped.get(), gone.get()), (0, 0));
    assert_eq!(balanced(&pool).done, 3);
    let threads = setup.threads as u64;
    assert_eq!((stopped.get(), gone.get()), (threads, threads));
    assert_eq!(pool.stats().threads, 0);
}

/// The end of a block is the end of its pool.
fn test_context_manager_shutdown(setup: Setup) {
    let handle = {
        let pool = setup.pool();
        let squares: Result<Vec<u32>, _> = pool.map(0..5, |n| n * n).collect();
        assert_eq!(squares.unwrap(), [0, 1, 4, 9, 16]);
        pool.execute(|| ()).unwrap();
        pool.handle()
    };
    let stats = handle.stats();
    assert!(handle.is_closed());
    assert_eq!((stats.threads, stats.queued, stats.running, stats.done), (0, 0, 0, 6));
}

/// A drop waits as well, for what runs and for what is queued.
fn test_del_shutdown(setup: Setup) {
    let pool = setup.pool();
    let (handle, ran) = (pool.handle(), Tally::default());
    let held = hold(&pool, setup.threads);
    let jobs = queued(&pool, &ran);
    let dropped = thread::spawn(move || drop(pool));
    eventually(|| handle.is_closed());
    assert_eq!(ran.get(), 0);
    assert!(!dropped.is_finished());
    held.release();
    dropped.join().unwrap();
    assert_eq!((ran.get(), handle.stats().threads), (CAPACITY as u64, 0));
    assert!(jobs.join_all().iter().all(Result::is_ok));
}

fn test_shutdown_no_wait(setup: Setup) {
    let pool = setup.pool();
    let ran = Tally::default();
    let held = hold(&pool, setup.threads);
    let jobs = queued(&pool, &ran);
    pool.close();
    assert!(pool.is_closed());
    assert_eq!(pool.stats().running, setup.threads as u64);
    held.release();
    assert!(jobs.join_all().iter().all(Result::is_ok), "they run although nobody waited");
    eventually(|| pool.stats().threads == 0);
    assert_eq!(balanced(&pool).done, (setup.threads + CAPACITY) as u64);
}

/// By whom each of so many jobs was run that were there at the same time.
fn workers_at_once<T: Send + Ord + 'static>(
    pool: &Pool,
    jobs: usize,
    who: fn() -> T,
) -> BTreeSet<T> {
    let all_here = Arc::new(Barrier::new(jobs));
    let job = |_| {
        let all_here = all_here.clone();
        let job = move || {
            all_here.wait();
            who()
        };
        pool.spawn(job).unwrap()
    };
    let jobs: Vec<_> = (0..jobs).map(job).collect();
    jobs.into_iter().map(|job| job.join().unwrap()).collect()
}

fn own_name() -> String {
    thread::current().name().unwrap_or_default().to_owned()
}

fn test_thread_names_assigned(setup: Setup) {
    let builder = setup.builder().thread_name(|worker| format!("special prefix {worker}"));
    let pool: Pool = builder.build().unwrap();
    let names = (0..setup.threads).map(|worker| format!("special prefix {worker}"));
    assert_eq!(workers_at_once(&pool, setup.threads, own_name), names.collect());
    assert_eq!(pool.thread_name(setup.threads - 1), workers_last(&pool, setup.threads).as_deref());
    balanced(&pool);
}

/// The greatest of the workers' names.
fn workers_last(pool: &Pool, threads: usize) -> Option<String> {
    workers_at_once(pool, threads, own_name).pop_last()
}

fn test_thread_names_default(setup: Setup) {
    let pool = setup.pool();
    let names = (0..setup.threads).map(|worker| format!("pool-worker-{worker}"));
    assert_eq!(workers_at_once(&pool, setup.threads, own_name), names.collect());
    balanced(&pool);
}

/// To be cancelled needs no worker, nor the end of any.
fn test_cancel_futures_wait_false(setup: Setup) {
    let pool = setup.pool();
    let ran = Tally::default();
    let held = hold(&pool, setup.threads);
    let jobs = queued(&pool, &ran);
    pool.close();
    assert_eq!(jobs.cancel_all(), CAPACITY);
    let outcomes = jobs.join_all();
    assert!(outcomes.iter().all(|outcome| matches!(outcome, Err(JobError::Cancelled))));
    assert_eq!(pool.stats().running, setup.threads as u64, "all the while");
    held.release();
    let report = balanced(&pool);
    assert_eq!((report.done, report.cancelled), (setup.threads as u64, CAPACITY as u64));
    assert_eq!(ran.get(), 0);
}

thread_local!(static INITIAL: Cell<Option<usize>> = const { Cell::new(None) });

fn test_initializer(setup: Setup) {
    let builder = setup.builder().on_thread_start(|worker| INITIAL.set(Some(worker)));
    let pool: Pool = builder.build().unwrap();
    let initials = workers_at_once(&pool, setup.threads, || INITIAL.get());
    assert_eq!(initials, (0..setup.threads).map(Some).collect());
    balanced(&pool);
}

/// A pool is there with all its workers, or it is not there.
fn test_initializer_failing(setup: Setup) {
    let (started, stopped) = (Tally::default(), Tally::default());
    let (start, stop) = (started.clone(), stopped.clone());
    let last = setup.threads - 1;
    let builder = setup.builder().on_thread_stop(move |_worker| stop.add());
    let builder = builder.on_thread_start(move |worker| {
        assert!(worker != last, "no start, on purpose");
        start.add();
    });
    match builder.build::<()>() {
        Err(BuildError::Start(error)) => {
            assert_eq!(error.worker(), last);
            let StartCause::Panicked(panic) = error.cause() else { panic!("{error}") };
            assert_eq!(panic.message(), Some("no start, on purpose"));
        }
        other => panic!("{other:?}"),
    }
    assert_eq!(started.get(), last as u64);
    assert_eq!(stopped.get(), last as u64, "those who had started have ended");
}

fn test_initializer_failing_on_demand(setup: Setup) {
    let builder = setup.builder().thread_keep_alive(Duration::MAX);
    let builder = builder.on_thread_start(|_worker| panic!("no start, on purpose"));
    let pool: Pool = builder.build().unwrap();
    for _ in 0..3 {
        match pool.spawn(|| 7) {
            Err(SubmitError::NoThread(closure, error)) => {
                assert!(matches!(error.cause(), StartCause::Panicked(_)), "{error}");
                assert_eq!(closure(), 7);
            }
            other => panic!("{other:?}"),
        }
    }
    assert_eq!(pool.wait_idle(), Ok(()));
    let report = balanced(&pool);
    assert_eq!((report.accepted, pool.stats().threads), (0, 0));
}

/// As long as somebody is there, the jobs get done.
fn test_initializer_failing_for_some(setup: Setup) {
    let builder = setup.builder().thread_keep_alive(Duration::MAX);
    let pool: Pool = builder
        .on_thread_start(|worker| assert!(worker == 0, "no start, on purpose"))
        .build()
        .unwrap();
    let ran = Tally::default();
    let held = hold(&pool, 1);
    let jobs = queued(&pool, &ran);
    held.release();
    assert!(jobs.join_all().iter().all(Result::is_ok));
    assert_eq!(balanced(&pool).done, 1 + CAPACITY as u64);
    assert_eq!(ran.get(), CAPACITY as u64);
}
