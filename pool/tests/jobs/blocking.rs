//! Jobs that say that they block, and the spare workers that do the work of theirs meanwhile.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::mpsc;
use std::thread;

use crate::setup::held::{Gate, hold};
use crate::setup::tools::{threads_while, thrown};
use crate::setup::{
    Builder, Handle, Latch, Pool, Setup, Tally, balanced, eventually, pause_at_rest,
};

on_every_backend! {
    blocked_jobs_leave_the_pool_as_many_workers
    a_queued_job_delivers_what_others_block_on
    there_are_no_more_spare_workers_than_the_maximum
    a_call_within_a_call_needs_no_further_thread
    a_panic_ends_the_blocking
    elsewhere_the_code_just_runs
    a_paused_pool_starts_no_job_for_a_blocked_one
    a_pool_drains_while_jobs_block
    without_a_thread_the_others_wait
    resized_under_load_by_jobs_that_block
    the_children_of_a_scope_get_spare_workers
    the_inputs_of_for_each_get_spare_workers
}

/// A pool that may have this many spare workers.
fn sparing(setup: Setup, spare: usize) -> Builder {
    setup.builder().max_threads(setup.threads + spare)
}

/// Has jobs block on this latch. When it returns, each of them has begun.
fn block(pool: &Pool, jobs: usize, until: &Latch) {
    for _ in 0..jobs {
        let (begun, handle, until) = (Latch::default(), pool.handle(), until.clone());
        let begins = begun.clone();
        let waits = move || {
            begins.open();
            until.wait();
        };
        pool.execute(move || handle.blocking(waits)).unwrap();
        begun.wait();
    }
}

/// Waits until the spare workers have left.
fn settle(pool: &Pool) {
    eventually(|| {
        let stats = pool.stats();
        stats.threads <= pool.num_threads() && stats.idle_threads == stats.threads
    });
}

fn blocked_jobs_leave_the_pool_as_many_workers(setup: Setup) {
    let pool: Pool = sparing(setup, setup.threads).build().unwrap();
    for _ in 0..2 {
        let until = Gate::default();
        block(&pool, setup.threads, &until);
        let others = hold(&pool, setup.threads);
        assert_eq!(pool.stats().threads, 2 * setup.threads);
        until.open();
        others.release();
        pool.wait_idle().unwrap();
        settle(&pool);
        assert_eq!(pool.stats().threads, setup.threads);
    }
    balanced(&pool);
}

/// A job that blocks on what another job of the pool delivers.
fn ask(pool: &Handle) -> u32 {
    let (sender, answer) = mpsc::channel();
    pool.execute(move || sender.send(1).unwrap()).unwrap();
    pool.blocking(|| answer.recv().unwrap())
}

fn a_queued_job_delivers_what_others_block_on(setup: Setup) {
    let pool: Pool = sparing(setup, 1).build().unwrap();
    let answered = Tally::default();
    for _ in 0..20 {
        // No more than leave one of all threads.
        for _ in 0..setup.threads {
            let (handle, count) = (pool.handle(), answered.clone());
            pool.execute(move || (0..ask(&handle)).for_each(|_| count.add())).unwrap();
        }
        pool.wait_idle().unwrap();
    }
    assert_eq!(answered.get(), 20 * setup.threads as u64);
    balanced(&pool);
}

fn there_are_no_more_spare_workers_than_the_maximum(setup: Setup) {
    let pool: Pool = sparing(setup, 1).build().unwrap();
    let until = Gate::default();
    block(&pool, setup.threads, &until);
    block(&pool, 1, &until);
    let late = Tally::default();
    let count = late.clone();
    pool.execute(move || count.add()).unwrap();
    let stats = pool.stats();
    assert_eq!((stats.threads, stats.queued, late.get()), (setup.threads + 1, 1, 0));
    until.open();
    pool.wait_idle().unwrap();
    assert_eq!(late.get(), 1);
    settle(&pool);
    balanced(&pool);
}

fn a_call_within_a_call_needs_no_further_thread(setup: Setup) {
    let pool: Pool = sparing(setup, 2).build().unwrap();
    let until = Gate::default();
    let (begun, waits, handle) = (Latch::default(), until.clone(), pool.handle());
    let begins = begun.clone();
    let job = move || {
        handle.blocking(|| {
            handle.blocking(|| begins.open());
            handle.blocking(|| waits.wait());
        });
    };
    pool.execute(job).unwrap();
    begun.wait();
    let others = hold(&pool, setup.threads);
    pool.execute(|| ()).unwrap();
    let stats = pool.stats();
    assert_eq!((stats.threads, stats.queued), (setup.threads + 1, 1));
    until.open();
    others.release();
    balanced(&pool);
}

fn a_panic_ends_the_blocking(setup: Setup) {
    let pool: Pool = sparing(setup, 1).build().unwrap();
    for _ in 0..3 {
        let handle = pool.handle();
        let job = move || {
            let text = thrown(|| handle.blocking(|| panic!("inside, on purpose")));
            assert_eq!(text, "inside, on purpose");
            handle.blocking(|| panic!("on purpose"));
        };
        pool.execute(job).unwrap();
    }
    pool.wait_idle().unwrap();
    settle(&pool);
    let others = hold(&pool, setup.threads);
    pool.execute(|| ()).unwrap();
    assert_eq!((pool.stats().threads, pool.stats().queued), (setup.threads, 1));
    others.release();
    assert_eq!(balanced(&pool).panicked, 3);
}

fn elsewhere_the_code_just_runs(setup: Setup) {
    let pool: Pool = sparing(setup, 1).build().unwrap();
    let other = setup.pool();
    assert_eq!(pool.blocking(|| 1), 1);
    let handle = pool.handle();
    assert_eq!(other.install(move || handle.blocking(|| 2)).unwrap(), 2);
    // A child of a scope that the scope's own thread runs.
    let ran = Tally::default();
    pool.scope(|scope| scope.spawn(|| pool.blocking(|| ran.add())));
    assert_eq!(ran.get(), 1);
    assert_eq!(thrown(|| pool.blocking(|| panic!("on purpose"))), "on purpose");
    pool.shutdown();
    assert_eq!(pool.blocking(|| 3), 3);
}

fn a_paused_pool_starts_no_job_for_a_blocked_one(setup: Setup) {
    let pool: Pool = sparing(setup, setup.threads).build().unwrap();
    let until = Gate::default();
    block(&pool, setup.threads, &until);
    pause_at_rest(&pool, setup.threads);
    pool.execute(|| ()).unwrap();
    assert_eq!(pool.stats().queued, 1);
    until.open();
    settle(&pool);
    assert_eq!(pool.stats().queued, 1);
    pool.resume();
    pool.wait_idle().unwrap();
    balanced(&pool);
}

fn a_pool_drains_while_jobs_block(setup: Setup) {
    let pool: Pool = sparing(setup, 1).build().unwrap();
    let until = Gate::default();
    block(&pool, setup.threads, &until);
    let opens = until.clone();
    pool.execute(move || opens.open()).unwrap();
    pool.close();
    assert_eq!(balanced(&pool).done, setup.threads as u64 + 1);
}

fn without_a_thread_the_others_wait(setup: Setup) {
    let allowed = Arc::new(AtomicBool::new(true));
    let pool: Pool = sparing(setup, 1).thread_factory(threads_while(&allowed)).build().unwrap();
    allowed.store(false, Ordering::SeqCst);
    let until = Gate::default();
    block(&pool, setup.threads, &until);
    pool.execute(|| ()).unwrap();
    assert_eq!((pool.stats().threads, pool.stats().queued), (setup.threads, 1));
    until.open();
    pool.wait_idle().unwrap();
    balanced(&pool);
}

fn resized_under_load_by_jobs_that_block(setup: Setup) {
    const JOBS: u64 = 200;
    let pool: Pool = setup.builder().max_threads(2 * setup.threads + 1).build().unwrap();
    let answered = Tally::default();
    let done = AtomicBool::new(false);
    thread::scope(|scope| {
        scope.spawn(|| {
            while !done.load(Ordering::Relaxed) {
                for threads in [1, setup.threads, 2 * setup.threads] {
                    pool.set_num_threads(threads).unwrap();
                    thread::yield_now();
                }
            }
        });
        let submit = || {
            for _ in 0..JOBS {
                let (handle, count) = (pool.handle(), answered.clone());
                let answer = move || (0..ask(&handle)).for_each(|_| count.add());
                // No more at once than leave one of all threads.
                pool.spawn(answer).unwrap().join().unwrap();
                let (handle, count) = (pool.handle(), answered.clone());
                pool.execute(move || _ = handle.join(|| count.add(), || ())).unwrap();
            }
        };
        let submitters: Vec<_> = (0..2).map(|_| scope.spawn(submit)).collect();
        let ended: Vec<_> = submitters.into_iter().map(|thread| thread.join()).collect();
        done.store(true, Ordering::Relaxed);
        ended.into_iter().for_each(Result::unwrap);
    });
    pool.set_num_threads(setup.threads).unwrap();
    pool.wait_idle().unwrap();
    assert_eq!(answered.get(), 2 * 2 * JOBS);
    settle(&pool);
    balanced(&pool);
}

/// A child that waits for another one, which only a further worker can run: the caller waits for them within the
/// scope. That worker comes since the first one blocks, or since the pool is made larger.
fn the_children_of_a_scope_get_spare_workers(setup: Setup) {
    for says_so in [true, false] {
        let pool: Pool = sparing(setup, 1).num_threads(1).build().unwrap();
        let (begun, until, done) = (Latch::default(), Gate::default(), Latch::default());
        pool.scope(|scope| {
            scope.spawn(|| {
                begun.open();
                if says_so {
                    pool.blocking(|| until.wait());
                } else {
                    until.wait();
                }
                done.open();
            });
            begun.wait();
            if !says_so {
                pool.set_num_threads(2).unwrap();
            }
            scope.spawn(|| until.open());
            done.wait();
        });
        balanced(&pool);
    }
}

fn the_inputs_of_for_each_get_spare_workers(setup: Setup) {
    let pool: Pool = sparing(setup, 2).num_threads(1).build().unwrap();
    let until = Gate::default();
    // The caller takes one, the worker another; the third one frees them.
    pool.for_each(0..3, |n| {
        if n == 2 {
            until.open();
        } else {
            pool.blocking(|| until.wait());
        }
    });
    balanced(&pool);
}
