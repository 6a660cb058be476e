//! Races of two jobs: found by some seed, and replayed by it.

use std::sync::Arc;
use std::sync::atomic::{AtomicU32, Ordering::Relaxed};

use pool_deterministic::{Run, find_failure, replay, yield_now};

/// A counter that two requests raise. Each is two jobs, as it may be in a service: one reads, and submits one
/// that writes.
fn read_and_write_in_two_jobs(run: &Run) {
    let pool = run.builder().num_threads(2).build().unwrap();
    let count = Arc::new(AtomicU32::new(0));
    for _ in 0..2 {
        let (count, handle) = (Arc::clone(&count), pool.handle());
        let request = move || {
            let read = count.load(Relaxed);
            handle.execute(move || count.store(read + 1, Relaxed)).unwrap();
        };
        pool.execute(request).unwrap();
    }
    pool.wait_idle().unwrap();
    assert_eq!(count.load(Relaxed), 2, "an update is lost on purpose");
}

#[test]
fn a_lost_update_is_found_and_replayed_a_hundred_times() {
    let failure = find_failure(0..1_000, read_and_write_in_two_jobs).expect("the race is found");
    assert!(failure.is_reproduced(), "{failure}");
    assert!(failure.message().contains("an update is lost on purpose"), "{failure}");
    for _ in 0..100 {
        let again = find_failure([failure.seed()], read_and_write_in_two_jobs);
        assert_eq!(again.as_ref(), Some(&failure));
    }
    // And there are seeds without it.
    assert!((0..1_000).any(|seed| find_failure([seed], read_and_write_in_two_jobs).is_none()));
}

#[test]
#[should_panic(expected = "to replay it, set DRAINPOOL_SEED=")]
fn a_replay_fails_with_its_seed() {
    let failure = find_failure(0..1_000, read_and_write_in_two_jobs).expect("the race is found");
    replay(failure.seed(), read_and_write_in_two_jobs);
}

/// The same within jobs, on two workers at the same time.
fn read_and_write_in_one_job(run: &Run, workers: usize) {
    let pool = run.builder().num_threads(workers).build().unwrap();
    let count = AtomicU32::new(0);
    let raise = || {
        let read = count.load(Relaxed);
        yield_now();
        count.store(read + 1, Relaxed);
    };
    pool.scope(|scope| (0..2).for_each(|_| scope.spawn(raise)));
    assert_eq!(count.load(Relaxed), 2, "an update is lost on purpose");
}

#[test]
fn a_job_may_be_overtaken_where_it_yields() {
    let failure = find_failure(0..1_000, |run| read_and_write_in_one_job(run, 2));
    assert!(failure.expect("the race is found").is_reproduced());
}

#[test]
fn a_job_that_is_kept_whole_may_not() {
    let failure = find_failure(0..300, |run| {
        run.keep_jobs_whole();
        let pool = run.builder().num_threads(3).build().unwrap();
        let count = Arc::new(AtomicU32::new(0));
        for _ in 0..3 {
            let count = Arc::clone(&count);
            let raise = move || {
                let read = count.load(Relaxed);
                yield_now();
                count.store(read + 1, Relaxed);
            };
            pool.execute(raise).unwrap();
        }
        pool.shutdown();
        assert_eq!(count.load(Relaxed), 3);
    });
    assert_eq!(failure, None);
}

/// A body that changes something after a submit, and relies on the job not to have run.
#[test]
fn a_job_may_run_before_its_submit_returns_and_after_much_later_code() {
    let body = |run: &Run, expected: u32| {
        let pool = run.builder().num_threads(1).build().unwrap();
        let setting = Arc::new(AtomicU32::new(0));
        let seen = Arc::clone(&setting);
        let job = pool.spawn(move || seen.load(Relaxed)).unwrap();
        setting.store(1, Relaxed);
        assert_eq!(job.join().unwrap(), expected, "on purpose");
    };
    assert!(find_failure(0..200, move |run| body(run, 0)).is_some());
    assert!(find_failure(0..200, move |run| body(run, 1)).is_some());
}
