//! Tests of the tests: queues with one classic fault each, which the kit must catch.
#![cfg(not(any(loom, shuttle)))]

use std::collections::VecDeque;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use pool_core::conformance::{self as kit, Plan};
use pool_core::{LocalQueue, PushError, WorkQueue};

/// What is wrong with a [`Faulty`] queue.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Fault {
    /// Nothing: the kit must find no fault.
    None,
    /// One push in a thousand is forgotten.
    LosesOneInAThousand,
    /// Jobs that lie near one worker can not be reached by the others.
    StrandsLocalJobs,
    /// The jobs of a worker that leaves go with it.
    DropsJobsWithTheirEnd,
    /// A steal that should be repeated is taken for an empty queue.
    TakesRetryForEmpty,
    /// The newest job comes first, where the oldest was promised.
    Reorders,
    /// Jobs are still alive when the queue is gone.
    LeaksJobs,
    /// A worker looks outside only when it has nothing of its own.
    StarvesThoseOutside,
    /// It says that it is empty when it is not.
    SaysEmpty,
}

/// A shared deque and one for each worker, all behind one lock, with a fault.
struct Faulty<J> {
    fault: Fault,
    shared: Arc<Mutex<Deques<J>>>,
}

struct Deques<J> {
    outside: VecDeque<J>,
    ends: Vec<VecDeque<J>>,
    pushes: usize,
}

impl<J> Faulty<J> {
    fn new(fault: Fault) -> Self {
        let ends = (0..16).map(|_| VecDeque::new()).collect();
        let deques = Deques { outside: VecDeque::new(), ends, pushes: 0 };
        let shared = Arc::new(Mutex::new(deques));
        if fault == Fault::LeaksJobs {
            std::mem::forget(Arc::clone(&shared));
        }
        Self { fault, shared }
    }
}

impl<J: Send + 'static> WorkQueue<J> for Faulty<J> {
    type Local = FaultyEnd<J>;

    fn local(&self, worker: usize) -> FaultyEnd<J> {
        let shared = Arc::clone(&self.shared);
        FaultyEnd { fault: self.fault, shared, worker, pops: 0, steals: 0 }
    }

    fn push(&self, job: J) -> Result<(), PushError<J>> {
        let mut deques = self.shared.lock().unwrap();
        deques.pushes += 1;
        if self.fault != Fault::LosesOneInAThousand || !deques.pushes.is_multiple_of(1_000) {
            deques.outside.push_back(job);
        }
        Ok(())
    }

    fn len(&self) -> usize {
        if self.fault == Fault::SaysEmpty {
            return 0;
        }
        let deques = self.shared.lock().unwrap();
        deques.outside.len() + deques.ends.iter().map(VecDeque::len).sum::<usize>()
    }
}

struct FaultyEnd<J> {
    fault: Fault,
    shared: Arc<Mutex<Deques<J>>>,
    worker: usize,
    pops: usize,
    steals: usize,
}

impl<J> LocalQueue<J> for FaultyEnd<J> {
    fn push(&mut self, job: J) {
        self.shared.lock().unwrap().ends[self.worker].push_back(job);
    }

    fn pop(&mut self) -> Option<J> {
        self.pops += 1;
        let mut deques = self.shared.lock().unwrap();
        let fair = self.fault != Fault::StarvesThoseOutside && self.pops.is_multiple_of(8);
        if fair && let Some(job) = deques.outside.pop_front() {
            return Some(job);
        }
        match self.fault {
            Fault::Reorders => deques.ends[self.worker].pop_back(),
            _ => deques.ends[self.worker].pop_front(),
        }
    }

    fn steal(&mut self) -> Option<J> {
        self.steals += 1;
        if self.fault == Fault::TakesRetryForEmpty && self.steals.is_multiple_of(5) {
            return None;
        }
        let mut deques = self.shared.lock().unwrap();
        if let Some(job) = deques.outside.pop_front() {
            return Some(job);
        }
        match self.fault {
            Fault::StrandsLocalJobs => None,
            _ => deques.ends.iter_mut().find_map(VecDeque::pop_front),
        }
    }
}

impl<J> Drop for FaultyEnd<J> {
    fn drop(&mut self) {
        if self.fault == Fault::DropsJobsWithTheirEnd {
            self.shared.lock().unwrap().ends[self.worker].clear();
        }
    }
}

/// Gives every job out twice, once in a while: only possible with jobs that can be copied.
struct Doubling(Arc<Mutex<(VecDeque<usize>, usize)>>);

/// Gives the wrong job back when it is full.
struct Swapping(Arc<Mutex<(VecDeque<usize>, usize)>>);

macro_rules! copying_queue {
    ($queue:ident, |$state:ident, $job:ident| $push:expr, |$taken:ident| $pop:expr) => {
        impl $queue {
            fn new() -> Self {
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

/// The check must fail, for this reason.
#[track_caller]
fn caught(reason: &str, check: impl FnOnce()) {
    kit::set_patience(Duration::from_secs(10));
    match catch_unwind(AssertUnwindSafe(check)) {
        Ok(()) => panic!("the kit let a fault pass"),
        Err(payload) => {
            let panic = pool_core::Panic::new(payload);
            let message = panic.message().unwrap();
            assert!(message.contains(reason), "caught for another reason: {message}");
        }
    }
}

#[test]
fn the_faultless_queue_passes() {
    let make = || Faulty::new(Fault::None);
    kit::nothing_is_lost_and_nothing_doubled(make);
    kit::what_is_there_is_found(make);
    kit::local_jobs_are_within_reach(make);
    kit::an_end_that_is_dropped_loses_no_job(make);
    kit::a_refused_job_comes_back(make);
    kit::a_worker_that_feeds_itself_starves_nobody(make);
    kit::one_worker_is_first_in_first_out(make);
    kit::a_dropped_queue_drops_its_jobs(|| Faulty::new(Fault::None));
    kit::c2_c3_every_job_runs_once_and_has_one_outcome(|| Faulty::new(Fault::None));
}

#[test]
fn a_job_lost_in_a_thousand_is_caught() {
    let make = || Faulty::new(Fault::LosesOneInAThousand);
    caught("jobs lost", || kit::nothing_is_lost_and_nothing_doubled(make));
    caught("other jobs than it accepted", || kit::a_refused_job_comes_back(make));
}

#[test]
fn a_job_lost_is_caught_by_the_contract() {
    let make = || Faulty::new(Fault::LosesOneInAThousand);
    caught("hangs", || kit::c2_c3_every_job_runs_once_and_has_one_outcome(make));
}

#[test]
fn a_doubled_job_is_caught() {
    caught("jobs doubled", || kit::nothing_is_lost_and_nothing_doubled(Doubling::new));
}

#[test]
fn the_wrong_job_given_back_is_caught() {
    caught("another job came back", || kit::a_refused_job_comes_back(Swapping::new));
}

#[test]
fn stranded_jobs_are_caught() {
    let make = || Faulty::new(Fault::StrandsLocalJobs);
    caught("out of the others' reach", || kit::local_jobs_are_within_reach(make));
    caught("hangs", || {
        kit::c7_children_of_a_busy_parent_find_the_other_workers(|| {
            Faulty::new(Fault::StrandsLocalJobs)
        });
    });
}

#[test]
fn jobs_dropped_with_their_end_are_caught() {
    caught("lost with the end", || {
        kit::an_end_that_is_dropped_loses_no_job(|| Faulty::new(Fault::DropsJobsWithTheirEnd));
    });
}

#[test]
fn retry_taken_for_empty_is_caught() {
    caught("did not find the only job", || {
        kit::what_is_there_is_found(|| Faulty::new(Fault::TakesRetryForEmpty))
    });
}

#[test]
fn reordering_is_caught() {
    caught("out of order", || {
        kit::one_worker_is_first_in_first_out(|| Faulty::new(Fault::Reorders))
    });
}

#[test]
fn leaked_jobs_are_caught() {
    caught("outlive their queue", || {
        kit::a_dropped_queue_drops_its_jobs(|| Faulty::new(Fault::LeaksJobs))
    });
}

#[test]
fn starvation_is_caught() {
    let make = || Faulty::new(Fault::StarvesThoseOutside);
    caught("starved", || kit::a_worker_that_feeds_itself_starves_nobody(make));
    caught("starved", || {
        kit::c7_a_job_from_outside_starts_while_a_worker_feeds_itself(|| {
            Faulty::new(Fault::StarvesThoseOutside)
        });
    });
}

#[test]
fn a_queue_that_says_it_is_empty_is_caught() {
    caught("says that none does", || kit::what_is_there_is_found(|| Faulty::new(Fault::SaysEmpty)));
}

#[test]
fn a_plan_that_fails_shows_itself() {
    kit::set_patience(Duration::from_secs(10));
    // A thousand jobs from outside, of which the queue loses one.
    let plan = Plan::from_bytes(&[0; 2_100]);
    let run = || plan.run(Faulty::new(Fault::LosesOneInAThousand));
    let payload = catch_unwind(AssertUnwindSafe(run)).unwrap_err();
    let message = pool_core::Panic::new(payload).message().unwrap().to_owned();
    assert!(message.contains("hangs") && message.contains("in the plan Plan {"), "{message:.200}");
}
