//! Workers that would leave, and may not yet, wait for that without looking at the clock again and again.

use std::thread;
use std::time::{Duration, Instant};

use drainpool::{Clock, SystemClock};

use crate::setup::{Latch, Setup, Tally, balanced, eventually};

on_every_backend! {
    nobody_asks_the_time_while_a_job_runs_outside
}

/// The system's clock, which counts how often it is asked.
#[derive(Clone, Default)]
struct AskedClock(Tally);

impl Clock for AskedClock {
    fn now(&self) -> Instant {
        self.0.add();
        SystemClock.now()
    }

    fn sleep_for(&self, deadline: Instant) -> Option<Duration> {
        self.0.add();
        SystemClock.sleep_for(deadline)
    }
}

/// How often others are let run while the clock is watched.
const YIELDS: usize = if cfg!(debug_assertions) { 20_000 } else { 100_000 };
/// Who waits for something may ask this often until it has come to rest.
const FEW: u64 = 100;

/// How often the clock is asked meanwhile, at best of some times: other threads may have to finish first.
fn asked(clock: &AskedClock) -> u64 {
    let mut least = u64::MAX;
    for _ in 0..20 {
        let before = clock.0.get();
        (0..YIELDS).for_each(|_| thread::yield_now());
        least = least.min(clock.0.get() - before);
        if least <= FEW {
            break;
        }
    }
    least
}

fn nobody_asks_the_time_while_a_job_runs_outside(setup: Setup) {
    for keep_alive in [Duration::ZERO, Duration::from_micros(1)] {
        let (clock, ran) = (AskedClock::default(), Tally::default());
        let builder = setup.builder().paused().thread_keep_alive(keep_alive).clock(clock.clone());
        let pool = builder.build().unwrap();
        let (begun, free) = (Latch::default(), Latch::default());
        let (begins, wait) = (begun.clone(), free.clone());
        let job = pool.spawn(move || {
            begins.open();
            wait.wait();
        });
        let job = job.unwrap();
        // The pool is paused: nobody else takes it.
        let outside = thread::spawn(move || job.join_or_run().unwrap());
        begun.wait();
        pool.resume();
        // All workers come, and want to leave.
        for _ in 0..setup.threads {
            let ran = ran.clone();
            pool.execute(move || ran.add()).unwrap();
        }
        eventually(|| ran.get() == setup.threads as u64);
        let asked = asked(&clock);
        free.open();
        assert!(asked <= FEW, "asked {asked} times in {YIELDS} yields, {keep_alive:?}");
        outside.join().unwrap();
        assert_eq!(balanced(&pool).done, setup.threads as u64 + 1);
    }
}
