//! Jobs that are lost, or stay, though they were to be kept or removed.

use pool_conformance as kit;

use crate::faulty::Fault;
use crate::{caught, with};

#[test]
fn a_retain_that_does_another_thing_than_it_is_told_is_caught() {
    for (fault, reason) in [
        (Fault::RetainShowsTwice, "shows a job twice"),
        (Fault::RetainClearsTheEnds, "removes a job that it did not show"),
        (Fault::RetainShowsThreeEnds, "does not show every job that waits"),
        (Fault::RetainShowsOutsideAlone, "does not show every job that waits"),
        (Fault::RetainLosesAJob, "loses a job that is to be kept"),
        (Fault::RetainRemovesNothing, "to be removed are still alive"),
        (Fault::RetainLeaks, "to be removed are still alive"),
    ] {
        caught(reason, || kit::retain_removes_what_it_is_told_to(with(fault)));
    }
}

#[test]
fn a_retain_that_loses_what_comes_meanwhile_is_caught() {
    // It takes a push at the wrong moment, of which a busy machine may bring none in one run.
    caught("loses jobs while workers pop", || {
        for _ in 0..20 {
            kit::retain_loses_nothing_while_workers_pop(with(Fault::RetainOverwrites));
        }
    });
}
