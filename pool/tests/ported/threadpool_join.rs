//! What the suite of the crate `threadpool` has on waiting for all jobs.

use std::collections::HashSet;
use std::sync::{Arc, Mutex};
use std::thread::{self, ThreadId};
use std::time::{Duration, Instant};

use pool::{Clock, WaitError};

use crate::held::{Gate, hold};
use crate::setup::{CAPACITY, Handle, Latch, Pool, Setup, Tally, balanced, eventually};

on_every_backend! {
    test_repeate_join
    test_multi_join
    test_empty_pool
    test_no_fun_or_joy
    test_join_wavesurfer
}

const MINUTE: Duration = Duration::from_secs(60);

fn test_repeate_join(setup: Setup) {
    let pool = setup.pool();
    let ran = Tally::default();
    for round in 1..=3 {
        for _ in 0..20 {
            let ran = ran.clone();
            pool.execute(move || ran.add()).unwrap();
        }
        pool.wait_idle().unwrap();
        assert_eq!(ran.get(), 20 * round);
        assert_eq!(pool.wait_idle(), Ok(()), "again, with nothing new");
    }
    assert_eq!(balanced(&pool).done, 60);
}

fn test_multi_join(setup: Setup) {
    let (first, second) = (setup.pool(), setup.pool());
    let (gate, saw_idle) = (Gate::default(), Tally::default());
    let count = setup.threads + CAPACITY;
    let (to_wait, inner) = (first.handle(), second.handle());
    let (open, idle) = (Latch::clone(&gate), saw_idle.clone());
    let outer = move || {
        for _ in 0..count {
            let (first, gate, saw_idle) = (to_wait.clone(), open.clone(), idle.clone());
            let wait = move || {
                first.wait_idle().unwrap();
                assert!(gate.is_open(), "the other pool had a job until then");
                saw_idle.add();
            };
            inner.execute(wait).unwrap();
        }
        open.wait();
    };
    first.execute(outer).unwrap();
    eventually(|| second.stats().running == setup.threads as u64);
    assert_eq!(saw_idle.get(), 0);
    gate.open();
    second.wait_idle().unwrap();
    assert_eq!(saw_idle.get(), count as u64);

    // And the other way round.
    let handle = second.handle();
    assert_eq!(first.spawn(move || handle.wait_idle()).unwrap().join().unwrap(), Ok(()));
    assert_eq!(balanced(&first).done, 2);
    assert_eq!(balanced(&second).done, count as u64);
}

fn test_empty_pool(setup: Setup) {
    let pool = setup.pool();
    assert_eq!(pool.wait_idle(), Ok(()));
    let paused: Pool = setup.builder().paused().build().unwrap();
    assert_eq!(paused.wait_idle(), Ok(()));
    let without_threads: Pool = setup.builder().thread_keep_alive(MINUTE).build().unwrap();
    assert_eq!(without_threads.stats().threads, 0);
    assert_eq!(without_threads.wait_idle(), Ok(()));
    assert_eq!(balanced(&pool).accepted, 0);
}

fn test_no_fun_or_joy(setup: Setup) {
    fn and_again(pool: &Handle, ran: &Tally, left: u32) {
        ran.add();
        if left > 0 {
            let (handle, ran) = (pool.clone(), ran.clone());
            pool.execute(move || and_again(&handle, &ran, left - 1)).unwrap();
        }
    }
    let pool = setup.pool();
    let ran = Tally::default();
    for _ in 0..CAPACITY {
        let (handle, ran) = (pool.handle(), ran.clone());
        pool.execute(move || and_again(&handle, &ran, 199)).unwrap();
    }
    pool.wait_idle().unwrap();
    assert_eq!(
        ran.get(),
        200 * CAPACITY as u64,
        "the wait is for those that came meanwhile as well"
    );
    assert_eq!(balanced(&pool).done, ran.get());
}

/// A clock that shows who sleeps by it, and at which no time runs out.
#[derive(Clone, Default)]
struct Beach(Arc<Mutex<HashSet<ThreadId>>>);

impl Clock for Beach {
    fn now(&self) -> Instant {
        Instant::now()
    }

    fn sleep_for(&self, _deadline: Instant) -> Option<Duration> {
        self.0.lock().unwrap().insert(thread::current().id());
        None
    }
}

fn test_join_wavesurfer(setup: Setup) {
    let beach = Beach::default();
    let pool: Pool = setup.builder().clock(beach.clone()).build().unwrap();
    let mut wave = hold(&pool, 1);
    for nth in 1..=3 {
        let surf = || {
            let handle = pool.handle();
            thread::spawn(move || handle.wait_idle_timeout(MINUTE))
        };
        let surfers: Vec<_> = (0..3).map(|_| surf()).collect();
        eventually(|| beach.0.lock().unwrap().len() == 3 * nth);
        assert!(!surfers.iter().any(thread::JoinHandle::is_finished));

        wave.release();
        pool.wait_idle().unwrap();
        // The pool was idle for a moment. That is for all who waited, although it is busy again.
        wave = hold(&pool, 1);
        for surfer in surfers {
            assert_eq!(surfer.join().unwrap(), Ok(()));
        }
        assert_eq!(pool.wait_idle_timeout(Duration::ZERO), Err(WaitError::TimedOut));
    }
    wave.release();
    assert_eq!(balanced(&pool).done, 4);
}
