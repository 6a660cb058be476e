//! Jobs that wait for ever.

use pool_conformance as kit;

use crate::faulty::Fault;
use crate::{caught, with};

#[test]
fn starvation_outside_is_caught() {
    for fault in [Fault::StarvesThoseOutside, Fault::SeldomLooksOutside, Fault::ReordersOutside] {
        caught("starved outside", || kit::a_worker_that_feeds_itself_starves_nobody(with(fault)));
        caught("starved outside", || kit::a_busy_workers_jobs_are_not_starved(with(fault)));
    }
}

#[test]
fn starvation_outside_is_caught_by_the_contract() {
    caught("starved", || {
        kit::c7_a_job_from_outside_starts_while_a_worker_feeds_itself(with(
            Fault::StarvesThoseOutside,
        ));
    });
}

#[test]
fn starvation_in_the_own_end_is_caught() {
    caught("starved in the worker's own end", || {
        kit::a_worker_that_feeds_itself_starves_nobody(with(Fault::ReordersInside));
    });
}

#[test]
fn starvation_in_a_batch_is_caught() {
    let fault = Fault::StarvesBatches;
    caught("in a batch", || kit::a_worker_that_feeds_itself_starves_nobody(with(fault)));
}

#[test]
fn starvation_in_the_ends_of_busy_workers_is_caught() {
    for fault in [Fault::StarvesOthersEnds, Fault::HelpsThoseWhoPause, Fault::HelpsThoseBefore] {
        caught("starved in other workers' ends", || {
            kit::a_busy_workers_jobs_are_not_starved(with(fault));
        });
    }
}

#[test]
fn starvation_of_what_was_left_is_caught() {
    for fault in [Fault::StarvesOthersEnds, Fault::StarvesWhatWasLeft] {
        caught("starved in other workers' ends", || {
            kit::what_a_worker_left_is_not_starved(with(fault));
        });
    }
}

#[test]
fn starvation_by_retain_is_caught() {
    for fault in [Fault::RetainSendsToTheBack, Fault::RetainReverses] {
        caught("starved by retain", || kit::retain_starves_nobody(with(fault)));
    }
}
