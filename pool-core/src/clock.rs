//! Clocks: the time of a pool, which a test can control.

use std::fmt;
use std::sync::{Arc, Weak};
use std::time::{Duration, Instant};

use crate::panics::{drop_quietly, guarded};
use crate::sync::{Condvar, Mutex, MutexGuard, lock, wait_changed};

/// The source of a pool's time, for keep-alive and for every wait with a timeout.
///
/// [`SystemClock`] is the default. [`ManualClock`] stands still until it is told to move.
///
/// The pool holds no lock while it calls its clock. If the clock panics when a worker asks it, an idle
/// worker stays, and a job counts as in time. Elsewhere its panic reaches the caller of the pool.
pub trait Clock: Send + Sync + 'static {
    /// The present moment. It never goes back.
    fn now(&self) -> Instant;

    /// The time that a thread which wants to be awake at `deadline` may sleep before it asks again. `None`:
    /// until this clock wakes it, see [`subscribe`](Self::subscribe).
    fn sleep_for(&self, deadline: Instant) -> Option<Duration>;

    /// The time that a thread which waits for others, without a deadline, may sleep before it looks again.
    /// `None`, the default: until it is woken.
    ///
    /// A pool asks whenever a thread is about to wait for something of the pool: a job's end, room, rest, a
    /// thread's start; and a worker for a job. So a test that lets one thread run at a time learns here that the
    /// present one has nothing to do. It must not call the pool. If it panics, the thread sleeps until it is
    /// woken.
    ///
    /// # Examples
    ///
    /// A clock that counts the waits:
    ///
    /// ```
    /// use std::sync::Arc;
    /// use std::sync::atomic::{AtomicUsize, Ordering};
    /// use std::time::{Duration, Instant};
    /// use drainpool::{Clock, SystemClock, ThreadPoolBuilder};
    ///
    /// #[derive(Clone, Default)]
    /// struct Waits(Arc<AtomicUsize>);
    ///
    /// impl Clock for Waits {
    ///     fn now(&self) -> Instant {
    ///         SystemClock.now()
    ///     }
    ///     fn sleep_for(&self, deadline: Instant) -> Option<Duration> {
    ///         SystemClock.sleep_for(deadline)
    ///     }
    ///     fn sleep_until_woken(&self) -> Option<Duration> {
    ///         self.0.fetch_add(1, Ordering::Relaxed);
    ///         None
    ///     }
    /// }
    ///
    /// let waits = Waits::default();
    /// let pool = ThreadPoolBuilder::new().num_threads(1).clock(waits.clone()).build()?;
    /// pool.execute(|| ())?;
    /// pool.shutdown();
    /// assert!(waits.0.load(Ordering::Relaxed) > 0);
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    fn sleep_until_woken(&self) -> Option<Duration> {
        None
    }

    /// Registers a pool's alarm: a clock whose time jumps calls it after each jump. An alarm is cheap and
    /// may be called at any time. It ends with its pool: a clock forgets the alarms that cannot be upgraded
    /// any more.
    fn subscribe(&self, alarm: Weak<dyn Fn() + Send + Sync>) {
        drop(alarm);
    }
}

/// The time that a thread which waits without a deadline may sleep before it looks again. It never unwinds:
/// some of those that wait must not leave before their time.
pub(crate) fn pause_until_woken(clock: &dyn Clock) -> Option<Duration> {
    guarded(|| clock.sleep_until_woken()).unwrap_or_else(|payload| {
        drop_quietly(payload);
        None
    })
}

/// Waits on `condvar`, at most for this long. May return early.
pub(crate) fn wait_for<'a, T>(
    condvar: &Condvar,
    guard: MutexGuard<'a, T>,
    pause: Option<Duration>,
) -> MutexGuard<'a, T> {
    match pause {
        Some(pause) => match condvar.wait_timeout(guard, pause) {
            Ok((guard, _)) => guard,
            Err(poisoned) => poisoned.into_inner().0,
        },
        None => wait_changed(condvar, guard),
    }
}

/// The operating system's monotonic clock.
#[derive(Debug, Clone, Copy, Default)]
pub struct SystemClock;

impl Clock for SystemClock {
    fn now(&self) -> Instant {
        Instant::now()
    }

    fn sleep_for(&self, deadline: Instant) -> Option<Duration> {
        Some(deadline.saturating_duration_since(Instant::now()))
    }
}

/// A clock that moves only when it is told to. Clones show the same time.
///
/// # Examples
///
/// ```
/// use std::time::Duration;
/// use drainpool::{Clock, ManualClock};
///
/// let clock = ManualClock::new();
/// let before = clock.now();
/// clock.advance(Duration::from_secs(60));
/// assert_eq!(clock.now() - before, Duration::from_secs(60));
/// ```
#[derive(Clone)]
pub struct ManualClock {
    start: Instant,
    shared: Arc<Mutex<Manual>>,
}

/// What the clones of a [`ManualClock`] share.
struct Manual {
    elapsed: Duration,
    /// The alarms of pools that are gone stay until there are twice as many as at the last look.
    alarms: Vec<Weak<dyn Fn() + Send + Sync>>,
    /// The number of alarms before the next look.
    room: usize,
}

/// The number of alarms that are kept without a look at them.
const ALARMS: usize = 8;

impl ManualClock {
    /// Returns a clock that stands still at the present moment.
    #[must_use]
    pub fn new() -> Self {
        let shared = Manual { elapsed: Duration::ZERO, alarms: Vec::new(), room: ALARMS };
        Self { start: Instant::now(), shared: Arc::new(Mutex::new(shared)) }
    }

    /// Moves the time on by `step`, and wakes the threads that wait for a moment that has come. Time ends
    /// at the last [`Instant`] that the platform can express.
    pub fn advance(&self, step: Duration) {
        let alarms = {
            let mut shared = lock(&self.shared);
            let elapsed = shared.elapsed.saturating_add(step);
            if self.start.checked_add(elapsed).is_some() {
                shared.elapsed = elapsed;
            }
            shared.alarms.clone()
        };
        // Not under the lock: an alarm takes its pool's locks.
        for alarm in alarms.iter().filter_map(Weak::upgrade) {
            alarm();
        }
    }
}

impl Default for ManualClock {
    fn default() -> Self {
        Self::new()
    }
}

impl fmt::Debug for ManualClock {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("ManualClock").field("elapsed", &lock(&self.shared).elapsed).finish()
    }
}

impl Clock for ManualClock {
    fn now(&self) -> Instant {
        self.start + lock(&self.shared).elapsed
    }

    fn sleep_for(&self, _deadline: Instant) -> Option<Duration> {
        None
    }

    fn subscribe(&self, alarm: Weak<dyn Fn() + Send + Sync>) {
        let mut shared = lock(&self.shared);
        if shared.alarms.len() >= shared.room {
            shared.alarms.retain(|alarm| alarm.strong_count() > 0);
            shared.room = ALARMS.max(2 * shared.alarms.len());
        }
        shared.alarms.push(alarm);
    }
}
