//! Handles as futures, under executors of others and under none.

use std::pin::{Pin, pin};
use std::sync::Arc;
use std::task::{Context, Poll, Wake, Waker};

use drainpool::{JobError, JobHandle};

use crate::setup::held::behind;
use crate::setup::{Latch, Setup, Tally, balanced};

on_every_backend! {
    awaited_under_tokio
    awaited_under_smol
    a_hand_held_waker_is_woken_once
    the_last_waker_is_the_one_that_is_woken
    dropped_before_it_is_ready
    cancelled_while_awaited
    awaited_inside_of_a_job
    a_waker_that_panics
}

/// Awaits jobs, one of which panics.
async fn awaits(jobs: Vec<JobHandle<usize>>) -> (usize, usize) {
    let (mut sum, mut panics) = (0, 0);
    for job in jobs {
        match job.await {
            Ok(n) => sum += n,
            Err(JobError::Panicked(_)) => panics += 1,
            Err(error) => panic!("{error}"),
        }
    }
    (sum, panics)
}

fn some_jobs(setup: Setup) -> (crate::setup::Pool, Vec<JobHandle<usize>>) {
    let pool = setup.pool();
    let job = |n| move || if n == 5 { panic!("on purpose") } else { n };
    let jobs = pool.spawn_batch((0..100).map(job)).unwrap();
    (pool, jobs)
}

fn awaited_under_tokio(setup: Setup) {
    let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(2).build().unwrap();
    let (pool, jobs) = some_jobs(setup);
    assert_eq!(runtime.block_on(awaits(jobs)), (4_945, 1));
    let (other, jobs) = some_jobs(setup);
    assert_eq!(runtime.block_on(runtime.spawn(awaits(jobs))).unwrap(), (4_945, 1));
    balanced(&pool);
    balanced(&other);
}

fn awaited_under_smol(setup: Setup) {
    let (pool, jobs) = some_jobs(setup);
    assert_eq!(smol::block_on(awaits(jobs)), (4_945, 1));
    let (other, jobs) = some_jobs(setup);
    assert_eq!(smol::block_on(smol::spawn(awaits(jobs))), (4_945, 1));
    balanced(&pool);
    balanced(&other);
}

/// Counts how often it is woken.
#[derive(Default)]
pub(crate) struct Bell(pub(crate) Tally);

impl Wake for Bell {
    fn wake(self: Arc<Self>) {
        self.0.add();
    }
}

fn poll<T>(job: &mut JobHandle<T>, waker: &Waker) -> Poll<Result<T, JobError>> {
    Pin::new(job).poll(&mut Context::from_waker(waker))
}

/// A job that is held, and what lets it go.
fn held(pool: &crate::setup::Pool) -> (JobHandle<u32>, Latch) {
    let latch = Latch::default();
    (behind(&latch, pool, 7), latch)
}

fn a_hand_held_waker_is_woken_once(setup: Setup) {
    let pool = setup.pool();
    let bell = Arc::new(Bell::default());
    let waker = Waker::from(bell.clone());
    let (mut job, latch) = held(&pool);
    for _ in 0..3 {
        assert!(poll(&mut job, &waker).is_pending());
    }
    assert_eq!(bell.0.get(), 0);
    latch.open();
    pool.wait_idle().unwrap();
    assert_eq!(bell.0.get(), 1);
    assert!(matches!(poll(&mut job, &waker), Poll::Ready(Ok(7))));
    drop((job, waker));
    assert_eq!((bell.0.get(), Arc::strong_count(&bell)), (1, 1));
}

fn the_last_waker_is_the_one_that_is_woken(setup: Setup) {
    let pool = setup.pool();
    let (first, second) = (Arc::new(Bell::default()), Arc::new(Bell::default()));
    let (mut job, latch) = held(&pool);
    assert!(poll(&mut job, &Waker::from(first.clone())).is_pending());
    assert!(poll(&mut job, &Waker::from(second.clone())).is_pending());
    assert_eq!(Arc::strong_count(&first), 1, "nothing of it is kept");
    latch.open();
    pool.wait_idle().unwrap();
    assert_eq!((first.0.get(), second.0.get()), (0, 1));
}

fn dropped_before_it_is_ready(setup: Setup) {
    let pool = setup.pool();
    let bell = Arc::new(Bell::default());
    let (mut job, latch) = held(&pool);
    assert!(poll(&mut job, &Waker::from(bell.clone())).is_pending());
    drop(job);
    assert_eq!(Arc::strong_count(&bell), 1);
    latch.open();
    assert_eq!(balanced(&pool).done, 1);
    assert_eq!(bell.0.get(), 0);
}

fn cancelled_while_awaited(setup: Setup) {
    let pool = setup.builder().paused().build().unwrap();
    let bell = Arc::new(Bell::default());
    let waker = Waker::from(bell.clone());
    let mut job = pool.spawn(|| 7).unwrap();
    assert!(poll(&mut job, &waker).is_pending());
    assert!(job.canceller().cancel());
    assert_eq!(bell.0.get(), 1);
    assert!(matches!(poll(&mut job, &waker), Poll::Ready(Err(JobError::Cancelled))));
    assert_eq!(balanced(&pool).cancelled, 1);
}

/// Blocking on a future inside of a job would wait for a worker that is not there.
fn awaited_inside_of_a_job(setup: Setup) {
    let pool = setup.pool();
    let handle = pool.handle();
    let job = pool.spawn(move || {
        let jobs = handle.spawn_batch((0..10).map(|n| move || n)).unwrap();
        smol::block_on(awaits(jobs))
    });
    assert_eq!(job.unwrap().join().unwrap(), (45, 0));
    // Nor does it help there to be polled by hand.
    let handle = pool.handle();
    let ready = pool.spawn(move || {
        let job = pin!(handle.spawn(|| 7).unwrap());
        job.poll(&mut Context::from_waker(Waker::noop())).is_ready() || handle.num_threads() > 1
    });
    assert!(ready.unwrap().join().unwrap());
}

struct Cracked;

impl Wake for Cracked {
    fn wake(self: Arc<Self>) {
        panic!("a waker that panics, on purpose");
    }
}

fn a_waker_that_panics(setup: Setup) {
    let pool = setup.pool();
    let (mut job, latch) = held(&pool);
    assert!(poll(&mut job, &Waker::from(Arc::new(Cracked))).is_pending());
    latch.open();
    pool.wait_idle().unwrap();
    assert_eq!(job.join().unwrap(), 7);
    let report = balanced(&pool);
    assert_eq!((report.done, report.panicked), (1, 0));
}
