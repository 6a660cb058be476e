//! What a job returns, or panics with, goes with the last one who can ask for it.

use std::panic::resume_unwind;

use crate::setup::{Latch, Setup, Tally, balanced};

on_every_backend! {
    crate::level::alone_on =>
    a_result_that_nobody_can_fetch_is_dropped_when_its_job_ends
    a_result_goes_with_its_handle
}

/// Counts when it is dropped.
struct Counted(Tally);

impl Drop for Counted {
    fn drop(&mut self) {
        self.0.add();
    }
}

fn a_result_that_nobody_can_fetch_is_dropped_when_its_job_ends(setup: Setup) {
    for panics in [false, true] {
        let (pool, dropped) = (setup.pool(), Tally::default());
        let (begun, free) = (Latch::default(), Latch::default());
        let (begins, wait, result) = (begun.clone(), free.clone(), Counted(dropped.clone()));
        let job = pool.spawn(move || {
            begins.open();
            wait.wait();
            if panics {
                resume_unwind(Box::new(result));
            }
            result
        });
        let job = job.unwrap();
        let canceller = job.canceller();
        begun.wait();
        drop(job);
        let before = dropped.get();
        free.open();
        pool.wait_idle().unwrap();
        assert_eq!((before, dropped.get()), (0, 1), "panics: {panics}");
        assert!(!canceller.cancel());
        let report = balanced(&pool);
        assert_eq!((report.done, report.panicked), (u64::from(!panics), u64::from(panics)));
    }
}

fn a_result_goes_with_its_handle(setup: Setup) {
    let (pool, dropped) = (setup.pool(), Tally::default());
    let result = Counted(dropped.clone());
    let job = pool.spawn(move || result).unwrap();
    let canceller = job.canceller();
    pool.wait_idle().unwrap();
    assert!(job.is_finished());
    assert_eq!(dropped.get(), 0);
    drop(job);
    assert_eq!(dropped.get(), 1);
    assert!(!canceller.cancel());
    assert_eq!(balanced(&pool).done, 1);
}
