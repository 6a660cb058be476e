//! How long an idle worker stays: keep-alive.

use std::time::{Duration, Instant};

use crate::clock::Clock;
use crate::panics::{drop_quietly, guarded};
use crate::parts::context;

/// How long an idle worker stays.
#[derive(Default)]
pub(super) struct KeepAlive {
    /// When it may leave; not known yet, or never.
    until: Option<Instant>,
    /// How long it may sleep before it asks the clock again, if that has not jumped this often by then.
    pub(super) pause: Option<(u64, Option<Duration>)>,
    /// Its time has come.
    pub(super) is_over: bool,
}

impl KeepAlive {
    /// Asks the clock, which has jumped this often. That is foreign code: no lock is held, and this worker
    /// counts as asleep, or will soon.
    pub(super) fn look(&mut self, jumps: u64, keep_alive: Duration, clock: &dyn Clock) {
        let looked = guarded(|| context::off_duty(|| self.ask(jumps, keep_alive, clock)));
        if let Err(payload) = looked {
            // What time it is, is not known: the worker stays until the clock jumps.
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
