//! Batches that do harm.

use pool_conformance as kit;

use crate::faulty::Fault;
use crate::{caught, with};

#[test]
fn trust_in_a_size_hint_is_caught() {
    caught("jobs of the batch are lost", || {
        kit::a_batch_is_taken_whole_whatever_its_size_hint(with(Fault::TrustsTheSizeHint));
    });
    caught("capacity overflow", || {
        kit::a_batch_is_taken_whole_whatever_its_size_hint(with(Fault::AllocatesByTheSizeHint));
    });
}

#[test]
fn a_queue_that_a_panicking_batch_ruins_is_caught() {
    caught("unusable after a batch whose iterator panicked", || {
        kit::a_batch_that_panics_harms_no_other_job(with(Fault::ReadsABatchUnderTheLock));
    });
    caught("jobs lost by a batch whose iterator panicked", || {
        kit::a_batch_that_panics_harms_no_other_job(with(Fault::LosesJobsWhenABatchPanics));
    });
}
