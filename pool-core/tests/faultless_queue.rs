//! The queue that `broken_queues` breaks, unbroken: the kit finds no fault in it.
#![cfg(not(any(loom, shuttle)))]

#[path = "broken_queues/faulty/mod.rs"]
mod faulty;

use faulty::{Fault, Faulty};

pool_conformance::conformance_tests! {
    faultless: Faulty::new(Fault::None);
    order: fifo;
}
