//! Virtual time.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering::Relaxed};
use std::time::Duration;

use pool_core::{Clock, JobError, SubmitOptions, WaitError, WhenFull};
use pool_deterministic::check;

const HOUR: Duration = Duration::from_secs(3_600);

#[test]
fn time_stands_still_while_somebody_can_go_on() {
    check(0..30, |run| {
        let pool = run.builder().num_threads(3).build().unwrap();
        let before = run.clock().now();
        let mut job = pool.spawn(|| 7).unwrap();
        assert_eq!(job.join_timeout(HOUR).unwrap().unwrap(), 7);
        assert_eq!(pool.wait_idle_timeout(HOUR), Ok(()));
        assert_eq!(run.clock().now(), before);
    });
}

#[test]
fn time_jumps_to_the_next_moment_when_all_wait() {
    check(0..30, |run| {
        let clock = run.clock();
        let start = clock.now();
        let pool = run.builder().num_threads(2).build().unwrap();
        let sleeps = [3_u32, 1, 2].map(|n| {
            let clock = clock.clone();
            pool.spawn(move || {
                clock.sleep(n * HOUR);
                clock.now() - start
            })
        });
        let ends = sleeps.map(|job| job.unwrap().join().unwrap());
        assert!(ends.iter().zip([3, 1, 2]).all(|(end, n)| *end >= n * HOUR), "{ends:?}");
        assert!(clock.now() - start <= 6 * HOUR);
    });
}

#[test]
fn a_job_expires_and_a_wait_for_room_ends() {
    check(0..30, |run| {
        let pool = run.builder().num_threads(1).capacity(1).paused().build().unwrap();
        let fresh = SubmitOptions::new().start_within(2 * HOUR);
        let job = pool.with(fresh).spawn(|| ()).unwrap();
        let late = pool.with(WhenFull::WaitFor(HOUR)).spawn(|| ()).unwrap_err();
        assert!(late.is_full());
        // Its place is free when it has expired.
        let next = pool.spawn(|| 1).unwrap();
        assert!(matches!(job.join(), Err(JobError::Expired)));
        pool.resume();
        assert_eq!(next.join().unwrap(), 1);
    });
}

#[test]
fn idle_workers_leave_when_their_time_is_over() {
    check(0..30, |run| {
        let builder = run.builder().num_threads(3).core_threads(0).thread_keep_alive(HOUR);
        let pool = builder.build().unwrap();
        let jobs = Arc::new(AtomicUsize::new(0));
        for _ in 0..5 {
            let jobs = Arc::clone(&jobs);
            pool.execute(move || {
                jobs.fetch_add(1, Relaxed);
            })
            .unwrap();
        }
        run.clock().sleep(2 * HOUR);
        assert_eq!((jobs.load(Relaxed), pool.stats().threads), (5, 0));
        assert_eq!(pool.spawn(|| 7).unwrap().join().unwrap(), 7);
    });
}

#[test]
fn time_that_the_body_moves_is_seen() {
    check(0..30, |run| {
        let pool = run.builder().num_threads(1).paused().build().unwrap();
        let mut job = pool.spawn(|| ()).unwrap();
        let clock = run.clock();
        let mover = run.spawn_thread(move || clock.advance(2 * HOUR)).unwrap();
        assert!(matches!(job.join_timeout(HOUR), Err(WaitError::TimedOut)));
        mover.join().unwrap();
    });
}
