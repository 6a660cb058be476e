//! Queues that refuse jobs, and one that panics: nothing is lost, and nobody waits for ever.
#![cfg(not(any(loom, shuttle)))]

mod support;

use std::pin::{Pin, pin};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, mpsc};
use std::task::{Context, Poll, Waker};

use pool_core::{
    InOrder, JobError, JobSet, LocalQueue, PushError, Refusal, ThreadPool, ThreadPoolBuilder,
    WaitError, WorkQueue,
};
use support::bounded::Bounded;
use support::{eventually, within_patience};

#[test]
fn c1_a_full_queue_gives_the_job_back_and_nobody_waits_for_it() {
    within_patience(|| {
        let pool = ThreadPoolBuilder::with_queue(Bounded::new(2))
            .num_threads(1)
            .paused()
            .build_with(|_| |_: u32| ())
            .unwrap();
        pool.submit(1).unwrap();
        pool.submit(2).unwrap();
        match pool.submit(3) {
            Err(refused) if refused.is_full() => assert_eq!(refused.into_inner(), 3),
            other => panic!("expected Full, got {other:?}"),
        }
        pool.resume();
        pool.wait_idle().unwrap();
        let report = pool.shutdown();
        assert_eq!((report.accepted, report.done), (2, 2));
    });
}

/// A batch that is refused in part comes back in part, and leaves no gap in an ordered sink.
#[test]
fn c1_a_batch_is_refused_in_part() {
    within_patience(|| {
        let (sender, results) = mpsc::channel();
        let pool = ThreadPoolBuilder::with_queue(Bounded::new(2))
            .num_threads(1)
            .paused()
            .sink(InOrder::new(sender))
            .build_with(|_| |n: u32| n)
            .unwrap();
        let error = pool.submit_batch(0..5).unwrap_err();
        assert!(matches!(error.reason(), Refusal::Full));
        assert_eq!((error.accepted().len(), error.into_inner()), (2, (vec![2, 3, 4], 5..5)));
        let (refused, _) = pool.spawn_batch([|| 5]).unwrap_err().into_inner();
        assert_eq!(refused[0](), 5);
        pool.resume();
        pool.wait_idle().unwrap();
        pool.submit(6).unwrap();
        pool.wait_idle().unwrap();
        let numbers: Vec<u32> = results.try_iter().map(|done| done.outcome.unwrap()).collect();
        // This queue is last in, first out, but the sink keeps the order.
        assert_eq!(numbers, [0, 1, 6]);
        assert_eq!(pool.shutdown().accepted, 3);
    });
}

/// Borrowed work and maps need no queue at all.
#[test]
fn borrowed_work_on_a_queue_that_takes_nothing() {
    within_patience(|| {
        let queue = Bounded::new(0);
        let pool = ThreadPoolBuilder::with_queue(queue).num_threads(2).build().unwrap();
        for _ in 0..3 {
            assert_eq!(pool.join(|| 1, || 2), (1, 2));
            let mut numbers = [1, 2, 3];
            pool.scope(|scope| numbers.iter_mut().for_each(|n| scope.spawn(|| *n += 1)));
            pool.for_each(&mut numbers, |n| *n += 1);
            assert_eq!(numbers, [3, 4, 5]);
        }
        assert!(pool.map(0..9, |n| n).map(Result::unwrap).eq(0..9));
        assert_eq!(pool.map_unordered(0..9, |n| n).map(Result::unwrap).sum::<u32>(), 36);
        assert!(pool.spawn(|| ()).is_err_and(|refused| refused.is_full()));
        assert!(pool.install(|| ()).is_err_and(|refused| refused.is_full()));
        assert_eq!(pool.shutdown().accepted, 0);
    });
}

/// Keeps jobs until it is told to panic.
struct Treacherous<J> {
    jobs: Arc<Mutex<Vec<J>>>,
    panics: Arc<AtomicBool>,
}

impl<J: Send + 'static> WorkQueue<J> for Treacherous<J> {
    type Local = Self;

    fn local(&self, _worker: usize) -> Self {
        Self { jobs: Arc::clone(&self.jobs), panics: Arc::clone(&self.panics) }
    }

    fn push(&self, job: J) -> Result<(), PushError<J>> {
        self.jobs.lock().unwrap().push(job);
        Ok(())
    }

    fn len(&self) -> usize {
        self.jobs.lock().unwrap().len()
    }
}

impl<J> LocalQueue<J> for Treacherous<J> {
    fn push(&mut self, job: J) {
        self.jobs.lock().unwrap().push(job);
    }

    fn pop(&mut self) -> Option<J> {
        if self.panics.load(Ordering::SeqCst) {
            std::panic::resume_unwind(Box::new("on purpose"));
        }
        None
    }
}

type Pool = ThreadPool<(), Treacherous<pool_core::Job<pool_core::Task>>>;

/// A pool that takes jobs and runs none, and what makes its queue panic at the next submit.
fn doomed() -> (Pool, Arc<AtomicBool>) {
    let panics = Arc::new(AtomicBool::new(false));
    let queue = Treacherous { jobs: Arc::default(), panics: Arc::clone(&panics) };
    let builder = ThreadPoolBuilder::with_queue(queue).num_threads(1).capacity(4);
    (builder.build().unwrap(), panics)
}

/// C3: whoever waits for a job that cannot be reached any more is told so.
#[test]
fn c3_jobs_of_a_pool_that_is_given_up_are_returned() {
    within_patience(|| {
        let (pool, panics) = doomed();
        let job = pool.spawn(|| 7).unwrap();
        let set: JobSet<_> = pool.spawn_batch([|| 1, || 2]).unwrap().into_iter().collect();
        let waiter = std::thread::spawn(move || job.join());
        let set_waiter = std::thread::spawn(move || set.join_all());
        panics.store(true, Ordering::SeqCst);
        // This one wakes the worker, whose queue panics.
        let last = pool.spawn(|| 3).unwrap();
        assert!(matches!(waiter.join().unwrap(), Err(JobError::Returned)));
        let returned = |outcome: &Result<i32, _>| matches!(outcome, Err(JobError::Returned));
        assert!(set_waiter.join().unwrap().iter().all(returned));
        assert!(matches!(last.join(), Err(JobError::Returned)));
        assert_eq!(pool.wait_idle(), Err(WaitError::QueueFailed));
        assert_eq!(pool.shutdown().unfinished, 4);
    });
}

/// C1, C3: neither do submitters that wait for room, nor futures, once the pool is dropped.
#[test]
fn c1_nobody_waits_for_room_in_a_pool_that_is_given_up() {
    within_patience(|| {
        let (pool, panics) = doomed();
        let mut job = pin!(pool.spawn(|| 7).unwrap());
        let context = &mut Context::from_waker(Waker::noop());
        assert!(job.as_mut().poll(context).is_pending());
        let handle = pool.handle();
        let fill = move || (0..4).map_while(|_| handle.execute(|| ()).ok()).count();
        let submitter = std::thread::spawn(fill);
        eventually(|| pool.stats().waiting_submitters == 1);
        let mut future = pool.spawn_async(|| 8);
        assert!(Pin::new(&mut future).poll(context).is_pending());
        panics.store(true, Ordering::SeqCst);
        // The worker sleeps over a queue that is not empty; pausing and resuming wakes it.
        pool.pause();
        pool.resume();
        assert_eq!(submitter.join().unwrap(), 3);
        let Poll::Ready(refused) = Pin::new(&mut future).poll(context) else {
            panic!("it waits in vain");
        };
        assert_eq!(refused.unwrap_err().into_inner()(), 8, "C1");
        drop(future);
        assert_eq!(pool.shutdown().unfinished, 4);
        drop(pool);
        assert!(matches!(job.as_mut().poll(context), Poll::Ready(Err(JobError::Returned))));
    });
}
