//! A queue as anybody may write one, held to the contract by one macro call: bounded for those
//! outside, while what jobs submit is always taken.
#![cfg(not(any(loom, shuttle)))]

use std::sync::Arc;

use crossbeam_queue::{ArrayQueue, SegQueue};
use pool_core::{LocalQueue, PushError, WorkQueue};

struct Bounded<J>(Arc<Queues<J>>);

struct Queues<J> {
    outside: ArrayQueue<J>,
    nested: SegQueue<J>,
}

impl<J> Bounded<J> {
    fn new(capacity: usize) -> Self {
        let queues = Queues { outside: ArrayQueue::new(capacity), nested: SegQueue::new() };
        Self(Arc::new(queues))
    }
}

impl<J: Send + 'static> WorkQueue<J> for Bounded<J> {
    type Local = BoundedEnd<J>;

    fn local(&self, _worker: usize) -> BoundedEnd<J> {
        BoundedEnd { queues: Arc::clone(&self.0), pops: 0 }
    }

    fn push(&self, job: J) -> Result<(), PushError<J>> {
        self.0.outside.push(job).map_err(PushError)
    }

    fn len(&self) -> usize {
        self.0.outside.len() + self.0.nested.len()
    }
}

struct BoundedEnd<J> {
    queues: Arc<Queues<J>>,
    pops: usize,
}

impl<J> LocalQueue<J> for BoundedEnd<J> {
    fn push(&mut self, job: J) {
        self.queues.nested.push(job);
    }

    fn pop(&mut self) -> Option<J> {
        self.pops += 1;
        let Queues { outside, nested } = &*self.queues;
        // Turn and turn about, so that neither starves the other.
        if self.pops.is_multiple_of(2) {
            nested.pop().or_else(|| outside.pop())
        } else {
            outside.pop().or_else(|| nested.pop())
        }
    }
}

pool_core::conformance_tests! {
    bounded: Bounded::new(64);
    order: outside;
}
