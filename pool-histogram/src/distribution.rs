//! The distribution of some times.

use std::fmt;
use std::time::Duration;

use hdrhistogram::Histogram;

/// The number of decimal digits that are kept of a time.
const DIGITS: u8 = 3;

/// The longest time that is told from longer ones, in nanoseconds: about an hour and a quarter. All longer ones count
/// as this.
const LONGEST: u64 = 1 << 42;

/// How many times of which length there were: three decimal digits of each, from a nanosecond to an hour and a
/// quarter.
///
/// It takes memory when the first time is recorded: at most some 300 KiB.
///
/// # Examples
///
/// ```
/// use std::time::Duration;
/// use drainpool::Distribution;
///
/// let mut times = Distribution::default();
/// assert_eq!(times.percentile(50.0), None);
/// (1..=100).for_each(|n| times.record(Duration::from_millis(n)));
/// let half = times.percentile(50.0).expect("there are some");
/// assert_eq!((half.as_millis(), times.count()), (50, 100));
/// ```
#[derive(Clone, Default)]
pub struct Distribution(Option<Box<Histogram<u64>>>);

impl Distribution {
    /// Adds a time.
    pub fn record(&mut self, time: Duration) {
        let nanos = u64::try_from(time.as_nanos()).unwrap_or(LONGEST);
        self.histogram().saturating_record(nanos);
    }

    /// Adds all times of another distribution.
    pub fn merge(&mut self, other: &Self) {
        if let Some(other) = &other.0 {
            // Both have the same bounds, and so it does not fail.
            let _ = self.histogram().add(&**other);
        }
    }

    /// Returns the time that this share of the jobs did not exceed, in percent: 50.0 is the median, 100.0 the
    /// longest. It is right to three digits. `None` if there are no times.
    ///
    /// A share below 0 counts as 0, one above 100 as 100.
    #[must_use]
    pub fn percentile(&self, percent: f64) -> Option<Duration> {
        self.ask(|times| Duration::from_nanos(times.value_at_percentile(percent.clamp(0.0, 100.0))))
    }

    /// Returns the mean, or `None` if there are no times.
    #[must_use]
    pub fn mean(&self) -> Option<Duration> {
        self.ask(|times| Duration::from_nanos(times.mean() as u64))
    }

    /// Returns the longest time, or `None` if there are no times.
    #[must_use]
    pub fn max(&self) -> Option<Duration> {
        self.ask(|times| Duration::from_nanos(times.max()))
    }

    /// The number of times.
    #[must_use]
    pub fn count(&self) -> u64 {
        self.0.as_ref().map_or(0, |times| times.len())
    }

    fn ask<T>(&self, ask: impl FnOnce(&Histogram<u64>) -> T) -> Option<T> {
        self.0.as_deref().filter(|times| !times.is_empty()).map(ask)
    }

    fn histogram(&mut self) -> &mut Histogram<u64> {
        self.0.get_or_insert_with(|| {
            let made = Histogram::new_with_bounds(1, LONGEST, DIGITS);
            Box::new(made.expect("the bounds are in order, and so is the number of digits"))
        })
    }
}

impl fmt::Debug for Distribution {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Distribution")
            .field("count", &self.count())
            .field("median", &self.percentile(50.0))
            .field("p99", &self.percentile(99.0))
            .field("max", &self.max())
            .finish()
    }
}
