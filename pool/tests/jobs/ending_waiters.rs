//! What taking back means for those that wait: for jobs, for room, for parts of their own; and for the drops
//! of what was captured.

use std::sync::atomic::{AtomicBool, AtomicU64, Ordering::SeqCst};
use std::thread;

use drainpool::{JobError, JobSet, WhenFull};

use crate::ending::fill;
use crate::setup::held::hold;
use crate::setup::tools::Bomb;
use crate::setup::{Handle, Latch, Pool, Setup, Tally, balanced, eventually};

on_every_backend! {
    all_that_wait_for_jobs_are_told
    a_batch_that_waits_for_room_comes_back
    a_job_at_its_submitter_goes_on
    children_stay
    halves_stay
    a_map_goes_on
    drops_may_call_the_pool
    drops_may_panic
}

fn all_that_wait_for_jobs_are_told(setup: Setup) {
    let pool = setup.pool();
    let held = hold(&pool, setup.threads);
    let [joined, awaited, listed] = [(); 3].map(|()| pool.spawn(|| ()).unwrap());
    thread::scope(|scope| {
        let outcomes = [
            scope.spawn(|| joined.join()),
            scope.spawn(|| smol::block_on(awaited)),
            scope.spawn(|| JobSet::from_iter([listed]).join_next().unwrap().1),
        ];
        assert!(pool.shutdown_now().is_empty());
        for outcome in outcomes {
            assert!(matches!(outcome.join().unwrap(), Err(JobError::Returned)));
        }
    });
    held.release();
    assert_eq!(balanced(&pool).returned, 3);
}

fn a_batch_that_waits_for_room_comes_back(setup: Setup) {
    let Some(capacity) = setup.capacity else { return };
    let pool = setup.pool();
    let held = hold(&pool, setup.threads);
    thread::scope(|scope| {
        let batch = scope.spawn(|| pool.execute_batch(vec![|| (); capacity + 2]).map_err(Box::new));
        eventually(|| pool.stats().waiting_submitters == 1);
        assert_eq!(pool.shutdown_now().len(), capacity);
        let refused = batch.join().unwrap().unwrap_err();
        assert_eq!(refused.accepted().len(), capacity);
        let (read, rest) = refused.into_inner();
        assert_eq!(read.len() + rest.count(), 2);
    });
    held.release();
    assert_eq!(balanced(&pool).accepted, (setup.threads + capacity) as u64);
}

fn a_job_at_its_submitter_goes_on(setup: Setup) {
    let Some(capacity) = setup.capacity else { return };
    let pool = setup.pool();
    let held = hold(&pool, setup.threads);
    fill(&pool, capacity);
    let (begun, go, handle) = (Latch::default(), Latch::default(), pool.handle());
    let (begins, wait) = (begun.clone(), go.clone());
    let job = move || {
        begins.open();
        wait.wait();
        let nested = handle.spawn(|| ()).unwrap();
        assert!(matches!(nested.join(), Err(JobError::Returned)));
    };
    thread::scope(|scope| {
        let runs = scope.spawn(|| pool.with(WhenFull::RunHere).spawn(job).unwrap().join());
        begun.wait();
        assert_eq!(pool.shutdown_now().len(), capacity);
        go.open();
        runs.join().unwrap().unwrap();
    });
    held.release();
    let report = balanced(&pool);
    assert_eq!(report.done, setup.threads as u64 + 1);
    assert_eq!(report.returned, capacity as u64 + 1);
}

/// Takes all jobs back, in each way, when this work outside of the pool opens its latch. The queue has
/// nothing then but calls for help with the work, which goes on when the other latch is open.
fn taken_during(setup: Setup, work: fn(&Pool, &Latch, &Latch)) {
    for for_good in [false, true] {
        let pool = setup.pool();
        let held = hold(&pool, setup.threads);
        let (begun, go) = (Latch::default(), Latch::default());
        thread::scope(|scope| {
            scope.spawn(|| work(&pool, &begun, &go));
            begun.wait();
            let back = if for_good { pool.shutdown_now() } else { pool.take_queued() };
            assert!(back.is_empty());
            go.open();
        });
        held.release();
        let report = balanced(&pool);
        assert_eq!((report.accepted, report.returned), (setup.threads as u64, 0));
    }
}

fn children_stay(setup: Setup) {
    taken_during(setup, |pool, begun, go| {
        let sum = AtomicU64::new(0);
        pool.scope(|scope| {
            for n in 0..10 {
                let sum = &sum;
                scope.spawn(move || {
                    sum.fetch_add(n, SeqCst);
                });
            }
            begun.open();
            go.wait();
            assert_eq!(sum.load(SeqCst), 0);
        });
        assert_eq!(sum.load(SeqCst), 45);
    });
}

fn halves_stay(setup: Setup) {
    taken_during(setup, |pool, begun, go| {
        let ran = AtomicBool::new(false);
        let first = || {
            begun.open();
            go.wait();
            !ran.load(SeqCst)
        };
        let (first, second) = pool.join(first, || ran.swap(true, SeqCst));
        assert!(first && !second && ran.into_inner());
    });
}

fn a_map_goes_on(setup: Setup) {
    let pool = setup.builder().paused().build().unwrap();
    thread::scope(|scope| {
        let mapped = scope.spawn(|| pool.map(0..10, |n| n).buffer(2).collect::<Vec<_>>());
        eventually(|| pool.stats().queued == 2);
        assert!(pool.shutdown_now().is_empty());
        for (nth, outcome) in mapped.join().unwrap().into_iter().enumerate() {
            match outcome {
                Err(JobError::Returned) if nth < 2 => {}
                Ok(n) if nth >= 2 => assert_eq!(n, nth),
                other => panic!("{other:?}"),
            }
        }
    });
    assert_eq!(balanced(&pool).returned, 2);
}

/// Calls its pool when it is dropped.
struct Calls(Handle, Tally);

impl Drop for Calls {
    fn drop(&mut self) {
        let Self(pool, ran) = self;
        let ran = ran.clone();
        pool.pause();
        assert!(pool.stats().accepted > 0);
        // Accepted, as it comes from the end of one of the pool's jobs.
        let job = pool.spawn(move || ran.add()).unwrap();
        assert!(pool.take_queued().is_empty());
        pool.resume();
        drop(job.join());
    }
}

fn drops_may_call_the_pool(setup: Setup) {
    let pool = setup.pool();
    let held = hold(&pool, setup.threads);
    let ran = Tally::default();
    for _ in 0..2 {
        let calls = Calls(pool.handle(), ran.clone());
        drop(pool.spawn(move || drop(calls)).unwrap());
    }
    assert!(pool.take_queued().is_empty());
    let calls = Calls(pool.handle(), ran.clone());
    let job = pool.spawn(move || drop(calls)).unwrap();
    assert!(pool.shutdown_now().is_empty());
    assert!(matches!(job.join(), Err(JobError::Returned)));
    held.release();
    let report = balanced(&pool);
    assert_eq!((report.accepted, report.done), (setup.threads as u64 + 6, setup.threads as u64));
    assert_eq!(ran.get(), 0);
}

/// A job that panics whether it is run or dropped.
fn bomb() -> impl FnOnce() + Send + 'static {
    let bomb = Bomb;
    move || drop(bomb)
}

fn drops_may_panic(setup: Setup) {
    let pool = setup.pool();
    let (begun, go, handle) = (Latch::default(), Latch::default(), pool.handle());
    let (begins, wait) = (begun.clone(), go.clone());
    let running = pool.spawn(move || {
        begins.open();
        wait.wait();
        handle.execute(bomb()).unwrap();
        handle.spawn(bomb()).unwrap()
    });
    begun.wait();
    let held = hold(&pool, setup.threads - 1);
    let waiting = pool.spawn(bomb()).unwrap();
    assert!(pool.shutdown_now().is_empty());
    assert!(matches!(waiting.join(), Err(JobError::Returned)));
    go.open();
    let nested = running.unwrap().join().unwrap();
    assert!(matches!(nested.join(), Err(JobError::Returned)));
    held.release();
    let report = balanced(&pool);
    assert_eq!((report.done, report.returned), (setup.threads as u64, 3));
}
