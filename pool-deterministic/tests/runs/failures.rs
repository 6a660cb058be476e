//! How runs fail: by a panic, by a deadlock, and in another way when they are repeated.

use std::env;
use std::process::Command;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering::Relaxed};
use std::sync::mpsc;

use pool_deterministic::{check, find_failure};

#[test]
#[should_panic(expected = "the run with seed 7 failed: seven fails on purpose")]
fn the_failing_seed_is_named() {
    check(0..20, |run| assert!(run.seed() != 7, "seven fails on purpose"));
}

#[test]
fn each_seed_runs_once_until_one_fails() {
    let runs = Arc::new(AtomicUsize::new(0));
    let counted = Arc::clone(&runs);
    check(0..20, move |_| {
        counted.fetch_add(1, Relaxed);
    });
    assert_eq!(runs.load(Relaxed), 20);
}

#[test]
fn a_wait_that_nobody_ends_is_a_deadlock() {
    let failure = find_failure([1], |run| {
        let pool = run.builder().num_threads(2).paused().build().unwrap();
        let _ = pool.spawn(|| ()).unwrap().join();
    });
    let failure = failure.expect("the pool is paused for ever");
    assert!(failure.message().starts_with("deadlock"), "{failure}");
    assert!(failure.is_reproduced());
}

#[test]
fn jobs_that_wait_for_each_other_are_a_deadlock() {
    let failure = find_failure(0..100, |run| {
        let pool = run.builder().num_threads(2).build().unwrap();
        let (to_first, second) = mpsc::channel();
        let first = pool.spawn(move || {
            // Unless it is there already, it does not wait.
            if let Ok(second) = second.try_recv() {
                let second: pool_core::JobHandle<()> = second;
                second.join().unwrap();
            }
        });
        let first = first.unwrap();
        let (to_second, handle) = mpsc::channel::<pool_core::JobHandle<()>>();
        let second = pool.spawn(move || {
            if let Ok(first) = handle.try_recv() {
                first.join().unwrap();
            }
        });
        let _ = to_first.send(second.unwrap());
        let _ = to_second.send(first);
        pool.wait_idle().unwrap();
    });
    let failure = failure.expect("some seed has both wait");
    assert!(failure.message().starts_with("deadlock"), "{failure}");
    assert!(failure.is_reproduced());
}

#[test]
fn what_depends_on_more_than_the_seed_is_told() {
    let runs = Arc::new(AtomicUsize::new(0));
    let failure = find_failure([1], move |_| {
        assert!(runs.fetch_add(1, Relaxed) > 0, "only the first run fails, on purpose");
    });
    let failure = failure.unwrap();
    assert!(!failure.is_reproduced());
    assert!(failure.to_string().contains("it did not fail, so it depends on more"), "{failure}");
}

#[test]
fn a_body_that_panics_beside_busy_workers_ends() {
    let failure = find_failure([3], |run| {
        let pool = run.builder().num_threads(4).build().unwrap();
        pool.execute_batch((0..20).map(|_| pool_deterministic::yield_now)).unwrap();
        panic!("the body fails on purpose");
    });
    assert_eq!(failure.unwrap().message(), "the body fails on purpose");
}

/// Runs the test above of this name in a process of its own, with this seed in the environment.
fn passes_with(seed: &str, test: &str) -> bool {
    let mut command = Command::new(env::current_exe().unwrap());
    command.args(["--exact", test]).env("DRAINPOOL_SEED", seed);
    command.output().unwrap().status.success()
}

#[test]
fn the_seed_of_the_environment_is_the_only_one() {
    assert!(passes_with("7", "failures::the_failing_seed_is_named"), "it panics, as it should");
    assert!(!passes_with("11", "failures::the_failing_seed_is_named"), "it does not panic");
    assert!(!passes_with("seven", "failures::a_pool_that_is_left_behind_harms_no_later_check"));
}

#[test]
fn a_pool_that_is_left_behind_harms_no_later_check() {
    check(0..20, |run| {
        let pool = run.builder().num_threads(2).build().unwrap();
        pool.execute_batch((0..10).map(|_| || ())).unwrap();
        std::mem::forget(pool);
    });
}
