//! Jobs that come in another order than was promised.

use pool_conformance as kit;

use crate::faulty::Fault;
use crate::{caught, with};

#[test]
fn disorder_outside_is_caught() {
    caught("outside jobs come out of order", || {
        kit::one_worker_takes_outside_jobs_in_order(with(Fault::ReordersOutside));
    });
    let message = caught("batches and single jobs come out of order: at position", || {
        kit::batches_and_single_jobs_keep_their_order(with(Fault::PutsBatchesFirst));
    });
    assert!(message.len() < 200, "nobody reads that: {message:.200}");
}

#[test]
fn disorder_inside_is_caught() {
    caught("own jobs come out of order", || {
        kit::one_worker_is_first_in_first_out(with(Fault::ReordersInside));
    });
}

#[test]
fn disorder_by_a_fairness_turn_is_caught() {
    caught("a fairness turn brings outside jobs out of order", || {
        kit::a_fairness_turn_keeps_the_order_outside(with(Fault::HelpsTheNewest));
    });
    caught("a fairness turn brings own jobs out of order", || {
        kit::a_fairness_turn_keeps_the_order_inside(with(Fault::LosesItsTurn));
    });
}

#[test]
fn disorder_by_retain_is_caught() {
    let fault = Fault::RetainReverses;
    caught("retain brings outside jobs", || kit::retain_keeps_the_order_outside(with(fault)));
    caught("retain brings own jobs", || kit::retain_keeps_the_order_inside(with(fault)));
}
