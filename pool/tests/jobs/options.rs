//! Submitting with options: each verb, alone and in batches, with each way when the queue is full and with a
//! time to start within.

use std::error::Error;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, mpsc};
use std::time::Duration;

use drainpool::{
    Collect, Completed, InOrder, JobError, JobId, ManualClock, Refusal, ResultSink, SinkClosed,
    SubmitOptions, Task, WaitError, WhenFull,
};

use crate::setup::held::{Gate, hold};
use crate::setup::{Latch, Pool, Setup, Tally, balanced, eventually, pause_at_rest};

on_every_backend! {
    a_job_that_expires_is_an_outcome_in_its_place
    a_job_that_starts_in_time_is_one_like_others
    a_job_that_expires_frees_its_place
    a_slow_drop_hides_no_other_job
    a_batch_that_runs_here_expires_meanwhile
    the_pool_is_not_idle_before_the_sink_is_told
    a_job_that_may_expire_and_panics
    a_nested_job_may_expire
    a_batch_may_expire
    a_batch_of_handles_may_expire
    a_refused_job_that_may_expire_comes_back
    jobs_that_may_expire_are_drained
    a_batch_that_does_not_wait_comes_back
    a_batch_waits_for_a_while
    a_batch_runs_here_what_has_no_room
    a_batch_of_handles_runs_here_what_has_no_room
    what_may_expire_runs_here
    jobs_for_a_handler_do_not_run_here
    refusals_go_into_boxes
}

const SECOND: Duration = Duration::from_secs(1);

fn within(time: Duration) -> SubmitOptions {
    SubmitOptions::new().start_within(time)
}

/// A paused pool with room for so many jobs.
fn paused(setup: Setup, capacity: usize) -> Pool {
    setup.builder().capacity(capacity).paused().build().unwrap()
}

fn a_job_that_expires_is_an_outcome_in_its_place(setup: Setup) {
    let (sender, results) = mpsc::channel();
    let clock = ManualClock::new();
    let builder = setup.builder().capacity(9).paused().clock(clock.clone());
    let pool = builder.sink(InOrder::new(sender)).build().unwrap();
    pool.execute(|| 0).unwrap();
    pool.with(within(SECOND)).execute(|| 1).unwrap();
    pool.execute(|| 2).unwrap();
    pool.with(within(3 * SECOND)).execute(|| 3).unwrap();
    pool.execute(|| 4).unwrap();
    clock.advance(2 * SECOND);
    // What goes to the sink is looked at when its turn comes.
    assert_eq!((pool.stats().queued, pool.stats().expired), (5, 0));
    pool.resume();
    pool.wait_idle().unwrap();
    let outcomes: Vec<_> = results.try_iter().map(|done| done.outcome.ok()).collect();
    assert_eq!(outcomes, [Some(0), None, Some(2), Some(3), Some(4)]);
    assert_eq!(balanced(&pool).expired, 1);
}

fn a_job_that_starts_in_time_is_one_like_others(setup: Setup) {
    let results = Collect::new();
    let builder = setup.builder().sink(results.clone());
    let pool = builder
        .build_with(|_| {
            let mut runs = 0;
            move |n: u32| {
                runs += 1;
                n + runs.min(1)
            }
        })
        .unwrap();
    let id = pool.with(within(Duration::MAX)).submit(6).unwrap();
    let timed = pool.with(within(3_600 * SECOND)).submit(6).unwrap();
    assert_eq!(timed.as_u64(), id.as_u64() + 1);
    pool.wait_idle().unwrap();
    let done = results.take();
    assert!(done.iter().all(|done| done.worker.is_some_and(|worker| worker < setup.threads)));
    let sum: u32 = done.into_iter().map(|done| done.outcome.unwrap()).sum();
    assert_eq!(sum, 14);
    assert_eq!(pool.shutdown().done, 2);
}

fn a_job_that_expires_frees_its_place(setup: Setup) {
    let clock = ManualClock::new();
    let builder = setup.builder().capacity(1).paused().clock(clock.clone());
    let pool = builder.build().unwrap();
    let job = pool.with(within(SECOND)).spawn(|| ()).unwrap();
    assert!(pool.try_execute(|| ()).unwrap_err().is_full());
    let handle = pool.handle();
    let waiter = std::thread::spawn(move || handle.execute(|| ()).is_ok());
    eventually(|| pool.stats().waiting_submitters == 1);
    clock.advance(2 * SECOND);
    assert!(waiter.join().unwrap());
    assert!(matches!(job.join(), Err(JobError::Expired)));
    let report = balanced(&pool);
    assert_eq!((report.done, report.expired), (1, 1));
}

/// A thread that ends an expired job is held up by what that drops; the next one is ended all the same.
fn a_slow_drop_hides_no_other_job(setup: Setup) {
    struct Slow(Latch, Latch);
    impl Drop for Slow {
        fn drop(&mut self) {
            self.0.open();
            self.1.wait();
        }
    }
    let clock = ManualClock::new();
    let pool = setup.builder().capacity(9).paused().clock(clock.clone()).build().unwrap();
    let (entered, free) = (Latch::default(), Gate::default());
    let slow = Slow(entered.clone(), free.clone());
    let first = pool.with(within(SECOND)).spawn(move || drop(slow)).unwrap();
    let second = pool.with(within(SECOND)).spawn(|| ()).unwrap();
    let ends = std::thread::spawn(move || {
        // This advances the clock, which looks after what has expired.
        clock.advance(2 * SECOND);
        first.is_finished()
    });
    entered.wait();
    assert!(matches!(second.join(), Err(JobError::Expired)));
    free.open();
    assert!(ends.join().unwrap());
    assert_eq!(balanced(&pool).expired, 2);
}

/// The first of a batch gives its place back as soon as its time is over, though the second runs here.
fn a_batch_that_runs_here_expires_meanwhile(setup: Setup) {
    let clock = ManualClock::new();
    let pool = setup.builder().capacity(1).paused().clock(clock.clone()).build().unwrap();
    let handle = pool.handle();
    let jobs = (0..2).map(move |_| {
        let (clock, handle) = (clock.clone(), handle.clone());
        move || {
            clock.advance(2 * SECOND);
            std::thread::spawn(move || handle.execute(|| ()).is_ok()).join().unwrap()
        }
    });
    let here = pool.with(within(SECOND).when_full(WhenFull::RunHere));
    let mut jobs = here.spawn_batch(jobs).unwrap().into_iter();
    assert!(matches!(jobs.next().unwrap().join(), Err(JobError::Expired)));
    assert!(jobs.next().unwrap().join().unwrap());
    assert_eq!(balanced(&pool).accepted, 3);
}

/// The pool is not idle before the sink knows that a job which ran here has no outcome for it.
fn the_pool_is_not_idle_before_the_sink_is_told(setup: Setup) {
    #[derive(Default)]
    struct Slow {
        armed: Arc<AtomicBool>,
        entered: Latch,
        free: Latch,
        skipped: Tally,
    }
    impl Clone for Slow {
        fn clone(&self) -> Self {
            if self.armed.load(Ordering::SeqCst) {
                self.entered.open();
                self.free.wait();
            }
            Self {
                armed: self.armed.clone(),
                entered: self.entered.clone(),
                free: self.free.clone(),
                skipped: self.skipped.clone(),
            }
        }
    }
    impl ResultSink for Slow {
        type Result = ();
        fn put(&mut self, _: Completed<()>) -> Result<(), SinkClosed<()>> {
            Ok(())
        }
        fn skip(&mut self, _: JobId) {
            self.skipped.add();
        }
    }
    let sink = Slow::default();
    let (armed, entered) = (sink.armed.clone(), sink.entered.clone());
    let (free, skipped) = (sink.free.clone(), sink.skipped.clone());
    let pool = setup.builder().capacity(1).paused().sink(sink).build().unwrap();
    pool.execute(|| ()).unwrap();
    let handle = pool.handle();
    let submitter = std::thread::spawn(move || {
        let inner = handle.clone();
        let job = handle.with(WhenFull::RunHere).spawn(move || {
            inner.resume();
            eventually(|| inner.stats().done == 1);
            armed.store(true, Ordering::SeqCst);
        });
        job.unwrap().join().unwrap();
    });
    entered.wait();
    assert_eq!(pool.wait_idle_timeout(Duration::ZERO), Err(WaitError::TimedOut));
    free.open();
    submitter.join().unwrap();
    pool.wait_idle().unwrap();
    assert_eq!(skipped.get(), 1);
}

fn a_job_that_may_expire_and_panics(setup: Setup) {
    let results: Collect<()> = Collect::new();
    let pool = setup.builder().sink(results.clone()).build().unwrap();
    pool.with(within(3_600 * SECOND)).execute(|| panic!("on purpose")).unwrap();
    pool.wait_idle().unwrap();
    assert!(matches!(results.take().remove(0).outcome, Err(JobError::Panicked(_))));
    assert_eq!(balanced(&pool).panicked, 1);
}

fn a_nested_job_may_expire(setup: Setup) {
    let clock = ManualClock::new();
    let pool = setup.builder().clock(clock.clone()).build().unwrap();
    let (handle, inner) = (pool.handle(), clock.clone());
    let ran = Tally::default();
    let runs = ran.clone();
    let outer = pool.spawn(move || {
        // The other workers are not to come for it before its time is over.
        pause_at_rest(&handle, 1);
        handle.with(within(SECOND)).execute(move || runs.add()).unwrap();
        inner.advance(2 * SECOND);
    });
    outer.unwrap().join().unwrap();
    pool.resume();
    let report = balanced(&pool);
    assert_eq!((report.done, report.expired, ran.get()), (1, 1, 0));
}

fn a_batch_may_expire(setup: Setup) {
    let results = Collect::new();
    let clock = ManualClock::new();
    let builder = setup.builder().capacity(140).paused().clock(clock.clone());
    let pool = builder.sink(results.clone()).build().unwrap();
    let ids = pool.with(within(SECOND)).execute_batch((0..40).map(|n| move || n)).unwrap();
    assert_eq!(ids.len(), 40);
    clock.advance(2 * SECOND);
    pool.execute_batch((0..100).map(|n| move || n)).unwrap();
    let report = balanced(&pool);
    assert_eq!((report.done, report.expired), (100, 40));
    let expired = |outcome: &Result<i32, JobError>| matches!(outcome, Err(JobError::Expired));
    assert_eq!(results.take().iter().filter(|done| expired(&done.outcome)).count(), 40);
}

fn a_batch_of_handles_may_expire(setup: Setup) {
    let clock = ManualClock::new();
    let pool = setup.builder().capacity(100).paused().clock(clock.clone()).build().unwrap();
    let jobs = pool.with(within(SECOND)).spawn_batch((0..40).map(|n| move || n)).unwrap();
    clock.advance(2 * SECOND);
    assert!(jobs.into_iter().all(|job| matches!(job.join(), Err(JobError::Expired))));
    assert_eq!(balanced(&pool).expired, 40);
}

fn a_refused_job_that_may_expire_comes_back(setup: Setup) {
    let builder = setup.builder().capacity(1).paused();
    let pool = builder.build_with(|_| |_: String| ()).unwrap();
    let fresh = pool.with(within(SECOND).when_full(WhenFull::Fail));
    fresh.submit("first".to_owned()).unwrap();
    let refused = fresh.submit("second".to_owned()).unwrap_err();
    assert!(refused.is_full() && refused.into_inner() == "second");
    let (read, mut rest) =
        fresh.submit_batch(["third", "fourth"].map(str::to_owned)).unwrap_err().into_inner();
    assert_eq!((read, rest.next()), (vec!["third".to_owned()], Some("fourth".to_owned())));
    pool.close();
    assert!(fresh.submit("fifth".to_owned()).unwrap_err().is_closed());
    assert_eq!(pool.shutdown().accepted, 1);
}

fn jobs_that_may_expire_are_drained(setup: Setup) {
    let pool = setup.pool();
    let ran = Tally::default();
    for _ in 0..100 {
        let runs = ran.clone();
        pool.with(within(3_600 * SECOND)).execute(move || runs.add()).unwrap();
    }
    assert_eq!((balanced(&pool).done, ran.get()), (100, 100));
}

fn a_batch_that_does_not_wait_comes_back(setup: Setup) {
    let pool = paused(setup, 3);
    let error = pool.with(WhenFull::Fail).execute_batch([|| (); 10]).unwrap_err();
    assert!(matches!(error.reason(), Refusal::Full));
    let (ids, read, rest) = error.into_parts();
    assert_eq!((ids.len(), read.len() + rest.count()), (3, 7));
    assert_eq!(balanced(&pool).done, 3);
}

fn a_batch_waits_for_a_while(setup: Setup) {
    let clock = ManualClock::new();
    let pool = setup.builder().capacity(3).paused().clock(clock.clone()).build().unwrap();
    let handle = pool.handle();
    let submitter = std::thread::spawn(move || {
        let error = handle.with(WhenFull::WaitFor(SECOND)).spawn_batch([|| 7; 10]).unwrap_err();
        let (jobs, read, rest) = error.into_parts();
        (jobs, read.len() + rest.count())
    });
    eventually(|| pool.stats().waiting_submitters == 1);
    clock.advance(2 * SECOND);
    let (jobs, left) = submitter.join().unwrap();
    assert_eq!((jobs.len(), left), (3, 7));
    pool.resume();
    assert!(jobs.into_iter().all(|job| job.join().unwrap() == 7));
    assert_eq!(balanced(&pool).done, 3);
}

fn a_batch_runs_here_what_has_no_room(setup: Setup) {
    let results = Collect::new();
    let builder = setup.builder().capacity(3).paused().sink(results.clone());
    let pool = builder.build().unwrap();
    let ids = pool.with(WhenFull::RunHere).execute_batch((0..40).map(|n| move || n)).unwrap();
    assert_eq!(ids.len(), 40);
    let here: Vec<_> = results.take();
    assert!(here.iter().all(|done| done.worker.is_none()));
    let numbers: Vec<_> = here.into_iter().map(|done| done.outcome.unwrap()).collect();
    assert_eq!(numbers, (3..40).collect::<Vec<_>>());
    assert_eq!(balanced(&pool).done, 40);
}

fn a_batch_of_handles_runs_here_what_has_no_room(setup: Setup) {
    let pool = paused(setup, 3);
    let jobs = pool.with(WhenFull::RunHere).spawn_batch((0..40).map(|n| move || n)).unwrap();
    let ended: Vec<_> = jobs.iter().map(|job| job.is_finished()).collect();
    assert_eq!((ended[..3].contains(&true), ended[3..].contains(&false)), (false, false));
    pool.resume();
    assert!(jobs.into_iter().zip(0..).all(|(job, n)| job.join().unwrap() == n));
    assert_eq!(balanced(&pool).done, 40);
}

fn what_may_expire_runs_here(setup: Setup) {
    let pool = paused(setup, 1);
    let here = pool.with(within(SECOND).when_full(WhenFull::RunHere));
    let ran = Tally::default();
    for _ in 0..3 {
        let runs = ran.clone();
        here.execute(move || runs.add()).unwrap();
    }
    assert_eq!((ran.get(), pool.stats().done), (2, 2));
    let job = here.spawn(|| 7).unwrap();
    assert!(job.is_finished() && job.join().unwrap() == 7);
    // So does what a worker holds up.
    let held = setup.builder().capacity(1).build().unwrap();
    let workers = hold(&held, setup.threads);
    held.execute(|| ()).unwrap();
    assert!(held.with(WhenFull::RunHere).spawn(|| ()).unwrap().is_finished());
    workers.release();
}

fn jobs_for_a_handler_do_not_run_here(setup: Setup) {
    let pool = setup.builder().capacity(1).paused().build_with(|_| |_: u32| ()).unwrap();
    let here = pool.with(WhenFull::RunHere);
    here.submit(1).unwrap();
    assert!(here.submit(2).unwrap_err().is_full());
    let (ids, read, _) = here.submit_batch([3]).unwrap_err().into_parts();
    assert_eq!((ids.len(), read), (0, vec![3]));
    let timed = pool.with(within(SECOND).when_full(WhenFull::RunHere));
    assert!(timed.submit(4).unwrap_err().is_full());
    assert_eq!(timed.submit_batch([5]).unwrap_err().into_inner().0, [5]);
    // A handle's job brings its own closure.
    assert_eq!(here.spawn(|| 4).unwrap().join().unwrap(), 4);
    assert_eq!(pool.shutdown().accepted, 2);
}

/// `?` takes each refusal into a box that may be sent and shared, whatever was refused.
fn refusals_go_into_boxes(setup: Setup) {
    type Boxed = Result<(), Box<dyn Error + Send + Sync>>;
    fn boxed<T, E: Into<Box<dyn Error + Send + Sync>>>(submitted: Result<T, E>) -> Boxed {
        submitted.map(|_| ()).map_err(Into::into)
    }
    /// A closure that may be sent, but not shared.
    fn unshared() -> impl FnOnce() + Send + 'static {
        let cell = std::cell::Cell::new(7);
        move || cell.set(8)
    }
    let pool = setup.pool();
    pool.close();
    let calls: [&dyn Fn() -> Boxed; 6] = [
        &|| boxed(pool.execute(unshared())),
        &|| boxed(pool.submit(Task::new(unshared()))),
        &|| boxed(pool.spawn(unshared())),
        &|| boxed(pool.install(unshared())),
        &|| boxed(pool.execute_batch([unshared()])),
        &|| boxed(pool.spawn_batch([unshared()])),
    ];
    for call in calls {
        let error = call().unwrap_err();
        assert!(error.to_string().contains("closed"), "{error}");
    }
    let waited: Boxed = Err(WaitError::TimedOut.into());
    assert!(waited.is_err());
}
