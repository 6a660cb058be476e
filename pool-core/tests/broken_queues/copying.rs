//! Queues whose faults need jobs that can be copied.

use std::collections::VecDeque;
use std::sync::{Arc, Mutex};

use pool_core::{LocalQueue, PushError, WorkQueue};

/// Gives every job out twice, once in a while: only possible with jobs that can be copied.
pub(crate) struct Doubling(Arc<Mutex<(VecDeque<usize>, usize)>>);

/// Gives the wrong job back when it is full.
pub(crate) struct Swapping(Arc<Mutex<(VecDeque<usize>, usize)>>);

macro_rules! copying_queue {
    ($queue:ident, |$state:ident, $job:ident| $push:expr, |$taken:ident| $pop:expr) => {
        impl $queue {
            pub(crate) fn new() -> Self {
                Self(Arc::default())
            }
        }

        impl WorkQueue<usize> for $queue {
            type Local = Self;

            fn local(&self, _worker: usize) -> Self {
                Self(Arc::clone(&self.0))
            }

            fn push(&self, $job: usize) -> Result<(), PushError<usize>> {
                let $state = &mut *self.0.lock().unwrap();
                $push
            }

            fn len(&self) -> usize {
                self.0.lock().unwrap().0.len()
            }
        }

        impl LocalQueue<usize> for $queue {
            fn push(&mut self, job: usize) {
                self.0.lock().unwrap().0.push_back(job);
            }

            fn pop(&mut self) -> Option<usize> {
                let $taken = &mut *self.0.lock().unwrap();
                $pop
            }
        }
    };
}

copying_queue!(
    Doubling,
    |state, job| {
        state.0.push_back(job);
        Ok(())
    },
    |state| {
        state.1 += 1;
        if state.1.is_multiple_of(1_000) { state.0.front().copied() } else { state.0.pop_front() }
    }
);

copying_queue!(
    Swapping,
    |state, job| {
        if state.0.len() < 100 {
            state.0.push_back(job);
            return Ok(());
        }
        state.0.push_back(job);
        Err(PushError(state.0.pop_front().unwrap_or(job)))
    },
    |state| state.0.pop_front()
);
