//! The clock of a run: virtual time, and the waits of its threads.

use std::fmt;
use std::sync::{Arc, Weak};
use std::time::{Duration, Instant};

use pool_core::Clock;

use crate::schedule::Schedule;
use crate::turns;

/// The clock of a [`Run`](crate::Run). Clones show the same time.
///
/// Its time is virtual. It stands still while a thread of the run can go on. When all of them wait, it jumps to
/// the first moment for which one does, so no test waits for time to pass. [`advance`](Self::advance) moves it
/// at will. It starts at some real moment: what is the same in each run with a seed are differences.
///
/// # Examples
///
/// ```
/// use std::time::Duration;
/// use drainpool::{Clock, WaitError};
/// use drainpool::deterministic::check;
///
/// check(0..10, |run| {
///     let pool = run.builder().num_threads(1).paused().build().unwrap();
///     let mut job = pool.spawn(|| 7).unwrap();
///     let before = run.clock().now();
///     // An hour, in no time.
///     let waited = job.join_timeout(Duration::from_secs(3_600));
///     assert!(matches!(waited, Err(WaitError::TimedOut)));
///     assert_eq!(run.clock().now() - before, Duration::from_secs(3_600));
/// });
/// ```
#[derive(Clone)]
pub struct RunClock {
    pub(crate) schedule: Arc<Schedule>,
}

impl RunClock {
    /// Moves the time on by `step`.
    pub fn advance(&self, step: Duration) {
        self.schedule.clock.advance(step);
        self.schedule.note_step();
    }

    /// Waits until the time has moved on by `duration`, while the other threads of the run go on: a sleep in
    /// virtual time. Returns at once on a thread that belongs to no run.
    ///
    /// # Examples
    ///
    /// ```
    /// use std::time::Duration;
    /// use drainpool::deterministic::check;
    ///
    /// check(0..10, |run| {
    ///     let pool = run.builder().num_threads(2).build().unwrap();
    ///     let clock = run.clock();
    ///     let slow = pool.spawn(move || clock.sleep(Duration::from_secs(60))).unwrap();
    ///     pool.spawn(|| ()).unwrap().join().unwrap();
    ///     assert!(!slow.is_finished());
    ///     slow.join().unwrap();
    /// });
    /// ```
    pub fn sleep(&self, duration: Duration) {
        let until = self.now().checked_add(duration);
        while until.is_none_or(|until| self.now() < until) && turns::wait(until) {}
    }
}

impl fmt::Debug for RunClock {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("RunClock").field(&self.schedule.clock).finish()
    }
}

/// A thread that waits passes its turn on, and looks again when it has it back.
impl Clock for RunClock {
    fn now(&self) -> Instant {
        self.schedule.clock.now()
    }

    fn sleep_for(&self, deadline: Instant) -> Option<Duration> {
        turns::wait(Some(deadline)).then_some(Duration::ZERO)
    }

    fn sleep_until_woken(&self) -> Option<Duration> {
        turns::wait(None).then_some(Duration::ZERO)
    }

    fn subscribe(&self, alarm: Weak<dyn Fn() + Send + Sync>) {
        self.schedule.clock.subscribe(alarm);
    }
}
