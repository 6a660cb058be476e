//! How long an idle worker stays: keep-alive.

use std::time::{Duration, Instant};

use super::Sleep;
use crate::borrow::fork::forget_pool;
use crate::clock::Clock;
use crate::panics::{drop_quietly, guarded};
use crate::worker::current;

/// How long an idle worker stays.
#[derive(Default)]
pub(super) struct KeepAlive {
    /// When it may leave; not known yet, or never.
    pub(super) until: Option<Instant>,
    /// How long it may sleep before it asks the clock again, if that has not jumped this often by then.
    pub(super) pause: Option<(u64, Option<Duration>)>,
    /// Its time has come.
    pub(super) is_over: bool,
}

impl KeepAlive {
    fn look(&mut self, jumps: u64, keep_alive: Duration, clock: &dyn Clock) {
        let now = clock.now();
        // A time that cannot be expressed never comes.
        self.until = self.until.or_else(|| now.checked_add(keep_alive));
        self.is_over = self.until.is_some_and(|until| now >= until);
        self.pause = Some((jumps, self.until.and_then(|until| clock.sleep_for(until))));
    }
}

impl Sleep {
    /// The clock is foreign code: no lock is held, and this worker counts as asleep, or will soon.
    pub(super) fn look_at_clock(
        &self,
        idle: &mut KeepAlive,
        keep_alive: Duration,
        clock: &dyn Clock,
    ) {
        let jumps = self.jumps();
        forget_pool();
        let looked = guarded(|| current::off_duty(|| idle.look(jumps, keep_alive, clock)));
        if let Err(payload) = looked {
            // What time it is, is not known: the worker stays until the clock jumps.
            drop_quietly(payload);
            *idle = KeepAlive { pause: Some((jumps, None)), ..KeepAlive::default() };
        }
    }
}
