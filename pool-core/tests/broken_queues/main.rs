//! Tests of the tests: queues with one fault each, which the kit must catch, by the check of the duty
//! that is neglected. That it finds nothing else is tested in `faultless_queue.rs`, and what takes
//! memory in `lean_queues.rs`.
#![cfg(not(any(loom, shuttle)))]

mod batch;
mod copying;
mod deep;
mod fair;
mod faulty;
mod heap;
mod nothing_lost;
mod order;
mod priority;
mod reach;
mod retain;
mod stripes;

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::time::Duration;

use pool_conformance::{self as kit, Plan};

use crate::faulty::{Fault, Faulty};

/// Makes queues with this fault.
fn with<J>(fault: Fault) -> impl Fn() -> Faulty<J> {
    move || Faulty::new(fault)
}

/// The check must fail, for this reason. The whole message.
#[track_caller]
fn caught(reason: &str, check: impl FnOnce()) -> String {
    // A fault that two threads must meet for may take its time to show. One that hangs always takes this long.
    kit::set_patience(Duration::from_secs(if reason == "hangs" { 5 } else { 60 }));
    let payload = catch_unwind(AssertUnwindSafe(check)).expect_err("the kit let a fault pass");
    let panic = pool_core::Panic::new(payload);
    let message = panic.message().unwrap();
    assert!(message.contains(reason), "caught for another reason: {message}");
    message.to_owned()
}

#[test]
fn a_plan_that_fails_shows_itself() {
    // A thousand jobs from outside, of which the queue loses one.
    let plan = Plan::from_bytes(&[0; 2_100]);
    let message = caught("hangs", || plan.run(Faulty::new(Fault::LosesOneInAThousand)));
    assert!(message.contains("in the plan Plan {"), "{message:.200}");
}
