//! Models of what hangs on single jobs, explored by loom over the code that ships: cancelling, waiting,
//! dropping, expiring, taking back.
//!
//! Run with `RUSTFLAGS="--cfg loom" cargo test -p pool-core --release --test loom_jobs`.
#![cfg(loom)]

#[path = "support/bell.rs"]
mod bell;
#[path = "support/models.rs"]
mod models;
#[path = "support/slots.rs"]
mod slots;

use std::pin::Pin;
use std::task::{Context, Waker};
use std::time::Duration;

use bell::Bell;
use loom::sync::Arc;
use loom::sync::atomic::{AtomicUsize, Ordering};
use loom::thread;
use models::{PlainPool, Ran, end, large_model, model, pool, unexplored};
use pool_core::{Job, JobError, JobSet, ManualClock, SubmitOptions, Task, ThreadPoolBuilder};
use slots::{Plain, Stealing};

/// Counts its drops.
struct Token(Arc<AtomicUsize>);

impl Drop for Token {
    fn drop(&mut self) {
        self.0.fetch_add(1, Ordering::Relaxed);
    }
}

fn token() -> (Token, Arc<AtomicUsize>) {
    let drops = Arc::new(AtomicUsize::new(0));
    (Token(drops.clone()), drops)
}

/// C2, C3, C9: a job is cancelled while a worker comes for it. It runs or it is cancelled, and its
/// captures are gone before anybody knows which.
#[test]
fn claim_and_cancel() {
    model(|| {
        let pool = pool(1, Plain::new(1));
        let (ran, (captured, drops)) = (Ran::new(), token());
        let (run, seen) = (ran.job(), drops.clone());
        let job = pool
            .spawn(move || {
                let _captured = captured;
                run();
            })
            .unwrap();
        let cancelled = job.cancel();
        match job.join() {
            Ok(()) => assert!(!cancelled),
            Err(JobError::Cancelled) => assert!(cancelled),
            Err(error) => panic!("{error}"),
        }
        assert_eq!(seen.load(Ordering::Relaxed), 1);
        assert_eq!(ran.count(), usize::from(!cancelled));
        let report = end(pool);
        let (done, cancelled) = (u64::from(!cancelled), u64::from(cancelled));
        assert_eq!((report.accepted, report.done, report.cancelled), (1, done, cancelled));
    });
}

/// C3, C5: the last job is cancelled while the pool drains; everyone goes home.
#[test]
fn cancel_while_draining() {
    model(|| {
        let pool = pool(1, Plain::new(1));
        let job = pool.spawn(|| ()).unwrap();
        let canceller = thread::spawn(move || job.cancel());
        let report = pool.shutdown();
        let cancelled = u64::from(canceller.join().unwrap());
        assert_eq!((report.cancelled, report.done), (cancelled, 1 - cancelled));
        assert_eq!(report.unfinished, 0);
    });
}

/// A paused pool of one thread, in whose queue a job waits.
fn paused_over_a_job(queue: Plain<Job<Task>>) -> PlainPool {
    unexplored(|| {
        let pool = ThreadPoolBuilder::with_queue(queue).num_threads(1).paused().build().unwrap();
        pool.execute(|| ()).unwrap();
        pool
    })
}

/// C5: whoever looks whether the pool is at rest, while a job comes and is cancelled, does not take
/// that one's end for another's.
#[test]
fn cancel_and_look_for_rest() {
    model(|| {
        let pool = paused_over_a_job(Plain::new(2));
        let handle = pool.handle();
        let canceller = thread::spawn(move || assert!(handle.spawn(|| ()).unwrap().cancel()));
        assert!(pool.wait_idle_timeout(Duration::ZERO).is_err(), "the first job is queued");
        canceller.join().unwrap();
        let report = end(pool);
        assert_eq!((report.done, report.cancelled), (1, 1));
    });
}

/// C7: whoever waits for a job is woken by its end.
#[test]
fn join_and_end() {
    model(|| {
        let pool = pool(1, Plain::new(1));
        assert_eq!(pool.spawn(|| 7).unwrap().join().unwrap(), 7);
        end(pool);
    });
}

/// C2, C11: a job waits for another, which it runs itself or the other worker does.
#[test]
fn join_inside_of_a_job() {
    model(|| {
        let pool = pool(2, Stealing::new(2));
        let handle = pool.handle();
        let job = move || handle.spawn(|| 7).unwrap().join().unwrap();
        assert_eq!(pool.spawn(job).unwrap().join().unwrap(), 7);
        assert_eq!(end(pool).done, 2);
    });
}

/// C9: a handle is dropped while its job ends: the result is dropped, once.
#[test]
fn drop_of_a_handle_and_end() {
    model(|| {
        let pool = pool(1, Plain::new(1));
        let (result, drops) = token();
        drop(pool.spawn(move || result).unwrap());
        assert_eq!(pool.shutdown().done, 1);
        drop(pool);
        assert_eq!(drops.load(Ordering::Relaxed), 1);
    });
}

/// C7: a future that was pending is woken, once.
#[test]
fn poll_and_end() {
    model(|| {
        let (pool, bell) = (pool(1, Plain::new(1)), Bell::new());
        assert_eq!(bell.wait_for(pool.spawn(|| 7).unwrap()).unwrap(), 7);
        end(pool);
        assert!(bell.rings() <= 1);
    });
}

/// A job that was polled before ends while its handle is put into a set: it is announced once.
#[test]
fn insert_into_a_set_and_end() {
    model(|| {
        let pool = pool(1, Plain::new(1));
        let mut job = pool.spawn(|| 7).unwrap();
        if Pin::new(&mut job).poll(&mut Context::from_waker(Waker::noop())).is_pending() {
            let mut jobs = JobSet::new();
            jobs.insert(job);
            let (_, outcome) = jobs.join_next().unwrap();
            assert_eq!((outcome.unwrap(), jobs.join_next().is_none()), (7, true));
        }
        end(pool);
    });
}

/// C3, C5: a job that is run by the one who waits for it keeps the pool from coming to rest, and a
/// job ref that is left behind does not.
#[test]
fn run_outside_and_drain() {
    large_model(|| {
        let pool = pool(1, Plain::new(1));
        let ran = Ran::new();
        let (job, seen) = (pool.spawn(ran.job()).unwrap(), ran.clone());
        let waiter = thread::spawn(move || job.join_or_run().unwrap());
        let report = pool.shutdown();
        assert_eq!((seen.count(), report.done, report.unfinished), (1, 1, 0));
        waiter.join().unwrap();
    });
}

/// C4, C5: such a job submits another while the pool drains.
#[test]
fn run_outside_and_submit() {
    model(|| {
        let pool = pool(1, Plain::new(2));
        let ran = Ran::new();
        let (handle, child) = (pool.handle(), ran.job());
        let job = pool.spawn(move || handle.execute(child).is_ok()).unwrap();
        let waiter = thread::spawn(move || job.join_or_run().unwrap());
        let report = pool.shutdown();
        assert_eq!((report.accepted, report.done, report.unfinished), (2, 2, 0));
        assert!(waiter.join().unwrap());
        assert_eq!(ran.count(), 1);
    });
}

/// C2, C3: a job's time is over while a worker comes for it and its handle cancels it.
#[test]
fn expire_and_start_and_cancel() {
    model(|| {
        let (queue, clock) = (Plain::new(1), ManualClock::new());
        let pool = unexplored(|| {
            let builder = ThreadPoolBuilder::with_queue(queue).num_threads(1);
            builder.clock(clock.clone()).build().unwrap()
        });
        let (captured, drops) = token();
        let job = pool
            .with(SubmitOptions::new().start_within(Duration::from_secs(1)))
            .spawn(move || drop(captured))
            .unwrap();
        let canceller = job.canceller();
        let other = thread::spawn(move || canceller.cancel());
        clock.advance(Duration::from_secs(1));
        // Whoever asks may be the one who ends it.
        let _ = job.is_finished();
        let outcome = job.join();
        let cancelled = other.join().unwrap();
        assert_eq!(drops.load(Ordering::Relaxed), 1);
        let report = end(pool);
        match outcome {
            Ok(()) => assert_eq!((report.done, cancelled), (1, false)),
            Err(JobError::Expired) => assert_eq!((report.expired, cancelled), (1, false)),
            Err(JobError::Cancelled) => assert_eq!((report.cancelled, cancelled), (1, true)),
            Err(error) => panic!("{error}"),
        }
        assert_eq!((report.accepted, report.unfinished), (1, 0));
    });
}

/// C2, C7: stale entries are removed while workers pop and steal: the wanted job is neither lost nor
/// slept over.
#[test]
fn purge_and_pop_and_steal() {
    model(|| {
        let pool = pool(2, Stealing::new(8));
        let cancelled = (0..2).map(|_| pool.spawn(|| ()).unwrap()).collect::<Vec<_>>();
        let wanted = pool.spawn(|| 7).unwrap();
        let in_time = cancelled.iter().filter(|job| job.cancel()).count() as u64;
        assert_eq!(wanted.join().unwrap(), 7);
        let report = end(pool);
        assert_eq!((report.done, report.cancelled), (3 - in_time, in_time));
    });
}

/// A closure that lies on the stack is run inside of the pool, and the caller stays for it.
#[test]
fn install() {
    model(|| {
        let pool = pool(1, Plain::new(1));
        let mut here = 0;
        pool.install(|| here += 1).unwrap();
        assert_eq!(here, 1);
        assert_eq!(end(pool).done, 1);
    });
}

/// C3, C4, C5: jobs are taken back while one submits another and a worker steals. Each runs once or comes
/// back once, and everyone goes home.
#[test]
fn shutdown_now_and_nested_submit_and_steal() {
    model(|| {
        let pool = pool(2, Stealing::new(4));
        let (ran, handle) = (Ran::new(), pool.handle());
        let (outer, inner) = (ran.job(), ran.job());
        let submitting = move || {
            outer();
            handle.execute(inner).unwrap();
        };
        pool.execute(submitting).unwrap();
        let back = pool.shutdown_now().len();
        let report = pool.shutdown();
        let (done, returned) = (report.done as usize, report.returned as usize);
        assert_eq!(report.accepted as usize, done + returned);
        assert_eq!((ran.count(), report.unfinished), (done, 0));
        assert!(back <= returned);
    });
}

/// C3, C7: over a queue that cannot give its jobs back, workers end them, those of a paused pool too, and
/// the thread that waits for one is told.
#[test]
fn shutdown_now_without_retain() {
    model(|| {
        let pool = paused_over_a_job(Plain::new(2));
        let job = pool.spawn(|| ()).unwrap();
        assert!(pool.shutdown_now().is_empty());
        assert!(matches!(job.join(), Err(JobError::Returned)));
        let report = pool.shutdown();
        assert_eq!((report.done, report.returned, report.unfinished), (0, 2, 0));
    });
}

/// C5, C7: a thread that awaits the end is woken by the last worker that leaves.
#[test]
fn await_the_end() {
    model(|| {
        let (pool, bell) = (pool(1, Plain::new(1)), Bell::new());
        pool.execute(|| ()).unwrap();
        let report = bell.wait_for(pool.shutdown_async());
        assert!(report.is_complete());
        assert_eq!(report.done, 1);
        end(pool);
        assert!(bell.rings() <= 1);
    });
}
