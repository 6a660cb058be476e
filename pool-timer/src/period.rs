//! When a periodic job is due.

use std::time::{Duration, Instant};

/// When something is due, in the order of time.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum When {
    At(Instant),
    /// After a time too long to be expressed as a moment.
    Never,
}

impl When {
    /// The moment after this time.
    pub(crate) fn after(start: Instant, time: Duration) -> Self {
        start.checked_add(time).map_or(Self::Never, Self::At)
    }

    /// The moment, if there is one.
    pub(crate) fn moment(self) -> Option<Instant> {
        match self {
            Self::At(moment) => Some(moment),
            Self::Never => None,
        }
    }
}

/// What becomes of the ticks of a periodic job that pass while it cannot run: because its previous run goes
/// on, because there is no room in the pool's queue, or because the clock has jumped.
///
/// Either way the first of them is made up for at once. Ticks are counted from the schedule and not from
/// the runs, so a job does not drift.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
#[non_exhaustive]
pub enum MissedTicks {
    /// The others are dropped; the next run is at the next tick of the schedule. The default: a job that
    /// checks or refreshes something does not need to do so twice in a row, and a job that takes longer
    /// than its interval does not get further and further behind.
    #[default]
    Skip,
    /// The others are made up for as well, one run right after the other, until the schedule is met. For
    /// jobs that have to run a certain number of times.
    CatchUp,
}

/// The schedule of a periodic job, for [`TimerHandle::every`](crate::TimerHandle::every). A [`Duration`] by
/// itself is one: the first tick is one interval from now, and missed ticks are
/// [skipped](MissedTicks::Skip).
///
/// # Examples
///
/// ```
/// use std::time::Duration;
/// use drainpool::{Clock, MissedTicks, Period, ThreadPool, Timer};
///
/// let pool = ThreadPool::new(2)?;
/// let timer = Timer::new(&pool)?;
/// let hourly = Period::new(Duration::from_secs(3_600)).missed(MissedTicks::CatchUp);
/// let midnight = pool.clock().now() + Duration::from_secs(600);
/// timer.every(hourly.first_at(midnight), || println!("another hour"))?;
/// # Ok::<(), Box<dyn std::error::Error + Send + Sync>>(())
/// ```
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[must_use = "a period does nothing until it is given to `every`"]
pub struct Period {
    pub(crate) interval: Duration,
    pub(crate) missed: MissedTicks,
    pub(crate) first: Option<Instant>,
}

impl Period {
    /// Returns the schedule with a tick at each interval, from one interval after the call of `every` on.
    pub const fn new(interval: Duration) -> Self {
        Self { interval, missed: MissedTicks::Skip, first: None }
    }

    /// Sets what becomes of missed ticks.
    pub const fn missed(mut self, missed: MissedTicks) -> Self {
        self.missed = missed;
        self
    }

    /// Sets the moment of the first tick, by the pool's [clock](pool_core::Handle::clock). One that is over
    /// is due at once.
    pub const fn first_at(mut self, first: Instant) -> Self {
        self.first = Some(first);
        self
    }

    /// The first tick, for a job that is set now.
    pub(crate) fn first_tick(self, now: Instant) -> When {
        self.first.map_or_else(|| When::after(now, self.interval), When::At)
    }

    /// The tick after this one, which is run for now.
    pub(crate) fn next_tick(self, tick: Instant, now: Instant) -> When {
        let late = now.saturating_duration_since(tick).as_nanos();
        let steps = match self.missed {
            MissedTicks::CatchUp => 1,
            MissedTicks::Skip => late / self.interval.as_nanos().max(1) + 1,
        };
        let nanos = self.interval.as_nanos().checked_mul(steps);
        let Some(nanos) = nanos else { return When::Never };
        let second = Duration::from_secs(1).as_nanos();
        match u64::try_from(nanos / second) {
            Ok(secs) => When::after(tick, Duration::new(secs, (nanos % second) as u32)),
            Err(_) => When::Never,
        }
    }
}

impl From<Duration> for Period {
    fn from(interval: Duration) -> Self {
        Self::new(interval)
    }
}

#[cfg(all(test, not(shuttle)))]
mod tests {
    use super::*;

    const SECOND: Duration = Duration::from_secs(1);

    #[test]
    fn ticks_are_counted_from_the_schedule() {
        let start = Instant::now();
        let at = |millis| start + Duration::from_millis(millis);
        for missed in [MissedTicks::Skip, MissedTicks::CatchUp] {
            let period = Period::new(SECOND).missed(missed);
            assert_eq!(period.first_tick(start), When::At(at(1_000)));
            assert_eq!(period.next_tick(at(1_000), at(1_000)), When::At(at(2_000)));
            assert_eq!(period.next_tick(at(1_000), at(1_999)), When::At(at(2_000)));
        }
        let skip = Period::new(SECOND);
        assert_eq!(skip.next_tick(at(1_000), at(2_000)), When::At(at(3_000)));
        assert_eq!(skip.next_tick(at(1_000), at(5_500)), When::At(at(6_000)));
        let catch_up = skip.missed(MissedTicks::CatchUp);
        assert_eq!(catch_up.next_tick(at(1_000), at(5_500)), When::At(at(2_000)));
    }

    #[test]
    fn what_cannot_be_expressed_never_comes() {
        let start = Instant::now();
        let endless = Period::new(Duration::MAX);
        assert_eq!(endless.first_tick(start), When::Never);
        assert_eq!(endless.next_tick(start, start), When::Never);
        assert!(When::At(start) < When::Never);
    }
}
