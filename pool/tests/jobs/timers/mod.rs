//! Delayed and periodic jobs, by a clock that the test owns.

mod clocks;
mod delays;
mod ends;
mod options;
mod periodic;
mod room;

use std::time::Duration;

use drainpool::{ManualClock, Timer, TimerReport};

use crate::setup::{Pool, Setup, eventually};

pub(super) const SECOND: Duration = Duration::from_secs(1);

/// A pool with a timer, by a clock that stands still. The timer is dropped first.
pub(super) struct Scene {
    pub(super) clock: ManualClock,
    pub(super) timer: Timer,
    pub(super) pool: Pool,
}

impl Scene {
    pub(super) fn new(setup: Setup) -> Self {
        Self::of(setup, false)
    }

    pub(super) fn paused(setup: Setup) -> Self {
        Self::of(setup, true)
    }

    pub(super) fn of(setup: Setup, paused: bool) -> Self {
        let clock = ManualClock::new();
        let builder = setup.builder().clock(clock.clone());
        let builder = if paused { builder.paused() } else { builder };
        let pool = builder.build().unwrap();
        Self { timer: Timer::new(&pool).unwrap(), clock, pool }
    }

    /// Fills a bounded pool that is paused. The number of jobs.
    pub(super) fn fill(&self) -> u64 {
        let mut jobs = 0;
        while self.pool.try_execute(|| ()).is_ok() {
            jobs += 1;
        }
        jobs
    }

    pub(super) fn wait_until_blocked(&self) {
        eventually(|| self.pool.stats().waiting_submitters == 1);
    }
}

/// Each job that was set once is in one count.
pub(super) fn sum(report: TimerReport) -> u64 {
    report.fired + report.cancelled + report.dropped + report.not_due
}
