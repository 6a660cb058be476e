//! Jobs that are lost or doubled.

use pool_conformance as kit;

use crate::copying::{Doubling, Swapping};
use crate::faulty::Fault;
use crate::{caught, with};

#[test]
fn a_job_lost_in_a_thousand_is_caught() {
    let fault = Fault::LosesOneInAThousand;
    caught("jobs lost", || kit::nothing_is_lost_and_nothing_doubled(with(fault)));
    caught("other jobs than it accepted", || kit::a_refused_job_comes_back(with(fault)));
}

#[test]
fn jobs_lost_when_two_push_are_caught() {
    let fault = Fault::PushesWithoutTheLock;
    caught("jobs lost", || kit::nothing_is_lost_and_nothing_doubled(with(fault)));
}

#[test]
fn a_job_lost_is_caught_by_the_contract() {
    let fault = Fault::LosesOneInAThousand;
    caught("hangs", || kit::c2_c3_every_job_runs_once_and_has_one_outcome(with(fault)));
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
fn jobs_dropped_with_their_end_are_caught() {
    let fault = Fault::DropsJobsWithTheirEnd;
    caught("lost with the end", || kit::an_end_that_is_dropped_loses_no_job(with(fault)));
}

#[test]
fn jobs_dropped_when_their_worker_comes_back_are_caught() {
    let fault = Fault::ClearsAnEndThatIsAskedForAgain;
    caught("lost when their worker came back", || {
        kit::an_end_that_is_asked_for_again_loses_no_job(with(fault));
    });
}

#[test]
fn leaked_jobs_are_caught() {
    let fault = Fault::LeaksJobs;
    caught("outlive their queue", || kit::a_dropped_queue_drops_its_jobs(with(fault)));
}

#[test]
fn jobs_lost_for_their_size_are_caught() {
    let fault = Fault::ForgetsJobsWithoutASize;
    caught("jobs of size zero", || kit::jobs_without_a_size_are_counted(with(fault)));
    let fault = Fault::ForgetsLargeJobs;
    caught("large jobs are lost", || kit::large_jobs_come_out_whole(with(fault)));
}
