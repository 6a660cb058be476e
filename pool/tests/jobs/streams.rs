//! The results of a pool as a stream.

use std::pin::{Pin, pin};
use std::sync::Arc;
use std::task::{Context, Wake, Waker};

use drainpool::{JobError, ResultStream, StreamSink, bounded_result_stream, result_stream};
use futures_util::{Stream, StreamExt};

use crate::setup::block_on::block_on;
use crate::setup::{Pool, Setup, balanced, eventually};

on_every_backend! {
    read_under_tokio
    read_under_smol
    read_under_the_plainest_executor
    outcomes_of_all_kinds
    no_more_wait_than_there_is_room_for
    the_end_of_the_pool_is_the_end_of_the_stream
    a_reader_that_has_gone
    a_reader_that_goes_lets_the_workers_go
    a_dropped_read_takes_nothing_along
    a_waker_that_panics
    a_waker_whose_drop_panics
    an_outcome_whose_drop_panics
}

const JOBS: u64 = 200;

fn pool(setup: Setup, sink: StreamSink<u64>) -> Pool<u64> {
    setup.builder().sink(sink).build().unwrap()
}

/// Submits, and closes the pool at the end.
async fn submits(pool: &Pool<u64>) {
    for n in 0..JOBS {
        pool.execute_async(move || n).await.unwrap();
    }
    pool.close();
}

/// Submits and reads at the same time.
async fn sum(pool: Arc<Pool<u64>>, results: ResultStream<u64>) -> u64 {
    let reads = results.fold(0, |sum, done| async move { sum + done.outcome.unwrap() });
    smol::future::zip(submits(&pool), reads).await.1
}

/// Reads a bounded stream and one without a bound on this executor.
fn read(setup: Setup, block_on: impl Fn(Pin<Box<dyn Future<Output = u64> + Send>>) -> u64) {
    for (sink, results) in [result_stream(), bounded_result_stream(2)] {
        let pool = Arc::new(pool(setup, sink));
        let read = block_on(Box::pin(sum(Arc::clone(&pool), results)));
        assert_eq!(read, (0..JOBS).sum::<u64>());
        let report = balanced(&pool);
        assert_eq!((report.done, report.undelivered), (JOBS, 0));
    }
}

fn read_under_tokio(setup: Setup) {
    let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(2).build().unwrap();
    read(setup, |task| runtime.block_on(runtime.spawn(task)).unwrap());
}

fn read_under_smol(setup: Setup) {
    read(setup, |task| smol::block_on(smol::spawn(task)));
}

fn read_under_the_plainest_executor(setup: Setup) {
    read(setup, block_on);
}

fn outcomes_of_all_kinds(setup: Setup) {
    let (sink, mut results) = result_stream();
    let pool = pool(setup, sink);
    let done = pool.execute(|| 7).unwrap();
    let panicked = pool.execute(|| panic!("on purpose")).unwrap();
    assert_eq!(pool.spawn(|| 8).unwrap().join().unwrap(), 8, "its handle has it");
    for _ in 0..2 {
        let next = block_on(results.next()).unwrap();
        match next.outcome {
            Ok(n) => assert_eq!((n, next.id), (7, done)),
            Err(JobError::Panicked(_)) => assert_eq!(next.id, panicked),
            Err(error) => panic!("{error}"),
        }
    }
    balanced(&pool);
    assert!(block_on(results.next()).is_none());
}

fn no_more_wait_than_there_is_room_for(setup: Setup) {
    let (sink, results) = bounded_result_stream(3);
    let pool = pool(setup, sink);
    let handle = pool.handle();
    let submitter = std::thread::spawn(move || {
        for n in 0..JOBS {
            handle.execute(move || n).unwrap();
        }
        handle.close();
    });
    eventually(|| results.size_hint().0 == 3);
    let mut read = 0;
    let mut results = pin!(results);
    while block_on(results.next()).is_some() {
        read += 1;
        assert!(results.size_hint().0 <= 3);
    }
    submitter.join().unwrap();
    assert_eq!((read, balanced(&pool).undelivered), (JOBS, 0));
}

fn the_end_of_the_pool_is_the_end_of_the_stream(setup: Setup) {
    let (sink, mut results) = result_stream();
    let pool = pool(setup, sink);
    let forgotten = pool.handle();
    let reader = std::thread::spawn(move || {
        let read = block_on(results.by_ref().count());
        assert!(block_on(results.next()).is_none(), "as often as one likes");
        read
    });
    pool.execute(|| 7).unwrap();
    assert_eq!(block_on(pool.shutdown_async()).done, 1);
    assert_eq!(reader.join().unwrap(), 1, "C6");
    drop(forgotten);
    balanced(&pool);
}

fn a_reader_that_has_gone(setup: Setup) {
    let (sink, results) = result_stream();
    let pool = pool(setup, sink);
    drop(results);
    (0..3).for_each(|n| drop(pool.spawn(move || n)));
    pool.execute(|| 7).unwrap();
    let report = balanced(&pool);
    assert_eq!((report.done, report.undelivered), (4, 1), "C3");
}

fn a_reader_that_goes_lets_the_workers_go(setup: Setup) {
    let (sink, results) = bounded_result_stream(1);
    let pool = pool(setup, sink);
    let handle = pool.handle();
    let submitter = std::thread::spawn(move || {
        for n in 0..20 {
            handle.execute(move || n).unwrap();
        }
    });
    eventually(|| results.size_hint().0 == 1);
    drop(results);
    submitter.join().unwrap();
    let report = balanced(&pool);
    assert_eq!((report.done, report.undelivered), (20, 19), "one was in the stream");
}

fn a_dropped_read_takes_nothing_along(setup: Setup) {
    let (sink, mut results) = result_stream();
    let pool = pool(setup, sink);
    begin(&mut results, Waker::noop());
    pool.execute(|| 7).unwrap();
    pool.wait_idle().unwrap();
    assert_eq!(block_on(results.next()).unwrap().outcome.unwrap(), 7);
    balanced(&pool);
}

/// Begins to read with this waker, in vain, and drops the read.
fn begin<R>(results: &mut ResultStream<R>, waker: &Waker) {
    assert!(pin!(results.next()).poll(&mut Context::from_waker(waker)).is_pending());
}

struct Cracked;

impl Wake for Cracked {
    fn wake(self: Arc<Self>) {
        panic!("a waker that panics, on purpose");
    }
}

fn a_waker_that_panics(setup: Setup) {
    let (sink, mut results) = result_stream();
    let pool = pool(setup, sink);
    for _ in 0..2 {
        begin(&mut results, &Waker::from(Arc::new(Cracked)));
        pool.execute(|| 7).unwrap();
        pool.wait_idle().unwrap();
        assert_eq!(block_on(results.next()).unwrap().outcome.unwrap(), 7);
    }
    begin(&mut results, &Waker::from(Arc::new(Cracked)));
    let report = balanced(&pool);
    assert_eq!((report.done, report.undelivered), (2, 0));
}

/// Panics when it is dropped.
struct Fragile;

impl Drop for Fragile {
    fn drop(&mut self) {
        panic!("on purpose");
    }
}

impl Wake for Fragile {
    fn wake(self: Arc<Self>) {}
}

fn a_waker_whose_drop_panics(setup: Setup) {
    let (sink, mut results) = result_stream();
    let pool = pool(setup, sink);
    let fragile = || Waker::from(Arc::new(Fragile));
    // The stream has the last clone of each.
    begin(&mut results, &fragile());
    begin(&mut results, &fragile());
    pool.execute(|| 7).unwrap();
    pool.wait_idle().unwrap();
    assert_eq!(block_on(results.next()).unwrap().outcome.unwrap(), 7);
    begin(&mut results, &fragile());
    drop(results);
    assert_eq!(balanced(&pool).undelivered, 0);
}

fn an_outcome_whose_drop_panics(setup: Setup) {
    let (sink, results) = result_stream();
    let pool = setup.builder().sink(sink).build().unwrap();
    for _ in 0..3 {
        pool.execute(|| Fragile).unwrap();
    }
    pool.wait_idle().unwrap();
    drop(results);
    assert_eq!(pool.shutdown().done, 3);
}
