//! Keep-alive: how long an idle worker stays.

use std::time::{Duration, Instant};

use crate::clock::{Clock, pause_until_woken};
use crate::panics::{drop_quietly, guarded};
use crate::parts::context;

/// The time that an idle worker which is to stay may sleep before it looks again. No lock is held.
pub(super) fn until_woken(clock: &dyn Clock) -> Option<Duration> {
    context::off_duty(|| pause_until_woken(clock))
}

/// The remaining time of an idle worker.
#[derive(Default)]
pub(super) struct KeepAlive {
    /// The moment from which on it may leave; `None` if not known yet, or never.
    until: Option<Instant>,
    /// The time that it may sleep before it asks the clock again, and the number of clock jumps for which
    /// that holds.
    pub(super) pause: Option<(u64, Option<Duration>)>,
    /// Whether its time has come.
    pub(super) is_over: bool,
}

impl KeepAlive {
    /// Asks the clock, which has jumped this often. The clock is foreign code: no lock is held, and this
    /// worker counts as parked, or will soon.
    pub(super) fn look(&mut self, jumps: u64, keep_alive: Duration, clock: &dyn Clock) {
        let looked = guarded(|| context::off_duty(|| self.ask(jumps, keep_alive, clock)));
        if let Err(payload) = looked {
            // Without the time, the worker stays until the clock jumps.
            drop_quietly(payload);
            *self = Self { pause: Some((jumps, None)), ..Self::default() };
        }
    }

    fn ask(&mut self, jumps: u64, keep_alive: Duration, clock: &dyn Clock) {
        let now = clock.now();
        // A time that cannot be expressed never comes.
        self.until = self.until.or_else(|| now.checked_add(keep_alive));
        self.is_over = self.until.is_some_and(|until| now >= until);
        self.pause = Some((jumps, self.until.and_then(|until| clock.sleep_for(until))));
    }
}
