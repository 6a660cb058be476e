//! Models of the protocols, explored by loom over the code that ships: a whole pool with its
//! worker loop, over queues of bare atomics.
//!
//! A lost wake-up, a missed rest or a forgotten worker shows as a deadlock, which loom reports.
//!
//! Run with `RUSTFLAGS="--cfg loom" cargo test -p pool-core --release --test loom`.
#![cfg(loom)]

#[path = "support/models.rs"]
mod models;
#[path = "support/slots.rs"]
mod slots;

use std::time::Duration;

use loom::sync::atomic::Ordering;
use loom::thread;
use models::{
    Meeting, PlainPool, Ran, end, explored_pool, large_model, model, pool, submit_from_a_thread,
    unexplored,
};
use pool_core::{
    Job, ManualClock, PanicPolicy, Refusal, StdThreads, Task, ThreadFactory, ThreadPoolBuilder,
    WaitError, WorkQueue, WorkerThread,
};
use slots::{Plain, Stealing};

/// C1, C5, C6: a submit that races with close is either accepted and run, or gives the job back.
#[test]
fn accept_and_close() {
    model(|| {
        let pool = explored_pool(1);
        let ran = Ran::new();
        let submitter = submit_from_a_thread(pool.handle(), ran.job());
        let report = pool.shutdown();
        let accepted = submitter.join().unwrap() as u64;
        assert_eq!((report.accepted, report.done), (accepted, accepted));
        assert_eq!(ran.count() as u64, accepted);
    });
}

/// C1, C5: a submit and a close that both come while the worker, after a first job, checks whether
/// the pool is at rest.
#[test]
fn accept_and_close_and_rest() {
    model(|| {
        let pool = pool(1, Plain::striped(2));
        pool.execute(|| ()).unwrap();
        let submitter = submit_from_a_thread(pool.handle(), || ());
        let report = pool.shutdown();
        let accepted = 1 + u64::from(submitter.join().unwrap());
        assert_eq!((report.accepted, report.done, report.unfinished), (accepted, accepted, 0));
    });
}

/// C7: jobs pushed while the only worker goes to sleep.
#[test]
fn push_and_sleep() {
    model(|| {
        let pool = explored_pool(2);
        let ran = Ran::new();
        let submitter = submit_from_a_thread(pool.handle(), ran.job());
        pool.execute(ran.job()).unwrap();
        pool.wait_idle().unwrap();
        assert!(ran.count() >= 1);
        submitter.join().unwrap();
        assert_eq!(end(pool).done, 2);
    });
}

/// C7: two submitters, two workers, and jobs that need both at once.
#[test]
fn two_submitters_and_two_workers() {
    model(|| {
        let pool = pool(2, Plain::striped(2));
        let meeting = Meeting::of(2);
        let submitter = submit_from_a_thread(pool.handle(), meeting.job());
        pool.execute(meeting.job()).unwrap();
        submitter.join().unwrap();
        assert_eq!(end(pool).done, 2);
    });
}

/// A job to get a worker going, then two that need both workers at once.
fn two_that_meet<Q: WorkQueue<Job<Task>>>(queue: Q) {
    let pool = pool(2, queue);
    let meeting = Meeting::of(2);
    pool.execute(|| ()).unwrap();
    pool.execute(meeting.job()).unwrap();
    pool.execute(meeting.job()).unwrap();
    pool.wait_idle().unwrap();
    assert_eq!(end(pool).done, 3);
}

/// C7: two jobs that both relied on the same searcher, which finds only one of them.
#[test]
fn two_jobs_for_one_searcher() {
    model(|| two_that_meet(Plain::striped(3)));
}

/// C7: a job that was moved together with a stolen one is found, though the other worker may have
/// taken its last look while it was on its way.
#[test]
fn moved_by_a_steal() {
    model(|| two_that_meet(Stealing::new(3)));
}

/// C5: whoever waits for idle sees its own jobs done, whatever others submit.
#[test]
fn quiescence() {
    model(|| {
        let pool = pool(2, Plain::striped(2));
        let (mine, theirs) = (Ran::new(), Ran::new());
        let other = {
            let (handle, theirs) = (pool.handle(), theirs.clone());
            thread::spawn(move || {
                handle.execute(theirs.job()).unwrap();
                handle.wait_idle().unwrap();
                assert_eq!(theirs.count(), 1);
            })
        };
        pool.execute(mine.job()).unwrap();
        pool.wait_idle().unwrap();
        assert_eq!(mine.count(), 1);
        other.join().unwrap();
        assert_eq!(end(pool).done, 2);
    });
}

/// C4, C5: a job submits another while the pool drains.
#[test]
fn nested_submit_during_the_drain() {
    model(|| {
        let pool = pool(2, Stealing::new(2));
        let ran = Ran::new();
        let (handle, child) = (pool.handle(), ran.job());
        pool.execute(move || {
            handle.execute(child).unwrap();
        })
        .unwrap();
        let report = pool.shutdown();
        assert_eq!((report.accepted, report.done), (2, 2));
        assert_eq!(ran.count(), 1);
    });
}

/// C4, C7: a parent waits for its child, which the other worker must run.
#[test]
fn nested_submit_finds_the_other_worker() {
    model(|| {
        let pool = pool(2, Stealing::new(2));
        let meeting = Meeting::of(2);
        let (handle, parent, child) = (pool.handle(), meeting.job(), meeting.job());
        pool.execute(move || {
            handle.execute(child).unwrap();
            parent();
        })
        .unwrap();
        pool.wait_idle().unwrap();
        assert_eq!(end(pool).done, 2);
    });
}

/// A factory that starts this many threads.
fn starting(starts: usize) -> impl ThreadFactory {
    let left = std::sync::atomic::AtomicUsize::new(starts);
    move |worker: WorkerThread| {
        let one_less = |left: usize| left.checked_sub(1);
        match left.fetch_update(Ordering::Relaxed, Ordering::Relaxed, one_less) {
            Ok(_) => StdThreads.start(worker),
            Err(_) => Err(std::io::ErrorKind::WouldBlock.into()),
        }
    }
}

/// A pool of one worker that has run a job and may leave one second later. Of its threads the
/// factory starts this many.
fn leaving_pool(jobs: usize, starts: usize) -> (PlainPool, ManualClock) {
    let clock = ManualClock::new();
    let pool = unexplored(|| {
        let pool = ThreadPoolBuilder::with_queue(Plain::striped(jobs))
            .num_threads(1)
            .thread_keep_alive(Duration::from_secs(1))
            .clock(clock.clone())
            .thread_factory(starting(starts))
            .build()
            .unwrap();
        pool.execute(|| ()).unwrap();
        pool.wait_idle().unwrap();
        pool
    });
    (pool, clock)
}

/// C7: a job arrives while the last worker leaves.
#[test]
fn keep_alive_and_arrival() {
    model(|| {
        let (pool, clock) = leaving_pool(2, 2);
        let time = thread::spawn(move || clock.advance(Duration::from_secs(1)));
        pool.execute(|| ()).unwrap();
        pool.wait_idle().unwrap();
        time.join().unwrap();
        assert_eq!(end(pool).done, 2);
    });
}

/// C1, C7: a job arrives while the last worker leaves, and no other can be started: either that
/// worker stays for it or the job comes back.
#[test]
fn keep_alive_and_no_more_threads() {
    model(|| {
        let (pool, clock) = leaving_pool(2, 1);
        let time = thread::spawn(move || clock.advance(Duration::from_secs(1)));
        let accepted = match pool.execute(|| ()) {
            Ok(_) => 1,
            Err(refused) if matches!(refused.reason(), Refusal::NoThread(_)) => 0,
            Err(error) => panic!("{error}"),
        };
        pool.wait_idle().unwrap();
        time.join().unwrap();
        assert_eq!(end(pool).done, 1 + accepted);
    });
}

/// C7: a job arrives while one worker leaves and the other is busy: the place that falls vacant is
/// filled again.
#[test]
fn keep_alive_of_one_of_two() {
    large_model(|| {
        let clock = ManualClock::new();
        let (first, second) = (Meeting::of(2), Meeting::of(2));
        let pool = unexplored(|| {
            let pool = ThreadPoolBuilder::with_queue(Plain::striped(4))
                .num_threads(2)
                .core_threads(1)
                .thread_keep_alive(Duration::from_secs(1))
                .clock(clock.clone())
                .build()
                .unwrap();
            pool.execute(first.job()).unwrap();
            pool.execute(first.job()).unwrap();
            pool.wait_idle().unwrap();
            pool
        });
        let time = thread::spawn(move || clock.advance(Duration::from_secs(1)));
        pool.execute(second.job()).unwrap();
        pool.execute(second.job()).unwrap();
        pool.wait_idle().unwrap();
        time.join().unwrap();
        assert_eq!(end(pool).done, 4);
    });
}

/// C5, C10: the pool is closed while its last worker leaves.
#[test]
fn keep_alive_and_close() {
    model(|| {
        let (pool, clock) = leaving_pool(1, 1);
        let time = thread::spawn(move || clock.advance(Duration::from_secs(1)));
        assert_eq!(pool.shutdown().done, 1);
        time.join().unwrap();
    });
}

/// A pool of one worker that is replaced after a panic. Of its threads the factory starts this many.
fn replacing_pool(jobs: usize, starts: usize) -> PlainPool {
    unexplored(|| {
        ThreadPoolBuilder::with_queue(Plain::striped(jobs))
            .num_threads(1)
            .panic_policy(PanicPolicy::ReplaceWorker)
            .thread_factory(starting(starts))
            .build()
            .unwrap()
    })
}

fn panics() {
    std::panic::resume_unwind(Box::new(()));
}

/// C5, C8, C10: the pool is shut down while its only worker is replaced.
#[test]
fn replacement_and_shutdown() {
    model(|| {
        let pool = replacing_pool(2, 2);
        pool.execute(panics).unwrap();
        pool.execute(|| ()).unwrap();
        let report = pool.shutdown();
        assert_eq!((report.done, report.panicked, report.unfinished), (1, 1, 0));
    });
}

/// C7, C8: a job arrives while the only worker is replaced.
#[test]
fn replacement_and_arrival() {
    model(|| {
        let pool = replacing_pool(2, 2);
        let submitter = submit_from_a_thread(pool.handle(), || ());
        pool.execute(panics).unwrap();
        pool.wait_idle().unwrap();
        submitter.join().unwrap();
        pool.wait_idle().unwrap();
        let report = end(pool);
        assert_eq!((report.done, report.panicked), (1, 1));
    });
}

/// C1, C10: a job arrives while the only worker leaves after a panic, and no other can be started: the job
/// comes back, or waits for a worker; no call hangs.
#[test]
fn a_failed_replacement_and_arrival() {
    model(|| {
        let pool = replacing_pool(2, 1);
        pool.execute(panics).unwrap();
        let accepted = match pool.execute(|| ()) {
            Ok(_) => 1,
            Err(refused) if matches!(refused.reason(), Refusal::NoThread(_)) => 0,
            Err(error) => panic!("{error}"),
        };
        let waited = pool.wait_idle();
        assert!(waited.is_ok() || (waited, accepted) == (Err(WaitError::NoThread), 1));
        let report = end(pool);
        assert_eq!((report.panicked, report.done + report.unfinished), (1, accepted));
    });
}

/// A pool that has this many threads and may have two.
fn resizable(threads: usize, jobs: usize) -> PlainPool {
    unexplored(|| {
        ThreadPoolBuilder::with_queue(Plain::striped(jobs))
            .num_threads(threads)
            .max_threads(2)
            .build()
            .unwrap()
    })
}

/// C1, C7: jobs are submitted while one of two workers leaves.
#[test]
fn a_smaller_pool_and_submit() {
    model(|| {
        let pool = resizable(2, 2);
        let submitter = submit_from_a_thread(pool.handle(), || ());
        pool.execute(|| ()).unwrap();
        pool.set_num_threads(1).unwrap();
        pool.wait_idle().unwrap();
        submitter.join().unwrap();
        assert_eq!(end(pool).done, 2);
    });
}

/// C1, C7: both workers are busy when one is to leave; the other may be kept from a job until it has.
#[test]
fn a_smaller_pool_under_load() {
    model(|| {
        let pool = resizable(2, 3);
        pool.execute(|| ()).unwrap();
        pool.execute(|| ()).unwrap();
        pool.set_num_threads(1).unwrap();
        pool.execute(|| ()).unwrap();
        pool.wait_idle().unwrap();
        assert_eq!(end(pool).done, 3);
    });
}

/// C7: jobs that need both workers at once are submitted while the second one is allowed.
#[test]
fn a_larger_pool_and_submit() {
    model(|| {
        let pool = resizable(1, 2);
        let meeting = Meeting::of(2);
        let submitter = submit_from_a_thread(pool.handle(), meeting.job());
        pool.execute(meeting.job()).unwrap();
        pool.set_num_threads(2).unwrap();
        submitter.join().unwrap();
        pool.wait_idle().unwrap();
        assert_eq!(end(pool).done, 2);
    });
}

/// C7: a job waits for what another delivers, and a spare worker runs that one, whether it is queued before
/// or after.
#[test]
fn a_spare_worker_and_submit() {
    model(|| {
        let pool = resizable(1, 2);
        let meeting = Meeting::of(2);
        let (handle, waits) = (pool.handle(), meeting.job());
        pool.execute(move || handle.blocking(waits)).unwrap();
        pool.execute(meeting.job()).unwrap();
        pool.wait_idle().unwrap();
        assert_eq!(end(pool).done, 2);
    });
}

/// C7, C10: a job stops blocking while another arrives, and while the pool is shut down.
#[test]
fn a_spare_worker_and_its_return() {
    model(|| {
        let pool = resizable(1, 2);
        let handle = pool.handle();
        pool.execute(move || handle.blocking(|| ())).unwrap();
        pool.execute(|| ()).unwrap();
        assert_eq!(pool.shutdown().done, 2);
    });
}

/// C7: a job is submitted while a paused pool is resumed.
#[test]
fn resume_and_submit() {
    model(|| {
        let queue = Plain::striped(2);
        let pool = unexplored(|| {
            ThreadPoolBuilder::with_queue(queue).num_threads(1).paused().build().unwrap()
        });
        let ran = Ran::new();
        let submitter = submit_from_a_thread(pool.handle(), ran.job());
        pool.execute(ran.job()).unwrap();
        assert_eq!(ran.count(), 0);
        pool.resume();
        submitter.join().unwrap();
        pool.wait_idle().unwrap();
        assert_eq!(ran.count(), 2);
        assert_eq!(end(pool).done, 2);
    });
}

/// C1, C5: a job that the queue refuses comes back, and nobody waits for it.
#[test]
fn refused_while_draining() {
    model(|| {
        let pool = pool(1, Plain::striped(1));
        let ran = Ran::new();
        let submitter = submit_from_a_thread(pool.handle(), ran.job());
        let mine = pool.execute(ran.job()).is_ok();
        pool.wait_idle().unwrap();
        let report = pool.shutdown();
        let accepted = u64::from(mine) + u64::from(submitter.join().unwrap());
        assert_eq!((report.accepted, report.done), (accepted, accepted));
        assert!(accepted <= 1);
    });
}

/// C10: a job shuts its own pool down while the owner does.
#[test]
fn shutdown_inside_and_outside() {
    model(|| {
        let pool = std::sync::Arc::new(pool(1, Plain::striped(1)));
        let inner = pool.clone();
        pool.execute(move || {
            assert_eq!(inner.shutdown().unfinished, 1);
        })
        .unwrap();
        let report = pool.shutdown();
        assert_eq!((report.done, report.panicked, report.unfinished), (1, 0, 0));
    });
}
