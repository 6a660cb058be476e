//! Models of submitters that wait for room in a bounded pool, explored by loom over the code that ships.
//!
//! Run with `RUSTFLAGS="--cfg loom" cargo test -p pool-core --release --test loom_room`.
#![cfg(loom)]

#[path = "support/bell.rs"]
mod bell;
#[path = "support/models.rs"]
mod models;
#[path = "support/slots.rs"]
mod slots;

use std::pin::{Pin, pin};
use std::task::{Context, Poll, Waker};
use std::time::Duration;

use bell::Bell;
use loom::thread;
use models::{PlainPool, end, large_model, model, submit_from_a_thread, unexplored};
use pool_core::{JobError, ManualClock, SubmitOptions, Task, ThreadPoolBuilder, WhenFull};
use slots::Plain;

/// A pool of one worker at rest, paused, with one job, and no room for another.
fn full(jobs: usize) -> PlainPool {
    unexplored(|| {
        let builder = ThreadPoolBuilder::with_queue(Plain::new(jobs)).num_threads(1).capacity(1);
        let pool = builder.paused().build().unwrap();
        pool.execute(|| ()).unwrap();
        pool
    })
}

/// C7 for submitters: one that waits for room gets it when a job leaves the queue.
#[test]
fn wait_for_room() {
    model(|| {
        let pool = full(2);
        let submitter = submit_from_a_thread(pool.handle(), || ());
        pool.resume();
        assert!(submitter.join().unwrap());
        assert_eq!(end(pool).done, 2);
    });
}

/// The same for two of them.
#[test]
fn two_wait_for_room() {
    large_model(|| {
        let pool = full(3);
        let submitter = submit_from_a_thread(pool.handle(), || ());
        pool.resume();
        pool.execute(|| ()).unwrap();
        assert!(submitter.join().unwrap());
        assert_eq!(end(pool).done, 3);
    });
}

/// C1, C6: the pool is closed while a submitter waits for room, or comes to wait: its job comes back.
#[test]
fn wait_for_room_and_close() {
    model(|| {
        let pool = full(2);
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
            let bell = Bell::new();
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

/// C1, C7: a submit waits behind one that is dropped, while room comes and the pool is closed. The place goes to
/// the one that is left, unless the close is first: then its job comes back.
#[test]
fn drop_of_a_submit_and_room_and_close() {
    model(|| {
        let pool = unexplored(|| {
            let builder = ThreadPoolBuilder::with_queue(Plain::new(2)).num_threads(1).capacity(1);
            builder.paused().build().unwrap()
        });
        let job = pool.spawn(|| ()).unwrap();
        let mut dropped = pool.spawn_async(|| ());
        let polled = Pin::new(&mut dropped).poll(&mut Context::from_waker(Waker::noop()));
        assert!(polled.is_pending());
        let handle = pool.handle();
        let next = thread::spawn(move || match Bell::new().wait_for(handle.spawn_async(|| 7)) {
            Ok(_) => 1,
            Err(refused) => {
                assert!(refused.is_closed() && refused.into_inner()() == 7);
                0
            }
        });
        let handle = pool.handle();
        let other = thread::spawn(move || {
            assert!(job.cancel());
            handle.close();
        });
        drop(dropped);
        let accepted = next.join().unwrap();
        other.join().unwrap();
        let report = end(pool);
        assert_eq!((report.done, report.cancelled, report.unfinished), (accepted, 1, 0));
    });
}

/// The same without a close: the place is never lost.
#[test]
fn drop_of_a_submit_and_room() {
    model(|| {
        let pool = unexplored(|| {
            let builder = ThreadPoolBuilder::with_queue(Plain::new(2)).num_threads(1).capacity(1);
            builder.paused().build().unwrap()
        });
        let job = pool.spawn(|| ()).unwrap();
        let handle = pool.handle();
        let next = thread::spawn(move || Bell::new().wait_for(handle.execute_async(|| ())).is_ok());
        {
            let mut submit = pin!(pool.submit_async(Task::new(|| ())));
            let polled = submit.as_mut().poll(&mut Context::from_waker(Waker::noop()));
            assert!(polled.is_pending());
            assert!(job.cancel());
        }
        assert!(next.join().unwrap());
        assert_eq!(end(pool).done, 1);
    });
}

/// C7: a future is polled with another waker while its place comes: that one is woken, or the poll is ready.
#[test]
fn a_new_waker_and_room() {
    model(|| {
        let pool = unexplored(|| {
            let builder = ThreadPoolBuilder::with_queue(Plain::new(2)).num_threads(1).capacity(1);
            builder.paused().build().unwrap()
        });
        let job = pool.spawn(|| ()).unwrap();
        let mut submit = pool.execute_async(|| ());
        let polled = Pin::new(&mut submit).poll(&mut Context::from_waker(Waker::noop()));
        assert!(polled.is_pending());
        let canceller = thread::spawn(move || assert!(job.cancel()));
        Bell::new().wait_for(submit).unwrap();
        canceller.join().unwrap();
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
