//! The jobs that run, as a pool that tracks them tells it.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};

use drainpool::{
    Clock, Collect, Completed, ManualClock, PanicPolicy, SubmitOptions, WhenFull, current_job,
    current_label, label_job, sink_fn,
};

use crate::setup::{Builder, Latch, Pool, Setup, balanced, eventually, pause_at_rest};

on_every_backend! {
    what_runs_is_listed
    a_job_that_has_ended_is_not_listed
    a_replaced_worker_runs_nothing
    a_handler_knows_its_job
    other_pools_know_nothing
    a_clock_that_panics_loses_no_job
    a_paused_pool_runs_nothing
    a_job_has_the_label_of_its_submit
    a_label_is_its_jobs_alone
    a_job_that_another_one_waits_for_is_listed_beside_it
    a_job_whose_end_can_be_seen_is_not_listed
    a_job_of_a_lane_is_listed_whoever_runs_it
    a_job_of_another_pool_is_none_of_the_worker_s
}

fn tracking(setup: Setup) -> Builder {
    setup.builder().track_jobs()
}

fn listed(pool: &Pool) -> Vec<Option<String>> {
    let mut labels: Vec<_> = pool.running_jobs().into_iter().map(|job| job.label).collect();
    labels.sort();
    labels.into_iter().map(|label| label.map(|label| label.to_string())).collect()
}

fn what_runs_is_listed(setup: Setup) {
    let clock = ManualClock::new();
    let pool = tracking(setup).clock(clock.clone()).build().unwrap();
    let go_on = Latch::default();
    let mut ids = Vec::new();
    for n in 0..setup.threads {
        let (begun, go_on) = (Latch::default(), go_on.clone());
        let begins = begun.clone();
        let job = move || {
            label_job("first");
            label_job(format!("job {n}"));
            begins.open();
            go_on.wait();
        };
        ids.push(pool.execute(job).unwrap());
        begun.wait();
        clock.advance(Duration::from_secs(1));
    }
    let jobs = pool.running_jobs();
    assert!(jobs.is_sorted_by_key(|job| job.worker));
    for (n, id) in ids.iter().enumerate() {
        let job = jobs.iter().find(|job| job.id == Some(*id)).expect("it runs");
        assert_eq!(job.label.as_deref(), Some(&*format!("job {n}")));
        assert_eq!(job.elapsed, Duration::from_secs((setup.threads - n) as u64));
    }
    assert_eq!(jobs.len(), setup.threads);
    go_on.open();
    pool.wait_idle().unwrap();
    assert_eq!(pool.running_jobs(), []);
}

fn a_job_that_has_ended_is_not_listed(setup: Setup) {
    let pool = tracking(setup).num_threads(1).build().unwrap();
    pool.spawn(|| label_job("gone")).unwrap().join().unwrap();
    assert!(
        pool.spawn(|| -> u32 {
            label_job("gone");
            panic!("on purpose")
        })
        .unwrap()
        .join()
        .is_err()
    );
    let (begun, go_on) = (Latch::default(), Latch::default());
    let job = {
        let (begun, go_on) = (begun.clone(), go_on.clone());
        pool.spawn(move || {
            begun.open();
            go_on.wait();
        })
    };
    begun.wait();
    assert_eq!(listed(&pool), [None]);
    assert_eq!(pool.running_jobs()[0].id, Some(job.as_ref().unwrap().id()));
    go_on.open();
    job.unwrap().join().unwrap();
}

fn a_replaced_worker_runs_nothing(setup: Setup) {
    let pool =
        tracking(setup).num_threads(1).panic_policy(PanicPolicy::ReplaceWorker).build().unwrap();
    let job = || {
        label_job("doomed");
        panic!("on purpose");
    };
    pool.execute(job).unwrap();
    pool.wait_idle().unwrap();
    eventually(|| pool.running_jobs().is_empty());
    assert_eq!(balanced(&pool).panicked, 1);
}

fn a_handler_knows_its_job(setup: Setup) {
    let seen = Collect::new();
    let pool = tracking(setup).sink(seen.clone()).build_with(|_| |_: u32| current_job()).unwrap();
    let mut ids = Vec::new();
    for n in 0..50 {
        ids.push(pool.submit(n).unwrap());
        let call = pool.call(n).unwrap();
        let id = call.id();
        assert_eq!(call.join().unwrap(), Some(id));
    }
    pool.shutdown();
    let mut outcomes: Vec<_> = seen.take();
    outcomes.sort_by_key(|done: &Completed<_>| done.id);
    let seen = outcomes.into_iter().map(|done| done.outcome.unwrap());
    assert!(seen.eq(ids.into_iter().map(Some)));
}

fn other_pools_know_nothing(setup: Setup) {
    let pool = setup.pool();
    let job = || {
        label_job("nobody asks");
        current_job()
    };
    assert_eq!(pool.spawn(job).unwrap().join().unwrap(), None);
    assert_eq!(pool.running_jobs(), []);
    assert_eq!(current_job(), None);
}

struct Broken(Arc<AtomicBool>);

impl Clock for Broken {
    fn now(&self) -> Instant {
        assert!(!self.0.load(Ordering::SeqCst), "on purpose");
        Instant::now()
    }

    fn sleep_for(&self, _: Instant) -> Option<Duration> {
        None
    }
}

fn a_clock_that_panics_loses_no_job(setup: Setup) {
    let is_broken = Arc::new(AtomicBool::new(true));
    let pool = tracking(setup).clock(Broken(Arc::clone(&is_broken))).build().unwrap();
    for _ in 0..20 {
        pool.execute(|| label_job("timeless")).unwrap();
    }
    pool.wait_idle().unwrap();
    is_broken.store(false, Ordering::SeqCst);
    assert_eq!(balanced(&pool).done, 20);
}

fn a_paused_pool_runs_nothing(setup: Setup) {
    let pool = tracking(setup).num_threads(1).build().unwrap();
    pool.spawn({
        let pool = pool.handle();
        move || pool.pause()
    })
    .unwrap()
    .join()
    .unwrap();
    pool.execute(|| ()).unwrap();
    eventually(|| pool.running_jobs().is_empty());
    pool.resume();
    assert_eq!(balanced(&pool).done, 2);
}

/// Options with this label.
fn labelled(label: &'static str) -> SubmitOptions {
    SubmitOptions::new().label(label)
}

/// The label of the job that runs.
fn label() -> Option<String> {
    current_label().map(|label| label.to_string())
}

fn a_job_has_the_label_of_its_submit(setup: Setup) {
    let seen = Collect::new();
    let pool = tracking(setup).sink(seen.clone()).build_with(|_| |_: u32| label()).unwrap();
    let with = |text| pool.with(labelled(text));
    assert_eq!(with("spawned").spawn(label).unwrap().join().unwrap().as_deref(), Some("spawned"));
    let cancellable = with("cancellable").spawn_cancellable(|_| label()).unwrap();
    assert_eq!(cancellable.join().unwrap().as_deref(), Some("cancellable"));
    assert_eq!(with("called").call(0).unwrap().join().unwrap().as_deref(), Some("called"));
    for job in with("batch").spawn_batch([label; 3]).unwrap() {
        assert_eq!(job.join().unwrap().as_deref(), Some("batch"));
    }
    for job in with("calls").call_batch(0..3).unwrap() {
        assert_eq!(job.join().unwrap().as_deref(), Some("calls"));
    }
    with("submitted").submit(0).unwrap();
    let ids = with("submitted").submit_batch(0..3).unwrap();
    assert_eq!(ids.len(), 3);
    pool.with(labelled("urgent").start_within(Duration::MAX)).submit(0).unwrap();
    pool.submit(0).unwrap();
    // It changes its own label only.
    let nested = pool.handle();
    let relabelled = with("outer").spawn(move || {
        let inner = nested.with(labelled("inner")).spawn(label).unwrap();
        label_job("changed");
        (inner.join().unwrap(), label())
    });
    let (_, after) = relabelled.unwrap().join().unwrap();
    assert_eq!(after.as_deref(), Some("changed"));
    pool.shutdown();
    let mut seen: Vec<_> = seen.take().into_iter().map(|done| done.outcome.unwrap()).collect();
    seen.sort();
    let expected = [None, Some("submitted"), Some("submitted"), Some("submitted")];
    assert!(seen[..4].iter().map(Option::as_deref).eq(expected), "{seen:?}");
    assert!(seen[4..].iter().map(Option::as_deref).eq([Some("submitted"), Some("urgent")]));
}

fn a_label_is_its_jobs_alone(setup: Setup) {
    let one = setup.with_threads(1);
    let pool = tracking(one).capacity(1).build().unwrap();
    assert_eq!(
        pool.with(labelled("first")).spawn(label).unwrap().join().unwrap(),
        Some("first".into())
    );
    assert_eq!(pool.spawn(label).unwrap().join().unwrap(), None, "the label before is gone");
    // A job that is run in place by the one that waits for it has its own, and does not change the label of that.
    let nested = pool.handle();
    let outer = pool.with(labelled("outer")).spawn(move || {
        let inner = nested.with(labelled("inner")).spawn(label).unwrap();
        (inner.join().unwrap(), label())
    });
    let outer = outer.unwrap().join().unwrap();
    assert_eq!(outer, (Some("inner".into()), Some("outer".into())));

    let untracked = one.pool();
    let job = untracked.with(labelled("lost")).spawn(label).unwrap();
    assert_eq!(job.join().unwrap(), None, "a pool that does not track has no labels");

    // A refused job comes back, and one that runs here has no worker that could know of it.
    let here = pool.with(labelled("here").when_full(WhenFull::RunHere));
    pause_at_rest(&pool, 0);
    pool.with(labelled("waits")).execute(|| ()).unwrap();
    let refused = pool.with(labelled("refused").when_full(WhenFull::Fail)).spawn(|| 7).unwrap_err();
    assert!(refused.is_full());
    assert_eq!(refused.into_inner()(), 7);
    assert_eq!(here.spawn(label).unwrap().join().unwrap(), None);
    assert_eq!(pool.take_queued().len(), 1);
    pool.resume();
    balanced(&pool);
}

fn a_job_that_another_one_waits_for_is_listed_beside_it(setup: Setup) {
    let pool = setup.builder().track_jobs().num_threads(1).build().unwrap();
    let handle = pool.handle().clone();
    let looks = pool.handle().clone();
    let outer = pool.with(SubmitOptions::new().label("outer")).spawn(move || {
        label_job("outer, waits");
        let inner = handle.with(SubmitOptions::new().label("inner")).spawn(move || {
            let before = current_label();
            label_job("inner, runs");
            (before, current_job(), looks.running_jobs())
        });
        let inner = inner.unwrap();
        let id = inner.id();
        (id, inner.join().unwrap(), current_label(), current_job())
    });
    let outer = outer.unwrap();
    let outer_id = outer.id();
    let (inner_id, (before, seen, listed), after, current) = outer.join().unwrap();
    assert_eq!((before.as_deref(), seen), (Some("inner"), Some(inner_id)));
    assert_eq!((after.as_deref(), current), (Some("outer, waits"), Some(outer_id)));
    let listed: Vec<_> =
        listed.iter().map(|job| (job.worker, job.id, job.label.as_deref())).collect();
    let both = [(outer_id, "outer, waits"), (inner_id, "inner, runs")];
    assert_eq!(listed, both.map(|(id, label)| (0, Some(id), Some(label))));
    balanced(&pool);
}

fn a_job_whose_end_can_be_seen_is_not_listed(setup: Setup) {
    let (put, go_on) = (Latch::default(), Latch::default());
    let (puts, waits) = (put.clone(), go_on.clone());
    let sink = sink_fn(move |_| {
        puts.open();
        waits.wait();
    });
    let pool = setup.builder().track_jobs().num_threads(1).sink(sink).build().unwrap();
    for _ in 0..100 {
        let job = pool.spawn(|| ()).unwrap();
        let id = job.id();
        job.join().unwrap();
        assert!(pool.running_jobs().iter().all(|job| job.id != Some(id)));
    }
    pool.execute(|| ()).unwrap();
    // The worker has run the job, and does not get on with its outcome.
    put.wait();
    assert_eq!(pool.running_jobs(), []);
    go_on.open();
    balanced(&pool);
}

fn a_job_of_a_lane_is_listed_whoever_runs_it(setup: Setup) {
    let pool = setup.builder().track_jobs().num_threads(1).build().unwrap();
    let lane = drainpool::LanesExt::lane(&*pool, 1);
    let outer = pool.with(SubmitOptions::new().label("outer")).spawn(move || {
        let first = lane.with(SubmitOptions::new().label("first")).spawn(|| {
            let before = current_label();
            label_job("first, runs");
            (current_job(), before)
        });
        let second = lane.spawn(current_job).unwrap();
        let (first, second_id) = (first.unwrap(), second.id());
        // The first one is run on the way.
        assert_eq!(second.join().unwrap(), Some(second_id));
        let first_id = first.id();
        assert_eq!(first.join().unwrap(), (Some(first_id), Some("first".into())));
        current_label()
    });
    assert_eq!(outer.unwrap().join().unwrap().as_deref(), Some("outer"));
    balanced(&pool);
}

fn a_job_of_another_pool_is_none_of_the_worker_s(setup: Setup) {
    let pool = setup.builder().track_jobs().num_threads(1).build().unwrap();
    for tracks in [false, true] {
        let builder = setup.builder().num_threads(1).capacity(1);
        let builder = if tracks { builder.track_jobs() } else { builder };
        let other = Arc::new(builder.build().unwrap());
        // Whoever waits runs its job itself.
        pause_at_rest(&other, 0);
        let (own, others) = (pool.handle().clone(), Arc::clone(&other));
        let outer = pool.with(labelled("outer")).spawn(move || {
            let inner = own.clone();
            let foreign = move || {
                let before = (current_job(), label());
                label_job("foreign");
                // A job of the worker's own pool, above the other pool's.
                let nested = inner.with(labelled("nested")).spawn(|| {
                    let before = label();
                    label_job("nested, runs");
                    before
                });
                (before, label(), nested.unwrap().join().unwrap(), inner.running_jobs().len())
            };
            let waits = others.with(labelled("waits")).spawn(foreign.clone()).unwrap();
            let here = others.with(labelled("here").when_full(WhenFull::RunHere));
            let ran_here = here.spawn(foreign.clone()).unwrap().join().unwrap();
            let ran_by_waiter = waits.join_or_run().unwrap();
            let (held, job) = others.admit(labelled("held")).unwrap().spawn(foreign);
            held.runner().run();
            let ran_by_runner = job.join().unwrap();
            drop(held);
            ([ran_here, ran_by_waiter, ran_by_runner], current_job(), label())
        });
        let outer = outer.unwrap();
        let id = outer.id();
        let (ran, current, after) = outer.join().unwrap();
        let nothing = ((None, None), None, Some("nested".into()), 1);
        assert_eq!(ran, [nothing.clone(), nothing.clone(), nothing]);
        assert_eq!((current, after), (Some(id), Some("outer".into())));
        other.resume();
        assert_eq!(Arc::into_inner(other).unwrap().shutdown().done, 3);
    }
    assert_eq!(balanced(&pool).done, 8);
}
