//! Jobs are taken back while others submit, run and wait.

use std::sync::atomic::{AtomicU64, Ordering::SeqCst};
use std::thread;

use drainpool::{JobError, WhenFull};

use crate::setup::{Handle, Setup, Tally, balanced, eventually};

on_every_backend! {
    taken_under_fire
    ended_under_fire
}

fn taken_under_fire(setup: Setup) {
    let pool = setup.pool();
    let (ran, taken, accepted) = (Tally::default(), Tally::default(), Tally::default());
    let submitting = AtomicU64::new(2);
    thread::scope(|scope| {
        for _ in 0..2 {
            scope.spawn(|| {
                for _ in 0..300 {
                    let (handle, outer) = (pool.handle(), ran.clone());
                    let job = move || {
                        let inner = outer.clone();
                        handle.execute(move || inner.add()).unwrap();
                        outer.add();
                    };
                    pool.with(WhenFull::Wait).execute(job).unwrap();
                    accepted.add();
                    drop(pool.spawn(|| ()).unwrap());
                }
                submitting.fetch_sub(1, SeqCst);
            });
        }
        for _ in 0..2 {
            scope.spawn(|| {
                while submitting.load(SeqCst) > 0 {
                    pool.take_queued().iter().for_each(|_| taken.add());
                    thread::yield_now();
                }
            });
        }
    });
    pool.wait_idle().unwrap();
    let report = balanced(&pool);
    assert_eq!(accepted.get(), 600);
    // A job that ran has submitted another, which ran or was taken as well.
    let handles = 600;
    assert_eq!(report.accepted, ran.get() + taken.get() + handles);
    assert!(report.returned >= taken.get());
}

/// Submits two jobs of the same kind, down to a certain depth.
fn tree(pool: &Handle, ran: &Tally, depth: u32) {
    ran.add();
    if depth > 0 {
        for _ in 0..2 {
            let (handle, ran) = (pool.clone(), ran.clone());
            pool.execute(move || tree(&handle, &ran, depth - 1)).unwrap();
        }
        let handle = pool.spawn(|| ()).unwrap();
        let outcome = handle.join();
        assert!(matches!(outcome, Ok(()) | Err(JobError::Returned)), "{outcome:?}");
    }
}

fn ended_under_fire(setup: Setup) {
    for round in 0..30 {
        let pool = setup.pool();
        let (ran, handle) = (Tally::default(), pool.handle());
        let running = ran.clone();
        pool.execute(move || tree(&handle, &running, 7)).unwrap();
        let submitter = pool.handle();
        let outside = thread::spawn(move || {
            let mut accepted = Vec::new();
            while let Ok(job) = submitter.spawn(|| ()) {
                accepted.push(job);
            }
            accepted.into_iter().for_each(|job| drop(job.join()));
        });
        eventually(|| ran.get() > round);
        let back = pool.shutdown_now().len() as u64;
        let again = pool.shutdown_now().len() as u64;
        let report = balanced(&pool);
        outside.join().unwrap();
        assert!(report.is_complete() && report.returned >= back + again, "{report:?}");
        assert!(ran.get() <= report.done);
    }
}
