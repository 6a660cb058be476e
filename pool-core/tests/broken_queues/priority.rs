//! Jobs that come in another order than their priorities say.

use pool_conformance as kit;

use crate::caught;
use crate::heap::{Disorder, Heap, Payloads};

/// Makes heaps with this disorder.
fn with<J: pool_core::Prioritized>(disorder: Disorder) -> impl Fn() -> Heap<J> {
    move || Heap::new(disorder)
}

#[test]
fn disorder_of_priorities_is_caught() {
    for disorder in [Disorder::IsBlind, Disorder::IsUpsideDown] {
        caught("comes another priority than the highest", || {
            kit::the_highest_priority_comes_first(with(disorder));
        });
    }
    for disorder in [Disorder::PrefersItsOwn, Disorder::TakesABatchForOne] {
        caught("of all that waits: at position", || {
            kit::the_highest_priority_comes_first(with(disorder));
        });
    }
}

#[test]
fn disorder_within_a_priority_is_caught() {
    for disorder in [Disorder::IsUnstable, Disorder::PrefersTheNewest] {
        caught("comes another job than the oldest of its priority", || {
            kit::the_highest_priority_comes_first(with(disorder));
        });
    }
}

#[test]
fn urgent_jobs_that_wait_are_caught() {
    for disorder in [Disorder::IsBlind, Disorder::IsUpsideDown, Disorder::PrefersItsOwn] {
        caught("a later job of higher priority waits", || {
            kit::a_later_job_of_higher_priority_comes_first(with(disorder));
        });
    }
}

#[test]
fn disorder_of_priorities_by_retain_is_caught() {
    caught("after retain: at position", || {
        kit::retain_keeps_the_order_by_priority(with(Disorder::RetainsInReverse));
    });
}

#[test]
fn a_pool_that_starts_jobs_in_another_order_is_caught() {
    caught("of what was submitted from outside: at position", || {
        kit::jobs_and_handles_start_by_priority(with(Disorder::IsBlind));
    });
    caught("of what a job submitted: at position", || {
        kit::nested_jobs_start_by_priority(with(Disorder::IsBlind));
    });
}

#[test]
fn a_queue_that_does_not_see_the_priority_of_handles_is_caught() {
    caught("of what was submitted from outside: at position", || {
        kit::jobs_and_handles_start_by_priority(Payloads::new);
    });
    caught("of what a job submitted: at position", || {
        kit::nested_jobs_start_by_priority(Payloads::new);
    });
}
