//! A lane of a pool that was given up: its queue has panicked.
#![cfg(not(shuttle))]

use std::sync::{Arc, Mutex};

use drainpool::{JobError, LanesExt};
use pool_conformance::{Tally, within_patience};
use pool_core::{LocalQueue, PushError, ThreadPoolBuilder, WorkQueue};

/// Panics when a job is taken from it.
struct PanicsAtPop<J>(Arc<Mutex<Vec<J>>>);

impl<J: Send + 'static> WorkQueue<J> for PanicsAtPop<J> {
    type Local = Self;

    fn local(&self, _worker: usize) -> Self {
        Self(Arc::clone(&self.0))
    }

    fn push(&self, job: J) -> Result<(), PushError<J>> {
        self.0.lock().unwrap().push(job);
        Ok(())
    }

    fn len(&self) -> usize {
        self.0.lock().unwrap().len()
    }
}

impl<J: Send + 'static> LocalQueue<J> for PanicsAtPop<J> {
    fn push(&mut self, job: J) {
        self.0.lock().unwrap().push(job);
    }

    fn pop(&mut self) -> Option<J> {
        let is_empty = self.0.lock().unwrap().is_empty();
        // Without the lock, which would be poisoned.
        assert!(is_empty, "the queue panics, on purpose");
        None
    }
}

#[test]
fn its_jobs_are_given_back() {
    within_patience(|| {
        let queue = PanicsAtPop(Arc::default());
        let pool = ThreadPoolBuilder::with_queue(queue).num_threads(2).paused().build().unwrap();
        let (lane, dropped) = (pool.lane(1), Tally::default());
        let owned = || {
            let dropped = dropped.clone();
            Owned(dropped)
        };
        let mut jobs = Vec::new();
        for _ in 0..3 {
            let (of_first, of_second) = (owned(), owned());
            lane.execute(move || drop(of_first)).unwrap();
            jobs.push(lane.spawn(move || drop(of_second)).unwrap());
        }
        pool.resume();
        for job in jobs {
            assert!(matches!(job.join(), Err(JobError::Returned)));
        }
        assert!(lane.execute(|| ()).unwrap_err().is_closed());
        let report = pool.shutdown();
        assert_eq!((report.done, report.unfinished), (0, 6));
        // With the last handle goes the queue, with the queue the job that has its turn, and so on.
        drop((pool, lane));
        assert_eq!(dropped.get(), 6);
    });
}

struct Owned(Tally);

impl Drop for Owned {
    fn drop(&mut self) {
        self.0.add();
    }
}
