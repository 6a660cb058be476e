//! A forked child has the pool without its threads.
#![cfg(all(target_os = "linux", feature = "crossbeam"))]

use std::pin::Pin;
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::task::{Context, Poll, Waker};

use drainpool::{ThreadPoolBuilder, WaitError};
use fork::{Fork, fork, waitpid};

/// No two of these tests at a time: the child has the memory as it was, with every lock that a thread held.
fn one_at_a_time() -> MutexGuard<'static, ()> {
    static FORKS: Mutex<()> = Mutex::new(());
    FORKS.lock().unwrap_or_else(PoisonError::into_inner)
}

/// Waits until every other thread sleeps, as one that runs may hold a lock.
fn wait_until_others_sleep() {
    let sleeps = |stat: String| {
        let state = stat.rsplit_once(") ").map(|(_, rest)| rest.starts_with('S'));
        state.unwrap_or(false)
    };
    let this = std::fs::read_link("/proc/thread-self").unwrap();
    let others_sleep = || {
        let threads =
            std::fs::read_dir("/proc/self/task").unwrap().map(|thread| thread.unwrap().path());
        let others = threads.filter(|thread| thread.file_name() != this.file_name());
        // A thread that is gone holds nothing.
        others
            .map(|thread| std::fs::read_to_string(thread.join("stat")))
            .all(|stat| stat.map_or(true, sleeps))
    };
    // The second look finds what a thread woke before it fell asleep itself.
    while !(others_sleep() && others_sleep()) {
        std::thread::yield_now();
    }
}

/// Does in the child what is not to hang there. Whether all went as it should.
fn in_the_child(pool: drainpool::ThreadPool) -> bool {
    let Ok(job) = pool.spawn(|| 6 * 7) else { return false };
    let idle = pool.wait_idle();
    let (left, right) = pool.join(|| 1, || 2);
    let mut submit = pool.spawn_async(|| 6 * 9);
    let context = &mut Context::from_waker(Waker::noop());
    let Poll::Ready(Ok(another)) = Pin::new(&mut submit).poll(context) else { return false };
    drop(submit);
    let another = another.join_or_run();
    let answer = job.join_or_run();
    let report = pool.shutdown();
    drop(pool);
    idle == Err(WaitError::Forked)
        && left + right == 3
        && answer.is_ok_and(|answer| answer == 42)
        && another.is_ok_and(|answer| answer == 54)
        && report.done == 2
}

#[test]
fn a_forked_child_does_not_wait_for_threads_that_it_has_not() {
    pool_conformance::within_patience(|| {
        let _alone = one_at_a_time();
        let pool: drainpool::ThreadPool = ThreadPoolBuilder::new().num_threads(2).build().unwrap();
        wait_until_others_sleep();
        match fork().unwrap() {
            Fork::Child => std::process::exit(i32::from(!in_the_child(pool))),
            Fork::Parent(child) => assert_eq!(waitpid(child).unwrap(), 0),
        }
        pool.execute(|| ()).unwrap();
        assert_eq!(pool.shutdown().done, 1);
    });
}

#[cfg(feature = "lanes")]
#[test]
fn a_forked_child_runs_the_jobs_of_a_lane_itself() {
    use drainpool::LanesExt;

    pool_conformance::within_patience(|| {
        let _alone = one_at_a_time();
        let pool: drainpool::ThreadPool = ThreadPoolBuilder::new().num_threads(2).build().unwrap();
        let lane = pool.lane(1);
        wait_until_others_sleep();
        match fork().unwrap() {
            Fork::Child => {
                let first = lane.spawn(|| 1).unwrap();
                let second = lane.spawn(|| 2).unwrap();
                // With it, the one before.
                let sum = second.join_or_run().unwrap() + first.join_or_run().unwrap();
                let report = pool.shutdown();
                std::process::exit(i32::from(sum != 3 || report.done != 2));
            }
            Fork::Parent(child) => assert_eq!(waitpid(child).unwrap(), 0),
        }
        lane.execute(|| ()).unwrap();
        assert_eq!(pool.shutdown().done, 1);
    });
}

#[cfg(feature = "parallel-iterators")]
#[test]
fn a_forked_child_does_all_of_a_parallel_iterator_itself() {
    use drainpool::ParallelExt;
    use drainpool::orx_parallel::{IntoParIter, Par};

    pool_conformance::within_patience(|| {
        let _alone = one_at_a_time();
        let pool: drainpool::ThreadPool = ThreadPoolBuilder::new().num_threads(2).build().unwrap();
        let sum = || (0..1_000).into_par().runner(pool.par_runner()).sum();
        wait_until_others_sleep();
        match fork().unwrap() {
            Fork::Child => std::process::exit(i32::from(sum() != 499_500)),
            Fork::Parent(child) => assert_eq!(waitpid(child).unwrap(), 0),
        }
        assert_eq!(sum(), 499_500);
    });
}

/// What waits in the parent's queue is the parent's to run, also if the child could start a worker for it.
#[test]
fn a_forked_child_runs_no_job_of_its_parent() {
    pool_conformance::within_patience(|| {
        let _alone = one_at_a_time();
        let builder = ThreadPoolBuilder::new().num_threads(2).core_threads(1);
        let pool: drainpool::ThreadPool =
            builder.thread_keep_alive(std::time::Duration::MAX).paused().build().unwrap();
        let (mut reader, writer) = std::io::pipe().unwrap();
        pool.execute(move || std::io::Write::write_all(&mut &writer, b"ran").unwrap()).unwrap();
        wait_until_others_sleep();
        match fork().unwrap() {
            Fork::Child => {
                let (taken, back) = (pool.take_queued(), pool.shutdown_now());
                assert!(taken.is_empty() && back.is_empty());
                let report = pool.shutdown();
                std::process::exit(i32::from(report.unfinished != 1 || pool.stats().threads != 1));
            }
            Fork::Parent(child) => assert_eq!(waitpid(child).unwrap(), 0),
        }
        pool.resume();
        assert_eq!(pool.shutdown().done, 1);
        let mut ran = String::new();
        std::io::Read::read_to_string(&mut reader, &mut ran).unwrap();
        assert_eq!(ran, "ran");
    });
}

/// The parent's timer fires the parent's jobs; in the child, which has not its thread, it takes none.
#[cfg(feature = "timer")]
#[test]
fn a_forked_child_does_not_wait_for_a_timer() {
    use std::time::Duration;

    use drainpool::{Timer, TimerRefusal};

    fn in_the_child(pool: &drainpool::ThreadPool, timer: Timer) -> bool {
        let set = timer.after(Duration::ZERO, || ());
        pool.close();
        timer.shutdown();
        drop(timer);
        set.is_err_and(|refused| refused.reason() == TimerRefusal::Forked)
    }

    pool_conformance::within_patience(|| {
        let _alone = one_at_a_time();
        let clock = drainpool::ManualClock::new();
        let builder = ThreadPoolBuilder::new().num_threads(2).clock(clock.clone());
        let pool: drainpool::ThreadPool = builder.build().unwrap();
        let timer = Timer::new(&pool).unwrap();
        let (sender, received) = std::sync::mpsc::channel();
        let tell = move || sender.send(7).unwrap();
        timer.after(Duration::from_secs(1), tell).unwrap();
        wait_until_others_sleep();
        match fork().unwrap() {
            Fork::Child => std::process::exit(i32::from(!in_the_child(&pool, timer))),
            Fork::Parent(child) => assert_eq!(waitpid(child).unwrap(), 0),
        }
        clock.advance(Duration::from_secs(1));
        assert_eq!(received.recv().unwrap(), 7);
        assert_eq!(timer.shutdown().fired, 1);
    });
}
