//! A shutdown that is awaited.

use std::pin::pin;
use std::sync::Arc;
use std::sync::mpsc::{TryRecvError, channel};
use std::task::{Context, Poll, Waker};

use crate::setup::held::hold;
use crate::setup::{Latch, Setup, Tally, balanced, eventually};

on_every_backend! {
    awaited_after_a_drain
    awaited_with_what_runs
    pending_while_a_job_runs
    dropped_before_it_is_ready
    ready_inside_of_the_pool
    awaited_by_several
}

fn awaited_after_a_drain(setup: Setup) {
    let pool = setup.pool();
    let ran = Tally::default();
    for _ in 0..50 {
        let ran = ran.clone();
        pool.execute(move || ran.add()).unwrap();
    }
    let report = smol::block_on(pool.shutdown_async());
    assert!(report.is_complete());
    assert_eq!((report.done, ran.get()), (50, 50));
    let runtime = tokio::runtime::Builder::new_current_thread().build().unwrap();
    assert_eq!(runtime.block_on(pool.shutdown_async()).done, 50, "it has ended by now");
    balanced(&pool);
}

fn awaited_with_what_runs(setup: Setup) {
    let pool = setup.pool();
    let held = hold(&pool, setup.threads);
    pool.execute(|| ()).unwrap();
    assert_eq!(pool.shutdown_now().len(), 1);
    let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(1).build().unwrap();
    let report = runtime.spawn(pool.shutdown_async());
    held.release();
    let report = runtime.block_on(report).unwrap();
    assert!(report.is_complete());
    assert_eq!((report.done, report.returned), (setup.threads as u64, 1));
}

fn pending_while_a_job_runs(setup: Setup) {
    let (results, received) = channel();
    let pool = setup.builder().sink(results).build().unwrap();
    let (begun, go) = (Latch::default(), Latch::default());
    let (begins, wait) = (begun.clone(), go.clone());
    pool.execute(move || {
        begins.open();
        wait.wait();
    })
    .unwrap();
    begun.wait();
    let mut end = pin!(pool.shutdown_async());
    let mut context = Context::from_waker(Waker::noop());
    assert!(end.as_mut().poll(&mut context).is_pending());
    assert!(pool.is_closed());
    go.open();
    let report = smol::block_on(end.as_mut());
    assert_eq!((report.done, report.threads), (1, 0));
    assert!(received.try_recv().is_ok());
    assert_eq!(received.try_recv().unwrap_err(), TryRecvError::Disconnected, "C6");
    assert!(end.poll(&mut context).is_ready(), "as often as one likes");
}

fn dropped_before_it_is_ready(setup: Setup) {
    let pool = setup.pool();
    let held = hold(&pool, setup.threads);
    let mut end = Box::pin(pool.shutdown_async());
    assert!(end.as_mut().poll(&mut Context::from_waker(Waker::noop())).is_pending());
    drop(end);
    held.release();
    balanced(&pool);
}

fn ready_inside_of_the_pool(setup: Setup) {
    let pool = Arc::new(setup.pool());
    let mine = Arc::clone(&pool);
    let job = pool.spawn(move || {
        let end = pin!(mine.shutdown_async());
        match end.poll(&mut Context::from_waker(Waker::noop())) {
            Poll::Ready(report) => report.unfinished,
            Poll::Pending => panic!("it would wait for itself"),
        }
    });
    assert_eq!(job.unwrap().join().unwrap(), 1);
    eventually(|| pool.stats().threads == 0);
    assert!(smol::block_on(pool.shutdown_async()).is_complete());
}

fn awaited_by_several(setup: Setup) {
    let pool = setup.builder().paused().build().unwrap();
    pool.execute(|| ()).unwrap();
    let ends: Vec<_> = (0..4).map(|_| pool.shutdown_async()).collect();
    let waiters: Vec<_> =
        ends.into_iter().map(|end| std::thread::spawn(|| smol::block_on(end))).collect();
    for waiter in waiters {
        assert_eq!(waiter.join().unwrap().done, 1);
    }
}
