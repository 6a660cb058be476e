//! Jobs for the handler that have a handle each.

use std::pin::Pin;
use std::sync::{Arc, Mutex};
use std::task::{Context, Poll, Waker};
use std::thread;
use std::time::Duration;

use drainpool::{
    AnyQueue, Collect, Completed, InOrder, Job, JobError, JobHandle, JobId, JobSet, ManualClock,
    NoSink, Refusal, ResultSink, ShutdownReport, SinkClosed, SubmitOptions, Task, WhenFull,
    sink_fn,
};

use crate::setup::held::hold;
use crate::setup::{CAPACITY, Latch, Setup, Tally, pause_at_rest};

on_every_backend! {
    a_call_has_the_workers_state_and_the_callers_result
    the_sink_gets_what_was_submitted_and_nothing_else
    a_sink_in_order_does_not_wait_for_calls
    a_panic_is_told_apart_and_the_handler_goes_on
    a_call_can_be_cancelled
    a_call_expires
    a_refused_call_comes_back
    a_call_finds_no_room_and_is_not_run_here
    a_batch_of_calls
    a_refused_batch_comes_back
    a_call_whose_handle_is_dropped_goes_on
    a_nested_call_is_drained
    a_wait_inside_of_the_pool_does_not_hang
    a_wait_in_the_handler_does_not_hang
    a_wait_inside_for_a_call_that_has_begun
    a_job_of_another_pool_waits_for_a_call
    a_waiter_outside_never_runs_a_call
    a_call_is_a_future
    a_pool_of_closures_is_called_with_tasks
    a_call_that_is_taken_back_brings_its_job
    a_call_that_a_worker_gives_back_may_panic_when_it_is_dropped
}

/// A pool whose handlers return what they are given, and count on the way.
type Pool<R> = drainpool::Pool<u64, R, AnyQueue<Job<u64>>>;

fn doubling(setup: Setup) -> Pool<u64> {
    setup.builder().sink(sink_fn(|_| ())).build_with(|_worker| |n: u64| 2 * n).unwrap()
}

#[track_caller]
fn balanced<R: 'static>(pool: &Pool<R>) -> ShutdownReport {
    let report = pool.shutdown();
    let ended = report.done + report.panicked + report.cancelled + report.expired;
    assert_eq!((report.accepted, report.unfinished), (ended, 0), "{report:?}");
    report
}

fn a_call_has_the_workers_state_and_the_callers_result(setup: Setup) {
    let pool = setup
        .builder()
        .sink(sink_fn(|_| ()))
        .build_with(|worker| {
            // Neither `Send` nor shared.
            let (index, calls) = (worker.index(), std::rc::Rc::new(std::cell::Cell::new(0_u64)));
            move |n: u64| {
                calls.set(calls.get() + 1);
                (n, index, calls.get())
            }
        })
        .unwrap();
    let calls: Vec<_> = (0..100).map(|n| pool.call(n).unwrap()).collect();
    let mut last = vec![0; setup.threads];
    for (n, call) in calls.into_iter().enumerate() {
        let (input, worker, nth) = call.join().unwrap();
        assert_eq!(input, n as u64);
        last[worker] = nth.max(last[worker]);
    }
    assert_eq!(last.iter().sum::<u64>(), 100);
    assert_eq!(balanced(&pool).done, 100);
}

fn the_sink_gets_what_was_submitted_and_nothing_else(setup: Setup) {
    let results = Collect::new();
    let builder = setup.builder().sink(results.clone());
    let pool = builder.build_with(|_worker| |n: u64| 2 * n).unwrap();
    let calls: Vec<_> = (0..50)
        .map(|n| {
            pool.submit(1_000 + n).unwrap();
            pool.call(n).unwrap()
        })
        .collect();
    let sum: u64 = calls.into_iter().map(|call| call.join().unwrap()).sum();
    assert_eq!(sum, 49 * 50);
    assert_eq!(balanced(&pool).done, 100);
    let results = results.take();
    assert_eq!(results.len(), 50);
    assert!(results.into_iter().all(|done| done.outcome.unwrap() >= 2_000));
}

fn a_sink_in_order_does_not_wait_for_calls(setup: Setup) {
    let results = Collect::new();
    let builder = setup.builder().sink(InOrder::new(results.clone()));
    let pool = builder.build_with(|_worker| |n: u64| n).unwrap();
    for n in 0..50 {
        drop(pool.call(1_000).unwrap());
        pool.submit(n).unwrap();
    }
    balanced(&pool);
    let order: Vec<u64> = results.take().into_iter().map(|done| done.outcome.unwrap()).collect();
    assert_eq!(order, (0..50).collect::<Vec<_>>());
}

fn a_panic_is_told_apart_and_the_handler_goes_on(setup: Setup) {
    let builder = setup.builder().sink(sink_fn(|_| ()));
    let divide = |_worker: &_| |n: u64| 12_u64.checked_div(n).expect("by zero, on purpose");
    let pool: Pool<u64> = builder.build_with(divide).unwrap();
    for _ in 0..2 * setup.threads {
        let JobError::Panicked(panic) = pool.call(0).unwrap().join().unwrap_err() else {
            panic!("it has panicked")
        };
        assert_eq!(panic.message(), Some("by zero, on purpose"));
        assert_eq!(pool.call(3).unwrap().join().unwrap(), 4);
    }
    assert_eq!(balanced(&pool).panicked, 2 * setup.threads as u64);
}

fn a_call_can_be_cancelled(setup: Setup) {
    let builder = setup.builder();
    let pool = builder.build_with(|_worker| |_: Arc<()>| ()).unwrap();
    let held = hold(&pool, setup.threads);
    let (job, other) = (Arc::new(()), Arc::new(()));
    let call = pool.call(job.clone()).unwrap();
    let dropped = pool.call(other.clone()).unwrap().cancel_on_drop();
    assert!(call.cancel() && !call.cancel());
    drop(dropped);
    assert_eq!((Arc::strong_count(&job), Arc::strong_count(&other)), (1, 1));
    assert_eq!(pool.stats().queued, 0);
    assert!(matches!(call.join(), Err(JobError::Cancelled)));
    held.release();
    let call = pool.call(job.clone()).unwrap();
    pool.wait_idle().unwrap();
    assert!(!call.cancel(), "it has run");
    call.join().unwrap();
    let report = pool.shutdown();
    assert_eq!((report.cancelled, report.done), (2, setup.threads as u64 + 1));
}

fn a_call_expires(setup: Setup) {
    let (clock, second) = (ManualClock::new(), Duration::from_secs(1));
    let builder = setup.builder().sink(sink_fn(|_| ())).paused().clock(clock.clone());
    let pool: Pool<u64> = builder.build_with(|_worker| |n| 2 * n).unwrap();
    let fresh = pool.with(SubmitOptions::new().start_within(second));
    let late = fresh.call(1).unwrap();
    let in_time = pool.with(SubmitOptions::new().start_within(3 * second)).call(2).unwrap();
    assert!(!late.is_finished());
    clock.advance(second);
    assert!(late.is_finished(), "told at once");
    assert!(matches!(late.join(), Err(JobError::Expired)));
    pool.resume();
    assert_eq!(in_time.join().unwrap(), 4);
    let report = balanced(&pool);
    assert_eq!((report.done, report.expired), (1, 1));
}

fn a_refused_call_comes_back(setup: Setup) {
    let pool = setup.builder().build_with(|_worker| |_: Arc<()>| ()).unwrap();
    pool.close();
    let job = Arc::new(());
    let refused = pool.call(job.clone()).unwrap_err();
    assert!(refused.is_closed());
    assert!(Arc::ptr_eq(&refused.into_inner(), &job));
    assert_eq!((Arc::strong_count(&job), pool.shutdown().accepted), (1, 0));
}

fn a_call_finds_no_room_and_is_not_run_here(setup: Setup) {
    let builder = setup.builder().capacity(1).sink(sink_fn(|_| ()));
    let pool: Pool<u64> = builder.build_with(|_worker| |n| 2 * n).unwrap();
    let held = hold(&pool, setup.threads);
    let call = pool.call(1).unwrap();
    for when_full in [WhenFull::Fail, WhenFull::RunHere, WhenFull::WaitFor(Duration::ZERO)] {
        let refused = pool.with(when_full).call(7).unwrap_err();
        assert!(refused.is_full());
        assert_eq!(refused.into_inner(), 7);
    }
    let refused = pool.with(WhenFull::RunHere).call_batch([7, 8]).unwrap_err();
    assert!(matches!(refused.reason(), Refusal::Full));
    held.release();
    assert_eq!(call.join().unwrap(), 2);
    assert_eq!(balanced(&pool).accepted, setup.threads as u64 + 1);
}

fn a_batch_of_calls(setup: Setup) {
    let pool = doubling(setup);
    let calls = pool.call_batch(0..100).unwrap();
    let results: Vec<u64> = calls.into_iter().map(|call| call.join().unwrap()).collect();
    assert_eq!(results, (0..100).map(|n| 2 * n).collect::<Vec<_>>());
    let timely = pool.with(SubmitOptions::new().start_within(Duration::MAX));
    let minute = pool.with(SubmitOptions::new().start_within(Duration::from_secs(3_600)));
    for options in [timely, minute] {
        let jobs: JobSet<u64> = options.call_batch(0..20).unwrap().into_iter().collect();
        assert_eq!(jobs.join_all().into_iter().map(Result::unwrap).sum::<u64>(), 380);
    }
    assert_eq!(balanced(&pool).done, 140);
}

fn a_refused_batch_comes_back(setup: Setup) {
    let pool = setup.builder().capacity(CAPACITY).sink(sink_fn(|_| ()));
    let pool: Pool<u64> = pool.build_with(|_worker| |n| 2 * n).unwrap();
    let held = hold(&pool, setup.threads);
    let error = pool.with(WhenFull::Fail).call_batch(0..100).unwrap_err();
    assert!(matches!(error.reason(), Refusal::Full));
    let (calls, read, rest) = error.into_parts();
    let accepted = CAPACITY as u64;
    let left: Vec<u64> = read.into_iter().chain(rest).collect();
    assert_eq!(left, (accepted..100).collect::<Vec<_>>());
    held.release();
    let results: Vec<u64> = calls.into_iter().map(|call| call.join().unwrap()).collect();
    assert_eq!(results, (0..accepted).map(|n| 2 * n).collect::<Vec<_>>());
    balanced(&pool);
}

fn a_call_whose_handle_is_dropped_goes_on(setup: Setup) {
    let (ran, result) = (Tally::default(), Arc::new(()));
    let (counts, returns) = (ran.clone(), result.clone());
    let builder = setup.builder().sink(sink_fn(|_| ()));
    let pool = builder
        .build_with(move |_worker| {
            let (counts, returns) = (counts.clone(), returns.clone());
            move |_: u64| {
                counts.add();
                returns.clone()
            }
        })
        .unwrap();
    (0..10).for_each(|n| drop(pool.call(n).unwrap()));
    let kept = pool.call(10).unwrap();
    balanced(&pool);
    drop(pool);
    // The result that is kept, and what this test has.
    assert_eq!((ran.get(), Arc::strong_count(&result)), (11, 2));
    drop(kept);
    assert_eq!(Arc::strong_count(&result), 1);
}

fn a_nested_call_is_drained(setup: Setup) {
    let pool = doubling(setup);
    let (handle, closed) = (pool.handle(), Latch::default());
    let waits = closed.clone();
    let outer = pool.spawn(move || {
        waits.wait();
        handle.call(21).unwrap()
    });
    pool.close();
    closed.open();
    let call = outer.unwrap().join().unwrap();
    assert_eq!(call.join().unwrap(), 42);
    assert_eq!(balanced(&pool).done, 2);
}

/// A way to wait for a call.
type Wait = fn(JobHandle<u64>) -> Result<u64, JobError>;

/// All of them.
fn waits() -> [Wait; 5] {
    [
        JobHandle::join,
        JobHandle::join_or_run,
        |mut call| call.join_timeout(Duration::MAX).unwrap(),
        |call| JobSet::from_iter([call]).join_next().unwrap().1,
        |mut call| match Pin::new(&mut call).poll(&mut Context::from_waker(Waker::noop())) {
            Poll::Ready(outcome) => outcome,
            Poll::Pending => panic!("an executor would wait"),
        },
    ]
}

fn a_wait_inside_of_the_pool_does_not_hang(setup: Setup) {
    let pool = doubling(setup);
    for wait in waits() {
        let handle = pool.handle();
        let outer = pool.spawn(move || {
            // No other worker may begin it meanwhile.
            pause_at_rest(&handle, 1);
            wait(handle.call(1).unwrap())
        });
        assert!(matches!(outer.unwrap().join().unwrap(), Err(JobError::InsideJob)));
        pool.resume();
    }
    let report = balanced(&pool);
    assert_eq!((report.done, report.cancelled), (5, 5));
}

fn a_wait_in_the_handler_does_not_hang(setup: Setup) {
    let builder = setup.with_threads(1).builder().sink(sink_fn(|_| ()));
    let pool: Pool<u64> = builder
        .build_with(|worker| {
            let pool = worker.handle();
            move |n| match n {
                0 => 7,
                _ => match pool.call(n - 1).unwrap().join() {
                    Err(JobError::InsideJob) => 100 + n,
                    other => panic!("{other:?}"),
                },
            }
        })
        .unwrap();
    assert_eq!(pool.call(0).unwrap().join().unwrap(), 7);
    assert_eq!(pool.call(1).unwrap().join().unwrap(), 101);
    let report = balanced(&pool);
    assert_eq!((report.done, report.cancelled), (2, 1));
}

fn a_wait_inside_for_a_call_that_has_begun(setup: Setup) {
    let setup = setup.with_threads(setup.threads.max(2));
    let (begun, end) = (Latch::default(), Latch::default());
    let (begins, ends) = (begun.clone(), end.clone());
    let builder = setup.builder().sink(sink_fn(|_| ()));
    let pool: Pool<u64> = builder
        .build_with(move |_worker| {
            let (begins, ends) = (begins.clone(), ends.clone());
            move |n| {
                begins.open();
                ends.wait();
                2 * n
            }
        })
        .unwrap();
    let call = pool.call(1).unwrap();
    begun.wait();
    let waits = Latch::default();
    let waiting = waits.clone();
    let outer = pool.spawn(move || {
        waiting.open();
        call.join()
    });
    waits.wait();
    end.open();
    assert_eq!(outer.unwrap().join().unwrap().unwrap(), 2);
    balanced(&pool);
}

fn a_job_of_another_pool_waits_for_a_call(setup: Setup) {
    let (pool, other) = (doubling(setup), setup.with_threads(1).pool());
    let held = hold(&pool, setup.threads);
    let begun = Latch::default();
    let (begins, handle) = (begun.clone(), pool.handle());
    let outer = other.spawn(move || {
        let call = handle.with(WhenFull::Wait).call(21).unwrap();
        begins.open();
        call.join()
    });
    begun.wait();
    held.release();
    assert_eq!(outer.unwrap().join().unwrap().unwrap(), 42);
    balanced(&pool);
}

fn a_waiter_outside_never_runs_a_call(setup: Setup) {
    let builder = setup.builder().sink(sink_fn(|_| ())).paused();
    let pool = builder.build_with(|_worker| |_: u64| thread::current().id()).unwrap();
    let mut call = pool.call(1).unwrap();
    assert!(call.join_timeout(Duration::ZERO).is_err());
    let handle = pool.handle();
    let resumes = thread::spawn(move || handle.resume());
    assert_ne!(call.join_or_run().unwrap(), thread::current().id());
    resumes.join().unwrap();
    balanced(&pool);
}

fn a_call_is_a_future(setup: Setup) {
    let pool = doubling(setup);
    let held = hold(&pool, setup.threads);
    let mut call = pool.call(21).unwrap();
    let mut context = Context::from_waker(Waker::noop());
    assert!(Pin::new(&mut call).poll(&mut context).is_pending());
    held.release();
    pool.wait_idle().unwrap();
    let Poll::Ready(outcome) = Pin::new(&mut call).poll(&mut context) else {
        panic!("it has ended");
    };
    assert_eq!(outcome.unwrap(), 42);
    balanced(&pool);
}

fn a_pool_of_closures_is_called_with_tasks(setup: Setup) {
    let pool = setup.builder().sink(sink_fn(|_| ())).build().unwrap();
    let call = pool.call(Task::new(|| 42)).unwrap();
    assert_eq!(call.join().unwrap(), 42);
    let plain: pool_core::ThreadPoolBuilder<_, NoSink> = setup.builder();
    let plain = plain.build().unwrap();
    plain.call(Task::new(|| ())).unwrap().join().unwrap();
}

/// A sink that notes what it is to skip.
#[derive(Clone, Default)]
struct Skips(Arc<Mutex<Vec<JobId>>>);

impl ResultSink for Skips {
    type Result = String;

    fn put(&mut self, done: Completed<String>) -> Result<(), SinkClosed<String>> {
        panic!("no job is to run: {done:?}")
    }

    fn skip(&mut self, id: JobId) {
        self.0.lock().unwrap().push(id);
    }
}

fn a_call_that_is_taken_back_brings_its_job(setup: Setup) {
    let skipped = Skips::default();
    let builder = Setup { capacity: None, ..setup }.builder().paused().sink(skipped.clone());
    let pool = builder.build_with(|_| |job: String| job).unwrap();
    let job = |n: u32| format!("job {n}");
    for for_good in [false, true] {
        let (first, third) = (pool.call(job(1)).unwrap(), pool.call(job(3)).unwrap());
        let second = pool.submit(job(2)).unwrap();
        // One whose handle is gone comes back as well.
        let dropped = pool.call(job(4)).unwrap();
        let dropped_id = dropped.id();
        drop(dropped);
        let taken = if for_good { pool.shutdown_now() } else { pool.take_queued() };
        let mut expected =
            [(first.id(), job(1)), (second, job(2)), (third.id(), job(3)), (dropped_id, job(4))];
        expected.sort();
        assert_eq!(taken, expected);
        let mut skips = std::mem::take(&mut *skipped.0.lock().unwrap());
        skips.sort();
        assert!(skips.iter().eq(expected.iter().map(|(id, _)| id)));
        for call in [first, third] {
            assert!(matches!(call.join(), Err(JobError::Returned)));
        }
    }
    let report = pool.shutdown();
    assert_eq!((report.accepted, report.returned, report.unfinished), (8, 8, 0));
}

fn a_call_that_a_worker_gives_back_may_panic_when_it_is_dropped(setup: Setup) {
    struct Fragile;
    impl Drop for Fragile {
        fn drop(&mut self) {
            panic!("on purpose");
        }
    }
    let (begun, go) = (Latch::default(), Latch::default());
    let (begins, waits) = (begun.clone(), go.clone());
    let pool = setup.builder().sink(sink_fn(|_: Completed<()>| ())).build_with(|_| |_: Fragile| ());
    let pool = pool.unwrap();
    let handle = pool.handle().clone();
    let calls = pool.spawn(move || {
        begins.open();
        waits.wait();
        handle.call(Fragile).unwrap()
    });
    begun.wait();
    assert!(pool.shutdown_now().is_empty());
    go.open();
    assert!(matches!(calls.unwrap().join().unwrap().join(), Err(JobError::Returned)));
    let report = pool.shutdown();
    assert_eq!((report.done, report.returned, report.unfinished), (1, 1, 0));
}
