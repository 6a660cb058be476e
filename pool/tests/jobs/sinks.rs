//! Where outcomes go, beside handles and batches.

use std::sync::mpsc;

use drainpool::{
    Collect, Completed, InOrder, JobError, ResultSink, SinkClosed, SubmitOptions, WhenFull,
};

use crate::setup::{Handle, Latch, Pool, Setup, eventually, pause_at_rest};

on_every_backend! {
    outcomes_in_the_order_of_submission
    a_late_job_holds_back_the_others
    handles_leave_no_gap_in_the_order
    nested_jobs_have_no_place_in_the_order
    jobs_run_in_the_caller_keep_the_order
    a_bounded_sink_holds_the_workers_up
    bounded_jobs_meet_bounded_results
    jobs_go_on_after_the_receiver
    an_ordered_sink_counts_what_found_no_taker
    a_collection_loses_nothing
    one_ordered_sink_for_pools_in_a_row
    one_ordered_sink_for_two_pools_at_once
    an_ordered_sink_that_was_not_told_of_its_pools
    what_a_sink_leads_to_comes_back_to_it
    an_ordered_sink_is_told_of_what_is_over
    a_paused_pool_tells_of_cancelled_jobs_at_its_end
    an_idle_paused_pool_has_told_of_cancelled_jobs
}

type Results = mpsc::Receiver<Completed<usize>>;

fn in_order(setup: Setup) -> (Pool<usize>, Results) {
    let (sender, receiver) = mpsc::channel();
    (setup.builder().sink(InOrder::new(sender)).build().unwrap(), receiver)
}

fn numbers(results: &Results) -> Vec<usize> {
    results.try_iter().map(|done| done.outcome.unwrap_or(usize::MAX)).collect()
}

fn outcomes_in_the_order_of_submission(setup: Setup) {
    let (pool, results) = in_order(setup);
    for n in 0..500 {
        pool.execute(move || n).unwrap();
    }
    pool.execute_batch((500..1_500).map(|n| move || n)).unwrap();
    pool.wait_idle().unwrap();
    assert!(numbers(&results).into_iter().eq(0..1_500));
}

/// A pool whose job number 0 waits for the latch.
fn with_a_late_job(setup: Setup) -> (Pool<usize>, Results, Latch) {
    let (pool, results) = in_order(setup.with_threads(setup.threads.max(2)));
    let latch = Latch::default();
    let held = latch.clone();
    let late = move || {
        held.wait();
        0
    };
    pool.execute(late).unwrap();
    (pool, results, latch)
}

fn a_late_job_holds_back_the_others(setup: Setup) {
    let (pool, results, latch) = with_a_late_job(setup);
    for n in 1..50 {
        pool.execute(move || if n == 7 { panic!("on purpose") } else { n }).unwrap();
    }
    eventually(|| pool.stats().done + pool.stats().panicked == 49);
    assert!(numbers(&results).is_empty());
    latch.open();
    pool.shutdown();
    let numbers = numbers(&results);
    assert!(numbers.into_iter().eq((0..50).map(|n| if n == 7 { usize::MAX } else { n })));
}

fn handles_leave_no_gap_in_the_order(setup: Setup) {
    let (pool, results) = in_order(setup);
    let mut ran = 0;
    for n in 0..100 {
        pool.execute(move || n).unwrap();
        let job = pool.spawn(move || n).unwrap();
        match n % 3 {
            0 => drop(job),
            1 => ran += usize::from(!job.cancel()),
            _ => assert_eq!(job.join_or_run().unwrap(), n),
        }
    }
    pool.wait_idle().unwrap();
    assert!(numbers(&results).into_iter().eq(0..100), "without a shutdown");
    let report = pool.shutdown();
    assert_eq!(report.done + report.cancelled, 200);
    assert!(ran <= 33 && report.undelivered == 0);
}

fn nested_jobs_have_no_place_in_the_order(setup: Setup) {
    let (pool, results) = in_order(setup);
    for n in 0..20 {
        let handle = pool.handle();
        pool.execute(move || {
            handle.execute(move || 1_000 + n).unwrap();
            n
        })
        .unwrap();
    }
    pool.shutdown();
    let (nested, outer): (Vec<_>, Vec<_>) =
        numbers(&results).into_iter().partition(|n| *n >= 1_000);
    assert!(outer.into_iter().eq(0..20));
    assert_eq!(nested.len(), 20);
}

fn jobs_run_in_the_caller_keep_the_order(setup: Setup) {
    let (sender, results) = mpsc::channel();
    let builder = setup.builder().capacity(1).sink(InOrder::new(sender));
    let pool = builder.build().unwrap();
    for n in 0..200 {
        pool.with(WhenFull::RunHere).execute(move || n).unwrap();
        drop(pool.with(WhenFull::RunHere).spawn(move || n).unwrap());
    }
    assert_eq!(pool.shutdown().done, 400);
    assert!(numbers(&results).into_iter().eq(0..200));
}

fn a_bounded_sink_holds_the_workers_up(setup: Setup) {
    let (sender, results) = mpsc::sync_channel(1);
    let pool = setup.builder().sink(sender).build().unwrap();
    let handle = pool.handle();
    let submitter = std::thread::spawn(move || {
        for n in 0..100 {
            handle.execute(move || n).unwrap();
        }
    });
    // One outcome is in the channel, and each worker stands before it with another.
    eventually(|| pool.stats().done == setup.threads as u64 + 1);
    let sum: usize = results.iter().take(100).map(|done: Completed<_>| done.outcome.unwrap()).sum();
    assert_eq!(sum, 4_950);
    submitter.join().unwrap();
    assert_eq!(pool.shutdown().undelivered, 0);
}

/// One thread submits and receives: it must never wait for room, or map instead.
fn bounded_jobs_meet_bounded_results(setup: Setup) {
    let (sender, results) = mpsc::sync_channel(1);
    let pool = setup.builder().capacity(2).sink(sender).build().unwrap();
    let mut received = 0;
    for n in 0..100 {
        let mut refused = pool.try_execute(move || n);
        while let Err(error) = refused {
            assert!(error.is_full(), "{error}");
            let task = error.into_inner();
            let done: Completed<usize> = results.recv().unwrap();
            received += usize::from(done.outcome.is_ok());
            refused = pool.try_submit(task);
        }
    }
    pool.close();
    received += results.iter().count();
    assert_eq!(received, 100);
    let pool = setup.builder().capacity(1).build().unwrap();
    assert_eq!(pool.map(0..100, |n| n).buffer(10).map(Result::unwrap).sum::<i32>(), 4_950);
}

fn jobs_go_on_after_the_receiver(setup: Setup) {
    let (sender, results) = mpsc::sync_channel(1);
    let pool = setup.builder().sink(sender).build().unwrap();
    pool.execute(|| 0).unwrap();
    results.recv().unwrap().outcome.unwrap();
    drop(results);
    for n in 0..50 {
        pool.execute(move || n).unwrap();
    }
    let report = pool.shutdown();
    assert_eq!((report.done, report.undelivered), (51, 50));
}

fn an_ordered_sink_counts_what_found_no_taker(setup: Setup) {
    let (pool, results, latch) = with_a_late_job(setup);
    for n in 1..50 {
        pool.execute(move || n).unwrap();
    }
    eventually(|| pool.stats().done == 49);
    drop(results);
    latch.open();
    let report = pool.shutdown();
    assert_eq!((report.done, report.undelivered), (50, 50));
}

fn a_collection_loses_nothing(setup: Setup) {
    let results = Collect::new();
    let pool = setup.builder().sink(results.clone()).build().unwrap();
    pool.execute_batch((0..2_000).map(|n| move || assert!(n % 100 != 0, "on purpose"))).unwrap();
    pool.wait_idle().unwrap();
    let outcomes = results.take();
    assert_eq!(outcomes.len(), 2_000);
    let panicked = |done: &&Completed<()>| matches!(done.outcome, Err(JobError::Panicked(_)));
    assert_eq!(outcomes.iter().filter(panicked).count(), 20);
}

/// The next pool's jobs are numbered from 0 again.
fn one_ordered_sink_for_pools_in_a_row(setup: Setup) {
    let (sender, results) = mpsc::channel();
    let sink = InOrder::new(sender);
    for round in 0..3 {
        let pool = setup.builder().sink(sink.clone()).build().unwrap();
        pool.execute_batch((0..100).map(|n| move || n)).unwrap();
        let report = pool.shutdown();
        assert_eq!((report.done, report.undelivered), (100, 0), "round {round}");
        assert!(numbers(&results).into_iter().eq(0..100), "round {round}");
    }
}

fn one_ordered_sink_for_two_pools_at_once(setup: Setup) {
    let (sender, results) = mpsc::channel();
    let sink = InOrder::new(sender);
    let pools =
        [0, 1_000].map(|first| (first, setup.builder().sink(sink.clone()).build().unwrap()));
    std::thread::scope(|scope| {
        for (first, pool) in &pools {
            let jobs = (*first..first + 200).map(|n| move || n);
            scope.spawn(move || pool.execute_batch(jobs).unwrap());
        }
    });
    drop(pools);
    let (low, high): (Vec<_>, Vec<_>) = numbers(&results).into_iter().partition(|n| *n < 1_000);
    assert!(low.into_iter().eq(0..200));
    assert!(high.into_iter().eq(1_000..1_200));
}

/// A sink around another that keeps from it that there is a new pool.
#[derive(Clone)]
struct Silent<S>(S);

impl<S: ResultSink> ResultSink for Silent<S> {
    type Result = S::Result;

    fn put(&mut self, done: Completed<S::Result>) -> Result<(), SinkClosed<S::Result>> {
        self.0.put(done)
    }

    fn flush(&mut self) -> u64 {
        self.0.flush()
    }
}

fn an_ordered_sink_that_was_not_told_of_its_pools(setup: Setup) {
    let (sender, results) = mpsc::channel();
    let sink = Silent(InOrder::new(sender));
    let (mut received, mut accounted) = (0, 0);
    for _ in 0..3 {
        let pool = setup.builder().sink(sink.clone()).build().unwrap();
        pool.execute_batch((0..100).map(|n| move || n)).unwrap();
        accounted += pool.shutdown().done;
        received += numbers(&results).len();
    }
    // Not in order, but none of them is lost.
    assert_eq!((received, accounted), (300, 300));
}

fn what_a_sink_leads_to_comes_back_to_it(setup: Setup) {
    let (sender, results) = mpsc::channel();
    let given: std::sync::Arc<std::sync::OnceLock<Handle<usize>>> = Default::default();
    let handle = given.clone();
    let echo = move |done: Completed<usize>| {
        let n = done.outcome.unwrap();
        // Runs here, or is nested: the outcome comes back to this sink while it is in use.
        if n < 100 {
            handle.get().unwrap().with(WhenFull::RunHere).execute(move || n + 100).unwrap();
        }
        sender.send(n).unwrap();
    };
    let builder = setup.builder().sink(InOrder::new(drainpool::sink_fn(echo))).paused();
    let pool = builder.build().unwrap();
    assert!(given.set(pool.handle()).is_ok());
    for n in 0..3 {
        pool.with(WhenFull::RunHere).execute(move || n).unwrap();
    }
    pool.resume();
    let done = pool.shutdown().done;
    // With the pool, the handle that the sink keeps must go as well.
    assert_eq!(done, 6);
    let mut all: Vec<usize> = results.try_iter().collect();
    all.sort_unstable();
    assert_eq!(all, [0, 1, 2, 100, 101, 102]);
}

/// Jobs without an outcome for the sink, in such numbers that the queue is rid of them, hold back nobody.
fn an_ordered_sink_is_told_of_what_is_over(setup: Setup) {
    let (sender, results) = mpsc::channel();
    let clock = drainpool::ManualClock::new();
    let builder = setup.with_threads(1).builder().sink(InOrder::new(sender)).clock(clock.clone());
    let pool = builder.build().unwrap();
    for round in 0..3 {
        pause_at_rest(&pool, 0);
        for n in 0..200 {
            let job = pool
                .with(SubmitOptions::new().start_within(std::time::Duration::from_secs(1)))
                .spawn(move || n)
                .unwrap();
            match round {
                0 => assert!(job.cancel()),
                1 => assert_eq!(job.join_or_run().unwrap(), n),
                _ => clock.advance(std::time::Duration::from_secs(1)),
            }
        }
        pool.execute(move || round).unwrap();
        pool.resume();
        pool.wait_idle().unwrap();
        assert_eq!(numbers(&results), [round]);
    }
}

/// No worker comes to the entry of a job that was cancelled.
fn a_paused_pool_tells_of_cancelled_jobs_at_its_end(setup: Setup) {
    let ends: [fn(&Pool<usize>); 4] = [
        |_| (),
        |pool| drop(pool.shutdown_now()),
        |pool| pool.close(),
        |pool| {
            let _ = pool.shutdown_timeout(std::time::Duration::ZERO);
        },
    ];
    for end in ends {
        let results = Collect::new();
        let builder = setup.builder().paused().sink(InOrder::new(results.clone()));
        let pool: Pool<usize> = builder.build().unwrap();
        let first = pool.spawn(|| 0).unwrap();
        pool.with(WhenFull::RunHere).execute(|| 1).unwrap();
        assert!(first.cancel());
        end(&pool);
        let report = pool.shutdown();
        assert_eq!((report.cancelled, report.undelivered), (1, 0));
        // What is given back to the caller has no outcome for the sink.
        assert_eq!(results.take().len() as u64, report.done);
    }
}

fn an_idle_paused_pool_has_told_of_cancelled_jobs(setup: Setup) {
    let results = Collect::new();
    let setup = Setup { capacity: Some(1), ..setup };
    let builder = setup.builder().capacity(1).paused().sink(InOrder::new(results.clone()));
    let pool: Pool<usize> = builder.build().unwrap();
    let first = pool.spawn(|| 0).unwrap();
    // Full: it runs here.
    pool.with(WhenFull::RunHere).execute(|| 1).unwrap();
    assert!(first.cancel());
    pool.wait_idle().unwrap();
    let outcomes = results.take().into_iter().map(|done| done.outcome.unwrap());
    assert!(outcomes.eq([1]));
}
