//! A handler that keeps the input of a job that panics.

use std::panic::{catch_unwind, resume_unwind};

use drainpool::{Collect, JobError, Panic, PanicPolicy, keep_input};

use crate::setup::{Setup, Tally};

on_every_backend! {
    the_input_of_a_panic_comes_with_the_outcome
    an_input_is_kept_if_the_worker_is_replaced
    an_input_that_panics_when_dropped
    the_input_of_the_outermost_handler_counts
}

/// Panics for every third number, after it has changed it.
fn fails_at_times(n: &mut u64) -> u64 {
    *n += 1_000;
    assert!(!n.is_multiple_of(3), "{n} on purpose");
    *n
}

/// The panic of a job, which must be one.
fn panic_of<R>(outcome: Result<R, JobError>) -> Panic {
    match outcome {
        Err(JobError::Panicked(panic)) => panic,
        _ => panic!("the job did not panic"),
    }
}

fn the_input_of_a_panic_comes_with_the_outcome(setup: Setup) {
    let outcomes = Collect::new();
    let builder = setup.builder().sink(outcomes.clone());
    let pool = builder.build_with(|_| keep_input(fails_at_times)).unwrap();
    for n in 0..30 {
        pool.submit(n).unwrap();
        let called = pool.call(n).unwrap().join();
        if (n + 1_000).is_multiple_of(3) {
            let mut panic = panic_of(called);
            assert_eq!(panic.message(), Some(&*format!("{} on purpose", n + 1_000)));
            assert_eq!(panic.take_input::<String>(), None, "of another type");
            assert_eq!(panic.take_input(), Some(n + 1_000));
            assert_eq!(panic.take_input::<u64>(), None, "taken");
            assert!(panic.into_payload().is::<String>());
        } else {
            assert_eq!(called.unwrap(), n + 1_000);
        }
    }
    let report = pool.shutdown();
    assert_eq!((report.done, report.panicked), (40, 20));
    let failed = outcomes.take().into_iter().filter(|done| done.outcome.is_err());
    let mut inputs: Vec<u64> =
        failed.map(|done| panic_of(done.outcome).take_input().unwrap()).collect();
    inputs.sort_unstable();
    assert!(inputs.into_iter().eq((1_000..1_030).filter(|n| n % 3 == 0)));
}

fn an_input_is_kept_if_the_worker_is_replaced(setup: Setup) {
    let outcomes = Collect::new();
    let builder = setup.builder().sink(outcomes.clone()).panic_policy(PanicPolicy::ReplaceWorker);
    let pool = builder.build_with(|_| keep_input(|n: &mut u64| assert!(*n == 0, "no"))).unwrap();
    pool.submit_batch([1, 0, 2, 0, 3]).unwrap();
    assert_eq!(pool.shutdown().panicked, 3);
    let failed = outcomes.take().into_iter().filter(|done| done.outcome.is_err());
    let mut inputs: Vec<u64> =
        failed.map(|done| panic_of(done.outcome).take_input().unwrap()).collect();
    inputs.sort_unstable();
    assert_eq!(inputs, [1, 2, 3]);
}

/// Counts its drops, which panic.
struct Fragile(Tally);

impl Drop for Fragile {
    fn drop(&mut self) {
        self.0.add();
        panic!("on purpose, at the drop");
    }
}

fn an_input_that_panics_when_dropped(setup: Setup) {
    let dropped = Tally::default();
    let fragile = || Fragile(dropped.clone());
    let handler = |(_, payload): &mut (Fragile, Option<Fragile>)| -> Option<Fragile> {
        resume_unwind(Box::new(payload.take()));
    };
    let pool = setup.builder().sink(drainpool::sink_fn(|_| ()));
    let pool = pool.build_with(move |_| keep_input(handler)).unwrap();
    // With the outcome go the input, the payload, and what a caller made of them.
    pool.submit((fragile(), Some(fragile()))).unwrap();
    drop(pool.call((fragile(), Some(fragile()))).unwrap());
    pool.wait_idle().unwrap();
    assert_eq!(dropped.get(), 4);
    let mut panic = panic_of(pool.call((fragile(), None)).unwrap().join());
    let input = panic.take_input::<(Fragile, Option<Fragile>)>();
    catch_unwind(move || drop(input)).unwrap_err();
    drop(panic);
    drop(panic_of(pool.call((fragile(), None)).unwrap().join()));
    assert_eq!(dropped.get(), 6);

    // A handler that returns: the drop of the input is the job's panic, and the result is dropped with it.
    let returns = |(_, result): &mut (Fragile, Option<Fragile>)| result.take();
    let builder = setup.builder().sink(drainpool::sink_fn(|_| ()));
    let returning = builder.build_with(move |_| keep_input(returns)).unwrap();
    let panic = panic_of(returning.call((fragile(), Some(fragile()))).unwrap().join());
    assert_eq!(panic.message(), Some("on purpose, at the drop"));
    assert_eq!(dropped.get(), 8);
    assert_eq!((pool.shutdown().panicked, returning.shutdown().panicked), (4, 1));
}

fn the_input_of_the_outermost_handler_counts(setup: Setup) {
    let builder = setup.builder().sink(drainpool::sink_fn(|_| ()));
    let pool = builder.build_with(|_| {
        let mut inner = keep_input(|text: &mut String| assert!(text.is_empty(), "{text}"));
        keep_input(move |number: &mut u32| inner(number.to_string()))
    });
    let pool = pool.unwrap();
    let mut panic = panic_of(pool.call(7).unwrap().join());
    assert_eq!(panic.message(), Some("7"));
    assert_eq!(panic.take_input(), Some(7_u32));
    assert!(panic.into_payload().is::<String>());
    assert_eq!(pool.shutdown().panicked, 1);
}
