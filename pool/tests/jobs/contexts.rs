//! The context that jobs take along from where they are submitted.

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering::SeqCst};
use std::thread;
use std::time::Duration;

use drainpool::{
    AnyQueue, BuildError, Collect, InContext, Job, JobError, ManualClock, PanicPolicy, Pool,
    SubmitOptions, Task, WhenFull,
};

use crate::setup::block_on::block_on;
use crate::setup::request::{
    CAPTURED, COUNTED, PANICS_AT_CAPTURE, PANICS_AT_ENTRY, PANICS_AT_EXIT, Request, request,
    requested,
};
use crate::setup::{Backend, Builder, Latch, Setup, eventually, pause_at_rest};

on_every_backend! {
    closures_run_in_the_context_of_their_submit
    values_run_in_the_context_of_their_submit
    borrowed_work_runs_in_the_context_of_its_caller
    a_child_s_child_has_the_context_of_the_child
    a_thread_that_waits_is_back_in_its_own_context
    a_job_that_runs_here_has_its_context
    a_context_goes_with_a_job_that_never_runs
    a_capture_that_panics_accepts_nothing
    a_context_that_panics_is_its_job_s_affair
    a_capture_that_panics_gives_a_reserved_place_back
    what_a_job_owns_may_panic_as_well
    a_backend_that_replaces_the_context_is_refused
}

type Contextual<J, R> = Pool<J, R, InContext<AnyQueue<Job<J>>, Request>>;

fn builder(setup: Setup) -> drainpool::PoolBuilder<InContext<Backend, Request>> {
    setup.builder().context::<Request>()
}

fn pool(setup: Setup) -> Contextual<Task, ()> {
    builder(setup).build().unwrap()
}

fn closures_run_in_the_context_of_their_submit(setup: Setup) {
    let seen = Collect::new();
    let pool: Contextual<Task<u32>, u32> = builder(setup).sink(seen.clone()).build().unwrap();
    let large = [1_u64; 40];
    let jobs = requested(1, || {
        pool.execute(request).unwrap();
        pool.try_execute(request).ok();
        pool.with(SubmitOptions::new().start_within(Duration::MAX)).execute(request).unwrap();
        pool.execute_batch([request; 3]).unwrap();
        pool.submit(Task::new(request)).unwrap();
        pool.submit_batch([(); 2].map(|()| Task::new(request))).unwrap();
        pool.admit(SubmitOptions::new()).unwrap().execute(request).release();
        let (held, handle) = pool.admit(SubmitOptions::new()).unwrap().spawn(request);
        held.release();
        let mut jobs = pool.spawn_batch([request; 3]).unwrap();
        jobs.push(handle);
        jobs.push(pool.spawn(request).unwrap());
        jobs.push(pool.spawn(move || request() * large.iter().sum::<u64>() as u32 / 40).unwrap());
        jobs.push(pool.spawn_cancellable(|_| request()).unwrap());
        jobs.push(pool.with(WhenFull::Wait).spawn(request).unwrap());
        jobs
    });
    for job in jobs {
        assert_eq!(job.join().unwrap(), 1);
    }
    let mapped = requested(2, || pool.map(0..10, |_| request()).collect::<Vec<_>>());
    assert!(mapped.into_iter().all(|request| request.unwrap() == 2));
    assert_eq!(requested(3, || pool.install(request).unwrap()), 3);
    let workers: Vec<_> = (0..20).map(|_| pool.spawn(request).unwrap()).collect();
    assert!(workers.into_iter().all(|job| job.join().unwrap() == 0), "nothing stays behind");
    pool.shutdown();
    assert!(seen.take().into_iter().all(|done| done.outcome.unwrap() == 1));
}

fn values_run_in_the_context_of_their_submit(setup: Setup) {
    let seen = Collect::new();
    let builder = builder(setup).sink(seen.clone()).panic_policy(PanicPolicy::ReplaceWorker);
    let handler = |n: u32| {
        assert_ne!(n, 13, "on purpose");
        (n, request())
    };
    let pool: Contextual<u32, (u32, u32)> = builder.build_with(move |_| handler).unwrap();
    for n in 1..=20 {
        requested(n, || {
            pool.submit(n).unwrap();
            pool.submit_batch([n, n]).unwrap();
            let calls = pool.call_batch([n, n]).unwrap();
            for call in calls.into_iter().chain([pool.call(n).unwrap()]) {
                match call.join() {
                    Ok(seen) => assert_eq!(seen, (n, n)),
                    Err(error) => assert!(matches!(error, JobError::Panicked(_)) && n == 13),
                }
            }
        });
    }
    let report = pool.shutdown();
    assert_eq!((report.accepted, report.panicked), (120, 6));
    let seen = seen.take().into_iter().filter_map(|done| done.outcome.ok());
    assert_eq!(seen.map(|(n, request)| assert_eq!(n, request)).count(), 57);
}

fn borrowed_work_runs_in_the_context_of_its_caller(setup: Setup) {
    let pool = pool(setup);
    for number in 1..=20 {
        requested(number, || {
            let ran = AtomicUsize::new(0);
            let check = || {
                assert_eq!(request(), number);
                ran.fetch_add(1, SeqCst);
            };
            pool.scope(|scope| (0..20).for_each(|_| scope.spawn(check)));
            pool.for_each(0..20, |_| check());
            pool.join(check, check);
            pool.join(|| pool.join(check, check), || pool.join(check, check));
            assert_eq!(ran.into_inner(), 46);
        });
    }
    pool.shutdown();
}

fn a_child_s_child_has_the_context_of_the_child(setup: Setup) {
    let pool = pool(setup);
    let seen = AtomicUsize::new(0);
    pool.scope(|scope| {
        for n in 1..=10 {
            let seen = &seen;
            requested(n, || {
                scope.spawn(move || {
                    let child = move || {
                        assert_eq!(request(), n + 100);
                        seen.fetch_add(1, SeqCst);
                    };
                    requested(n + 100, || scope.spawn(child));
                    assert_eq!(request(), n);
                });
            });
        }
    });
    assert_eq!(seen.into_inner(), 10);
    let nested = pool.handle();
    let parent = requested(7, || pool.spawn(move || nested.spawn(request).unwrap()).unwrap());
    assert_eq!(parent.join().unwrap().join().unwrap(), 7);
    pool.shutdown();
}

fn a_thread_that_waits_is_back_in_its_own_context(setup: Setup) {
    let pool = pool(setup.with_threads(1));
    let nested = pool.handle();
    let waits = move || {
        let job = requested(5, || nested.spawn(request).unwrap());
        // There is no other worker: it runs here.
        let seen = job.join().unwrap();
        (seen, request())
    };
    let job = requested(4, || pool.spawn(waits).unwrap());
    assert_eq!(job.join().unwrap(), (5, 4));
    let visited = requested(6, || pool.spawn(request).unwrap());
    assert_eq!(requested(7, || visited.join_or_run().unwrap()), 6);
    let fails = requested(8, || pool.spawn(|| panic!("on purpose")).unwrap());
    assert!(requested(9, || fails.join_or_run()).is_err());
    pool.shutdown();
}

fn a_job_that_runs_here_has_its_context(setup: Setup) {
    let seen = Collect::new();
    let one = builder(setup.with_threads(1)).capacity(1).sink(seen.clone());
    let pool: Contextual<Task<u32>, u32> = one.paused().build().unwrap();
    let here = pool.with(WhenFull::RunHere);
    pool.execute(request).unwrap();
    requested(3, || {
        here.execute(request).unwrap();
        here.submit(Task::new(request)).unwrap();
        assert_eq!(here.spawn(request).unwrap().join().unwrap(), 3);
    });
    pool.resume();
    pool.shutdown();
    let mut seen: Vec<_> = seen.take().into_iter().map(|done| done.outcome.unwrap()).collect();
    seen.sort_unstable();
    assert_eq!(seen, [0, 3, 3]);
}

/// The test of what is counted, which is for one at a time.
static COUNTING: std::sync::Mutex<()> = std::sync::Mutex::new(());

fn a_context_goes_with_a_job_that_never_runs(setup: Setup) {
    let _alone = COUNTING.lock().unwrap_or_else(std::sync::PoisonError::into_inner);
    let clock = ManualClock::new();
    let builder = setup.builder().capacity(5).clock(clock.clone()).paused();
    let pool: Contextual<u32, u32> = builder
        .context::<Request>()
        .sink(drainpool::sink_fn(|_| ()))
        .build_with(|_| |n| n)
        .unwrap();
    requested(COUNTED, || {
        pool.submit(1).unwrap();
        assert_eq!(pool.take_queued().len(), 1);
        let call = pool.call(1).unwrap();
        assert!(call.cancel());
        drop(call);
        let soon = pool.with(SubmitOptions::new().start_within(Duration::from_secs(1)));
        drop((soon.spawn(request).unwrap(), soon.submit(2).unwrap()));
        drop(pool.admit(SubmitOptions::new()).unwrap().spawn(request));
        clock.advance(Duration::from_secs(2));
        pool.resume();
        pool.wait_idle().unwrap();
        pool.close();
        assert_eq!(pool.submit(7).unwrap_err().into_inner(), 7);
        assert_eq!(pool.call(8).unwrap_err().into_inner(), 8);
        assert_eq!(pool.spawn(|| 9).unwrap_err().into_inner()(), 9);
        assert_eq!(pool.submit_batch([1, 2]).unwrap_err().into_inner().0.len(), 1);
    });
    let report = pool.shutdown();
    assert_eq!((report.returned, report.cancelled, report.expired), (1, 2, 2));
    eventually(|| CAPTURED.load(SeqCst) == 0);
}

fn a_capture_that_panics_accepts_nothing(setup: Setup) {
    let pool = pool(setup);
    let panics = |code: &dyn Fn()| {
        let outcome = requested(PANICS_AT_CAPTURE, || catch_unwind(AssertUnwindSafe(code)));
        assert!(outcome.is_err());
    };
    panics(&|| drop(pool.execute(|| ())));
    panics(&|| drop(pool.spawn(|| ())));
    panics(&|| drop(pool.submit(Task::new(|| ()))));
    panics(&|| drop(pool.execute_batch([|| (); 3])));
    panics(&|| drop(pool.spawn_batch([|| (); 3])));
    panics(&|| drop(pool.admit(SubmitOptions::new()).unwrap().spawn(|| ())));
    panics(&|| drop(pool.admit(SubmitOptions::new()).unwrap().execute(|| ())));
    panics(&|| _ = pool.join(|| (), || ()));
    panics(&|| pool.scope(|scope| scope.spawn(|| ())));
    let (ran, counted) = (Arc::new(AtomicUsize::new(0)), Latch::default());
    panics(&|| {
        pool.scope(|scope| {
            requested(1, || {
                scope.spawn(|| {
                    ran.fetch_add(1, SeqCst);
                    counted.open();
                });
            });
            scope.spawn(|| ());
        });
    });
    assert_eq!(ran.load(SeqCst), 1, "the child before has run");
    pool.wait_idle().unwrap();
    assert_eq!(pool.shutdown().accepted, 0);
}

fn a_context_that_panics_is_its_job_s_affair(setup: Setup) {
    let seen = Collect::new();
    let pool: Contextual<u32, u32> =
        builder(setup).sink(seen.clone()).build_with(|_| |n| n).unwrap();
    for number in [PANICS_AT_ENTRY, PANICS_AT_EXIT] {
        requested(number, || {
            pool.submit(1).unwrap();
            let panicked = |error| matches!(error, JobError::Panicked(_));
            assert!(panicked(pool.call(1).unwrap().join().unwrap_err()));
            assert!(panicked(pool.spawn(|| 1).unwrap().join().unwrap_err()));
            // Both the job and the guard panic.
            let both = pool.spawn(|| panic!("on purpose")).unwrap();
            assert!(panicked(both.join().unwrap_err()));
            let scope = || pool.scope(|scope| scope.spawn(|| ()));
            assert!(catch_unwind(AssertUnwindSafe(scope)).is_err());
        });
    }
    assert_eq!(pool.call(2).unwrap().join().unwrap(), 2);
    let report = pool.shutdown();
    assert_eq!((report.panicked, report.done), (8, 1));
    assert_eq!(seen.take().len(), 2);
    // No worker is left in a context that was not left.
    let clean = self::pool(setup);
    let jobs: Vec<_> = (0..20).map(|_| clean.spawn(request).unwrap()).collect();
    assert!(jobs.into_iter().all(|job| job.join().unwrap() == 0));
    thread::scope(|scope| scope.spawn(|| assert_eq!(request(), 0)).join().unwrap());
}

fn a_capture_that_panics_gives_a_reserved_place_back(setup: Setup) {
    let builder = builder(setup).capacity(1).sink(drainpool::sink_fn(|_| ()));
    let pool: Contextual<u32, u32> = builder.build_with(|_| |n| n).unwrap();
    let panics = |code: &dyn Fn()| {
        let outcome = requested(PANICS_AT_CAPTURE, || catch_unwind(AssertUnwindSafe(code)));
        assert!(outcome.is_err());
    };
    for _ in 0..3 {
        panics(&|| drop(block_on(pool.spawn_async(|| 1))));
        panics(&|| drop(block_on(pool.spawn_cancellable_async(|_| 1))));
        panics(&|| drop(block_on(pool.submit_async(1))));
        panics(&|| drop(block_on(pool.call_async(1))));
        panics(&|| drop(block_on(pool.reserve()).unwrap().spawn(|| 1)));
        panics(&|| drop(block_on(pool.reserve()).unwrap().submit(1)));
        // The place is there, and only one.
        pause_at_rest(&pool, 0);
        let job = pool.try_spawn(|| 2).unwrap();
        assert!(pool.try_spawn(|| 3).unwrap_err().is_full());
        pool.resume();
        assert_eq!(job.join().unwrap(), 2);
        pool.wait_idle().unwrap();
    }
    assert_eq!(pool.shutdown().accepted, 3);
}

/// Panics when it is dropped.
struct Fragile;

impl Drop for Fragile {
    fn drop(&mut self) {
        panic!("on purpose, at the drop");
    }
}

fn what_a_job_owns_may_panic_as_well(setup: Setup) {
    let pool = pool(setup);
    let owned = || {
        let fragile = Fragile;
        move || _ = &fragile
    };
    for number in [PANICS_AT_ENTRY, PANICS_AT_EXIT] {
        let job = requested(number, || pool.spawn(owned()).unwrap());
        assert!(matches!(job.join(), Err(JobError::Panicked(_))));
        requested(number, || pool.execute(owned()).unwrap());
        pool.wait_idle().unwrap();
    }
    let submit = || drop(pool.spawn(owned()));
    assert!(requested(PANICS_AT_CAPTURE, || catch_unwind(AssertUnwindSafe(submit))).is_err());
    assert_eq!(pool.shutdown().panicked, 4);
}

fn a_backend_that_replaces_the_context_is_refused(setup: Setup) {
    let builder: Builder = builder(setup).backend(setup.backend);
    assert!(matches!(builder.build(), Err(BuildError::Context)));
}
