//! What a job returns, or panics with, goes with the last one who can ask for it.

use std::panic::resume_unwind;

use drainpool::{AnyQueue, InContext, Job, JobContext};

use crate::ALLOCATED;
use crate::setup::{Latch, Setup, Tally, balanced};

on_every_backend! {
    crate::level::alone_on =>
    a_result_that_nobody_can_fetch_is_dropped_when_its_job_ends
    a_result_goes_with_its_handle
    a_handle_keeps_neither_a_large_job_nor_its_context
}

/// Counts when it is dropped.
struct Counted(Tally);

impl Drop for Counted {
    fn drop(&mut self) {
        self.0.add();
    }
}

fn a_result_that_nobody_can_fetch_is_dropped_when_its_job_ends(setup: Setup) {
    for panics in [false, true] {
        let (pool, dropped) = (setup.pool(), Tally::default());
        let (begun, free) = (Latch::default(), Latch::default());
        let (begins, wait, result) = (begun.clone(), free.clone(), Counted(dropped.clone()));
        let job = pool.spawn(move || {
            begins.open();
            wait.wait();
            if panics {
                resume_unwind(Box::new(result));
            }
            result
        });
        let job = job.unwrap();
        let canceller = job.canceller();
        begun.wait();
        drop(job);
        let before = dropped.get();
        free.open();
        pool.wait_idle().unwrap();
        assert_eq!((before, dropped.get()), (0, 1), "panics: {panics}");
        assert!(!canceller.cancel());
        let report = balanced(&pool);
        assert_eq!((report.done, report.panicked), (u64::from(!panics), u64::from(panics)));
    }
}

fn a_result_goes_with_its_handle(setup: Setup) {
    let (pool, dropped) = (setup.pool(), Tally::default());
    let result = Counted(dropped.clone());
    let job = pool.spawn(move || result).unwrap();
    let canceller = job.canceller();
    pool.wait_idle().unwrap();
    assert!(job.is_finished());
    assert_eq!(dropped.get(), 0);
    drop(job);
    assert_eq!(dropped.get(), 1);
    assert!(!canceller.cancel());
    assert_eq!(balanced(&pool).done, 1);
}

/// A context of this many bytes.
struct Large([u8; LARGE]);

const LARGE: usize = 8_192;

impl JobContext for Large {
    fn capture() -> Self {
        Self([1; LARGE])
    }

    fn enter(self) -> impl Sized {
        std::hint::black_box(&self.0);
    }
}

fn a_handle_keeps_neither_a_large_job_nor_its_context(setup: Setup) {
    // So many that what a queue keeps, whose entries are as large as a job, does not count.
    const JOBS: usize = 500;
    type Pool<J> = drainpool::Pool<J, usize, InContext<AnyQueue<Job<J>>, Large>>;
    let sink = || drainpool::sink_fn(|_| ());
    let pool: Pool<[u8; LARGE]> = setup
        .builder()
        .context::<Large>()
        .sink(sink())
        .build_with(|_| |job: [u8; LARGE]| job.len())
        .unwrap();
    let plain = setup.builder().sink(sink()).build_with(|_| |job: [u8; LARGE]| job.len()).unwrap();
    let job = || [2; LARGE];
    let batch = || {
        let job = job();
        move || job.len()
    };
    let mut kept = Vec::with_capacity(JOBS * 7);
    let before = ALLOCATED.current_usage();
    for _ in 0..JOBS {
        kept.push(pool.spawn(|| 1).unwrap());
        kept.push(pool.spawn_cancellable(|_| 1).unwrap());
        kept.extend(pool.spawn_batch([|| 1]).unwrap());
        kept.push(pool.call(job()).unwrap());
        kept.push(plain.call(job()).unwrap());
        kept.extend(plain.call_batch([job()]).unwrap());
        kept.extend(plain.spawn_batch([batch()]).unwrap());
    }
    pool.wait_idle().unwrap();
    plain.wait_idle().unwrap();
    let each = ALLOCATED.current_usage().saturating_sub(before) / kept.len();
    assert!(each < 1_024, "{each} bytes for each job that has ended");
    drop(kept);
    assert_eq!(pool.shutdown().done + plain.shutdown().done, 7 * JOBS as u64);
}
