//! The runs of a plan's jobs.

use std::ops::Range;
use std::sync::atomic::AtomicU8;
use std::sync::{Arc, Mutex};
use std::thread::{self, ThreadId};

/// The number of runs of each job, by number, and the jobs that were refused.
#[derive(Clone)]
pub(super) struct Runs {
    counts: Arc<Mutex<Vec<Arc<AtomicU8>>>>,
    pub(super) refused: Arc<Mutex<Vec<Range<usize>>>>,
    /// The thread that runs the plan.
    planner: ThreadId,
}

impl Runs {
    pub(super) fn new() -> Self {
        let planner = thread::current().id();
        Self { counts: Arc::default(), refused: Arc::default(), planner }
    }

    /// Notes that these jobs were refused. A worker's nested jobs never are. Those of a job that is run by
    /// the thread that waits for it come from outside, and a bounded queue may be full.
    pub(super) fn refuse(&self, jobs: Range<usize>) {
        assert_eq!(thread::current().id(), self.planner, "a nested submit was refused");
        self.refused.lock().unwrap().push(jobs);
    }

    pub(super) fn of(&self, number: usize) -> Arc<AtomicU8> {
        let mut runs = self.counts.lock().unwrap();
        while runs.len() <= number {
            runs.push(Arc::default());
        }
        Arc::clone(&runs[number])
    }
}
