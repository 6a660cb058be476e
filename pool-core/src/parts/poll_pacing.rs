//! Poll pacing: when a worker without jobs looks for more.

use std::time::{Duration, Instant};

use crate::sync::thread;

/// The number of jobs from which on a look was worth its price.
const PLENTY: u64 = 32;

/// The maximum number of times that a worker lets other threads run before it looks: some microseconds. A
/// model has no use for it.
const YIELDS: u32 = if cfg!(any(loom, shuttle)) { 0 } else { 8 };

/// The time after which a yield has met a thread that keeps the processor busy. The worker then does not
/// yield again.
const LONG: Duration = Duration::from_micros(50);

/// The time that one worker lets jobs gather before it looks for more.
///
/// Where jobs come in a little slower than they are taken, each look finds one or two, and takes the
/// queue's cache lines away from the submitter, which slows it down further. So a worker that finds some at
/// each look, but few, waits for a moment first and then finds more at once. One that finds none does not
/// wait the next time, so a single job is found without delay. Network cards pace their interrupts in the
/// same way ("dynamic interrupt moderation").
#[derive(Debug)]
pub(crate) struct PollPacing {
    /// The number of yields before the next look.
    yields: u32,
    /// Whether the last look found something.
    found: bool,
    /// The number of jobs that the worker had taken by then.
    taken: u64,
}

impl PollPacing {
    /// For a worker that has taken this many jobs. The first look comes at once.
    pub(crate) fn new(taken: u64) -> Self {
        Self { yields: 0, found: false, taken }
    }

    /// Lets jobs gather, for a worker that has none left and has taken this many in all.
    #[inline]
    pub(crate) fn wait(&mut self, taken: u64) {
        self.adapt(taken);
        if self.yields > 0 {
            self.pass_time();
        }
    }

    fn pass_time(&mut self) {
        let start = Instant::now();
        for _ in 0..self.yields {
            thread::yield_now();
            if start.elapsed() > LONG {
                self.yields = 0;
                return;
            }
        }
    }

    fn adapt(&mut self, taken: u64) {
        let run = taken.wrapping_sub(self.taken);
        self.taken = taken;
        if self.found {
            self.yields = match run {
                // Nothing has gathered: the wait was of no use.
                0..=1 => self.yields / 2,
                2..PLENTY => (self.yields + 1).min(YIELDS),
                _ => self.yields.saturating_sub(1),
            };
        }
    }

    /// Notes whether the look found something.
    #[inline]
    pub(crate) fn looked(&mut self, found: bool) {
        self.found = found;
        if !found {
            self.yields = 0;
        }
    }
}

#[cfg(all(test, not(any(loom, shuttle))))]
mod tests {
    use super::*;

    /// Returns the number of yields after runs of these many jobs, each found at the first look.
    fn after(runs: &[u64]) -> u32 {
        let (mut pace, mut taken) = (PollPacing::new(7), 7);
        pace.looked(true);
        for run in runs {
            taken += run;
            pace.adapt(taken);
        }
        pace.yields
    }

    #[test]
    fn waits_longer_while_few_jobs_come_at_a_time() {
        assert_eq!(after(&[2]), 1);
        assert_eq!(after(&[2, 5, 20]), 3);
        assert_eq!(after(&[4; 100]), YIELDS);
    }

    #[test]
    fn waits_less_when_it_is_of_no_use() {
        assert_eq!(after(&[4, 4, 4, 4, 1]), 2);
        assert_eq!(after(&[4, 4, 4, 4, 0, 1, 1]), 0);
        assert_eq!(after(&[4, 4, PLENTY]), 1);
        assert_eq!(after(&[PLENTY; 3]), 0);
    }

    #[test]
    fn does_not_wait_after_a_look_that_found_nothing() {
        let mut pace = PollPacing::new(0);
        pace.adapt(10);
        assert_eq!(pace.yields, 0, "nothing was found before");
        pace.looked(true);
        pace.adapt(12);
        assert_eq!(pace.yields, 1);
        pace.looked(false);
        pace.adapt(14);
        assert_eq!(pace.yields, 0);
    }
}
