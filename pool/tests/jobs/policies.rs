//! What a pool does after a job's panic, by its policy.

use std::pin::pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::task::{Context, Poll, Waker};
use std::thread::{self, ThreadId};
use std::time::Duration;

use drainpool::{
    Collect, Completed, PanicPolicy, Refusal, SubmitOptions, Task, WaitError, sink_fn,
};

use crate::setup::held::{hold, panic_behind};
use crate::setup::tools::{one_for_each, results, threads_while, waker_that_opens};
use crate::setup::{Builder, Latch, Pool, Setup, Tally, balanced, eventually, pause_at_rest};

on_every_backend! {
    a_replaced_worker_has_a_fresh_handler
    what_lies_in_the_end_of_a_replaced_worker_runs
    all_panic_at_once
    a_panic_that_has_a_receiver_replaces_nothing
    a_worker_is_replaced_while_the_pool_drains
    a_worker_is_replaced_while_the_pool_is_paused
    the_others_go_on_if_no_replacement_starts
    without_any_worker_jobs_stay_and_the_next_submit_tries_again
    without_any_worker_the_shutdown_gives_the_jobs_up
    without_any_worker_a_thread_that_waits_runs_its_job
    without_any_worker_a_call_that_is_waited_for_comes_back
    without_any_worker_a_task_that_awaits_runs_its_job
    without_any_worker_a_pause_keeps_the_jobs_for_those_that_wait
    without_any_worker_the_shutdown_tells_a_task_that_awaits
    without_any_worker_an_end_that_is_not_waited_for_ends_the_pause
    a_thread_that_waits_starts_a_worker
    the_last_worker_s_end_may_submit
    a_policy_to_abort_captures_what_has_a_receiver
    a_call_that_panics_has_its_worker_replaced
    a_held_job_starts_a_worker_though_all_were_lost
}

fn replacing(setup: Setup) -> Builder {
    setup.builder().panic_policy(PanicPolicy::ReplaceWorker)
}

fn a_replaced_worker_has_a_fresh_handler(setup: Setup) {
    let (started, made, dropped, stopped) =
        (Tally::default(), Tally::default(), Tally::default(), Tally::default());
    let (starts, stops) = (started.clone(), stopped.clone());
    struct Handler(Tally);
    impl Drop for Handler {
        fn drop(&mut self) {
            self.0.add();
        }
    }
    let (makes, drops) = (made.clone(), dropped.clone());
    let results = Collect::new();
    let pool = replacing(setup)
        .num_threads(1)
        .sink(results.clone())
        .on_thread_start(move |_| starts.add())
        .on_thread_stop(move |_| stops.add())
        .build_with(move |_| {
            makes.add();
            let (state, mut calls) = (Handler(drops.clone()), 0);
            move |panics: bool| {
                let _state = &state;
                calls += 1;
                assert!(!panics, "on purpose");
                (calls, thread::current().id())
            }
        })
        .unwrap();
    for panics in [false, false, true, false, true, true, false] {
        pool.submit(panics).unwrap();
    }
    pool.wait_idle().unwrap();
    let counts = [&started, &made, &dropped, &stopped].map(Tally::get);
    assert_eq!(counts, [4, 4, 3, 3], "as many as panicked, and the last is there");
    let outcomes = results.take().into_iter().map(|done| {
        assert_eq!(done.worker, Some(0));
        done.outcome.ok()
    });
    let outcomes: Vec<Option<(u32, ThreadId)>> = outcomes.collect();
    let calls: Vec<_> = outcomes.iter().map(|done| done.map(|(calls, _)| calls)).collect();
    assert_eq!(calls, [Some(1), Some(2), None, Some(1), None, None, Some(1)]);
    assert_ne!(outcomes[1].unwrap().1, outcomes[3].unwrap().1, "on another thread");
    let report = pool.shutdown();
    assert_eq!((report.done, report.panicked, report.unfinished), (4, 3, 0));
    assert_eq!((dropped.get(), stopped.get()), (4, 4));
}

fn what_lies_in_the_end_of_a_replaced_worker_runs(setup: Setup) {
    const JOBS: u64 = 500;
    let pool: Pool = replacing(setup).build().unwrap();
    let ran = Tally::default();
    for _ in 0..3 {
        let (handle, count) = (pool.handle(), ran.clone());
        let parent = move || {
            for _ in 0..JOBS {
                let count = count.clone();
                handle.execute(move || count.add()).unwrap();
            }
            panic!("on purpose");
        };
        pool.execute(parent).unwrap();
    }
    pool.wait_idle().unwrap();
    assert_eq!(ran.get(), 3 * JOBS);
    let report = balanced(&pool);
    assert_eq!((report.done, report.panicked), (3 * JOBS, 3));
}

fn all_panic_at_once(setup: Setup) {
    let pool: Pool = replacing(setup).build().unwrap();
    for _ in 0..5 {
        let meeting = Arc::new(std::sync::Barrier::new(setup.threads));
        for _ in 0..setup.threads {
            let meeting = Arc::clone(&meeting);
            let job = move || {
                meeting.wait();
                panic!("on purpose");
            };
            pool.execute(job).unwrap();
        }
        pool.wait_idle().unwrap();
    }
    assert_eq!(pool.stats().threads, setup.threads);
    hold(&pool, setup.threads).release();
    assert_eq!(balanced(&pool).panicked, 5 * setup.threads as u64);
}

fn threads(pool: &Pool) -> Vec<ThreadId> {
    let mut threads = results(one_for_each(pool, |_| thread::current().id()));
    threads.sort_unstable_by_key(|id| format!("{id:?}"));
    threads
}

/// Panics wherever a thread waits for the outcome.
fn panics_with_receivers(pool: &Pool) {
    pool.spawn(|| panic!("on purpose")).unwrap().join().unwrap_err();
    let caught = |code: &dyn Fn()| {
        std::panic::catch_unwind(std::panic::AssertUnwindSafe(code)).unwrap_err();
    };
    caught(&|| pool.scope(|scope| scope.spawn(|| panic!("on purpose"))));
    caught(&|| _ = pool.join(|| (), || panic!("on purpose")));
    caught(&|| pool.install(|| panic!("on purpose")).unwrap());
}

fn a_panic_that_has_a_receiver_replaces_nothing(setup: Setup) {
    let pool: Pool = replacing(setup).build().unwrap();
    let before = threads(&pool);
    panics_with_receivers(&pool);
    assert_eq!(threads(&pool), before);
    balanced(&pool);
}

fn a_worker_is_replaced_while_the_pool_drains(setup: Setup) {
    let stops = Tally::default();
    let count = stops.clone();
    let pool: Pool = replacing(setup).on_thread_stop(move |_| count.add()).build().unwrap();
    let held = hold(&pool, setup.threads);
    let panics =
        (0..3).filter(|_| pool.try_execute(|| panic!("on purpose")).is_ok()).count() as u64;
    pool.close();
    held.release();
    assert_eq!(balanced(&pool).panicked, panics);
    assert!(stops.get() >= panics);
}

fn a_worker_is_replaced_while_the_pool_is_paused(setup: Setup) {
    let pool: Pool = replacing(setup).build().unwrap();
    let go = Latch::default();
    panic_behind(&go, &pool);
    pause_at_rest(&pool, 1);
    pool.execute(|| ()).unwrap();
    go.open();
    eventually(|| pool.stats().idle_threads == setup.threads);
    assert_eq!((pool.stats().panicked, pool.stats().queued), (1, 1));
    pool.resume();
    pool.wait_idle().unwrap();
    let report = balanced(&pool);
    assert_eq!((report.done, report.panicked), (1, 1));
}

fn the_others_go_on_if_no_replacement_starts(setup: Setup) {
    let allowed = Arc::new(AtomicBool::new(true));
    let threads = setup.threads + 1;
    let builder = replacing(setup.with_threads(threads)).thread_factory(threads_while(&allowed));
    let pool: Pool = builder.build().unwrap();
    allowed.store(false, Ordering::SeqCst);
    for _ in 0..setup.threads {
        pool.execute(|| panic!("on purpose")).unwrap();
        pool.wait_idle().unwrap();
    }
    eventually(|| pool.stats().threads == 1);
    for _ in 0..100 {
        pool.execute(|| ()).unwrap();
    }
    pool.wait_idle().unwrap();
    allowed.store(true, Ordering::SeqCst);
    hold(&pool, threads).release();
    let report = balanced(&pool);
    assert_eq!(report.panicked, setup.threads as u64);
}

/// Has the only worker panic, while some jobs wait, when no thread is to be had. Returns their number.
fn desert(pool: &Pool, allowed: &AtomicBool) -> u64 {
    let go = Latch::default();
    panic_behind(&go, pool);
    let waiting = 2;
    for _ in 0..waiting {
        pool.execute(|| ()).unwrap();
    }
    allowed.store(false, Ordering::SeqCst);
    go.open();
    eventually(|| pool.stats().threads == 0);
    waiting
}

fn without_any_worker_jobs_stay_and_the_next_submit_tries_again(setup: Setup) {
    let allowed = Arc::new(AtomicBool::new(true));
    let builder = replacing(setup).num_threads(1).thread_factory(threads_while(&allowed));
    let pool: Pool = builder.build().unwrap();
    for by_submit in [true, false] {
        let waiting = desert(&pool, &allowed);
        let refused = pool.execute(|| ()).unwrap_err();
        assert!(matches!(refused.reason(), Refusal::NoThread(_)), "{refused:?}");
        assert_eq!(pool.wait_idle(), Err(WaitError::NoThread));
        assert_eq!(pool.wait_idle_timeout(Duration::ZERO), Err(WaitError::NoThread));
        assert_eq!((pool.stats().queued, pool.stats().threads), (waiting, 0));
        allowed.store(true, Ordering::SeqCst);
        if by_submit {
            pool.execute(|| ()).unwrap();
        }
        pool.wait_idle().unwrap();
    }
    let report = balanced(&pool);
    assert_eq!((report.done, report.panicked), (5, 2));
}

fn without_any_worker_the_shutdown_gives_the_jobs_up(setup: Setup) {
    let allowed = Arc::new(AtomicBool::new(true));
    let builder = replacing(setup).num_threads(1).thread_factory(threads_while(&allowed));
    let pool: Pool = builder.build().unwrap();
    let waiting = desert(&pool, &allowed);
    let report = pool.shutdown();
    assert_eq!((report.panicked, report.unfinished), (1, waiting));
    assert_eq!(pool.stats().threads, 0);
}

fn without_any_worker_a_thread_that_waits_runs_its_job(setup: Setup) {
    let allowed = Arc::new(AtomicBool::new(true));
    let builder = setup.builder().capacity(20).panic_policy(PanicPolicy::ReplaceWorker);
    let builder = builder.num_threads(1).thread_factory(threads_while(&allowed));
    let pool: Pool = builder.build().unwrap();
    let go = Latch::default();
    panic_behind(&go, &pool);
    let here = || thread::current().id();
    let mut early: Vec<_> = (0..4).map(|_| pool.spawn(here).unwrap()).collect();
    let mut late: Vec<_> = (0..3).map(|_| pool.spawn(here).unwrap()).collect();
    let set: drainpool::JobSet<ThreadId> = (0..3).map(|_| pool.spawn(here).unwrap()).collect();
    allowed.store(false, Ordering::SeqCst);
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

fn without_any_worker_a_call_that_is_waited_for_comes_back(setup: Setup) {
    let allowed = Arc::new(AtomicBool::new(true));
    let builder = setup.builder().capacity(20).panic_policy(PanicPolicy::ReplaceWorker);
    let builder = builder.num_threads(1).thread_factory(threads_while(&allowed));
    let go = Latch::default();
    let opens = go.clone();
    let handler = move |panics: bool| {
        opens.wait();
        assert!(!panics, "on purpose");
    };
    let pool = builder.build_with(move |_| handler.clone()).unwrap();
    pool.submit(true).unwrap();
    let (call, kept) = (pool.call(false).unwrap(), pool.call(false).unwrap());
    allowed.store(false, Ordering::SeqCst);
    go.open();
    assert!(matches!(call.join(), Err(drainpool::JobError::Returned)));
    assert_eq!(pool.wait_idle(), Err(WaitError::NoThread));
    // The other one has its turn when there is a worker again.
    allowed.store(true, Ordering::SeqCst);
    pool.wait_idle().unwrap();
    kept.join().unwrap();
    let report = pool.shutdown();
    assert_eq!((report.done, report.panicked, report.returned), (1, 1, 1));
}

fn without_any_worker_a_task_that_awaits_runs_its_job(setup: Setup) {
    let allowed = Arc::new(AtomicBool::new(true));
    let builder = replacing(setup).num_threads(1).thread_factory(threads_while(&allowed));
    let pool: Pool = builder.build().unwrap();
    let go = Latch::default();
    panic_behind(&go, &pool);
    let here = || thread::current().id();
    let (early, late) = (pool.spawn(here).unwrap(), pool.spawn(here).unwrap());
    allowed.store(false, Ordering::SeqCst);
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

fn without_any_worker_a_pause_keeps_the_jobs_for_those_that_wait(setup: Setup) {
    let allowed = Arc::new(AtomicBool::new(true));
    let builder = replacing(setup).num_threads(1).thread_factory(threads_while(&allowed));
    let pool: Pool = builder.build().unwrap();
    let go = Latch::default();
    panic_behind(&go, &pool);
    let (joined, awaited) = (pool.spawn(|| 1).unwrap(), pool.spawn(|| 2).unwrap());
    pool.pause();
    allowed.store(false, Ordering::SeqCst);
    go.open();
    eventually(|| pool.stats().threads == 0);
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

fn without_any_worker_the_shutdown_tells_a_task_that_awaits(setup: Setup) {
    let allowed = Arc::new(AtomicBool::new(true));
    let builder = replacing(setup).num_threads(1).thread_factory(threads_while(&allowed));
    let pool: Pool = builder.build().unwrap();
    let go = Latch::default();
    panic_behind(&go, &pool);
    let mut awaited = pin!(pool.spawn(|| 7).unwrap());
    // It stays in the queue, whoever looks.
    pool.pause();
    allowed.store(false, Ordering::SeqCst);
    go.open();
    eventually(|| pool.stats().threads == 0);
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

fn without_any_worker_an_end_that_is_not_waited_for_ends_the_pause(setup: Setup) {
    let allowed = Arc::new(AtomicBool::new(true));
    let builder = replacing(setup).num_threads(1).thread_factory(threads_while(&allowed));
    let pool: Pool = builder.build().unwrap();
    let go = Latch::default();
    panic_behind(&go, &pool);
    let (joined, awaited) = (pool.spawn(|| 1).unwrap(), pool.spawn(|| 2).unwrap());
    pool.pause();
    allowed.store(false, Ordering::SeqCst);
    go.open();
    eventually(|| pool.stats().threads == 0);
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

fn a_thread_that_waits_starts_a_worker(setup: Setup) {
    let allowed = Arc::new(AtomicBool::new(true));
    let builder = replacing(setup).num_threads(1).thread_factory(threads_while(&allowed));
    let pool: Pool = builder.build().unwrap();
    let go = Latch::default();
    panic_behind(&go, &pool);
    let job = pool.spawn(|| thread::current().id()).unwrap();
    allowed.store(false, Ordering::SeqCst);
    go.open();
    eventually(|| pool.stats().threads == 0);
    allowed.store(true, Ordering::SeqCst);
    assert_ne!(job.join().unwrap(), thread::current().id());
    assert_eq!(balanced(&pool).done, 1);
}

fn the_last_worker_s_end_may_submit(setup: Setup) {
    struct Submits {
        pool: crate::setup::Handle,
        accepted: Tally,
        refused: Tally,
    }
    impl Drop for Submits {
        fn drop(&mut self) {
            match self.pool.execute(|| ()) {
                Ok(_) => self.accepted.add(),
                Err(refused) if refused.is_full() => self.refused.add(),
                Err(error) => panic!("{error}"),
            }
        }
    }
    thread_local! {
        static LAST: std::cell::RefCell<Option<Submits>> = const { std::cell::RefCell::new(None) };
    }
    let pool: Pool = replacing(setup).num_threads(1).build().unwrap();
    let (accepted, refused) = (Tally::default(), Tally::default());
    for _ in 0..20 {
        let last =
            Submits { pool: pool.handle(), accepted: accepted.clone(), refused: refused.clone() };
        let job = move || {
            LAST.with(|slot| slot.replace(Some(last)));
            panic!("on purpose");
        };
        pool.execute(job).unwrap();
    }
    // Each thread's own destructors come after its last job.
    eventually(|| accepted.get() + refused.get() == 20);
    assert!(setup.capacity.is_some() || refused.get() == 0);
    assert_eq!(balanced(&pool).done, accepted.get());
}

fn a_policy_to_abort_captures_what_has_a_receiver(setup: Setup) {
    let pool: Pool = setup.builder().panic_policy(PanicPolicy::Abort).build().unwrap();
    panics_with_receivers(&pool);
    balanced(&pool);
}

fn a_call_that_panics_has_its_worker_replaced(setup: Setup) {
    let made = Tally::default();
    let makes = made.clone();
    let pool = replacing(setup)
        .num_threads(1)
        .sink(sink_fn(|_: Completed<u32>| ()))
        .build_with(move |_| {
            makes.add();
            let mut calls = 0;
            move |panics: bool| {
                calls += 1;
                assert!(!panics, "on purpose");
                calls
            }
        })
        .unwrap();
    let outcome = |panics| pool.call(panics).unwrap().join().ok();
    let outcomes = [false, true, false, true, true, false, false].map(outcome);
    assert_eq!(outcomes, [Some(1), None, Some(1), None, None, Some(1), Some(2)]);
    let report = pool.shutdown();
    assert_eq!((report.done, report.panicked), (4, 3));
    assert_eq!(made.get(), 4);
}

/// While it is held, the shutdown finds no job for which a worker had to be started.
fn a_held_job_starts_a_worker_though_all_were_lost(setup: Setup) {
    let (made, allowed) =
        (Tally::default(), setup.builder().panic_policy(PanicPolicy::ReplaceWorker));
    let makes = made.clone();
    let make = move |_: &_| {
        makes.add();
        if makes.get() == 2 {
            Err("only the first replacement fails")
        } else {
            Ok(|task: Task| task.run())
        }
    };
    let pool: Pool = allowed.num_threads(1).try_build_with(make).unwrap();
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
