//! A work-stealing queue for scenes: a steal may have to be retried, moves several jobs, and leaves
//! a moment in which nobody can see them.

use std::collections::VecDeque;
use std::sync::Arc;

use pool_core::{LocalQueue, PushError, WorkQueue};
use shuttle::rand::Rng;
use shuttle::sync::Mutex;

/// The most workers that a scene has.
const WORKERS: usize = 4;

pub(crate) struct Retrying<J>(Arc<Deques<J>>);

struct Deques<J> {
    outside: Mutex<VecDeque<J>>,
    ends: [Mutex<VecDeque<J>>; WORKERS],
}

/// What became of an attempt at a steal.
enum Steal<J> {
    Success(J),
    Empty,
    /// Somebody else was quicker; jobs may be left.
    Retry,
}

impl<J> Retrying<J> {
    pub(crate) fn new() -> Self {
        let ends = std::array::from_fn(|_| Mutex::new(VecDeque::new()));
        Self(Arc::new(Deques { outside: Mutex::new(VecDeque::new()), ends }))
    }
}

impl<J: Send + 'static> WorkQueue<J> for Retrying<J> {
    type Local = RetryingEnd<J>;

    fn local(&self, worker: usize) -> RetryingEnd<J> {
        RetryingEnd { deques: Arc::clone(&self.0), worker }
    }

    fn push(&self, job: J) -> Result<(), PushError<J>> {
        self.0.outside.lock().unwrap().push_back(job);
        Ok(())
    }

    fn len(&self) -> usize {
        let outside = self.0.outside.lock().unwrap().len();
        outside + self.0.ends.iter().map(|end| end.lock().unwrap().len()).sum::<usize>()
    }

    /// Takes all of a deque, and puts those back that stay: in between nobody can see them.
    fn retain(&self, mut keep: impl FnMut(&mut J) -> bool) {
        for deque in std::iter::once(&self.0.outside).chain(&self.0.ends) {
            let mut jobs = std::mem::take(&mut *deque.lock().unwrap());
            jobs.retain_mut(&mut keep);
            self.0.outside.lock().unwrap().append(&mut jobs);
        }
    }
}

pub(crate) struct RetryingEnd<J> {
    deques: Arc<Deques<J>>,
    worker: usize,
}

impl<J> RetryingEnd<J> {
    fn attempt(&self, from: &Mutex<VecDeque<J>>) -> Steal<J> {
        if shuttle::rand::thread_rng().gen_bool(0.2) {
            return Steal::Retry;
        }
        let mut loot: VecDeque<J> = {
            let mut jobs = from.lock().unwrap();
            let count = jobs.len().div_ceil(2);
            jobs.drain(..count).collect()
        };
        // Here the loot lies in no deque.
        let Some(job) = loot.pop_front() else { return Steal::Empty };
        self.deques.ends[self.worker].lock().unwrap().append(&mut loot);
        Steal::Success(job)
    }
}

impl<J> LocalQueue<J> for RetryingEnd<J> {
    fn push(&mut self, job: J) {
        self.deques.ends[self.worker].lock().unwrap().push_back(job);
    }

    fn pop(&mut self) -> Option<J> {
        self.deques.ends[self.worker].lock().unwrap().pop_back()
    }

    fn steal(&mut self) -> Option<J> {
        let others = (1..WORKERS).map(|step| (self.worker + step) % WORKERS);
        let others = others.map(|other| &self.deques.ends[other]);
        for from in std::iter::once(&self.deques.outside).chain(others) {
            loop {
                match self.attempt(from) {
                    Steal::Success(job) => return Some(job),
                    Steal::Empty => break,
                    Steal::Retry => shuttle::thread::yield_now(),
                }
            }
        }
        None
    }
}
