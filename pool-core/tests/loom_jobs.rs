//! Models of what hangs on single jobs, explored by loom over the code that ships: cancelling,
//! waiting, dropping, waiting for room, borrowing.
//!
//! Run with `RUSTFLAGS="--cfg loom" cargo test -p pool-core --release --test loom_jobs`.
#![cfg(loom)]

#[path = "support/models.rs"]
mod models;
#[path = "support/slots.rs"]
mod slots;

use std::pin::{Pin, pin};
use std::task::{Context, Poll, Wake, Waker};
use std::time::Duration;

use loom::sync::atomic::{AtomicUsize, Ordering};
use loom::sync::{Arc, Condvar, Mutex};
use loom::thread;
use models::{PlainPool, Ran, end, model, pool, submit_from_a_thread, unexplored};
use pool_core::{JobError, JobSet, ManualClock, SubmitOptions, ThreadPoolBuilder, WhenFull};
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

/// C5: whoever looks whether the pool is at rest, while a job comes and is cancelled, does not take
/// that one's end for another's.
#[test]
fn cancel_and_look_for_rest() {
    model(|| {
        let queue = Plain::new(2);
        let pool = unexplored(|| {
            let builder = ThreadPoolBuilder::with_queue(queue).num_threads(1).paused();
            let pool = builder.build().unwrap();
            pool.execute(|| ()).unwrap();
            pool
        });
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

/// What a hand-held waker has seen.
struct Bell(Mutex<usize>, Condvar);

impl Bell {
    /// Waits until it has rung, and forgets that.
    fn wait(&self) {
        let mut rings = self.0.lock().unwrap();
        while *rings == 0 {
            rings = self.1.wait(rings).unwrap();
        }
        *rings = 0;
    }
}

impl Wake for Bell {
    fn wake(self: std::sync::Arc<Self>) {
        *self.0.lock().unwrap() += 1;
        self.1.notify_all();
    }
}

impl Bell {
    fn new() -> std::sync::Arc<Self> {
        std::sync::Arc::new(Self(Mutex::new(0), Condvar::new()))
    }

    /// Polls a future, and once more when the bell has rung.
    fn wait_for<T>(self: &std::sync::Arc<Self>, future: impl Future<Output = T>) -> T {
        let waker = Waker::from(self.clone());
        let (mut future, mut context) = (pin!(future), Context::from_waker(&waker));
        if let Poll::Ready(ready) = future.as_mut().poll(&mut context) {
            return ready;
        }
        let mut rings = self.0.lock().unwrap();
        while *rings == 0 {
            rings = self.1.wait(rings).unwrap();
        }
        drop(rings);
        match future.as_mut().poll(&mut context) {
            Poll::Ready(ready) => ready,
            Poll::Pending => panic!("it was woken without reason"),
        }
    }
}

/// C7: a future that was pending is woken, once.
#[test]
fn poll_and_end() {
    model(|| {
        let (pool, bell) = (pool(1, Plain::new(1)), Bell::new());
        assert_eq!(bell.wait_for(pool.spawn(|| 7).unwrap()).unwrap(), 7);
        end(pool);
        assert!(*bell.0.lock().unwrap() <= 1);
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
    model(|| {
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

fn bounded(jobs: usize, capacity: usize) -> PlainPool {
    unexplored(|| {
        let builder = ThreadPoolBuilder::with_queue(Plain::new(jobs)).num_threads(1);
        builder.capacity(capacity).build().unwrap()
    })
}

/// C7 for submitters: whoever waits for room gets it when a job leaves the queue.
#[test]
fn wait_for_room() {
    model(|| {
        let pool = bounded(3, 1);
        let submitter = submit_from_a_thread(pool.handle(), || ());
        pool.execute(|| ()).unwrap();
        pool.execute(|| ()).unwrap();
        assert!(submitter.join().unwrap());
        assert_eq!(end(pool).done, 3);
    });
}

/// C1, C6: the pool is closed while a submitter waits for room, or comes to wait: its job comes back.
#[test]
fn wait_for_room_and_close() {
    model(|| {
        let queue = Plain::new(2);
        let pool = unexplored(|| {
            let builder = ThreadPoolBuilder::with_queue(queue).num_threads(1).capacity(1).paused();
            let pool = builder.build().unwrap();
            pool.execute(|| ()).unwrap();
            pool
        });
        let submitter = submit_from_a_thread(pool.handle(), || ());
        // The pool stays paused, so there will never be room.
        pool.close();
        assert!(!submitter.join().unwrap());
        let report = end(pool);
        assert_eq!((report.accepted, report.done, report.unfinished), (1, 1, 0));
    });
}

/// C7: a future that waits for room is woken when there is some, and when there never will be: by a job that
/// leaves the queue, or by the close. One that is dropped leaves its place to others.
#[test]
fn reserve_and_room_and_close() {
    model(|| {
        let pool = unexplored(|| {
            let builder = ThreadPoolBuilder::with_queue(Plain::new(2)).num_threads(1).capacity(1);
            builder.paused().build().unwrap()
        });
        let job = pool.spawn(|| ()).unwrap();
        let handle = pool.handle();
        let submitter = thread::spawn(move || {
            let bell = std::sync::Arc::new(Bell(Mutex::new(0), Condvar::new()));
            let waker = Waker::from(bell.clone());
            let mut context = Context::from_waker(&waker);
            let mut place = pin!(handle.reserve());
            let mut polled = place.as_mut().poll(&mut context);
            while polled.is_pending() {
                bell.wait();
                polled = place.as_mut().poll(&mut context);
            }
            let Poll::Ready(Ok(place)) = polled else { return 0 };
            u64::from(place.spawn(|| ()).is_ok())
        });
        assert!(job.cancel());
        pool.close();
        let accepted = submitter.join().unwrap();
        let report = end(pool);
        assert_eq!((report.done, report.cancelled, report.unfinished), (accepted, 1, 0));
    });
}

/// A future is dropped while its place comes: the place is there for another.
#[test]
fn drop_of_a_reservation_and_room() {
    model(|| {
        let pool = unexplored(|| {
            let builder = ThreadPoolBuilder::with_queue(Plain::new(2)).num_threads(1).capacity(1);
            builder.paused().build().unwrap()
        });
        let job = pool.spawn(|| ()).unwrap();
        let canceller = thread::spawn(move || assert!(job.cancel()));
        {
            let mut place = pin!(pool.reserve());
            let _ = place.as_mut().poll(&mut Context::from_waker(Waker::noop()));
        }
        canceller.join().unwrap();
        pool.try_execute(|| ()).unwrap();
        assert_eq!(end(pool).done, 1);
    });
}

/// A job that is cancelled makes room, also for one who is just giving up waiting.
#[test]
fn wait_for_room_and_cancel_and_time_out() {
    model(|| {
        let (queue, clock) = (Plain::new(2), ManualClock::new());
        let pool = unexplored(|| {
            let builder = ThreadPoolBuilder::with_queue(queue).num_threads(1).capacity(1).paused();
            builder.clock(clock.clone()).build().unwrap()
        });
        let job = pool.spawn(|| ()).unwrap();
        let canceller = thread::spawn(move || {
            clock.advance(Duration::from_secs(1));
            assert!(job.cancel());
        });
        let submitted = pool.with(WhenFull::WaitFor(Duration::from_secs(1))).execute(|| ());
        canceller.join().unwrap();
        let accepted = match submitted {
            Ok(_) => 1,
            Err(refused) if refused.is_full() => {
                pool.try_execute(|| ()).unwrap();
                1
            }
            Err(error) => panic!("{error}"),
        };
        let report = end(pool);
        assert_eq!((report.done, report.cancelled), (accepted, 1));
    });
}

/// A scope ends after its last child, wherever that runs.
#[test]
fn last_child_of_a_scope() {
    model(|| {
        let pool = pool(1, Plain::new(4));
        let ran = AtomicUsize::new(0);
        pool.scope(|scope| {
            scope.spawn(|| {
                ran.fetch_add(1, Ordering::Relaxed);
                scope.spawn(|| {
                    ran.fetch_add(1, Ordering::Relaxed);
                });
            });
        });
        assert_eq!(ran.load(Ordering::Relaxed), 2);
        end(pool);
    });
}

/// A join's second closure runs once, here or there, and the join ends after it.
#[test]
fn fork_and_join() {
    model(|| {
        let pool = pool(1, Plain::new(4));
        let (mut a, mut b) = (0, 0);
        pool.join(|| a += 1, || b += 1);
        assert_eq!((a, b), (1, 1));
        end(pool);
    });
}

/// The same again with a share slot in which another closure was before.
#[test]
fn fork_and_fork() {
    model(|| {
        let pool = pool(1, Plain::new(6));
        let (mut a, mut b, mut c) = (0, 0, 0);
        pool.join(|| pool.join(|| a += 1, || b += 1), || c += 1);
        assert_eq!((a, b, c), (1, 1, 1));
        end(pool);
    });
}

/// Who waits for a closure that was taken helps with what its taker shows.
#[test]
fn fork_and_help() {
    model(|| {
        let pool = pool(1, Plain::new(6));
        let (mut a, mut b, mut c) = (0, 0, 0);
        pool.join(|| a += 1, || pool.join(|| b += 1, || c += 1));
        assert_eq!((a, b, c), (1, 1, 1));
        end(pool);
    });
}

/// Opens once, for whoever waits.
#[derive(Clone)]
struct Gate(Arc<(Mutex<bool>, Condvar)>);

impl Gate {
    fn new() -> Self {
        Self(Arc::new((Mutex::new(false), Condvar::new())))
    }

    fn open(&self) {
        *self.0.0.lock().unwrap() = true;
        self.0.1.notify_all();
    }

    fn wait(&self) {
        let mut open = self.0.0.lock().unwrap();
        while !*open {
            open = self.0.1.wait(open).unwrap();
        }
    }
}

/// C11: who helps from outside waits in there for a job, which only that thread can run: the worker
/// waits for the help.
#[test]
fn fork_and_help_and_wait() {
    model(|| {
        let pool = pool(1, Plain::new(6));
        let (taken, helped) = (Gate::new(), Gate::new());
        let wait_for_job = || {
            helped.open();
            pool.spawn(|| 7).unwrap().join().unwrap()
        };
        let taken_half = || {
            taken.open();
            pool.join(|| helped.wait(), wait_for_job).1
        };
        assert_eq!(pool.join(|| taken.wait(), taken_half).1, 7);
        assert_eq!(end(pool).done, 1);
    });
}

/// C3, C4: what a half on an outside thread submits, while the pool is closed, runs or comes back.
#[test]
fn submit_in_a_half_and_close() {
    model(|| {
        let pool = pool(1, Plain::new(4));
        let handle = pool.handle();
        let closer = thread::spawn(move || handle.close());
        let ran = Ran::new();
        let (submitted, ()) = pool.join(|| pool.execute(ran.job()).is_ok(), || ());
        closer.join().unwrap();
        let report = end(pool);
        assert_eq!((report.accepted, report.unfinished), (u64::from(submitted), 0));
        assert_eq!(ran.count(), usize::from(submitted));
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

/// C7: whoever waits for room gets it when a job's time is over, if somebody moves the clock.
#[test]
fn wait_for_room_and_expire() {
    model(|| {
        let (queue, clock) = (Plain::new(2), ManualClock::new());
        let pool = unexplored(|| {
            let builder = ThreadPoolBuilder::with_queue(queue).num_threads(1).capacity(1).paused();
            builder.clock(clock.clone()).build().unwrap()
        });
        let late = pool
            .with(SubmitOptions::new().start_within(Duration::from_secs(1)))
            .spawn(|| ())
            .unwrap();
        let time = thread::spawn(move || clock.advance(Duration::from_secs(1)));
        pool.execute(|| ()).unwrap();
        time.join().unwrap();
        assert!(matches!(late.join(), Err(JobError::Expired)));
        let report = end(pool);
        assert_eq!((report.done, report.expired), (1, 1));
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
        let queue = Plain::new(2);
        let pool = unexplored(|| {
            let builder = ThreadPoolBuilder::with_queue(queue).num_threads(1).paused();
            let pool = builder.build().unwrap();
            pool.execute(|| ()).unwrap();
            pool
        });
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
        assert!(*bell.0.lock().unwrap() <= 1);
    });
}
