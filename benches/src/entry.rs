//! One contestant under one workload, of whatever type.

use std::time::{Duration, Instant};

use crate::contestants::{Contestant, shared};
use crate::{names, work};

/// Runs a round, and then what it is given. How long the round took.
type Round = dyn FnMut(&mut dyn FnMut()) -> Duration;

/// One contestant under one workload.
pub struct Entry {
    /// Its name.
    pub contestant: &'static str,
    round: Box<Round>,
}

impl Entry {
    /// A pool of this type with so many workers under a scenario.
    pub(crate) fn new<C: Contestant>(
        workers: usize,
        scenario: impl Fn(&'static C) + 'static,
    ) -> Self {
        let round = move |after: &mut dyn FnMut()| {
            let pool = shared::<C>(workers);
            pool.wake();
            let start = Instant::now();
            scenario(pool);
            let taken = start.elapsed();
            after();
            pool.rest();
            taken
        };
        Self { contestant: C::NAME, round: Box::new(round) }
    }

    /// Somebody who runs elsewhere and takes the time of each round there.
    #[must_use]
    pub fn elsewhere(
        contestant: &'static str,
        mut round: impl FnMut() -> Duration + 'static,
    ) -> Self {
        let round = move |after: &mut dyn FnMut()| {
            let taken = round();
            after();
            taken
        };
        Self { contestant, round: Box::new(round) }
    }

    /// The work of so many jobs and nothing else, on as many threads as so many workers can run at
    /// once.
    pub(crate) fn work_alone(workers: usize, jobs: usize) -> Self {
        let threads = work::running(workers);
        let round = move |after: &mut dyn FnMut()| {
            let taken = work::shared_out(jobs, threads);
            after();
            taken
        };
        Self { contestant: names::WORK_ALONE, round: Box::new(round) }
    }

    /// Runs a round, and says how long it took. The first one also starts the pool, unless it runs,
    /// which is not in this time.
    pub fn run(&mut self) -> Duration {
        self.run_and(&mut || ())
    }

    /// Runs a round, and then something while the pool is awake and without jobs.
    pub fn run_and(&mut self, after: &mut dyn FnMut()) -> Duration {
        (self.round)(after)
    }
}
