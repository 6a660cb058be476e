//! Pools that have lost all workers: the last one was to be replaced, and no other could be started.

use std::pin::pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::task::{Context, Poll, Waker};
use std::thread::{self, ThreadId};
use std::time::Duration;

use drainpool::{Refusal, SubmitOptions, Task, WaitError};

use super::policies::replacing;
use crate::setup::held::panic_behind;
use crate::setup::tools::{threads_while, waker_that_opens};
use crate::setup::{Builder, Latch, Pool, Setup, Tally, balanced, eventually};

on_every_backend! {
    jobs_stay_and_the_next_submit_tries_again
    the_shutdown_gives_the_jobs_up
    a_thread_that_waits_runs_its_job
    a_call_that_is_waited_for_comes_back
    a_task_that_awaits_runs_its_job
    a_pause_keeps_the_jobs_for_those_that_wait
    the_shutdown_tells_a_task_that_awaits
    an_end_that_is_not_waited_for_ends_the_pause
    a_task_that_awaits_a_job_of_a_lane_runs_it
    a_set_looks_after_each_of_its_pools
    a_submitter_does_not_wait_for_room
    a_thread_that_waits_starts_a_worker
    a_held_job_starts_a_worker_though_all_were_lost
}

/// The system's threads, which may run out.
struct Threads(Arc<AtomicBool>);

impl Default for Threads {
    fn default() -> Self {
        Self(Arc::new(AtomicBool::new(true)))
    }
}

impl Threads {
    fn run_out(&self) {
        self.0.store(false, Ordering::SeqCst);
    }

    fn are_back(&self) {
        self.0.store(true, Ordering::SeqCst);
    }
}

/// Builds a pool with one worker, which is replaced as long as there are threads.
fn lonely(setup: Setup, threads: &Threads) -> Builder {
    replacing(setup).num_threads(1).thread_factory(threads_while(&threads.0))
}

/// A pool whose only worker runs a job that panics once `go` is open.
struct Last {
    pool: Pool,
    threads: Threads,
    go: Latch,
}

impl Last {
    fn new(setup: Setup) -> Self {
        let (threads, go) = (Threads::default(), Latch::default());
        let pool = lonely(setup, &threads).build().unwrap();
        panic_behind(&go, &pool);
        Self { pool, threads, go }
    }
}

/// Has the only worker panic when there are no threads.
fn lose_worker(pool: &Pool, threads: &Threads, go: &Latch) {
    threads.run_out();
    go.open();
    eventually(|| pool.stats().threads == 0);
}

/// Has the only worker panic, while some jobs wait, when no thread is to be had. Returns their number.
fn desert(pool: &Pool, threads: &Threads) -> u64 {
    let go = Latch::default();
    panic_behind(&go, pool);
    let waiting = 2;
    for _ in 0..waiting {
        pool.execute(|| ()).unwrap();
    }
    lose_worker(pool, threads, &go);
    waiting
}

fn jobs_stay_and_the_next_submit_tries_again(setup: Setup) {
    let threads = Threads::default();
    let pool: Pool = lonely(setup, &threads).build().unwrap();
    for by_submit in [true, false] {
        let waiting = desert(&pool, &threads);
        let refused = pool.execute(|| ()).unwrap_err();
        assert!(matches!(refused.reason(), Refusal::NoThread(_)), "{refused:?}");
        assert_eq!(pool.wait_idle(), Err(WaitError::NoThread));
        assert_eq!(pool.wait_idle_timeout(Duration::ZERO), Err(WaitError::NoThread));
        assert_eq!((pool.stats().queued, pool.stats().threads), (waiting, 0));
        threads.are_back();
        if by_submit {
            pool.execute(|| ()).unwrap();
        }
        pool.wait_idle().unwrap();
    }
    let report = balanced(&pool);
    assert_eq!((report.done, report.panicked), (5, 2));
}

fn the_shutdown_gives_the_jobs_up(setup: Setup) {
    let threads = Threads::default();
    let pool: Pool = lonely(setup, &threads).build().unwrap();
    let waiting = desert(&pool, &threads);
    let report = pool.shutdown();
    assert_eq!((report.panicked, report.unfinished), (1, waiting));
    assert_eq!(pool.stats().threads, 0);
}

fn a_thread_that_waits_runs_its_job(setup: Setup) {
    let Last { pool, threads, go } = Last::new(Setup { capacity: Some(20), ..setup });
    let here = || thread::current().id();
    let mut early: Vec<_> = (0..4).map(|_| pool.spawn(here).unwrap()).collect();
    let mut late: Vec<_> = (0..3).map(|_| pool.spawn(here).unwrap()).collect();
    let set: drainpool::JobSet<ThreadId> = (0..3).map(|_| pool.spawn(here).unwrap()).collect();
    threads.run_out();
    // Some wait before the worker is lost, in all likelihood, some after.
    let waiting: Vec<_> = early
        .drain(..)
        .map(|job| thread::spawn(move || job.join().unwrap() == thread::current().id()))
        .collect();
    go.open();
    for waiting in waiting {
        assert!(waiting.join().unwrap(), "it has run on the thread that waits");
    }
    eventually(|| pool.stats().threads == 0);
    let mut timed = late.pop().unwrap();
    assert_eq!(timed.join_timeout(Duration::MAX).unwrap().unwrap(), here());
    for job in late {
        assert_eq!(job.join().unwrap(), here());
    }
    assert!(set.into_iter().all(|(_, outcome)| outcome.unwrap() == here()));
    let report = balanced(&pool);
    assert_eq!((report.done, report.panicked, report.unfinished), (10, 1, 0));
}

fn a_call_that_is_waited_for_comes_back(setup: Setup) {
    let threads = Threads::default();
    let builder = lonely(Setup { capacity: Some(20), ..setup }, &threads);
    let go = Latch::default();
    let opens = go.clone();
    let handler = move |panics: bool| {
        opens.wait();
        assert!(!panics, "on purpose");
    };
    let pool = builder.build_with(move |_| handler.clone()).unwrap();
    pool.submit(true).unwrap();
    let (call, kept) = (pool.call(false).unwrap(), pool.call(false).unwrap());
    threads.run_out();
    go.open();
    assert!(matches!(call.join(), Err(drainpool::JobError::Returned)));
    assert_eq!(pool.wait_idle(), Err(WaitError::NoThread));
    // The other one has its turn when there is a worker again.
    threads.are_back();
    pool.wait_idle().unwrap();
    kept.join().unwrap();
    let report = pool.shutdown();
    assert_eq!((report.done, report.panicked, report.returned), (1, 1, 1));
}

fn a_task_that_awaits_runs_its_job(setup: Setup) {
    let Last { pool, threads, go } = Last::new(setup);
    let here = || thread::current().id();
    let (early, late) = (pool.spawn(here).unwrap(), pool.spawn(here).unwrap());
    threads.run_out();
    let told = Latch::default();
    let waker = waker_that_opens(&told);
    let mut early = pin!(early);
    assert!(early.as_mut().poll(&mut Context::from_waker(&waker)).is_pending());
    go.open();
    // It is told of the loss.
    told.wait();
    let Poll::Ready(ran) = early.poll(&mut Context::from_waker(&waker)) else { panic!("it waits") };
    assert_eq!(ran.unwrap(), here());
    eventually(|| pool.stats().threads == 0);
    let Poll::Ready(ran) = pin!(late).poll(&mut Context::from_waker(Waker::noop())) else {
        panic!("it waits")
    };
    assert_eq!(ran.unwrap(), here());
    let report = balanced(&pool);
    assert_eq!((report.done, report.panicked, report.unfinished), (2, 1, 0));
}

fn a_pause_keeps_the_jobs_for_those_that_wait(setup: Setup) {
    let Last { pool, threads, go } = Last::new(setup);
    let (joined, awaited) = (pool.spawn(|| 1).unwrap(), pool.spawn(|| 2).unwrap());
    pool.pause();
    lose_worker(&pool, &threads, &go);
    let told = Latch::default();
    let waker = waker_that_opens(&told);
    let mut awaited = pin!(awaited);
    assert!(awaited.as_mut().poll(&mut Context::from_waker(&waker)).is_pending());
    let joins = thread::spawn(move || joined.join().unwrap());
    pool.resume();
    assert_eq!(joins.join().unwrap(), 1);
    told.wait();
    assert!(awaited.poll(&mut Context::from_waker(&waker)).is_ready());
    assert_eq!(balanced(&pool).done, 2);
}

fn the_shutdown_tells_a_task_that_awaits(setup: Setup) {
    let Last { pool, threads, go } = Last::new(setup);
    let mut awaited = pin!(pool.spawn(|| 7).unwrap());
    // It stays in the queue, whoever looks.
    pool.pause();
    lose_worker(&pool, &threads, &go);
    let told = Latch::default();
    let waker = waker_that_opens(&told);
    assert!(awaited.as_mut().poll(&mut Context::from_waker(&waker)).is_pending());
    assert_eq!(pool.shutdown().unfinished, 1);
    told.wait();
    let Poll::Ready(outcome) = awaited.poll(&mut Context::from_waker(&waker)) else {
        panic!("it waits")
    };
    assert!(matches!(outcome, Err(drainpool::JobError::Returned)));
}

fn an_end_that_is_not_waited_for_ends_the_pause(setup: Setup) {
    let Last { pool, threads, go } = Last::new(setup);
    let (joined, awaited) = (pool.spawn(|| 1).unwrap(), pool.spawn(|| 2).unwrap());
    pool.pause();
    lose_worker(&pool, &threads, &go);
    let told = Latch::default();
    let waker = waker_that_opens(&told);
    let mut awaited = pin!(awaited);
    assert!(awaited.as_mut().poll(&mut Context::from_waker(&waker)).is_pending());
    let joins = thread::spawn(move || joined.join());
    drop(pool.shutdown_async());
    // What the thread does ends the job, one way or the other.
    let _ = joins.join().unwrap();
    told.wait();
    assert!(awaited.poll(&mut Context::from_waker(&waker)).is_ready());
    assert_eq!(pool.shutdown().unfinished, 0);
}

fn a_task_that_awaits_a_job_of_a_lane_runs_it(setup: Setup) {
    let Last { pool, threads, go } = Last::new(Setup { capacity: Some(8), ..setup });
    let lane = drainpool::LanesExt::lane(&*pool, 1);
    let ran = Tally::default();
    let counts = ran.clone();
    lane.execute(move || counts.add()).unwrap();
    let mut second = pin!(lane.spawn(|| thread::current().id()).unwrap());
    threads.run_out();
    let told = Latch::default();
    let waker = waker_that_opens(&told);
    assert!(second.as_mut().poll(&mut Context::from_waker(&waker)).is_pending());
    go.open();
    told.wait();
    let Poll::Ready(outcome) = second.poll(&mut Context::from_waker(&waker)) else {
        panic!("it waits")
    };
    assert_eq!((outcome.unwrap(), ran.get()), (thread::current().id(), 1));
    assert_eq!(balanced(&pool).done, 2);
}

fn a_set_looks_after_each_of_its_pools(setup: Setup) {
    let (healthy, release) = (setup.with_threads(1).pool(), Latch::default());
    let waits = release.clone();
    let first = healthy.spawn(move || waits.wait()).unwrap();
    let Last { pool, threads, go } = Last::new(Setup { capacity: Some(8), ..setup });
    // Until this one has run, the other does not end.
    let second = pool.spawn(move || release.open()).unwrap();
    threads.run_out();
    let set: drainpool::JobSet<()> = [first, second].into_iter().collect();
    go.open();
    assert!(set.join_all().iter().all(Result::is_ok));
    assert_eq!((balanced(&pool).done, balanced(&healthy).done), (1, 1));
}

fn a_submitter_does_not_wait_for_room(setup: Setup) {
    let Last { pool, threads, go } = Last::new(Setup { capacity: Some(1), ..setup });
    pool.execute(|| ()).unwrap();
    threads.run_out();
    let told = Latch::default();
    let waker = waker_that_opens(&told);
    let mut awaits = pin!(pool.execute_async(|| ()));
    assert!(awaits.as_mut().poll(&mut Context::from_waker(&waker)).is_pending());
    let handle = pool.handle().clone();
    let waits =
        thread::spawn(move || handle.execute(|| ()).map_err(|refused| refused.into_reason()));
    eventually(|| pool.stats().waiting_submitters == 2);
    go.open();
    assert!(matches!(waits.join().unwrap(), Err(Refusal::NoThread(_))));
    told.wait();
    let Poll::Ready(refused) = awaits.poll(&mut Context::from_waker(&waker)) else {
        panic!("it waits")
    };
    assert!(matches!(refused.unwrap_err().reason(), Refusal::NoThread(_)));
    // One that comes later neither.
    assert!(matches!(pool.execute(|| ()).unwrap_err().reason(), Refusal::NoThread(_)));
    threads.are_back();
    pool.execute(|| ()).unwrap();
    assert_eq!(balanced(&pool).done, 2);
}

fn a_thread_that_waits_starts_a_worker(setup: Setup) {
    let Last { pool, threads, go } = Last::new(setup);
    let job = pool.spawn(|| thread::current().id()).unwrap();
    lose_worker(&pool, &threads, &go);
    threads.are_back();
    assert_ne!(job.join().unwrap(), thread::current().id());
    assert_eq!(balanced(&pool).done, 1);
}

/// While it is held, the shutdown finds no job for which a worker had to be started.
fn a_held_job_starts_a_worker_though_all_were_lost(setup: Setup) {
    let made = Tally::default();
    let makes = made.clone();
    let make = move |_: &_| {
        makes.add();
        if makes.get() == 2 {
            Err("only the first replacement fails")
        } else {
            Ok(|task: Task| task.run())
        }
    };
    let pool: Pool = replacing(setup).num_threads(1).try_build_with(make).unwrap();
    let (held, job) = pool.admit(SubmitOptions::new()).unwrap().spawn(|| 42);
    pool.execute(|| panic!("on purpose")).unwrap();
    eventually(|| pool.stats().failed_starts == 1 && pool.stats().threads == 0);
    std::thread::scope(|scope| {
        let end = scope.spawn(|| pool.shutdown());
        eventually(|| pool.is_closed());
        (0..1_000).for_each(|_| thread::yield_now());
        held.release();
        assert_eq!(job.join().unwrap(), 42);
        let report = end.join().unwrap();
        assert_eq!((report.done, report.panicked, report.unfinished), (1, 1, 0));
    });
}
