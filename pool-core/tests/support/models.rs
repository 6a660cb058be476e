//! What the models share: how they are explored, pools, and jobs that show what they did.
#![allow(dead_code)]

use loom::sync::atomic::{AtomicUsize, Ordering};
use loom::sync::{Arc, Condvar, Mutex};
use loom::thread;
use pool_core::{Handle, Job, ShutdownReport, Task, ThreadPool, ThreadPoolBuilder, WorkQueue};

use crate::slots::Plain;

pub(crate) type PlainPool = ThreadPool<(), Plain<Job<Task>>>;

/// Explores every execution with at most two preemptions, unless the environment asks for others.
pub(crate) fn model(f: impl Fn() + Sync + Send + 'static) {
    explore(2, f);
}

/// The same with at most one, for a model of so much that a second would take minutes.
pub(crate) fn large_model(f: impl Fn() + Sync + Send + 'static) {
    explore(1, f);
}

fn explore(preemptions: usize, f: impl Fn() + Sync + Send + 'static) {
    let mut builder = loom::model::Builder::new();
    builder.preemption_bound = builder.preemption_bound.or(Some(preemptions));
    builder.max_branches = builder.max_branches.max(10_000);
    builder.check(f);
}

/// Does something that the model is not about, in one way only.
pub(crate) fn unexplored<T>(f: impl FnOnce() -> T) -> T {
    loom::stop_exploring();
    let result = f();
    loom::explore();
    result
}

/// A pool of one thread for this many jobs, with its start explored as well.
pub(crate) fn explored_pool(jobs: usize) -> PlainPool {
    ThreadPoolBuilder::with_queue(Plain::striped(jobs)).num_threads(1).build().unwrap()
}

pub(crate) fn pool<Q: WorkQueue<Job<Task>>>(threads: usize, queue: Q) -> ThreadPool<(), Q> {
    unexplored(|| ThreadPoolBuilder::with_queue(queue).num_threads(threads).build().unwrap())
}

pub(crate) fn end<Q: WorkQueue<Job<Task>>>(pool: ThreadPool<(), Q>) -> ShutdownReport {
    unexplored(|| {
        let report = pool.shutdown();
        drop(pool);
        report
    })
}

/// A count that jobs raise.
#[derive(Clone)]
pub(crate) struct Ran(Arc<AtomicUsize>);

impl Ran {
    pub(crate) fn new() -> Self {
        Self(Arc::new(AtomicUsize::new(0)))
    }

    pub(crate) fn job(&self) -> impl FnOnce() + Send + 'static {
        let ran = self.clone();
        move || {
            ran.0.fetch_add(1, Ordering::Relaxed);
        }
    }

    pub(crate) fn count(&self) -> usize {
        self.0.load(Ordering::Relaxed)
    }
}

/// Jobs that end only when all of them have begun: they need a worker each.
#[derive(Clone)]
pub(crate) struct Meeting(Arc<(Mutex<usize>, Condvar)>);

impl Meeting {
    pub(crate) fn of(jobs: usize) -> Self {
        Self(Arc::new((Mutex::new(jobs), Condvar::new())))
    }

    pub(crate) fn job(&self) -> impl FnOnce() + Send + 'static {
        let Self(meeting) = self.clone();
        move || {
            let (missing, all_here) = &*meeting;
            let mut missing = missing.lock().unwrap();
            *missing -= 1;
            all_here.notify_all();
            while *missing > 0 {
                missing = all_here.wait(missing).unwrap();
            }
        }
    }
}

pub(crate) fn submit_from_a_thread<Q: WorkQueue<Job<Task>>>(
    handle: Handle<Task, (), Q>,
    job: impl FnOnce() + Send + 'static,
) -> thread::JoinHandle<bool> {
    thread::spawn(move || match handle.execute(job) {
        Ok(_) => true,
        Err(refused) if refused.is_closed() || refused.is_full() => false,
        Err(error) => panic!("{error}"),
    })
}
