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
        let ended = self.end(&self.own, "").and_then(|()| self.end(&self.second, "second pool: "));
        if let Err(failure) = ended {
            self.fail(failure);
        }
        let (accepted, ran) = (self.accepted.get(), self.ran.get());
        if accepted != ran {
            self.fail(format!("{accepted} jobs were accepted, and jobs ran {ran} times"));
        }
        let failures = std::mem::take(&mut *lock(&self.failures));
        if failures.is_empty() { Ok(()) } else { Err(failures.join("; ")) }
    }

    fn end(&self, pool: &Held, which: &str) -> Outcome {
        let (owner, handle) = (lock(&pool.owner).take(), lock(&pool.handle).take());
        let Some(handle) = handle else { return Ok(()) };
        if let Some(pool) = owner {
            let report = pool.shutdown();
            let ended = report.done + report.panicked + report.cancelled + report.expired;
            if report.accepted != ended || report.unfinished != 0 {
                return Err(format!("{which}the books do not balance: {report:?}"));
            }
        } else {
            self.eventually(|| handle.stats().threads == 0);
        }
        let stats = handle.stats();
        let ended = stats.done + stats.panicked + stats.cancelled + stats.expired;
        if stats.accepted != ended || stats.threads != 0 {
            return Err(format!("{which}at the end: {stats:?}"));
        }
        let (starts, stops) = (pool.starts.get(), pool.stops.get());
        if starts == stops {
            return Ok(());
        }
        Err(format!("{which}{starts} threads started and {stops} ended"))
    }
}
