//! Jobs that are not found, and queues that do not know what they hold.

use pool_conformance as kit;

use crate::faulty::Fault;
use crate::{caught, with};

#[test]
fn stranded_jobs_are_caught() {
    let fault = Fault::StrandsLocalJobs;
    caught("out of the others' reach", || kit::local_jobs_are_within_reach(with(fault)));
    caught("hangs", || kit::c7_children_of_a_busy_parent_find_the_other_workers(with(fault)));
}

#[test]
fn jobs_lost_for_their_workers_index_are_caught() {
    let fault = Fault::ForgetsWorkersBeyondSixteen;
    caught("out of the others' reach", || kit::local_jobs_are_within_reach(with(fault)));
}

#[test]
fn retry_taken_for_empty_is_caught() {
    let fault = Fault::TakesRetryForEmpty;
    caught("did not find the only job", || kit::what_is_there_is_found(with(fault)));
}

#[test]
fn a_queue_that_says_it_is_empty_is_caught() {
    caught("says that none does", || kit::what_is_there_is_found(with(Fault::SaysEmpty)));
    for fault in [Fault::SaysEmpty, Fault::SaysEmptyNowAndThen] {
        caught("jobs wait, and the queue says that none does", || {
            kit::is_empty_tells_the_truth(with(fault));
        });
    }
}

#[test]
fn a_pop_that_moves_jobs_out_of_sight_is_caught() {
    caught("on their way, and the queue said that none waits", || {
        kit::is_empty_overlooks_nothing_on_its_way(with(Fault::PopsOutOfSight));
    });
}

#[test]
fn a_queue_that_never_says_it_is_empty_is_caught() {
    caught("no job waits, and the queue says that one does", || {
        kit::is_empty_tells_the_truth(with(Fault::NeverSaysEmpty));
    });
}

#[test]
fn a_queue_that_counts_wrongly_is_caught() {
    caught("len is 0, and", || kit::len_is_about_what_waits(with(Fault::CountsNothing)));
    caught("len is", || kit::len_is_about_what_waits(with(Fault::CountsOutsideAlone)));
}
