//! Faults of queues that have stripes.

use std::collections::VecDeque;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, MutexGuard};

use pool_conformance as kit;
use pool_core::{LocalQueue, PushError, WorkQueue, thread_number};

use crate::caught;

const STRIPES: usize = 4;

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Fault {
    /// It takes from the stripe of the worker's own thread as long as there is a job.
    PrefersOne,
    /// It has stripes in a pool of one thread as well.
    IgnoresAttach,
    /// It removes jobs from one stripe only.
    RetainsOne,
}

/// A queue of deques in stripes, whose workers have no ends.
struct Stripes<J> {
    fault: Fault,
    deques: Arc<[Mutex<VecDeque<J>>; STRIPES]>,
    turn: Arc<AtomicUsize>,
}

impl<J> Stripes<J> {
    fn new(fault: Fault) -> Self {
        Self { fault, deques: Arc::default(), turn: Arc::default() }
    }

    fn stripe(&self, number: usize) -> MutexGuard<'_, VecDeque<J>> {
        self.deques[number % STRIPES].lock().unwrap()
    }
}

impl<J: Send + 'static> WorkQueue<J> for Stripes<J> {
    type Local = Self;

    fn local(&self, _worker: usize) -> Self {
        Self { fault: self.fault, deques: self.deques.clone(), turn: self.turn.clone() }
    }

    fn push(&self, job: J) -> Result<(), PushError<J>> {
        self.stripe(thread_number()).push_back(job);
        Ok(())
    }

    fn len(&self) -> usize {
        (0..STRIPES).map(|number| self.stripe(number).len()).sum()
    }

    fn retain(&self, mut keep: impl FnMut(&mut J) -> bool) {
        let stripes = if self.fault == Fault::RetainsOne { 1 } else { STRIPES };
        (0..stripes).for_each(|number| self.stripe(number).retain_mut(&mut keep));
    }
}

impl<J: Send + 'static> LocalQueue<J> for Stripes<J> {
    fn push(&mut self, job: J) {
        self.stripe(thread_number()).push_back(job);
    }

    fn pop(&mut self) -> Option<J> {
        let first = match self.fault {
            Fault::PrefersOne => thread_number(),
            _ => self.turn.fetch_add(1, Ordering::Relaxed),
        };
        (first..first + STRIPES).find_map(|number| self.stripe(number).pop_front())
    }
}

#[test]
fn a_stripe_that_is_starved_is_caught() {
    caught("starved outside, of another thread", || {
        kit::a_worker_that_feeds_itself_starves_nobody(|| Stripes::new(Fault::PrefersOne));
    });
}

#[test]
fn stripes_in_a_pool_of_one_thread_are_caught() {
    caught("outside jobs come out of order", || {
        kit::one_worker_takes_outside_jobs_in_order(|| Stripes::new(Fault::IgnoresAttach));
    });
}

#[test]
fn stripes_that_retain_leaves_out_are_caught() {
    caught("retain does not show every job", || {
        kit::retain_removes_what_it_is_told_to(|| Stripes::new(Fault::RetainsOne));
    });
}
