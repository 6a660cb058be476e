//! Ways in which pools in wide use have failed, each with the report of a real case. The numbers are
//! those under which this project keeps them.

use std::sync::Arc;
use std::task::{Context, Wake, Waker};
use std::time::Duration;

use drainpool::{JobError, JobHandle, JobSet, WaitError, WhenFull};

use crate::setup::{Latch, Setup, Tally, balanced, eventually};

on_every_backend! {
    failure_13_a_handle_unresolved_when_its_spawn_races_with_shutdown
    failure_14_cancelled_jobs_are_never_announced
    failure_19_a_pool_dropped_by_its_own_job
    failure_21_a_drop_under_a_lock_calls_back
    failure_21_what_is_told_of_an_end_calls_back
    failure_23_a_drop_panics
    failure_24_a_payload_panics_when_dropped
    failure_27_the_collector_is_gone
    failure_31_more_jobs_run_than_there_are_workers
    failure_39_a_worker_keeps_its_last_job_alive
    failure_40_cancelled_jobs_are_retained
    failure_42_the_list_of_waiters_grows
    failure_43_a_wake_up_goes_to_one_who_has_left
    failure_49_durations_that_overflow
    failure_51_a_job_submits_to_its_own_full_pool
    failure_52_bounded_jobs_and_bounded_results
    failure_53_a_job_waits_for_a_job
    failure_55_a_wait_serves_only_the_first
    failure_56_the_owner_is_gone_when_it_is_told
}

/// tokio's `spawn_blocking_racing_shutdown_resolves`.
fn failure_13_a_handle_unresolved_when_its_spawn_races_with_shutdown(setup: Setup) {
    for _ in 0..50 {
        let pool = setup.pool();
        let handle = pool.handle();
        let submitter = std::thread::spawn(move || {
            let spawned: Vec<_> = (0..20).map_while(|_| handle.spawn(|| ()).ok()).collect();
            let accepted = spawned.len() as u64;
            spawned.into_iter().for_each(|job| job.join().unwrap());
            accepted
        });
        let report = pool.shutdown();
        assert_eq!(submitter.join().unwrap(), report.done);
    }
}

/// cpython#87893, cpython#92001.
fn failure_14_cancelled_jobs_are_never_announced(setup: Setup) {
    let pool = setup.builder().paused().build().unwrap();
    let jobs: JobSet<()> = (0..3).map(|_| pool.spawn(|| ()).unwrap()).collect();
    assert_eq!((jobs.cancel_all(), jobs.cancel_all()), (3, 0), "each once");
    let cancelled = |(_, outcome)| matches!(outcome, Err(JobError::Cancelled));
    assert_eq!(jobs.into_iter().map(cancelled).filter(|cancelled| *cancelled).count(), 3);
    assert_eq!(balanced(&pool).cancelled, 3);
}

/// tikv/yatp#36, tokio#1950: here with a handle in the job's hands.
fn failure_19_a_pool_dropped_by_its_own_job(setup: Setup) {
    let pool = Arc::new(setup.pool());
    let (owned, go) = (pool.clone(), Latch::default());
    let wait = go.clone();
    let job = pool.spawn(move || {
        let inner = owned.spawn(|| 7).unwrap();
        wait.wait();
        drop(owned);
        inner.join().unwrap()
    });
    let handle = pool.handle();
    drop(pool);
    go.open();
    assert_eq!(job.unwrap().join().unwrap(), 7);
    eventually(|| handle.stats().threads == 0);
}

/// cpython#76757: what a cancelled job drops calls the pool.
fn failure_21_a_drop_under_a_lock_calls_back(setup: Setup) {
    struct CallsBack(crate::setup::Handle, Tally);
    impl Drop for CallsBack {
        fn drop(&mut self) {
            self.1.add();
            let (stats, again) = (self.0.stats(), self.1.clone());
            assert!(stats.accepted > 0);
            self.0.execute(move || again.add()).unwrap();
        }
    }
    let pool = setup.builder().paused().build().unwrap();
    let count = Tally::default();
    let captured = CallsBack(pool.handle(), count.clone());
    let job = pool.spawn(move || drop(captured)).unwrap();
    assert!(job.cancel());
    assert_eq!(pool.stats().queued, 1);
    let report = balanced(&pool);
    assert_eq!((report.cancelled, report.done, count.get()), (1, 1, 2));
}

/// The same of a waker and of a sink, while the thread that calls them ends a job: to wait there for the
/// pool's rest would be to wait for themselves.
fn failure_21_what_is_told_of_an_end_calls_back(setup: Setup) {
    struct Waits(crate::setup::Handle, Tally);
    impl Wake for Waits {
        fn wake(self: Arc<Self>) {
            assert_eq!(self.0.wait_idle(), Err(WaitError::InsideJob));
            self.1.add();
        }
    }
    let pool = setup.builder().paused().build().unwrap();
    let told = Tally::default();
    let waker = Waker::from(Arc::new(Waits(pool.handle(), told.clone())));
    for cancel in [true, false] {
        let mut job = pool.spawn(|| ()).unwrap();
        let context = &mut Context::from_waker(&waker);
        assert!(std::pin::Pin::new(&mut job).poll(context).is_pending());
        if cancel {
            assert!(job.cancel());
        } else {
            // Whoever waits puts its own waker in, unless the job has ended by then.
            job.join_or_run().unwrap();
        }
    }
    assert_eq!(told.get(), 2);
    let owner = Arc::new(std::sync::Mutex::new(None::<crate::setup::Handle>));
    let (seen, sunk) = (owner.clone(), told.clone());
    let sink = drainpool::sink_fn(move |_: drainpool::Completed<()>| {
        let handle = seen.lock().unwrap().clone().unwrap();
        assert_eq!(handle.wait_idle(), Err(WaitError::InsideJob));
        sunk.add();
    });
    let bounded = setup.builder().capacity(1).paused().sink(sink).build().unwrap();
    *owner.lock().unwrap() = Some(bounded.handle());
    for _ in 0..2 {
        bounded.with(WhenFull::RunHere).execute(|| ()).unwrap();
    }
    assert_eq!(told.get(), 3, "one job was run in the caller");
    assert_eq!((balanced(&bounded).done, told.get()), (2, 4));
    *owner.lock().unwrap() = None;
}

/// Panics when dropped.
struct Bomb(&'static str);

impl Drop for Bomb {
    fn drop(&mut self) {
        panic!("{}, on purpose", self.0);
    }
}

/// rayon#271, rust#94644: in the drop of captures, of a result, of a cancelled closure.
fn failure_23_a_drop_panics(setup: Setup) {
    let pool = setup.pool();
    let captured = Bomb("captured");
    let job = pool.spawn(move || drop(captured)).unwrap();
    assert!(matches!(job.join(), Err(JobError::Panicked(_))));
    drop(pool.spawn(|| Bomb("result")).unwrap());
    let unwanted = pool.spawn(|| Bomb("unwanted")).unwrap();
    pool.wait_idle().unwrap();
    drop(unwanted);
    pool.pause();
    let captured = Bomb("cancelled");
    let job = pool.spawn(move || drop(captured)).unwrap();
    assert!(job.cancel());
    let report = balanced(&pool);
    assert_eq!((report.done, report.panicked, report.cancelled), (2, 1, 1));
}

/// rust#86027, PyO3#2544.
fn failure_24_a_payload_panics_when_dropped(setup: Setup) {
    let pool = setup.pool();
    let throw = || -> () { std::panic::resume_unwind(Box::new(Bomb("payload"))) };
    drop(pool.spawn(throw).unwrap());
    let job = pool.spawn(throw).unwrap();
    pool.wait_idle().unwrap();
    drop(job);
    let thrown = std::panic::catch_unwind(std::panic::AssertUnwindSafe(|| {
        pool.scope(|scope| (0..3).for_each(|_| scope.spawn(throw)));
    }));
    let dropped = std::panic::catch_unwind(std::panic::AssertUnwindSafe(|| drop(thrown)));
    assert!(dropped.is_err(), "it was the payload of the first that was thrown on");
    assert_eq!(balanced(&pool).panicked, 2);
}

/// paradigmxyz/reth#22386.
fn failure_27_the_collector_is_gone(setup: Setup) {
    let (pool, ran) = (setup.pool(), Tally::default());
    for n in 0..50 {
        let ran = ran.clone();
        drop(pool.spawn(move || (ran.add(), vec![n; 100])).unwrap());
    }
    assert_eq!((balanced(&pool).done, ran.get()), (50, 50));
}

/// ants#374.
fn failure_31_more_jobs_run_than_there_are_workers(setup: Setup) {
    let pool = setup.pool();
    let (now, most) =
        (Arc::new(std::sync::Mutex::new(0_usize)), Arc::new(std::sync::Mutex::new(0)));
    std::thread::scope(|scope| {
        for _ in 0..4 {
            scope.spawn(|| {
                for _ in 0..100 {
                    let (now, most) = (now.clone(), most.clone());
                    let job = move || {
                        let running = {
                            let mut now = now.lock().unwrap();
                            *now += 1;
                            *now
                        };
                        let mut most = most.lock().unwrap();
                        *most = running.max(*most);
                        drop(most);
                        *now.lock().unwrap() -= 1;
                    };
                    pool.execute(job).unwrap();
                }
            });
        }
    });
    assert_eq!(balanced(&pool).done, 400);
    assert!((1..=setup.threads).contains(&*most.lock().unwrap()));
}

/// bpo-16284, BS::thread_pool#81.
fn failure_39_a_worker_keeps_its_last_job_alive(setup: Setup) {
    let pool = setup.pool();
    let (captured, result) = (Arc::new(()), Arc::new(()));
    let (inside, returned) = (captured.clone(), result.clone());
    let job = pool.spawn(move || {
        let _inside = inside;
        returned
    });
    let joined = job.unwrap().join().unwrap();
    assert_eq!(Arc::strong_count(&captured), 1, "gone before the outcome was there");
    drop(joined);
    assert_eq!(Arc::strong_count(&result), 1);
}

/// true-async/php-async#233.
fn failure_40_cancelled_jobs_are_retained(setup: Setup) {
    let pool = setup.pool();
    let captured = Arc::new(());
    let latch = Latch::default();
    let hold = latch.clone();
    pool.execute(move || hold.wait()).unwrap();
    for _ in 0..1_000 {
        let captured = captured.clone();
        // Not all of them are in time: there may be another worker.
        if let Ok(job) = pool.try_spawn(move || drop(captured)) {
            job.cancel();
        }
    }
    eventually(|| Arc::strong_count(&captured) == 1);
    latch.open();
    balanced(&pool);
}

/// flume#88, JDK's PollMemoryLeak.
fn failure_42_the_list_of_waiters_grows(setup: Setup) {
    let pool = setup.builder().capacity(1).paused().build().unwrap();
    let mut job = pool.spawn(|| ()).unwrap();
    for _ in 0..1_000 {
        assert!(pool.with(WhenFull::WaitFor(Duration::ZERO)).execute(|| ()).is_err());
        assert!(job.join_timeout(Duration::ZERO).is_err());
    }
    assert_eq!(pool.stats().waiting_submitters, 0);
    pool.resume();
    job.join().unwrap();
}

/// iroh#2533: those who wait for room and those who stop waiting.
fn failure_43_a_wake_up_goes_to_one_who_has_left(setup: Setup) {
    let pool = setup.builder().capacity(1).build().unwrap();
    let ran = Tally::default();
    std::thread::scope(|scope| {
        for _ in 0..2 {
            scope.spawn(|| {
                for _ in 0..200 {
                    let count = ran.clone();
                    pool.execute(move || count.add()).unwrap();
                }
            });
            scope.spawn(|| {
                for _ in 0..200 {
                    let _ = pool.with(WhenFull::WaitFor(Duration::from_nanos(1))).execute(|| ());
                }
            });
        }
    });
    balanced(&pool);
    assert_eq!(ran.get(), 400);
}

/// rust#44216, crossbeam#795, flume#167.
fn failure_49_durations_that_overflow(setup: Setup) {
    let pool = setup.builder().capacity(1).build().unwrap();
    for time in [Duration::MAX, Duration::from_secs(1 << 62), Duration::from_secs(u64::MAX)] {
        pool.with(WhenFull::WaitFor(time)).execute(|| ()).unwrap();
        let mut job =
            pool.with(WhenFull::WaitFor(time)).spawn(|| 7).map_err(|_| "refused").unwrap();
        assert_eq!(job.join_timeout(time).unwrap().unwrap(), 7);
        let mut jobs: JobSet<_> = [pool.spawn(|| 7).unwrap()].into_iter().collect();
        assert!(jobs.join_next_timeout(time).unwrap().is_some());
        pool.wait_idle_timeout(time).unwrap();
    }
    assert_eq!(balanced(&pool).done, 9);
}

/// ants#197, chroma#5283.
fn failure_51_a_job_submits_to_its_own_full_pool(setup: Setup) {
    let pool = setup.with_threads(1).builder().capacity(1).build().unwrap();
    let (begun, handle, ran) = (Latch::default(), pool.handle(), Tally::default());
    let (go, count, begin) = (Latch::default(), ran.clone(), begun.clone());
    let wait = go.clone();
    pool.execute(move || {
        begin.open();
        wait.wait();
        for _ in 0..2 {
            let count = count.clone();
            handle.execute(move || count.add()).unwrap();
        }
    })
    .unwrap();
    begun.wait();
    pool.try_execute(|| ()).unwrap();
    assert!(pool.try_execute(|| ()).is_err_and(|refused| refused.is_full()), "it is full");
    go.open();
    assert_eq!((balanced(&pool).done, ran.get()), (4, 2));
}

/// ubugeeei-prod/corsa-bind#94: more inputs than both bounds hold, from one thread.
fn failure_52_bounded_jobs_and_bounded_results(setup: Setup) {
    let pool = setup.builder().capacity(2).build().unwrap();
    let sum: u32 = pool.map_unordered(0..100, |n| n).buffer(50).map(Result::unwrap).sum();
    assert_eq!(sum, 4_950);
    assert_eq!(balanced(&pool).done, 100);
}

/// delta-kernel-rs#3202, sled#1325.
fn failure_53_a_job_waits_for_a_job(setup: Setup) {
    let pool = setup.pool();
    let outer: Vec<JobHandle<u32>> = (0..20)
        .map(|n| {
            let handle = pool.handle();
            let wait = move || handle.spawn(move || n).unwrap().join().unwrap();
            pool.spawn(wait).unwrap()
        })
        .collect();
    assert!(outer.into_iter().map(|job| job.join().unwrap()).eq(0..20));
    assert_eq!(balanced(&pool).done, 40);
}

/// BS::thread_pool#110, threadpool#89.
fn failure_55_a_wait_serves_only_the_first(setup: Setup) {
    let (pool, latch) = (setup.pool(), Latch::default());
    let hold = latch.clone();
    pool.execute(move || hold.wait()).unwrap();
    let (waiting, woken) = (Tally::default(), Tally::default());
    std::thread::scope(|scope| {
        for _ in 0..4 {
            scope.spawn(|| {
                waiting.add();
                pool.wait_idle().unwrap();
                woken.add();
            });
        }
        eventually(|| waiting.get() == 4);
        assert_eq!(woken.get(), 0);
        latch.open();
    });
    assert_eq!(woken.get(), 4);
}

/// rayon#934, rayon#739: whoever waits is gone as soon as it can know that it may go.
fn failure_56_the_owner_is_gone_when_it_is_told(setup: Setup) {
    for _ in 0..200 {
        let pool = setup.pool();
        let mut sum = [0, 0, 0];
        let [a, b, c] = &mut sum;
        pool.join(|| *a += 1, || *b += 1);
        pool.scope(|scope| scope.spawn(|| *c += 1));
        let job = pool.spawn(|| 1).unwrap();
        drop(pool);
        assert_eq!((sum, job.join().unwrap()), ([1, 1, 1], 1));
    }
}
