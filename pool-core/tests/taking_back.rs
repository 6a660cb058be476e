//! Taking jobs back over queues that cannot give them back, or fail to.
#![cfg(not(any(loom, shuttle)))]

mod support;

use std::collections::VecDeque;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex};

use pool_core::{
    Collect, Job, JobError, LocalQueue, PanicPolicy, PushError, Task, ThreadPoolBuilder, WaitError,
    WorkQueue, WorkerThread,
};
use support::{Latch, within_patience};

/// A queue without `retain`, or with one that shows the first job and panics.
#[derive(Default)]
struct Stubborn {
    panics: bool,
    jobs: Arc<Mutex<VecDeque<Job<Task<u32>>>>>,
}

impl WorkQueue<Job<Task<u32>>> for Stubborn {
    type Local = Self;

    fn local(&self, _worker: usize) -> Self {
        Self { panics: false, jobs: Arc::clone(&self.jobs) }
    }

    fn push(&self, job: Job<Task<u32>>) -> Result<(), PushError<Job<Task<u32>>>> {
        self.jobs.lock().unwrap().push_back(job);
        Ok(())
    }

    fn len(&self) -> usize {
        self.jobs.lock().unwrap().len()
    }

    fn retain(&self, mut keep: impl FnMut(&mut Job<Task<u32>>) -> bool) {
        if self.panics {
            // Without the lock, which would be poisoned.
            let first = self.jobs.lock().unwrap().pop_front();
            if let Some(mut job) = first
                && keep(&mut job)
            {
                self.jobs.lock().unwrap().push_front(job);
            }
            panic!("the queue panics, on purpose");
        }
    }
}

impl LocalQueue<Job<Task<u32>>> for Stubborn {
    fn push(&mut self, job: Job<Task<u32>>) {
        let _ = WorkQueue::push(self, job);
    }

    fn pop(&mut self) -> Option<Job<Task<u32>>> {
        self.jobs.lock().unwrap().pop_front()
    }
}

#[test]
fn a_queue_without_retain_has_its_jobs_ended_by_the_workers() {
    within_patience(|| {
        let results = Collect::new();
        let builder = ThreadPoolBuilder::with_queue(Stubborn::default()).num_threads(1);
        let pool = builder.sink(results.clone()).build().unwrap();
        let (begun, go) = (Latch::default(), Latch::default());
        let (begins, wait) = (begun.clone(), go.clone());
        let running = pool.spawn(move || {
            begins.open();
            wait.wait();
        });
        begun.wait();
        let waiting = [pool.execute(|| 1).unwrap(), pool.execute(|| 2).unwrap()];
        let job = pool.spawn(|| ()).unwrap();
        assert!(pool.take_queued().is_empty() && !job.is_finished());
        assert!(pool.shutdown_now().is_empty());
        go.open();
        running.unwrap().join().unwrap();
        assert!(matches!(job.join(), Err(JobError::Returned)));
        let report = pool.shutdown();
        assert!(report.is_complete());
        assert_eq!((report.done, report.returned), (1, 3));
        let outcomes = results.take();
        assert!(outcomes.iter().map(|done| done.id).eq(waiting));
        assert!(outcomes.iter().all(|done| matches!(done.outcome, Err(JobError::Returned))));
    });
}

#[test]
fn a_retain_that_panics_gives_the_pool_up_and_loses_nothing_that_it_showed() {
    for for_good in [false, true] {
        within_patience(move || {
            let queue = Stubborn { panics: true, ..Stubborn::default() };
            let builder = ThreadPoolBuilder::with_queue(queue).num_threads(1).paused();
            let pool = builder.sink(Collect::new()).build().unwrap();
            let shown = pool.execute(|| 1).unwrap();
            pool.execute(|| 2).unwrap();
            let back = if for_good { pool.shutdown_now() } else { pool.take_queued() };
            assert!(back.iter().map(|(id, _)| *id).eq([shown]));
            assert!(pool.is_closed());
            assert_eq!(pool.wait_idle(), Err(WaitError::QueueFailed));
            let report = pool.shutdown();
            assert!(report.returned >= 1 && report.threads == 0);
            // A worker that has not parked yet may still come upon the other one.
            assert_eq!(report.done + report.returned + report.unfinished, 2, "{report:?}");
        });
    }
}

#[test]
fn a_retain_that_panics_each_time_is_not_tried_for_ever() {
    within_patience(|| {
        let allowed = Arc::new(AtomicBool::new(true));
        let may_start = Arc::clone(&allowed);
        let queue = Stubborn { panics: true, ..Stubborn::default() };
        let builder = ThreadPoolBuilder::with_queue(queue).num_threads(1);
        let builder = builder.panic_policy(PanicPolicy::ReplaceWorker).thread_factory(
            move |thread: WorkerThread| match may_start.load(Ordering::SeqCst) {
                true => std::thread::Builder::new().spawn(move || thread.run()),
                false => Err(std::io::Error::other("no threads, on purpose")),
            },
        );
        let pool = builder.sink(Collect::new()).build().unwrap();
        let (begun, go) = (Latch::default(), Latch::default());
        let (begins, wait) = (begun.clone(), go.clone());
        pool.execute(move || {
            begins.open();
            wait.wait();
            panic!("on purpose");
        })
        .unwrap();
        begun.wait();
        let job = pool.spawn(|| 7).unwrap();
        allowed.store(false, Ordering::SeqCst);
        go.open();
        // The last worker leaves, and whoever awaits a job is to be found by `retain`.
        assert!(pool.shutdown().threads == 0);
        assert!(matches!(job.join(), Err(JobError::Returned)));
    });
}
