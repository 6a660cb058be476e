//! Held jobs: accepted, and kept out of the queue by their holder.
#![cfg(not(any(loom, shuttle)))]

mod support;

use std::collections::VecDeque;
use std::sync::{Arc, Mutex};
use std::thread;
use std::time::Duration;

use pool_core::{
    Collect, HeldJob, InOrder, JobError, JobHandle, LocalQueue, ManualClock, PushError,
    SubmitOptions, ThreadPoolBuilder, WhenFull, WorkQueue,
};
use support::{Tally, builder, pool, within_patience};

/// Takes no job from outside: refuses it, or panics.
struct Shut<J> {
    panics: bool,
    jobs: Arc<Mutex<VecDeque<J>>>,
}

struct End<J>(Arc<Mutex<VecDeque<J>>>);

impl<J> Shut<J> {
    fn new(panics: bool) -> Self {
        Self { panics, jobs: Arc::default() }
    }
}

impl<J: Send + 'static> WorkQueue<J> for Shut<J> {
    type Local = End<J>;

    fn local(&self, _worker: usize) -> End<J> {
        End(Arc::clone(&self.jobs))
    }

    fn push(&self, job: J) -> Result<(), PushError<J>> {
        assert!(!self.panics, "the queue panics, on purpose");
        Err(PushError(job))
    }

    fn len(&self) -> usize {
        self.jobs.lock().unwrap().len()
    }
}

impl<J: Send + 'static> LocalQueue<J> for End<J> {
    fn push(&mut self, job: J) {
        self.0.lock().unwrap().push_back(job);
    }

    fn pop(&mut self) -> Option<J> {
        self.0.lock().unwrap().pop_front()
    }
}

#[test]
fn a_held_job_starts_when_it_is_released() {
    within_patience(|| {
        let (results, ran) = (Collect::new(), Tally::default());
        let pool = builder().num_threads(2).sink(results.clone()).build().unwrap();
        let count = ran.clone();
        let first = pool.admit(SubmitOptions::new()).unwrap().execute(move || {
            count.add();
            1
        });
        let (second, job) = pool.admit(SubmitOptions::new()).unwrap().spawn(|| 2);
        pool.execute(|| 3).unwrap();
        // Neither runs, and the pool is not idle.
        assert!(pool.wait_idle_timeout(Duration::ZERO).is_err());
        pool.close();
        assert_eq!((ran.get(), job.is_finished()), (0, false));
        second.release();
        assert_eq!(job.join().unwrap(), 2);
        let id = first.id();
        first.release();
        assert_eq!(pool.shutdown().done, 3);
        let first = results.take().into_iter().find(|done| done.id == id).unwrap();
        assert_eq!(first.outcome.unwrap(), 1);
    });
}

/// The sink that keeps the order waits for no id.
#[test]
fn a_dropped_one_is_cancelled() {
    within_patience(|| {
        let (sender, results) = std::sync::mpsc::channel();
        let pool = builder().num_threads(1).sink(InOrder::new(sender)).build().unwrap();
        let owned = Tally::default();
        let of_job = owned.clone();
        let executed: HeldJob = pool.admit(SubmitOptions::new()).unwrap().execute(move || {
            of_job.add();
            0_u32
        });
        let (spawned, job): (_, JobHandle<u32>) =
            pool.admit(SubmitOptions::new()).unwrap().spawn(|| 0);
        drop(pool.admit(SubmitOptions::new()).unwrap());
        pool.execute(|| 3).unwrap();
        drop((executed, spawned));
        assert!(matches!(job.join(), Err(JobError::Cancelled)));
        pool.wait_idle().unwrap();
        // While the pool is open: nothing is held back for an id that never comes.
        let got: Vec<_> = results.try_iter().map(|done| done.outcome).collect();
        assert!(matches!(got[..], [Err(JobError::Cancelled), Ok(3)]), "{got:?}");
        let report = pool.shutdown();
        assert_eq!((report.accepted, report.done, report.cancelled), (3, 1, 2));
        assert_eq!(owned.get(), 0);
    });
}

#[test]
fn a_held_job_has_a_place() {
    within_patience(|| {
        let pool = builder().num_threads(1).capacity(1).build().unwrap();
        let admission = pool.admit(SubmitOptions::new()).unwrap();
        for when in [WhenFull::Fail, WhenFull::RunHere] {
            assert!(pool.admit(when).unwrap_err().to_string().contains("full"));
        }
        drop(admission);
        let (held, job) = pool.admit(WhenFull::Fail).unwrap().spawn(|| ());
        assert!(pool.try_execute(|| ()).is_err());
        assert!(job.cancel());
        pool.execute(|| ()).unwrap();
        // Cancelled already: it has no second end.
        held.release();
        let report = pool.shutdown();
        assert_eq!((report.done, report.cancelled), (1, 1));
    });
}

/// A held job that outlives its pool is given back. Such a pool was given up.
#[test]
fn a_queue_that_panics_at_the_release_hangs_nobody() {
    within_patience(|| {
        let pool = ThreadPoolBuilder::with_queue(Shut::new(true)).num_threads(1);
        let pool = pool.build().unwrap();
        let (first, given_up) = pool.admit(SubmitOptions::new()).unwrap().spawn(|| 1);
        let (second, left) = pool.admit(SubmitOptions::new()).unwrap().spawn(|| 2);
        let third = pool.admit(SubmitOptions::new()).unwrap().execute(|| ());
        first.release();
        assert!(pool.is_closed());
        assert!(matches!(given_up.join(), Err(JobError::Returned)));
        drop(pool);
        drop(second);
        third.release();
        assert!(matches!(left.join(), Err(JobError::Returned)));
    });
}

#[test]
fn what_the_queue_refuses_at_the_release_runs_there() {
    within_patience(|| {
        let results = Collect::new();
        let pool = ThreadPoolBuilder::with_queue(Shut::new(false)).num_threads(1);
        let pool = pool.sink(results.clone()).build().unwrap();
        let here = thread::current().id();
        let (spawned, job) =
            pool.admit(SubmitOptions::new()).unwrap().spawn(|| thread::current().id());
        let executed = pool.admit(SubmitOptions::new()).unwrap().execute(|| 7);
        spawned.release();
        executed.release();
        assert_eq!(job.join().unwrap(), here);
        assert_eq!(pool.shutdown().done, 2);
        let done = results.take();
        assert!(matches!(done[0].outcome, Ok(7)) && done[0].worker.is_none());
    });
}

/// Nothing is queued and nothing runs, but the job that is held will need a worker.
#[test]
fn the_last_worker_stays_while_a_job_is_held() {
    within_patience(|| {
        let clock = ManualClock::new();
        let keep_alive = Duration::from_secs(1);
        let pool = builder().num_threads(2).core_threads(0).thread_keep_alive(keep_alive);
        let pool = pool.clock(clock.clone()).build().unwrap();
        let (held, job) = pool.admit(SubmitOptions::new()).unwrap().spawn(|| 7);
        let runner = held.runner();
        for _ in 0..5 {
            clock.advance(2 * keep_alive);
            thread::yield_now();
        }
        assert!(!runner.is_taken());
        held.release();
        assert_eq!(job.join().unwrap(), 7);
        assert_eq!(pool.shutdown().done, 1);
    });
}

/// A nested one is accepted while the pool drains, and outlives the job that has made it.
#[test]
fn a_nested_one_is_held_beyond_its_parent() {
    within_patience(|| {
        let pool = pool(1);
        let handle = pool.handle();
        let (sender, made) = std::sync::mpsc::channel();
        let parent = pool.spawn(move || {
            handle.close();
            sender.send(handle.admit(SubmitOptions::new()).unwrap().spawn(|| 7)).unwrap();
        });
        parent.unwrap().join().unwrap();
        let (held, job) = made.recv().unwrap();
        assert!(pool.stats().threads == 1 && !job.is_finished());
        held.release();
        assert_eq!(job.join().unwrap(), 7);
        assert_eq!(pool.shutdown().done, 2);
    });
}
