//! A clock is asked before each wait without a deadline; what it answers, or a panic, changes no outcome.
#![cfg(not(any(loom, shuttle)))]

mod support;

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering::Relaxed};
use std::thread;
use std::time::{Duration, Instant};

use pool_core::{Clock, SystemClock, current_worker};
use support::{Latch, StdPool, builder, eventually, within_patience};

#[derive(Clone, Copy, PartialEq, Eq)]
enum Answer {
    UntilWoken,
    LookAgain,
    Panic,
}

const ANSWERS: [Answer; 3] = [Answer::UntilWoken, Answer::LookAgain, Answer::Panic];

/// Counts the waits of workers, and of all others.
#[derive(Clone)]
struct AskedClock {
    answer: Answer,
    by_workers: Arc<AtomicUsize>,
    by_others: Arc<AtomicUsize>,
}

impl Clock for AskedClock {
    fn now(&self) -> Instant {
        SystemClock.now()
    }

    fn sleep_for(&self, deadline: Instant) -> Option<Duration> {
        SystemClock.sleep_for(deadline)
    }

    fn sleep_until_woken(&self) -> Option<Duration> {
        let asked = if current_worker().is_some() { &self.by_workers } else { &self.by_others };
        asked.fetch_add(1, Relaxed);
        match self.answer {
            Answer::UntilWoken => None,
            Answer::LookAgain => {
                thread::yield_now();
                Some(Duration::ZERO)
            }
            Answer::Panic => panic!("the clock panics, on purpose"),
        }
    }
}

/// Calls this with a pool of two workers and its clock, once for each answer.
fn with_answers(capacity: Option<usize>, test: impl Fn(&StdPool, &AskedClock) + Send + 'static) {
    within_patience(move || {
        for answer in ANSWERS {
            let clock =
                AskedClock { answer, by_workers: Arc::default(), by_others: Arc::default() };
            let builder = builder().num_threads(2).clock(clock.clone());
            let builder = match capacity {
                Some(capacity) => builder.capacity(capacity),
                None => builder,
            };
            let pool = builder.build().unwrap();
            // The workers sleep, and the build waits for nothing any more.
            eventually(|| clock.by_workers.load(Relaxed) >= 2);
            clock.by_others.store(0, Relaxed);
            test(&pool, &clock);
            assert!(pool.shutdown().is_complete());
        }
    });
}

/// Has a worker held until the clock is asked by another thread; returns what opens it.
fn hold_a_worker(pool: &StdPool, clock: &AskedClock) {
    let (clock, has_begun) = (clock.clone(), Latch::default());
    let begins = has_begun.clone();
    let job = move || {
        begins.open();
        eventually(|| clock.by_others.load(Relaxed) > 0);
    };
    pool.execute(job).unwrap();
    has_begun.wait();
}

#[test]
fn by_a_thread_that_waits_for_a_job_or_for_rest() {
    with_answers(None, |pool, clock| {
        hold_a_worker(pool, clock);
        pool.wait_idle().unwrap();
        clock.by_others.store(0, Relaxed);
        let asked = clock.clone();
        let job = pool.spawn(move || eventually(|| asked.by_others.load(Relaxed) > 0)).unwrap();
        job.join().unwrap();
    });
}

#[test]
fn by_a_thread_that_waits_for_room() {
    with_answers(Some(1), |pool, clock| {
        hold_a_worker(pool, clock);
        hold_a_worker(pool, clock);
        pool.execute(|| ()).unwrap();
        // There is no room until this has waited.
        pool.execute(|| ()).unwrap();
        assert!(clock.by_others.load(Relaxed) > 0);
    });
}

#[test]
fn by_a_thread_whose_borrowed_work_others_do() {
    with_answers(None, |pool, clock| {
        let begun = Latch::default();
        pool.scope(|scope| {
            let begins = begun.clone();
            scope.spawn(move || {
                begins.open();
                eventually(|| clock.by_others.load(Relaxed) > 0);
            });
            // A worker has it.
            begun.wait();
        });
        clock.by_others.store(0, Relaxed);
        let begun = Latch::default();
        let stolen = || {
            begun.open();
            eventually(|| clock.by_others.load(Relaxed) > 0);
        };
        pool.join(|| begun.wait(), stolen);
    });
}
