//! Waiting for a pool to be idle, and for its end.

use std::collections::HashSet;
use std::sync::{Arc, Mutex};
use std::thread::{self, ThreadId};
use std::time::{Duration, Instant};

use drainpool::{Clock, WaitError};

use crate::setup::held::hold;
use crate::setup::{CAPACITY, Pool, Setup, Tally, balanced, eventually};

on_every_backend! {
    all_who_wait_are_told_though_the_pool_is_busy_again
    an_owner_that_panics_waits_for_the_jobs
}

const MINUTE: Duration = Duration::from_secs(60);

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

fn all_who_wait_are_told_though_the_pool_is_busy_again(setup: Setup) {
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

fn an_owner_that_panics_waits_for_the_jobs(setup: Setup) {
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
