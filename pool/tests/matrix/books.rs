//! The end of a cell: of its pools, by somebody outside, and what their books say.

use std::sync::Arc;
use std::sync::atomic::Ordering;

use crate::setup::Stage;
use crate::world::{Held, Outcome, World, lock};

impl World {
    /// Ends the pools from outside and checks the books.
    pub(crate) fn finish(self: &Arc<Self>) -> Outcome {
        if !self.fired.load(Ordering::SeqCst) {
            self.fail("the place was not reached".to_owned());
        }
        self.progress.reaches(Stage::End);
        self.release.open();
        let mut returned = 0;
        for (pool, which) in [(&self.own, ""), (&self.second, "second pool: ")] {
            match self.end(pool, which) {
                Ok(jobs) => returned += jobs,
                Err(failure) => self.fail(failure),
            }
        }
        // Some of those that were given back unrun are not counted here.
        let (accepted, ran) = (self.accepted.get(), self.ran.get());
        if !(ran..=ran + returned).contains(&accepted) {
            let unrun = format!("{returned} were given back");
            self.fail(format!("{accepted} jobs were accepted, and jobs ran {ran} times; {unrun}"));
        }
        let failures = std::mem::take(&mut *lock(&self.failures));
        if failures.is_empty() { Ok(()) } else { Err(failures.join("; ")) }
    }

    /// Ends a pool, and returns how many of its jobs were given back.
    fn end(&self, pool: &Held, which: &str) -> Result<u64, String> {
        let (owner, handle) = (lock(&pool.owner).take(), lock(&pool.handle).take());
        let Some(handle) = handle else { return Ok(0) };
        if let Some(pool) = owner {
            let report = pool.shutdown();
            let ended =
                report.done + report.panicked + report.cancelled + report.expired + report.returned;
            if report.accepted != ended || report.unfinished != 0 {
                return Err(format!("{which}the books do not balance: {report:?}"));
            }
        } else {
            self.eventually(|| handle.stats().threads == 0);
        }
        let stats = handle.stats();
        let ended = stats.done + stats.panicked + stats.cancelled + stats.expired + stats.returned;
        if stats.accepted != ended || stats.threads != 0 {
            return Err(format!("{which}at the end: {stats:?}"));
        }
        let (starts, stops) = (pool.starts.get(), pool.stops.get());
        if starts == stops {
            return Ok(stats.returned);
        }
        Err(format!("{which}{starts} threads started and {stops} ended"))
    }
}
