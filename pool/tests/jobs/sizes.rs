//! Pools that become larger and smaller while they work.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread;
use std::time::Duration;

use drainpool::{BuildError, ManualClock, PanicPolicy, ResizeError};

use crate::setup::held::{hold, panic_behind};
use crate::setup::tools::threads_while;
use crate::setup::{Builder, Latch, Pool, Setup, Tally, balanced, eventually};

on_every_backend! {
    a_number_out_of_range_changes_nothing
    what_waits_gets_a_worker_of_a_larger_pool
    idle_workers_leave_a_smaller_pool
    busy_workers_leave_a_smaller_pool_and_lose_no_job
    a_job_resizes_its_own_pool
    a_paused_pool_is_resized
    a_closed_pool_is_resized
    up_and_down_under_load
    what_was_added_leaves_when_idle
    a_worker_that_is_not_needed_is_not_replaced
    a_larger_pool_whose_threads_do_not_start
}

/// A pool that may have twice as many threads as it is built with, and one more.
fn resizable(setup: Setup) -> Builder {
    setup.builder().max_threads(most(setup))
}

fn most(setup: Setup) -> usize {
    2 * setup.threads + 1
}

/// Waits until there are exactly this many threads, all idle.
fn settle(pool: &Pool, threads: usize) {
    eventually(|| {
        let stats = pool.stats();
        (stats.threads, stats.idle_threads) == (threads, threads)
    });
}

fn a_number_out_of_range_changes_nothing(setup: Setup) {
    let pool = resizable(setup).build().unwrap();
    let max = most(setup);
    for requested in [0, max + 1, usize::MAX] {
        let ResizeError { requested: told, max: limit, .. } =
            pool.set_num_threads(requested).unwrap_err();
        assert_eq!((told, limit), (requested, max));
    }
    assert_eq!((pool.num_threads(), pool.max_threads()), (setup.threads, max));
    assert_eq!(setup.pool().max_threads(), setup.threads, "by default there are no more");
    let error = setup.builder().max_threads(setup.threads - 1).build().unwrap_err();
    assert!(matches!(error, BuildError::MaxThreads { .. }), "{error}");
    hold(&pool, setup.threads).release();
    assert_eq!(pool.stats().threads, setup.threads);
    balanced(&pool);
}

fn what_waits_gets_a_worker_of_a_larger_pool(setup: Setup) {
    let pool: Pool = resizable(setup).build().unwrap();
    let all_busy = hold(&pool, setup.threads);
    let begun = Latch::default();
    let begins = begun.clone();
    pool.execute(move || begins.open()).unwrap();
    pool.set_num_threads(setup.threads + 1).unwrap();
    begun.wait();
    // As many jobs as the larger pool has workers run at once.
    pool.set_num_threads(most(setup)).unwrap();
    let more = hold(&pool, setup.threads + 1);
    assert_eq!(pool.stats().threads, most(setup));
    more.release();
    all_busy.release();
    balanced(&pool);
}

fn idle_workers_leave_a_smaller_pool(setup: Setup) {
    let (starts, stops) = (Tally::default(), Tally::default());
    let (started, stopped) = (starts.clone(), stops.clone());
    let pool: Pool = resizable(setup)
        .on_thread_start(move |_| started.add())
        .on_thread_stop(move |_| stopped.add())
        .build()
        .unwrap();
    for _ in 0..3 {
        settle(&pool, pool.num_threads());
        pool.set_num_threads(1).unwrap();
        settle(&pool, 1);
        pool.execute(|| ()).unwrap();
        pool.wait_idle().unwrap();
        pool.set_num_threads(setup.threads).unwrap();
        hold(&pool, setup.threads).release();
    }
    balanced(&pool);
    assert_eq!(starts.get(), stops.get());
}

fn busy_workers_leave_a_smaller_pool_and_lose_no_job(setup: Setup) {
    let pool: Pool = resizable(setup).num_threads(most(setup)).build().unwrap();
    let ran = Tally::default();
    let held = hold(&pool, most(setup) - 1);
    let (begun, go) = (Latch::default(), Latch::default());
    let (begins, goes, handle, count) = (begun.clone(), go.clone(), pool.handle(), ran.clone());
    // Jobs in the end of a worker that may have to leave.
    let parent = move || {
        for _ in 0..100 {
            let count = count.clone();
            handle.execute(move || count.add()).unwrap();
        }
        begins.open();
        goes.wait();
    };
    pool.execute(parent).unwrap();
    begun.wait();
    pool.set_num_threads(1).unwrap();
    go.open();
    held.release();
    pool.wait_idle().unwrap();
    assert_eq!(ran.get(), 100);
    settle(&pool, 1);
    balanced(&pool);
}

fn a_job_resizes_its_own_pool(setup: Setup) {
    let pool: Pool = resizable(setup).build().unwrap();
    for threads in [1, most(setup), setup.threads, 1] {
        let handle = pool.handle();
        pool.spawn(move || handle.set_num_threads(threads).unwrap()).unwrap().join().unwrap();
        hold(&pool, threads).release();
        settle(&pool, threads);
    }
    balanced(&pool);
}

fn a_paused_pool_is_resized(setup: Setup) {
    let pool: Pool = resizable(setup).build().unwrap();
    settle(&pool, setup.threads);
    pool.pause();
    let jobs: Vec<_> = (0..3).map(|_| pool.spawn(|| ()).unwrap()).collect();
    pool.set_num_threads(1).unwrap();
    settle(&pool, 1);
    assert_eq!(pool.stats().queued, 3);
    pool.set_num_threads(most(setup)).unwrap();
    assert_eq!((pool.stats().queued, pool.stats().threads), (3, 1));
    pool.resume();
    jobs.into_iter().for_each(|job| job.join().unwrap());
    hold(&pool, most(setup)).release();
    balanced(&pool);
}

fn a_closed_pool_is_resized(setup: Setup) {
    for threads in [1, most(setup)] {
        let pool: Pool = resizable(setup).build().unwrap();
        let held = hold(&pool, setup.threads);
        (0..3).for_each(|_| _ = pool.execute(|| ()).unwrap());
        pool.close();
        pool.set_num_threads(threads).unwrap();
        held.release();
        balanced(&pool);
        pool.set_num_threads(1).unwrap();
        assert_eq!(pool.stats().threads, 0);
    }
}

fn up_and_down_under_load(setup: Setup) {
    const JOBS: u64 = 300;
    let pool: Pool = resizable(setup).build().unwrap();
    let ran = Tally::default();
    let submit = |pool: &Pool| {
        for nth in 0..JOBS {
            let (handle, count) = (pool.handle(), ran.clone());
            let job = move || {
                let nested = count.clone();
                handle.execute(move || nested.add()).unwrap();
                handle.join(|| count.add(), || count.add());
                if nth % 8 == 0 {
                    handle.scope(|scope| scope.spawn(thread::yield_now));
                }
            };
            match nth % 3 {
                0 => pool.spawn(job).unwrap().join().unwrap(),
                _ => _ = pool.execute(job).unwrap(),
            }
        }
    };
    let done = AtomicBool::new(false);
    thread::scope(|scope| {
        scope.spawn(|| {
            while !done.load(Ordering::Relaxed) {
                for threads in [1, most(setup), setup.threads, most(setup) - 1] {
                    pool.set_num_threads(threads).unwrap();
                    thread::yield_now();
                }
            }
        });
        let submitters: Vec<_> = (0..2).map(|_| scope.spawn(|| submit(&pool))).collect();
        let ended: Vec<_> = submitters.into_iter().map(|thread| thread.join()).collect();
        done.store(true, Ordering::Relaxed);
        ended.into_iter().for_each(Result::unwrap);
    });
    pool.set_num_threads(1).unwrap();
    pool.wait_idle().unwrap();
    assert_eq!(ran.get(), 3 * 2 * JOBS);
    settle(&pool, 1);
    balanced(&pool);
}

fn what_was_added_leaves_when_idle(setup: Setup) {
    let clock = ManualClock::new();
    let builder = resizable(setup).thread_keep_alive(Duration::from_secs(1)).core_threads(1);
    let pool: Pool = builder.clock(clock.clone()).build().unwrap();
    pool.set_num_threads(most(setup)).unwrap();
    hold(&pool, most(setup)).release();
    settle(&pool, most(setup));
    clock.advance(Duration::from_secs(1));
    settle(&pool, 1);
    hold(&pool, most(setup)).release();
    balanced(&pool);
}

fn a_worker_that_is_not_needed_is_not_replaced(setup: Setup) {
    let pool: Pool = resizable(setup)
        .num_threads(most(setup))
        .panic_policy(PanicPolicy::ReplaceWorker)
        .build()
        .unwrap();
    let go = Latch::default();
    for _ in 0..most(setup) {
        panic_behind(&go, &pool);
    }
    pool.set_num_threads(1).unwrap();
    go.open();
    pool.wait_idle().unwrap();
    settle(&pool, 1);
    pool.execute(|| ()).unwrap();
    assert_eq!(balanced(&pool).panicked, most(setup) as u64);
}

fn a_larger_pool_whose_threads_do_not_start(setup: Setup) {
    let allowed = Arc::new(AtomicBool::new(true));
    let pool: Pool = resizable(setup).thread_factory(threads_while(&allowed)).build().unwrap();
    allowed.store(false, Ordering::SeqCst);
    pool.set_num_threads(most(setup)).unwrap();
    for _ in 0..100 {
        pool.execute(|| ()).unwrap();
    }
    pool.wait_idle().unwrap();
    settle(&pool, setup.threads);
    allowed.store(true, Ordering::SeqCst);
    hold(&pool, most(setup)).release();
    balanced(&pool);
}
