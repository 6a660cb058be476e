//! Larger scenes than loom can explore, under shuttle's random and priority-based schedulers: many
//! workers, and the code that ships.
//!
//! Run with `RUSTFLAGS="--cfg shuttle" cargo test -p pool-core --release --test shuttle`.
//! `SHUTTLE_ITERATIONS` sets how many schedules each scene is played in.
#![cfg(shuttle)]

#[path = "support/retrying.rs"]
mod retrying;

use std::panic::resume_unwind;
use std::sync::Arc;
use std::time::Duration;

use pool_core::{
    Handle, Job, JobError, ManualClock, PushError, Scope, SubmitOptions, Task, ThreadPool,
    ThreadPoolBuilder, WhenFull, WorkQueue,
};
use pool_std::{StdLocal, StdQueue};
use retrying::Retrying;
use shuttle::sync::atomic::{AtomicUsize, Ordering};
use shuttle::sync::{Barrier, Mutex};
use shuttle::thread;

/// Plays a scene in many schedules. A hang is a deadlock, which shuttle reports.
fn play(scene: impl Fn() + Send + Sync + Copy + 'static) {
    let iterations = std::env::var("SHUTTLE_ITERATIONS").ok().and_then(|n| n.parse().ok());
    let iterations = iterations.unwrap_or(2_000);
    shuttle::check_random(scene, iterations);
    shuttle::check_pct(scene, iterations, 3);
}

/// Stamps a test of each scene with each queue.
macro_rules! scenes {
    ($($scene:ident)*) => {
        mod plain {
            $(#[test] fn $scene() { super::play(|| super::$scene(super::Plain::new())); })*
        }
        mod stealing {
            $(#[test] fn $scene() { super::play(|| super::$scene(super::Retrying::new())); })*
        }
    };
}

scenes! {
    every_worker_is_used
    drain_under_fire
    nested_submits_during_the_drain
    a_pool_dropped_from_inside
    a_storm_of_panics
    workers_come_and_go
    waiters_and_submitters
    handles_cancelled_and_joined
    scopes_in_scopes
    forks_from_everywhere
    room_for_few
    leave_and_submit_and_shutdown
    halves_that_wait_for_jobs
    cancelled_by_the_dozen
    expired_while_others_wait
    taken_back_under_fire
}

/// The queue that ships, but for `retain`: that looks at entries under a lock of the standard library, and
/// shuttle, which runs all threads on one, must not switch there.
struct Plain<J>(StdQueue<J>);

impl<J> Plain<J> {
    fn new() -> Self {
        Self(StdQueue::new())
    }
}

impl<J: Send + 'static> WorkQueue<J> for Plain<J> {
    type Local = StdLocal<J>;

    fn local(&self, worker: usize) -> StdLocal<J> {
        self.0.local(worker)
    }

    fn push(&self, job: J) -> Result<(), PushError<J>> {
        self.0.push(job)
    }

    fn push_batch(&self, jobs: &mut impl Iterator<Item = J>) -> Result<(), PushError<J>> {
        self.0.push_batch(jobs)
    }

    fn len(&self) -> usize {
        self.0.len()
    }

    fn is_empty(&self) -> bool {
        self.0.is_empty()
    }
}

fn pool<Q: WorkQueue<Job<Task>>>(threads: usize, queue: Q) -> ThreadPool<(), Q> {
    ThreadPoolBuilder::with_queue(queue).num_threads(threads).build().unwrap()
}

fn every_worker_is_used<Q: WorkQueue<Job<Task>>>(queue: Q) {
    const THREADS: usize = 4;
    let pool = pool(THREADS, queue);
    for _ in 0..2 {
        let meeting = Arc::new(Barrier::new(THREADS));
        for _ in 0..THREADS {
            let meeting = Arc::clone(&meeting);
            pool.execute(move || {
                meeting.wait();
            })
            .unwrap();
        }
        pool.wait_idle().unwrap();
    }
    assert_eq!(pool.shutdown().done, 2 * THREADS as u64);
}

fn drain_under_fire<Q: WorkQueue<Job<Task>>>(queue: Q) {
    let pool = pool(3, queue);
    let submitters: Vec<_> = (0..3)
        .map(|_| {
            let handle = pool.handle();
            thread::spawn(move || (0..4).filter(|_| handle.execute(|| ()).is_ok()).count())
        })
        .collect();
    let report = pool.shutdown();
    let accepted: usize = submitters.into_iter().map(|s| s.join().unwrap()).sum();
    assert_eq!((report.accepted, report.done), (accepted as u64, accepted as u64));
}

fn tree<Q: WorkQueue<Job<Task>>>(handle: &Handle<Task, (), Q>, depth: u32) {
    if depth > 0 {
        for _ in 0..2 {
            let next = handle.clone();
            handle.execute(move || tree(&next, depth - 1)).unwrap();
        }
    }
}

fn nested_submits_during_the_drain<Q: WorkQueue<Job<Task>>>(queue: Q) {
    let pool = pool(4, queue);
    let handle = pool.handle();
    pool.execute(move || tree(&handle, 3)).unwrap();
    let report = pool.shutdown();
    assert_eq!((report.accepted, report.done), (15, 15));
}

fn a_pool_dropped_from_inside<Q: WorkQueue<Job<Task>>>(queue: Q) {
    let ran = Arc::new(AtomicUsize::new(0));
    let (ended, gone) = (Arc::new(Barrier::new(3)), Arc::new(Mutex::new(0)));
    let (at_end, stops) = (Arc::clone(&ended), Arc::clone(&gone));
    let pool = ThreadPoolBuilder::with_queue(queue)
        .num_threads(2)
        .on_thread_stop(move |_| {
            *stops.lock().unwrap() += 1;
            at_end.wait();
        })
        .build()
        .unwrap();
    let pool = Arc::new(pool);
    let (inner, count) = (Arc::clone(&pool), Arc::clone(&ran));
    pool.execute(move || {
        let counted = Arc::clone(&count);
        inner.execute(move || _ = counted.fetch_add(1, Ordering::SeqCst)).unwrap();
        drop(inner);
        count.fetch_add(1, Ordering::SeqCst);
    })
    .unwrap();
    let waiter = thread::spawn(move || ended.wait());
    drop(pool);
    waiter.join().unwrap();
    assert_eq!((ran.load(Ordering::SeqCst), *gone.lock().unwrap()), (2, 2));
}

fn a_storm_of_panics<Q: WorkQueue<Job<Task>>>(queue: Q) {
    let pool = pool(3, queue);
    for n in 0..9 {
        let handle = pool.handle();
        pool.execute(move || {
            if n % 2 == 0 {
                handle.execute(|| resume_unwind(Box::new("on purpose"))).unwrap();
            }
            resume_unwind(Box::new("on purpose"))
        })
        .unwrap();
    }
    let report = pool.shutdown();
    assert_eq!((report.accepted, report.done, report.panicked), (14, 0, 14));
}

fn workers_come_and_go<Q: WorkQueue<Job<Task>>>(queue: Q) {
    let clock = ManualClock::new();
    let pool = ThreadPoolBuilder::with_queue(queue)
        .num_threads(3)
        .thread_keep_alive(Duration::from_secs(1))
        .clock(clock.clone())
        .build()
        .unwrap();
    let time = thread::spawn(move || {
        for _ in 0..3 {
            clock.advance(Duration::from_secs(1));
            thread::yield_now();
        }
    });
    for _ in 0..3 {
        pool.execute(|| ()).unwrap();
        pool.execute(|| ()).unwrap();
        pool.wait_idle().unwrap();
    }
    time.join().unwrap();
    assert_eq!(pool.shutdown().done, 6);
}

fn waiters_and_submitters<Q: WorkQueue<Job<Task>>>(queue: Q) {
    let pool = pool(2, queue);
    let others: Vec<_> = (0..3)
        .map(|_| {
            let handle = pool.handle();
            thread::spawn(move || {
                let ran = Arc::new(AtomicUsize::new(0));
                for n in 1..=3 {
                    let count = Arc::clone(&ran);
                    handle.execute(move || _ = count.fetch_add(1, Ordering::SeqCst)).unwrap();
                    handle.wait_idle().unwrap();
                    assert_eq!(ran.load(Ordering::SeqCst), n);
                }
            })
        })
        .collect();
    for other in others {
        other.join().unwrap();
    }
    assert_eq!(pool.shutdown().done, 9);
}

fn handles_cancelled_and_joined<Q: WorkQueue<Job<Task>>>(queue: Q) {
    let pool = pool(3, queue);
    let mut cancellers = Vec::new();
    let mut waiters = Vec::new();
    for n in 0..4 {
        let inner = pool.handle();
        let job = pool.spawn(move || inner.spawn(move || n).unwrap().join().unwrap()).unwrap();
        let canceller = job.canceller();
        cancellers.push(thread::spawn(move || canceller.cancel()));
        waiters.push(thread::spawn(move || {
            let outcome = if n % 2 == 0 { job.join() } else { job.join_or_run() };
            match outcome {
                Ok(result) => result == n,
                Err(JobError::Cancelled) => false,
                Err(error) => panic!("{error}"),
            }
        }));
    }
    let mut cancelled = 0;
    for (canceller, waiter) in cancellers.into_iter().zip(waiters) {
        let in_time = canceller.join().unwrap();
        assert_eq!(waiter.join().unwrap(), !in_time);
        cancelled += u64::from(in_time);
    }
    let report = pool.shutdown();
    assert_eq!((report.cancelled, report.done), (cancelled, 2 * (4 - cancelled)));
}

fn grow<'scope>(scope: &'scope Scope<'scope, '_>, ran: &'scope AtomicUsize, depth: u32) {
    ran.fetch_add(1, Ordering::SeqCst);
    if depth > 0 {
        for _ in 0..2 {
            scope.spawn(move || grow(scope, ran, depth - 1));
        }
    }
}

fn scopes_in_scopes<Q: WorkQueue<Job<Task>>>(queue: Q) {
    let pool = pool(3, queue);
    let (inside, outside) = (pool.handle(), AtomicUsize::new(0));
    let job = pool.spawn(move || {
        let ran = AtomicUsize::new(0);
        inside.scope(|scope| {
            grow(scope, &ran, 1);
            inside.scope(|scope| grow(scope, &ran, 1));
        });
        ran.into_inner()
    });
    pool.scope(|scope| grow(scope, &outside, 2));
    assert_eq!((outside.into_inner(), job.unwrap().join().unwrap()), (7, 6));
    assert_eq!(pool.shutdown().done, 1);
}

fn fib<Q: WorkQueue<Job<Task>>>(pool: &Handle<Task, (), Q>, n: u32) -> u32 {
    if n < 2 {
        return n;
    }
    let (a, b) = pool.join(|| fib(pool, n - 1), || fib(pool, n - 2));
    a + b
}

fn forks_from_everywhere<Q: WorkQueue<Job<Task>>>(queue: Q) {
    let pool = pool(3, queue);
    let inside = pool.handle();
    let job = pool.spawn(move || fib(&inside, 4)).unwrap();
    let outside = pool.handle();
    let other = thread::spawn(move || fib(&outside, 4));
    assert_eq!(fib(&pool, 4), 3);
    assert_eq!((job.join().unwrap(), other.join().unwrap()), (3, 3));
    assert_eq!(pool.shutdown().done, 1);
}

fn room_for_few<Q: WorkQueue<Job<Task>>>(queue: Q) {
    let builder = ThreadPoolBuilder::with_queue(queue).num_threads(2).capacity(1);
    let pool = builder.build().unwrap();
    let submitters: Vec<_> = (0..3)
        .map(|nth| {
            let handle = pool.handle();
            thread::spawn(move || {
                let submit = |_| match nth {
                    0 => handle.execute_batch([|| (), || ()]).unwrap().len(),
                    1 => handle.spawn(|| ()).map(drop).map_or(0, |()| 1),
                    _ => handle.with(WhenFull::RunHere).execute(|| ()).map_or(0, |_| 1),
                };
                (0..3).map(submit).sum::<usize>()
            })
        })
        .collect();
    let accepted: usize = submitters.into_iter().map(|submitter| submitter.join().unwrap()).sum();
    let report = pool.shutdown();
    assert_eq!((accepted, report.done, report.unfinished), (12, 12, 0));
}

fn leave_and_submit_and_shutdown<Q: WorkQueue<Job<Task>>>(queue: Q) {
    let clock = ManualClock::new();
    let pool = ThreadPoolBuilder::with_queue(queue)
        .num_threads(2)
        .thread_keep_alive(Duration::from_secs(1))
        .clock(clock.clone())
        .build()
        .unwrap();
    pool.execute(|| ()).unwrap();
    let time = thread::spawn(move || {
        for _ in 0..2 {
            clock.advance(Duration::from_secs(1));
        }
    });
    let submitters: Vec<_> = (0..2)
        .map(|_| {
            let handle = pool.handle();
            thread::spawn(move || {
                let submit = |_| match handle.execute(|| ()) {
                    Ok(_) => 1,
                    Err(refused) if refused.is_closed() => 0,
                    Err(error) => panic!("{error}"),
                };
                (0..3).map(submit).sum::<u64>()
            })
        })
        .collect();
    let report = pool.shutdown();
    let accepted: u64 = submitters.into_iter().map(|submitter| submitter.join().unwrap()).sum();
    assert_eq!((report.accepted, report.done), (1 + accepted, 1 + accepted));
    time.join().unwrap();
}

/// A join whose parts wait for each other's jobs, once they have begun.
fn wait_in_halves<Q: WorkQueue<Job<Task>>>(pool: &Handle<Task, (), Q>, depth: u32) -> u32 {
    if depth == 0 {
        return pool.spawn(|| 1).unwrap().join().unwrap();
    }
    let half = || wait_in_halves(pool, depth - 1);
    let (a, b) = pool.join(half, half);
    let c = std::sync::atomic::AtomicU32::new(0);
    pool.scope(|scope| {
        scope.spawn(|| _ = c.fetch_add(half(), std::sync::atomic::Ordering::SeqCst));
    });
    a + b + c.into_inner()
}

fn halves_that_wait_for_jobs<Q: WorkQueue<Job<Task>>>(queue: Q) {
    let pool = pool(2, queue);
    let inside = pool.handle();
    let job = pool.spawn(move || wait_in_halves(&inside, 1)).unwrap();
    assert_eq!(wait_in_halves(&pool, 2), 9);
    assert_eq!(job.join().unwrap(), 3);
    assert_eq!(pool.shutdown().done, 13);
}

fn cancelled_by_the_dozen<Q: WorkQueue<Job<Task>>>(queue: Q) {
    let pool = pool(2, queue);
    let others: Vec<_> = (0..2)
        .map(|_| {
            let handle = pool.handle();
            thread::spawn(move || {
                let jobs: Vec<_> = (0..6).map(|n| handle.spawn(move || n).unwrap()).collect();
                let cancelled = jobs.iter().skip(1).filter(|job| job.cancel()).count();
                assert_eq!(jobs.into_iter().next().unwrap().join().unwrap(), 0);
                cancelled as u64
            })
        })
        .collect();
    let cancelled: u64 = others.into_iter().map(|other| other.join().unwrap()).sum();
    let report = pool.shutdown();
    assert_eq!((report.cancelled, report.done), (cancelled, 12 - cancelled));
}

fn expired_while_others_wait<Q: WorkQueue<Job<Task>>>(queue: Q) {
    let clock = ManualClock::new();
    let builder = ThreadPoolBuilder::with_queue(queue).num_threads(1).capacity(1).paused();
    let pool = builder.clock(clock.clone()).build().unwrap();
    let submitters: Vec<_> = (1..=3)
        .map(|nth| {
            let handle = pool.handle();
            thread::spawn(move || {
                // Without room in this time it is refused.
                let job = handle
                    .with(SubmitOptions::new().start_within(Duration::from_secs(nth)))
                    .spawn(|| ());
                job.map_or(Err(JobError::Expired), pool_core::JobHandle::join)
            })
        })
        .collect();
    // The pool is paused: only the clock makes room, and ends the jobs.
    let time = thread::spawn(move || {
        for _ in 0..9 {
            clock.advance(Duration::from_secs(1));
            thread::yield_now();
        }
    });
    pool.wait_idle().unwrap();
    time.join().unwrap();
    pool.resume();
    let ended = submitters.into_iter().map(|submitter| submitter.join().unwrap().is_ok());
    let done = ended.filter(|done| *done).count() as u64;
    let report = pool.shutdown();
    assert_eq!((report.done, report.accepted - report.expired), (done, done));
}

/// C3, C4, C5: jobs are taken back, twice at the same time, while others submit from outside and inside, and
/// wait for what they submitted.
fn taken_back_under_fire<Q: WorkQueue<Job<Task>>>(queue: Q) {
    let pool = Arc::new(pool(3, queue));
    let ran = Arc::new(AtomicUsize::new(0));
    for _ in 0..3 {
        let (handle, ran) = (pool.handle(), Arc::clone(&ran));
        let submitting = move || {
            ran.fetch_add(1, Ordering::SeqCst);
            let (outer, inner) = (Arc::clone(&ran), Arc::clone(&ran));
            let add = move || {
                outer.fetch_add(1, Ordering::SeqCst);
            };
            handle.execute(add).unwrap();
            let job = handle.spawn(move || inner.fetch_add(1, Ordering::SeqCst)).unwrap();
            assert!(matches!(job.join(), Ok(_) | Err(JobError::Returned)));
        };
        pool.execute(submitting).unwrap();
    }
    let other = Arc::clone(&pool);
    let taker = thread::spawn(move || other.take_queued().len());
    let (back, taken) = (pool.shutdown_now().len(), taker.join().unwrap());
    let report = pool.shutdown();
    assert_eq!(report.accepted, report.done + report.returned);
    assert_eq!(report.done as usize, ran.load(Ordering::SeqCst));
    assert!(report.is_complete() && (back + taken) as u64 <= report.returned);
}
