//! Queues that many jobs are too much for.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use pool_conformance as kit;

use crate::faulty::{Fault, Faulty};
use crate::{caught, with};

#[test]
fn jobs_lost_for_their_number_are_caught() {
    let fault = Fault::ForgetsWhatIsDeep;
    caught("of many jobs some are lost", || kit::a_million_jobs_may_wait(with(fault)));
}

#[test]
fn a_pop_that_copies_all_jobs_is_caught() {
    hangs(Fault::CopiesAll);
}

#[test]
fn a_look_that_counts_all_jobs_is_caught() {
    hangs(Fault::CountsOneByOne);
}

fn hangs(fault: Fault) {
    let over = Arc::new(AtomicBool::new(false));
    let make = || Faulty::until(Arc::clone(&over), fault);
    caught("hangs", || kit::calls_take_no_longer_the_more_jobs_wait(make));
    over.store(true, Ordering::SeqCst);
}
