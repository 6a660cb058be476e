//! The queues that `broken_queues` breaks, unbroken: the kit finds no fault in them.
#![cfg(not(any(loom, shuttle)))]

#[path = "broken_queues/faulty/mod.rs"]
mod faulty;
#[path = "broken_queues/heap.rs"]
#[expect(dead_code, reason = "its faults are for `broken_queues`")]
mod heap;

use faulty::{Fault, Faulty};
use heap::{Disorder, Heap};

pool_conformance::conformance_tests! {
    faultless: Faulty::new(Fault::None);
    order: fifo;
}

pool_conformance::conformance_tests! {
    faultless_heap: Heap::new(Disorder::None);
    order: priority;
}
