//! After rayon-core's tests of jobs that are spawned, and of those that go to every worker at once.

use std::collections::HashSet;
use std::sync::mpsc;
use std::sync::{Arc, Barrier};
use std::thread;

use pool::{Collect, JobError, JobHandle, SubmitError};

use crate::held::hold;
use crate::rayon_tools::{fall_asleep, one_for_each, results};
use crate::setup::{Handle, Latch, Pool, Setup, Tally, balanced, eventually};

on_every_backend! {
    spawn_then_join_in_worker
    spawn_then_join_outside_worker
    panic_fwd
    panic_fwd_without_a_handle
    termination_while_things_are_executing
    custom_panic_handler_and_spawn
    custom_panic_handler_and_nested_spawn
    yield_now_to_spawn
    yield_local_to_spawn
    broadcast_pool
    broadcast_self
    broadcast_mutual
    broadcast_mutual_sleepy
    broadcast_panic_one
    broadcast_panic_many
    broadcast_sleep_race
    broadcast_after_spawn
    waits_three_deep
    waits_two_hundred_deep
    waits_two_hundred_deep_with_one_worker
    submits_to_its_own_full_pool
    a_tree_of_a_million
}

/// The message of a job that must have panicked.
fn message<T: std::fmt::Debug>(outcome: Result<T, JobError>) -> String {
    match outcome {
        Err(JobError::Panicked(panic)) => panic.message().unwrap().to_owned(),
        other => panic!("{other:?}"),
    }
}

fn spawn_then_join_in_worker(setup: Setup) {
    let pool = setup.pool();
    let handle = pool.handle();
    let outer = pool.spawn(move || handle.spawn(|| 22).unwrap().join().unwrap()).unwrap();
    assert_eq!(outer.join().unwrap(), 22);
    assert_eq!(balanced(&pool).done, 2);
}

fn spawn_then_join_outside_worker(setup: Setup) {
    let pool = setup.pool();
    let (text, here) = (String::from("twenty-two"), thread::current().id());
    let job = pool.spawn(move || (text.len(), thread::current().id())).unwrap();
    let (length, thread) = job.join().unwrap();
    assert_eq!(length, 10);
    assert_ne!(thread, here, "outside, one only waits");
    assert_eq!(balanced(&pool).done, 1);
}

fn panic_fwd(setup: Setup) {
    let done = Collect::new();
    let pool: Pool = setup.builder().sink(done.clone()).build().unwrap();
    let job = pool.spawn(|| -> u8 { panic!("for its handle, on purpose") }).unwrap();
    assert_eq!(message(job.join()), "for its handle, on purpose");
    assert_eq!(balanced(&pool).panicked, 1);
    assert!(done.take().is_empty(), "and for nobody else");
}

fn panic_fwd_without_a_handle(setup: Setup) {
    let pool = setup.pool();
    for _ in 0..20 {
        drop(pool.spawn(|| panic!("for nobody, on purpose")).unwrap());
    }
    results(one_for_each(&pool, |_| ()));
    let report = balanced(&pool);
    assert_eq!((report.panicked, report.done), (20, setup.threads as u64));
}

fn termination_while_things_are_executing(setup: Setup) {
    let pool = setup.pool();
    let (handle, inside) = (pool.handle(), pool.handle());
    let (go_on, ran) = (Latch::default(), Tally::default());
    let (held, nested) = (go_on.clone(), ran.clone());
    let job = move || {
        held.wait();
        // The pool is closed, but this comes from within.
        let deeper = inside.clone();
        let child = move || {
            nested.add();
            deeper.execute(move || nested.add()).unwrap();
        };
        inside.execute(child).unwrap();
    };
    pool.execute(job).unwrap();
    let dropper = thread::spawn(move || drop(pool));
    eventually(|| handle.is_closed());
    assert!(matches!(handle.execute(|| ()), Err(SubmitError::Closed(_))));
    assert!(!dropper.is_finished());
    go_on.open();
    dropper.join().unwrap();
    assert_eq!(ran.get(), 2);
    assert_eq!((handle.stats().done, handle.stats().threads), (3, 0));
}

fn custom_panic_handler_and_spawn(setup: Setup) {
    let done = Collect::new();
    let pool: Pool<u8> = setup.builder().sink(done.clone()).build().unwrap();
    let id = pool.execute(|| panic!("for the sink, on purpose")).unwrap();
    assert_eq!(balanced(&pool).panicked, 1);
    let only = done.take().pop().unwrap();
    assert_eq!(only.id, id);
    assert_eq!(message(only.outcome), "for the sink, on purpose");
}

fn custom_panic_handler_and_nested_spawn(setup: Setup) {
    let done = Collect::new();
    let pool: Pool<u8> = setup.builder().sink(done.clone()).build().unwrap();
    let handle = pool.handle();
    let job = move || {
        handle.execute(|| panic!("nested, on purpose")).unwrap();
        22
    };
    let outer = pool.execute(job).unwrap();
    let report = balanced(&pool);
    assert_eq!((report.done, report.panicked), (1, 1));
    let mut done = done.take();
    done.sort_by_key(|done| done.id != outer);
    assert_eq!(message(done.pop().unwrap().outcome), "nested, on purpose");
    assert_eq!(done.pop().unwrap().outcome.unwrap(), 22);
}

/// A job that spawns many and waits for one of them, with nobody else to run it: how many had run by
/// then, and on whose thread.
fn waits_for_one_of_many(setup: Setup, wanted: usize) -> (u64, bool) {
    let pool = setup.with_threads(1).pool();
    let (handle, ran) = (pool.handle(), Tally::default());
    let job = pool.spawn(move || {
        let spawn = |_| {
            let ran = ran.clone();
            let job = handle.spawn(move || {
                ran.add();
                thread::current().id()
            });
            job.unwrap()
        };
        let mut jobs: Vec<JobHandle<_>> = (0..10).map(spawn).collect();
        let thread = jobs.swap_remove(wanted).join().unwrap();
        (ran.get(), thread == thread::current().id())
    });
    let seen = job.unwrap().join().unwrap();
    assert_eq!(balanced(&pool).done, 11);
    seen
}

fn yield_now_to_spawn(setup: Setup) {
    let (_, on_the_spot) = waits_for_one_of_many(setup, 0);
    assert!(on_the_spot);
}

fn yield_local_to_spawn(setup: Setup) {
    for wanted in [0, 5, 9] {
        let (ran, _) = waits_for_one_of_many(setup, wanted);
        assert_eq!(ran, 1, "it runs what it waits for and no other");
    }
}

fn broadcast_pool(setup: Setup) {
    let pool = setup.pool();
    let threads = results(one_for_each(&pool, |_| thread::current().id()));
    assert_eq!(threads.into_iter().collect::<HashSet<_>>().len(), setup.threads);
    assert_eq!(balanced(&pool).done, setup.threads as u64);
}

fn broadcast_self(setup: Setup) {
    let pool = setup.pool();
    let handle = pool.handle();
    let job = pool.spawn(move || {
        // All workers but this one, and this one.
        let all = Arc::new(Barrier::new(handle.num_threads()));
        let spawn = |_| {
            let all = all.clone();
            let job = handle.spawn(move || {
                all.wait();
                thread::current().id()
            });
            job.unwrap()
        };
        let jobs: Vec<_> = (1..handle.num_threads()).map(spawn).collect();
        all.wait();
        let mut threads: HashSet<_> = results(jobs).into_iter().collect();
        threads.insert(thread::current().id());
        threads.len()
    });
    assert_eq!(job.unwrap().join().unwrap(), setup.threads);
    assert_eq!(balanced(&pool).done, setup.threads as u64);
}

/// A job of each of two pools goes to every worker of the other.
fn mutual(setup: Setup, before: impl Fn(&Handle) + Copy + Send + Sync + 'static) {
    let (a, b) = (setup.pool(), setup.with_threads(3).pool());
    let start = |from: &Pool, to: &Pool| {
        let to = to.handle();
        let job = from.spawn(move || {
            before(&to);
            let threads = results(one_for_each(&to, |_| thread::current().id()));
            threads.into_iter().collect::<HashSet<_>>().len() == to.num_threads()
        });
        job.unwrap()
    };
    assert!(start(&a, &b).join().unwrap());
    assert!(start(&b, &a).join().unwrap());
    assert_eq!(balanced(&a).done + balanced(&b).done, setup.threads as u64 + 3 + 2);
}

fn broadcast_mutual(setup: Setup) {
    mutual(setup, |_| ());
}

fn broadcast_mutual_sleepy(setup: Setup) {
    mutual(setup, fall_asleep);
}

/// Some of the jobs on all workers at once panic; afterwards all workers are there.
fn survives_panics_of(setup: Setup, panics: impl Fn(usize) -> bool + Send + Sync + 'static) -> u64 {
    let pool = setup.pool();
    let job = move |nth| {
        assert!(!panics(nth), "{nth}, on purpose");
        nth
    };
    let mut failed = 0;
    for (nth, job) in one_for_each(&pool, job).into_iter().enumerate() {
        match job.join() {
            Ok(result) => assert_eq!(result, nth),
            Err(error) => {
                assert_eq!(message::<()>(Err(error)), format!("{nth}, on purpose"));
                failed += 1;
            }
        }
    }
    assert_eq!(results(one_for_each(&pool, |_| ())).len(), setup.threads);
    assert_eq!(balanced(&pool).panicked, failed);
    failed
}

fn broadcast_panic_one(setup: Setup) {
    assert_eq!(survives_panics_of(setup, |nth| nth == 0), 1);
}

fn broadcast_panic_many(setup: Setup) {
    assert_eq!(survives_panics_of(setup, |nth| nth % 2 == 0), setup.threads.div_ceil(2) as u64);
}

fn broadcast_sleep_race(setup: Setup) {
    let pool = setup.pool();
    // Each round finds some workers about to sleep, some asleep and some not even back; one that is
    // not woken holds up all others.
    for _ in 0..100 {
        results(one_for_each(&pool, |_| ()));
    }
    assert_eq!(balanced(&pool).done, 100 * setup.threads as u64);
}

fn broadcast_after_spawn(setup: Setup) {
    let (pool, ran) = (setup.pool(), Tally::default());
    let (handle, counted) = (pool.handle(), ran.clone());
    let job = pool.spawn(move || {
        for _ in 0..100 {
            let ran = counted.clone();
            handle.execute(move || ran.add()).unwrap();
        }
        // These lie on top of those, or behind them, and need all other workers.
        let all = Arc::new(Barrier::new(handle.num_threads()));
        for _ in 1..handle.num_threads() {
            let all = all.clone();
            handle.execute(move || _ = all.wait()).unwrap();
        }
        all.wait();
    });
    job.unwrap().join().unwrap();
    assert_eq!(balanced(&pool).done, 100 + setup.threads as u64);
    assert_eq!(ran.get(), 100);
}

/// A job that waits for a job that waits for a job, and so on.
fn waits(pool: &Handle, depth: u64) -> u64 {
    if depth == 0 {
        return 0;
    }
    let handle = pool.clone();
    1 + pool.spawn(move || waits(&handle, depth - 1)).unwrap().join().unwrap()
}

fn waits_to_this_depth(setup: Setup, depth: u64) {
    let pool = setup.pool();
    assert_eq!(waits(&pool, depth), depth);
    assert_eq!(balanced(&pool).done, depth);
}

fn waits_three_deep(setup: Setup) {
    waits_to_this_depth(setup, 3);
    waits_to_this_depth(setup.with_threads(1), 3);
}

fn waits_two_hundred_deep(setup: Setup) {
    waits_to_this_depth(setup, 200);
}

fn waits_two_hundred_deep_with_one_worker(setup: Setup) {
    // The others are there, but never free.
    let pool = setup.pool();
    let held = hold(&pool, setup.threads - 1);
    assert_eq!(waits(&pool, 200), 200);
    drop(held);
    assert_eq!(balanced(&pool).done, 200 + setup.threads as u64 - 1);
}

fn submits_to_its_own_full_pool(setup: Setup) {
    let capacity = setup.capacity.unwrap_or(1);
    let pool = Setup { capacity: Some(capacity), ..setup }.pool();
    let held = hold(&pool, setup.threads - 1);
    let (full, handle) = (Latch::default(), pool.handle());
    let (submit, (started, starts)) = (full.clone(), mpsc::channel());
    let job = pool.spawn(move || {
        started.send(()).unwrap();
        submit.wait();
        assert!(handle.stats().queued > 0);
        for _ in 0..10 {
            handle.execute(|| ()).unwrap();
            handle.try_execute(|| ()).unwrap();
        }
        handle.execute_batch([|| (); 10]).unwrap();
        let batch = handle.spawn_batch((0..10).map(|nth| move || nth)).unwrap();
        let sum: i32 = results(batch).into_iter().sum();
        sum + handle.spawn(|| 5).unwrap().join().unwrap()
    });
    starts.recv().unwrap();
    for _ in 0..capacity {
        pool.try_execute(|| ()).unwrap();
    }
    assert!(matches!(pool.try_execute(|| ()), Err(SubmitError::Full(_))));
    full.open();
    assert_eq!(job.unwrap().join().unwrap(), 50);
    drop(held);
    assert_eq!(balanced(&pool).done, (setup.threads + capacity + 41) as u64);
}

fn a_tree_of_a_million(setup: Setup) {
    const NODES: u64 = if cfg!(debug_assertions) { 100_000 } else { 1_000_000 };
    fn grow(pool: &Handle, ran: &Tally, node: u64) {
        ran.add();
        for child in [2 * node, 2 * node + 1] {
            if child <= NODES {
                let (handle, ran) = (pool.clone(), ran.clone());
                drop(pool.spawn(move || grow(&handle, &ran, child)).unwrap());
            }
        }
    }
    // Once without company and once with much is enough of so large a tree.
    if setup.threads == 2 || setup.capacity.is_some() {
        return;
    }
    let (pool, ran) = (setup.pool(), Tally::default());
    let (handle, counted) = (pool.handle(), ran.clone());
    drop(pool.spawn(move || grow(&handle, &counted, 1)).unwrap());
    assert_eq!(balanced(&pool).done, NODES);
    assert_eq!(ran.get(), NODES);
}
