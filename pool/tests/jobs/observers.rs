//! What observers are told, held to the books.

use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use drainpool::{
    Collect, Ended, JobError, JobId, ManualClock, ObservedJob, Observer, PanicPolicy, Priority,
    SubmitOptions, Task, WaitError, WhenFull,
};

use crate::setup::held::Gate;
use crate::setup::recorder::{Recorder, State};
use crate::setup::tools::fall_asleep;
use crate::setup::{Builder, Handle, Pool, Setup, balanced};

on_every_backend! {
    jobs_for_the_handler_are_told
    jobs_with_handles_are_told
    calls_and_their_panics_are_told
    batches_and_nested_jobs_are_told
    parts_of_jobs_are_not_told
    held_jobs_are_told
    what_never_starts_is_told
    what_is_taken_back_is_told
    what_is_discarded_is_told
    refusals_are_told
    jobs_that_their_submitter_runs_are_told
    labels_are_told
    a_replaced_worker_is_told
    an_end_is_told_before_its_outcome_is_seen
    sleeping_and_waking_are_told
    observers_are_told_in_order
    an_observer_that_panics_hurts_nobody
    an_observer_may_call_the_pool
}

fn observed(setup: Setup) -> (Arc<Recorder>, Builder) {
    let recorder = Arc::new(Recorder::default());
    let builder = setup.builder().observer(Arc::clone(&recorder));
    (recorder, builder)
}

/// Submits as many of these jobs as there is room for while no worker takes any.
fn fill(setup: Setup) -> usize {
    setup.room().min(10)
}

fn jobs_for_the_handler_are_told(setup: Setup) {
    let (recorder, builder) = observed(setup);
    let results = Collect::new();
    let pool: Pool<u32> = builder.sink(results.clone()).build().unwrap();
    for n in 0..100 {
        pool.execute(move || if n % 10 == 3 { panic!("{n}, on purpose") } else { n }).unwrap();
    }
    recorder.check(&balanced(&pool));
    assert_eq!(results.take().len(), 100);
    assert_eq!(recorder.read().ended(Ended::Panicked), 10);
}

fn jobs_with_handles_are_told(setup: Setup) {
    let (recorder, builder) = observed(setup);
    let pool = builder.build().unwrap();
    let handle = pool.handle();
    let outer = pool.spawn(move || {
        let inner: Vec<_> = (0..20).map(|n| handle.spawn(move || n).unwrap()).collect();
        inner.into_iter().map(|job| job.join().unwrap()).sum::<u32>()
    });
    assert_eq!(outer.unwrap().join().unwrap(), 190);
    let panics = pool.spawn(|| -> u32 { panic!("on purpose") }).unwrap();
    assert!(panics.join().is_err());
    assert_eq!(pool.spawn(|| 7).unwrap().join_or_run().unwrap(), 7);
    recorder.check(&balanced(&pool));
}

fn calls_and_their_panics_are_told(setup: Setup) {
    let (recorder, builder) = observed(setup);
    let pool: Pool<u32> = builder.sink(Collect::new()).build().unwrap();
    let calls: Vec<_> = (0..10_u32)
        .map(|n| {
            let task = Task::new(move || if n == 5 { panic!("on purpose") } else { n });
            pool.call(task).unwrap()
        })
        .collect();
    assert_eq!(calls.into_iter().filter_map(|call| call.join().ok()).sum::<u32>(), 40);
    recorder.check(&balanced(&pool));
}

fn batches_and_nested_jobs_are_told(setup: Setup) {
    let (recorder, builder) = observed(setup);
    let pool = builder.build().unwrap();
    let handle = pool.handle();
    pool.with(Priority::HIGH)
        .execute_batch((0..40).map(|_| {
            let handle = handle.clone();
            move || {
                handle.execute(|| ()).unwrap();
                handle.execute_batch((0..3).map(|_| || ())).unwrap();
            }
        }))
        .unwrap();
    pool.spawn_batch((0..40).map(|n| move || n)).unwrap().into_iter().for_each(|job| {
        job.join().unwrap();
    });
    let report = balanced(&pool);
    assert_eq!(report.done, 240);
    recorder.check(&report);
    let record = recorder.read();
    assert_eq!(
        record.priorities.iter().filter(|priority| **priority == Priority::HIGH).count(),
        40
    );
}

fn parts_of_jobs_are_not_told(setup: Setup) {
    let (recorder, builder) = observed(setup);
    let pool = builder.build().unwrap();
    assert_eq!(pool.join(|| 1, || 2), (1, 2));
    pool.scope(|scope| (0..20).for_each(|_| scope.spawn(|| ())));
    assert_eq!(pool.install(|| 3).unwrap(), 3);
    let report = balanced(&pool);
    assert_eq!(report.done, 1);
    recorder.check(&report);
}

fn held_jobs_are_told(setup: Setup) {
    let (recorder, builder) = observed(setup);
    let pool = builder.build().unwrap();
    drop(pool.admit(SubmitOptions::new()).unwrap());
    let (held, job) = pool.admit(SubmitOptions::new().label("held")).unwrap().spawn(|| 1);
    held.release();
    assert_eq!(job.join().unwrap(), 1);
    let (held, job) = pool.admit(SubmitOptions::new()).unwrap().spawn(|| 2);
    drop(held);
    assert!(matches!(job.join(), Err(JobError::Cancelled)));
    let (held, job) = pool.admit(SubmitOptions::new()).unwrap().spawn(|| 3);
    held.runner().run();
    held.release();
    assert_eq!(job.join().unwrap(), 3);
    pool.admit(SubmitOptions::new()).unwrap().execute(|| ()).release();
    let report = balanced(&pool);
    assert_eq!((report.accepted, report.done, report.cancelled), (4, 3, 1));
    recorder.check(&report);
}

fn what_never_starts_is_told(setup: Setup) {
    let (recorder, builder) = observed(setup);
    let clock = ManualClock::new();
    let pool = builder.clock(clock.clone()).paused().build().unwrap();
    let fresh = pool.with(SubmitOptions::new().start_within(Duration::from_secs(1)).label("fresh"));
    let cancelled = pool.spawn(|| ()).unwrap();
    let expired = fresh.spawn(|| ()).unwrap();
    fresh.execute(|| ()).unwrap();
    assert!(cancelled.cancel());
    clock.advance(Duration::from_secs(2));
    assert!(matches!(expired.join(), Err(JobError::Expired)));
    pool.resume();
    let report = balanced(&pool);
    assert_eq!((report.cancelled, report.expired), (1, 2));
    recorder.check(&report);
    assert_eq!(recorder.read().starts, 0);
}

fn what_is_taken_back_is_told(setup: Setup) {
    let (recorder, builder) = observed(setup);
    let pool = builder.paused().build().unwrap();
    pool.execute(|| ()).unwrap();
    pool.with(SubmitOptions::new().label("labelled")).execute(|| ()).unwrap();
    let spawned = pool.spawn(|| ()).unwrap();
    assert_eq!(pool.take_queued().len(), 2);
    assert!(matches!(spawned.join(), Err(JobError::Returned)));
    pool.resume();
    let report = balanced(&pool);
    assert_eq!(report.returned, 3);
    recorder.check(&report);
}

fn what_is_discarded_is_told(setup: Setup) {
    let (recorder, builder) = observed(setup);
    let pool: Pool = builder.build().unwrap();
    let gate = Gate::default();
    let (waits, handle) = ((*gate).clone(), pool.handle());
    pool.execute(move || {
        waits.wait();
        for _ in 0..10 {
            handle.execute(|| ()).unwrap();
        }
        drop(handle.spawn(|| ()).unwrap());
        handle.with(SubmitOptions::new().label("late")).execute(|| ()).unwrap();
    })
    .unwrap();
    (1..fill(setup)).for_each(|_| drop(pool.try_execute(|| ())));
    std::thread::scope(|scope| {
        let ends = scope.spawn(|| pool.shutdown_now());
        gate.open();
        ends.join().unwrap();
    });
    recorder.check(&balanced(&pool));
}

fn refusals_are_told(setup: Setup) {
    let (recorder, builder) = observed(setup);
    let pool = builder.paused().build().unwrap();
    let mut refused = 0;
    if let Some(capacity) = setup.capacity {
        for _ in 0..capacity {
            pool.try_execute(|| ()).unwrap();
        }
        assert!(pool.try_execute(|| ()).is_err());
        assert!(pool.try_spawn(|| ()).is_err());
        assert!(pool.with(WhenFull::Fail).execute_batch([|| (), || ()]).is_err());
        assert!(pool.with(WhenFull::Fail).spawn_batch([|| (), || ()]).is_err());
        assert!(pool.admit(WhenFull::Fail).is_err());
        refused += 7;
        assert_eq!(recorder.read().refused, refused);
        assert!(recorder.read().last_refusal.as_ref().unwrap().contains("full"));
    }
    pool.close();
    assert!(pool.execute(|| ()).is_err());
    assert!(pool.spawn(|| ()).is_err());
    assert!(pool.with(SubmitOptions::new().label("late")).execute(|| ()).is_err());
    assert!(pool.with(WhenFull::RunHere).execute(|| ()).is_err());
    assert!(pool.execute_batch([|| (), || (), || ()]).is_err());
    assert!(crate::setup::block_on::block_on(pool.execute_async(|| ())).is_err());
    assert!(pool.install(|| ()).is_err());
    refused += 9;
    assert_eq!((recorder.read().refused, pool.stats().refused), (refused, refused));
    pool.resume();
    recorder.check(&balanced(&pool));
}

fn jobs_that_their_submitter_runs_are_told(setup: Setup) {
    let (recorder, builder) = observed(setup);
    let pool = builder.paused().build().unwrap();
    let here = pool.with(SubmitOptions::new().when_full(WhenFull::RunHere).priority(Priority::LOW));
    for _ in 0..10 {
        here.execute(|| ()).unwrap();
        drop(here.spawn(|| ()).unwrap());
    }
    here.execute_batch((0..10).map(|_| || ())).unwrap();
    let ran = recorder.read().starts;
    assert_eq!(ran, setup.capacity.map_or(0, |capacity| 30 - capacity as u64));
    pool.resume();
    recorder.check(&balanced(&pool));
    assert_eq!(recorder.read().refused, 0);
    assert!(recorder.read().priorities.iter().all(|priority| *priority == Priority::LOW));
}

fn labels_are_told(setup: Setup) {
    let (recorder, builder) = observed(setup);
    let pool = builder.build().unwrap();
    let labelled = pool.with(SubmitOptions::new().label("kind"));
    let mut ids = vec![labelled.execute(|| ()).unwrap()];
    ids.push(labelled.execute(|| panic!("on purpose")).unwrap());
    let job = labelled.spawn(|| ()).unwrap();
    ids.push(job.id());
    job.join().unwrap();
    let plain = pool.execute(|| ()).unwrap();
    recorder.check(&balanced(&pool));
    let record = recorder.read();
    assert!(ids.iter().all(|id| record.jobs[id].1 == Some("kind")));
    assert_eq!(record.jobs[&plain], (State::Ended(Ended::Done), None));
}

fn a_replaced_worker_is_told(setup: Setup) {
    let (recorder, builder) = observed(setup);
    let pool = builder.panic_policy(PanicPolicy::ReplaceWorker).build().unwrap();
    for _ in 0..5 {
        pool.execute(|| panic!("on purpose")).unwrap();
    }
    pool.wait_idle().unwrap();
    let report = balanced(&pool);
    recorder.check(&report);
    assert!(recorder.read().came >= setup.threads as u64);
}

fn an_end_is_told_before_its_outcome_is_seen(setup: Setup) {
    let (recorder, builder) = observed(setup);
    let early = Arc::new(AtomicBool::new(false));
    let (seen, reads) = (Arc::clone(&early), Arc::clone(&recorder));
    let sink = drainpool::sink_fn(move |done: drainpool::Completed<()>| {
        let how = if done.outcome.is_ok() { Ended::Done } else { Ended::Panicked };
        if reads.read().jobs[&done.id].0 != State::Ended(how) {
            seen.store(true, Ordering::SeqCst);
        }
    });
    let pool: Pool = builder.sink(sink).build().unwrap();
    for n in 0..20 {
        pool.execute(move || assert!(n % 4 != 0, "on purpose")).unwrap();
    }
    for _ in 0..20 {
        let job = pool.spawn(|| ()).unwrap();
        let id = job.id();
        job.join().unwrap();
        assert_eq!(recorder.read().jobs[&id].0, State::Ended(Ended::Done));
    }
    recorder.check(&balanced(&pool));
    assert!(!early.load(Ordering::SeqCst));
}

fn sleeping_and_waking_are_told(setup: Setup) {
    let (recorder, builder) = observed(setup);
    let pool = builder.build().unwrap();
    fall_asleep(&pool);
    let asleep = recorder.read().sleeps;
    assert_eq!(asleep, setup.threads as u64);
    pool.execute(|| ()).unwrap();
    pool.wait_idle().unwrap();
    fall_asleep(&pool);
    let record = recorder.read();
    assert!(record.wakes >= 1 && record.sleeps - record.wakes == setup.threads as u64);
    assert_eq!(pool.stats().sleeps, record.sleeps);
    drop(record);
    recorder.check(&balanced(&pool));
    assert_eq!(recorder.read().came, setup.threads as u64);
}

/// Notes its name at each submit.
struct Noting(&'static str, Arc<Mutex<Vec<&'static str>>>);

impl Observer for Noting {
    fn submitted(&self, _: ObservedJob, _: Priority) {
        self.1.lock().unwrap().push(self.0);
    }
}

fn observers_are_told_in_order(setup: Setup) {
    let notes = Arc::default();
    let builder = setup.builder().observer(Noting("first", Arc::clone(&notes)));
    let pool = builder.observer(Noting("second", Arc::clone(&notes))).build().unwrap();
    pool.execute(|| ()).unwrap();
    balanced(&pool);
    assert_eq!(*notes.lock().unwrap(), ["first", "second"]);
}

struct Panics;

impl Observer for Panics {
    fn submitted(&self, _: ObservedJob, _: Priority) {
        panic!("at the submit, on purpose");
    }

    fn withdrawn(&self, _: JobId) {
        panic!("at the withdrawal, on purpose");
    }

    fn refused(&self, _: &drainpool::Refusal, _: usize) {
        panic!("at the refusal, on purpose");
    }

    fn started(&self, _: ObservedJob, _: Option<usize>) {
        panic!("at the start, on purpose");
    }

    fn ended(&self, _: ObservedJob, _: Option<usize>, _: Ended) {
        panic!("at the end, on purpose");
    }

    fn worker_came(&self, _: usize) {
        panic!("at the coming, on purpose");
    }

    fn worker_left(&self, _: usize) {
        panic!("at the leaving, on purpose");
    }

    fn worker_sleeps(&self, _: usize) {
        panic!("at the sleep, on purpose");
    }

    fn worker_wakes(&self, _: usize) {
        panic!("at the waking, on purpose");
    }
}

impl Drop for Panics {
    fn drop(&mut self) {
        assert!(std::thread::panicking(), "at the drop, on purpose");
    }
}

fn an_observer_that_panics_hurts_nobody(setup: Setup) {
    let recorder = Arc::new(Recorder::default());
    let builder = setup.builder().observer(Panics).observer(Arc::clone(&recorder));
    let pool = builder.build().unwrap();
    for n in 0..20 {
        pool.execute(move || assert!(n > 3, "on purpose")).unwrap();
    }
    assert_eq!(pool.spawn(|| 7).unwrap().join().unwrap(), 7);
    drop(pool.admit(SubmitOptions::new()).unwrap());
    pool.wait_idle().unwrap();
    let report = balanced(&pool);
    assert!(pool.execute(|| ()).is_err());
    assert_eq!((report.done, report.panicked), (17, 4));
    recorder.check(&report);
}

/// Calls its pool at each event: it submits, once for each event, and tries to wait.
#[derive(Default)]
struct Calls {
    pool: Mutex<Option<Handle>>,
    busy: Mutex<Vec<std::thread::ThreadId>>,
    has_waited: AtomicBool,
    submits: AtomicBool,
}

impl Calls {
    fn call(&self, submits: bool) {
        let Some(pool) = self.pool.lock().unwrap().clone() else { return };
        let here = std::thread::current().id();
        if self.busy.lock().unwrap().contains(&here) {
            return;
        }
        self.busy.lock().unwrap().push(here);
        let _ = pool.stats();
        if !matches!(pool.wait_idle(), Err(WaitError::InsideJob)) {
            self.has_waited.store(true, Ordering::SeqCst);
        }
        if submits && self.submits.load(Ordering::SeqCst) {
            let _ = pool.execute(|| ());
            drop(pool.spawn(|| ()));
        }
        self.busy.lock().unwrap().retain(|thread| *thread != here);
    }
}

impl Observer for Calls {
    fn submitted(&self, job: ObservedJob, _: Priority) {
        self.call(job.label.is_some());
    }

    fn started(&self, job: ObservedJob, _: Option<usize>) {
        self.call(job.label.is_some());
    }

    fn ended(&self, job: ObservedJob, _: Option<usize>, _: Ended) {
        self.call(job.label.is_some());
    }

    fn withdrawn(&self, _: JobId) {
        self.call(false);
    }

    fn refused(&self, _: &drainpool::Refusal, _: usize) {
        self.call(false);
    }

    fn worker_left(&self, _: usize) {
        self.call(false);
    }

    fn worker_sleeps(&self, _: usize) {
        self.call(false);
    }

    fn worker_wakes(&self, _: usize) {
        self.call(false);
    }
}

fn an_observer_may_call_the_pool(setup: Setup) {
    let calls = Arc::new(Calls::default());
    let recorder = Arc::new(Recorder::default());
    let builder = setup.builder().observer(Arc::clone(&calls)).observer(Arc::clone(&recorder));
    let pool = builder.build().unwrap();
    *calls.pool.lock().unwrap() = Some(pool.handle());
    for submits in [false, true] {
        calls.submits.store(submits, Ordering::SeqCst);
        for _ in 0..10 {
            pool.with(SubmitOptions::new().label("told")).execute(|| ()).unwrap();
            pool.execute(|| ()).unwrap();
            pool.spawn(|| ()).unwrap().join().unwrap();
        }
    }
    calls.submits.store(false, Ordering::SeqCst);
    let report = balanced(&pool);
    assert!(pool.execute(|| ()).is_err());
    assert!(!calls.has_waited.load(Ordering::SeqCst), "an observer must not wait");
    recorder.check(&report);
    // Otherwise the two would keep each other.
    *calls.pool.lock().unwrap() = None;
}
