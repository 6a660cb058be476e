//! A queue as anybody may write one, held to the contract by one macro call: bounded for those
//! outside, while what jobs submit is always taken.
#![cfg(not(any(loom, shuttle)))]

use std::sync::Arc;

use crossbeam_queue::{ArrayQueue, SegQueue};
use pool_core::{LocalQueue, PushError, WorkQueue};

/// Each worker's own end is the queue once more; the flag tells it where to look first.
struct Bounded<J>(Arc<(ArrayQueue<J>, SegQueue<J>)>, bool);

impl<J> Bounded<J> {
    fn new(capacity: usize) -> Self {
        Self(Arc::new((ArrayQueue::new(capacity), SegQueue::new())), false)
    }
}

impl<J: Send + 'static> WorkQueue<J> for Bounded<J> {
    type Local = Self;

    fn local(&self, _worker: usize) -> Self {
        Self(Arc::clone(&self.0), false)
    }

    fn push(&self, job: J) -> Result<(), PushError<J>> {
        self.0.0.push(job).map_err(PushError)
    }

    fn len(&self) -> usize {
        self.0.0.len() + self.0.1.len()
    }
}

impl<J> LocalQueue<J> for Bounded<J> {
    fn push(&mut self, job: J) {
        self.0.1.push(job);
    }

    /// Turn and turn about, so that neither side starves the other.
    fn pop(&mut self) -> Option<J> {
        self.1 = !self.1;
        let (outside, nested) = &*self.0;
        let first = if self.1 { outside.pop() } else { nested.pop() };
        first.or_else(|| nested.pop()).or_else(|| outside.pop())
    }
}

pool_conformance::conformance_tests! {
    bounded: Bounded::new(64);
    order: outside;
}

/// With hardly any room each push waits for a pop: with as many jobs as an optimised build has, for long.
#[cfg(debug_assertions)]
mod small {
    use super::Bounded;

    pool_conformance::conformance_tests! {
        bounded_to_few: Bounded::new(7);
        order: outside;
    }

    pool_conformance::conformance_tests! {
        bounded_to_one: Bounded::new(1);
        order: outside;
    }
}
