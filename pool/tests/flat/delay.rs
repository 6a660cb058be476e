//! A job that is wanted does not queue behind those that are over. Told by what the pool takes out of the
//! queue before it starts, not by the time that passes.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering::SeqCst};

use drainpool::{
    CrossbeamQueue, FlumeQueue, Job, LocalQueue, ManualClock, PushError, StdQueue, SubmitOptions,
    Task, WorkQueue,
};
use pool_conformance::within_patience;

use crate::level::alone;
use crate::setup::{Latch, pause_at_rest};

/// Makes a named test of each of these functions, for each queue.
macro_rules! on_every_queue {
    ($($test:ident)*) => {
        mod crossbeam {
            $(#[test] fn $test() { super::watched(|| super::$test(super::CrossbeamQueue::new())); })*
        }
        mod flume {
            $(#[test] fn $test() { super::watched(|| super::$test(super::FlumeQueue::new())); })*
        }
        mod std_only {
            $(#[test] fn $test() { super::watched(|| super::$test(super::StdQueue::new())); })*
        }
    };
}

on_every_queue! {
    behind_cancelled_jobs_of_a_paused_pool
    behind_cancelled_jobs_of_a_busy_pool
    behind_expired_jobs
    behind_jobs_that_a_job_has_cancelled
}

fn watched(test: impl FnOnce() + Send + 'static) {
    alone(|| within_patience(test));
}

/// So many jobs are over when one comes that is wanted.
const STALE: usize = if cfg!(debug_assertions) { 100_000 } else { 1_000_000 };
/// Beside two for each that is pending, so many entries may be stale.
const FEW: u64 = 256;

type Closure = Job<Task>;

/// A queue that counts what the pool takes out of it.
struct Counting<Q> {
    inner: Arc<Q>,
    taken: Arc<AtomicU64>,
}

impl<Q> Clone for Counting<Q> {
    fn clone(&self) -> Self {
        Self { inner: Arc::clone(&self.inner), taken: Arc::clone(&self.taken) }
    }
}

struct CountingEnd<L> {
    inner: L,
    taken: Arc<AtomicU64>,
}

impl<Q: WorkQueue<Closure>> WorkQueue<Closure> for Counting<Q> {
    type Local = CountingEnd<Q::Local>;

    fn local(&self, worker: usize) -> Self::Local {
        CountingEnd { inner: self.inner.local(worker), taken: Arc::clone(&self.taken) }
    }

    fn push(&self, job: Closure) -> Result<(), PushError<Closure>> {
        self.inner.push(job)
    }

    fn push_batch(
        &self,
        jobs: &mut impl Iterator<Item = Closure>,
    ) -> Result<(), PushError<Closure>> {
        self.inner.push_batch(jobs)
    }

    fn len(&self) -> usize {
        self.inner.len()
    }

    fn is_empty(&self) -> bool {
        self.inner.is_empty()
    }

    fn retain(&self, keep: impl FnMut(&mut Closure) -> bool) {
        self.inner.retain(keep);
    }
}

impl<L: LocalQueue<Closure>> CountingEnd<L> {
    fn count(&self, job: Option<Closure>) -> Option<Closure> {
        self.taken.fetch_add(u64::from(job.is_some()), SeqCst);
        job
    }
}

impl<L: LocalQueue<Closure>> LocalQueue<Closure> for CountingEnd<L> {
    fn push(&mut self, job: Closure) {
        self.inner.push(job);
    }

    fn pop(&mut self) -> Option<Closure> {
        let job = self.inner.pop();
        self.count(job)
    }

    fn steal(&mut self) -> Option<Closure> {
        let job = self.inner.steal();
        self.count(job)
    }
}

type Pool<Q> = pool_core::ThreadPool<(), Counting<Q>>;
type Handle<Q> = pool_core::Handle<Task, (), Counting<Q>>;

/// A pool of one worker, its queue, and the clock by which jobs expire.
struct Scene<Q: WorkQueue<Closure>> {
    queue: Counting<Q>,
    pool: Pool<Q>,
    clock: ManualClock,
}

impl<Q: WorkQueue<Closure>> Scene<Q> {
    fn new(queue: Q) -> Self {
        let queue = Counting { inner: Arc::new(queue), taken: Arc::default() };
        let builder = pool_core::ThreadPoolBuilder::with_queue(queue.clone()).num_threads(1);
        let clock = ManualClock::new();
        let pool = builder.clock(clock.clone()).build().unwrap();
        Self { queue, pool, clock }
    }

    /// Submits the job that is wanted, and lets it come. What was in the queue then, and how much was
    /// taken out from the moment on when `free` lets the worker begin.
    fn want(&self, free: impl FnOnce()) -> (u64, u64) {
        let taken = Arc::clone(&self.queue.taken);
        let wanted = self.pool.spawn(move || taken.load(SeqCst)).unwrap();
        let (waiting, before) = (self.queue.len() as u64, self.queue.taken.load(SeqCst));
        free();
        (waiting, wanted.join().unwrap() - before)
    }
}

fn check((waiting, taken): (u64, u64)) {
    let few = 2 + FEW;
    assert!(
        waiting <= few && taken <= few,
        "behind {STALE} that were over: {waiting} in the queue, {taken} taken out"
    );
}

fn cancel_many<Q: WorkQueue<Closure>>(pool: &Handle<Q>) {
    for _ in 0..STALE {
        assert!(pool.spawn(|| ()).unwrap().cancel());
    }
}

fn behind_cancelled_jobs_of_a_paused_pool<Q: WorkQueue<Closure>>(queue: Q) {
    let scene = Scene::new(queue);
    pause_at_rest(&scene.pool, 0);
    cancel_many(&scene.pool);
    check(scene.want(|| scene.pool.resume()));
}

fn behind_cancelled_jobs_of_a_busy_pool<Q: WorkQueue<Closure>>(queue: Q) {
    let scene = Scene::new(queue);
    let (begun, free) = (Latch::default(), Latch::default());
    let (begins, wait) = (begun.clone(), free.clone());
    let held = move || {
        begins.open();
        wait.wait();
    };
    scene.pool.execute(held).unwrap();
    begun.wait();
    cancel_many(&scene.pool);
    check(scene.want(|| free.open()));
}

fn behind_expired_jobs<Q: WorkQueue<Closure>>(queue: Q) {
    let scene = Scene::new(queue);
    pause_at_rest(&scene.pool, 0);
    let step = std::time::Duration::from_millis(1);
    for _ in 0..STALE / 100 {
        for _ in 0..100 {
            drop(scene.pool.with(SubmitOptions::new().start_within(step)).spawn(|| ()).unwrap());
        }
        scene.clock.advance(step);
    }
    check(scene.want(|| scene.pool.resume()));
}

fn behind_jobs_that_a_job_has_cancelled<Q: WorkQueue<Closure>>(queue: Q) {
    let scene = Scene::new(queue);
    let (handle, queue) = (scene.pool.handle(), scene.queue.clone());
    let busy = scene.pool.spawn(move || {
        cancel_many(&handle);
        let taken = Arc::clone(&queue.taken);
        let wanted = handle.spawn(move || taken.load(SeqCst)).unwrap();
        (queue.len() as u64, queue.taken.load(SeqCst), wanted)
    });
    let (waiting, before, wanted) = busy.unwrap().join().unwrap();
    check((waiting, wanted.join().unwrap() - before));
}
