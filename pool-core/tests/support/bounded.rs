//! A queue that refuses jobs.

use std::sync::{Arc, Mutex};

use pool_core::{LocalQueue, PushError, WorkQueue};

/// A queue that takes no more than a set number of jobs at a time.
pub(crate) struct Bounded<J>(Arc<Mutex<Vec<J>>>, usize);

impl<J> Bounded<J> {
    pub(crate) fn new(jobs: usize) -> Self {
        Self(Arc::default(), jobs)
    }
}

impl<J: Send + 'static> WorkQueue<J> for Bounded<J> {
    type Local = Self;

    fn local(&self, _worker: usize) -> Self {
        Self(Arc::clone(&self.0), self.1)
    }

    fn push(&self, job: J) -> Result<(), PushError<J>> {
        let mut jobs = self.0.lock().unwrap();
        if jobs.len() == self.1 {
            return Err(PushError(job));
        }
        jobs.push(job);
        Ok(())
    }

    fn len(&self) -> usize {
        self.0.lock().unwrap().len()
    }
}

impl<J> LocalQueue<J> for Bounded<J> {
    fn push(&mut self, job: J) {
        self.0.lock().unwrap().push(job);
    }

    fn pop(&mut self) -> Option<J> {
        self.0.lock().unwrap().pop()
    }
}
