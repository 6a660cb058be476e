//! A clock that panics, and jobs of the pool that expire.

use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, mpsc};
use std::task::Context;
use std::time::{Duration, Instant};

use drainpool::{Clock, ManualClock, SubmitOptions, Timer};

use super::SECOND;
use crate::setup::tools::waker_that_opens;
use crate::setup::{Latch, Setup, balanced, eventually};

on_every_backend! {
    a_clock_that_panics_stops_nothing
    what_expires_is_watched_over
}

/// A clock that can be told to panic, and that notes until when a thread may sleep.
#[derive(Clone)]
struct Odd {
    clock: ManualClock,
    panics: Arc<AtomicBool>,
    asked: Arc<Mutex<Option<Instant>>>,
}

impl Odd {
    fn new() -> Self {
        Self { clock: ManualClock::new(), panics: Arc::default(), asked: Arc::default() }
    }
}

impl Clock for Odd {
    fn now(&self) -> Instant {
        assert!(!self.panics.load(Ordering::SeqCst), "the clock panics on purpose");
        self.clock.now()
    }

    fn sleep_for(&self, deadline: Instant) -> Option<Duration> {
        *self.asked.lock().unwrap() = Some(deadline);
        self.clock.sleep_for(deadline)
    }

    fn subscribe(&self, alarm: std::sync::Weak<dyn Fn() + Send + Sync>) {
        self.clock.subscribe(alarm);
    }
}

fn a_clock_that_panics_stops_nothing(setup: Setup) {
    let clock = Odd::new();
    let pool = setup.builder().clock(clock.clone()).build().unwrap();
    let timer = Timer::new(&pool).unwrap();
    let (sender, received) = mpsc::channel();
    timer.after(SECOND, move || sender.send(7).unwrap()).unwrap();
    clock.panics.store(true, Ordering::SeqCst);
    clock.clock.advance(SECOND);
    assert_eq!((received.try_recv().is_ok(), timer.pending()), (false, 1));
    clock.panics.store(false, Ordering::SeqCst);
    clock.clock.advance(Duration::ZERO);
    assert_eq!(received.recv().unwrap(), 7);
    assert_eq!(timer.shutdown().fired, 1);
}

fn what_expires_is_watched_over(setup: Setup) {
    let clock = Odd::new();
    let pool = setup.builder().clock(clock.clone()).paused().build().unwrap();
    let timer = Timer::new(&pool).unwrap();
    let sleeps_until = |moment| eventually(|| *clock.asked.lock().unwrap() == Some(moment));
    let start = clock.now();
    let _later = timer.after(9 * SECOND, || ()).unwrap();
    sleeps_until(start + 9 * SECOND);
    // The thread hears of each job that expires before that.
    let within = |seconds| {
        let options = SubmitOptions::new().start_within(seconds * SECOND);
        pool.with(options).spawn(|| ()).unwrap()
    };
    let second = within(5);
    sleeps_until(start + 5 * SECOND);
    let first = within(3);
    sleeps_until(start + 3 * SECOND);
    // Nobody but the timer looks at the clock for them.
    let (woken, mut job) = (Latch::default(), first);
    let waker = waker_that_opens(&woken);
    let polled = std::pin::Pin::new(&mut job).poll(&mut Context::from_waker(&waker));
    assert!(polled.is_pending());
    clock.clock.advance(3 * SECOND);
    woken.wait();
    assert!(job.join().is_err());
    assert!(second.cancel());
    drop(timer);
    pool.resume();
    assert_eq!(balanced(&pool).expired, 1);
}
