//! What a pool promises beyond what the conformance kit checks on every queue.
#![cfg(not(any(loom, shuttle)))]

mod support;

use std::collections::BTreeSet;
use std::sync::{Arc, Mutex, mpsc};
use std::time::Duration;

use pool_core::{Collect, InOrder, Job, Task, ThreadPool, WaitError, WorkQueue};
use support::{Latch, Tally, builder, pool, within_patience};

#[test]
fn c1_a_closed_pool_gives_the_job_back() {
    within_patience(|| {
        let pool = builder().build_with(|_| |_: String| ()).unwrap();
        pool.close();
        let job = String::from("precious");
        let address = job.as_ptr();
        match pool.submit(job) {
            Err(refused) if refused.is_closed() => {
                let job = refused.into_inner();
                assert_eq!((job.as_str(), job.as_ptr()), ("precious", address));
            }
            other => panic!("expected Closed, got {other:?}"),
        }
        assert_eq!(pool.shutdown().accepted, 0);
    });
}

#[test]
fn c3_a_bounded_sink_holds_its_workers_up_and_loses_nothing() {
    within_patience(|| {
        let (results, received) = mpsc::sync_channel(1);
        let pool = builder().num_threads(4).sink(results).build().unwrap();
        for n in 0..100 {
            pool.execute(move || n).unwrap();
        }
        let reader = std::thread::spawn(move || {
            received.iter().map(|done| done.outcome.unwrap()).collect::<BTreeSet<i32>>()
        });
        assert_eq!(pool.shutdown().undelivered, 0);
        assert_eq!(reader.join().unwrap(), (0..100).collect());
    });
}

#[test]
fn outside_ids_of_one_thread_count_up_and_nested_ones_are_unique() {
    within_patience(|| {
        let pool = builder().num_threads(2).sink(Collect::new()).build().unwrap();
        let nested = Arc::new(Mutex::new(BTreeSet::new()));
        let submit = || {
            let (handle, nested) = (pool.handle(), Arc::clone(&nested));
            let id = pool.execute(move || {
                for _ in 0..500 {
                    let id = handle.execute(|| ()).unwrap();
                    assert!(nested.lock().unwrap().insert(id.as_u64()));
                }
            });
            id.unwrap().as_u64()
        };
        let outside: BTreeSet<_> = (0..10).map(|_| submit()).collect();
        let (first, last) = (outside.first().unwrap(), outside.last().unwrap());
        assert_eq!((outside.len(), last - first), (10, 9));
        let report = pool.shutdown();
        assert_eq!((report.done, report.panicked), (10 + 5_000, 0));
        let nested = nested.lock().unwrap();
        assert!(nested.len() == 5_000 && nested.is_disjoint(&outside));
    });
}

/// The ids that jobs get which several threads submit to this pool, one after another.
fn ids_of_several_threads(pool: &ThreadPool<(), impl WorkQueue<Job<Task>>>) -> Vec<u64> {
    let submit = || pool.execute(|| ()).unwrap().as_u64();
    let on_a_thread = |_| std::thread::scope(|scope| scope.spawn(submit).join().unwrap());
    (0..40).map(on_a_thread).collect()
}

#[test]
fn outside_ids_are_numbered_in_sequence_where_that_is_wanted() {
    within_patience(|| {
        let one = builder().num_threads(1).build().unwrap();
        assert!(ids_of_several_threads(&one).into_iter().eq(0..40));
        let (sink, _received) = mpsc::channel();
        let ordered = builder().num_threads(2).sink(InOrder::new(sink)).build().unwrap();
        assert!(ids_of_several_threads(&ordered).into_iter().eq(0..40));
        let apart = builder().num_threads(2).build().unwrap();
        let ids = ids_of_several_threads(&apart);
        assert_eq!(ids.iter().collect::<BTreeSet<_>>().len(), 40);
        assert!(ids.iter().max() > Some(&40), "in several stripes: {ids:?}");
    });
}

#[test]
fn c5_an_unused_pool_shuts_down() {
    within_patience(|| {
        for threads in [1, 2, 16] {
            let report = pool(threads).shutdown();
            assert_eq!((report.accepted, report.unfinished), (0, 0));
        }
    });
}

// ---- Waiting, pausing --------------------------------------------------------------------------

#[test]
fn wait_idle_returns_at_once_when_idle_and_releases_everyone() {
    within_patience(|| {
        let pool = pool(2);
        pool.wait_idle().unwrap();
        let go = Latch::default();
        let wait = go.clone();
        pool.execute(move || wait.wait()).unwrap();
        let waiters: Vec<_> = (0..4)
            .map(|_| {
                let handle = pool.handle();
                std::thread::spawn(move || handle.wait_idle())
            })
            .collect();
        go.open();
        for waiter in waiters {
            waiter.join().unwrap().unwrap();
        }
    });
}

#[test]
fn wait_idle_ends_though_others_keep_submitting() {
    within_patience(|| {
        let pool = pool(2);
        let stop = Latch::default();
        let other = {
            let (handle, stop) = (pool.handle(), stop.clone());
            std::thread::spawn(move || {
                while !stop.is_open() {
                    handle.execute(|| ()).unwrap();
                    handle.wait_idle().unwrap();
                }
            })
        };
        for _ in 0..100 {
            let done = Latch::default();
            let open = done.clone();
            pool.execute(move || open.open()).unwrap();
            pool.wait_idle().unwrap();
            assert!(done.is_open());
        }
        stop.open();
        other.join().unwrap();
    });
}

#[test]
fn wait_idle_inside_a_job_is_an_error() {
    within_patience(|| {
        let results = Collect::new();
        let pool = builder().num_threads(1).sink(results.clone()).build().unwrap();
        let handle = pool.handle();
        pool.execute(move || (handle.wait_idle(), handle.wait_idle_timeout(Duration::MAX)))
            .unwrap();
        pool.wait_idle().unwrap();
        let inside = Err(WaitError::InsideJob);
        assert_eq!(results.take().pop().unwrap().outcome.unwrap(), (inside, inside));
    });
}

#[test]
fn a_job_may_wait_for_another_pool() {
    within_patience(|| {
        let outer = pool(1);
        outer
            .execute(|| {
                let inner = pool(1);
                inner.execute(|| ()).unwrap();
                inner.wait_idle().unwrap();
            })
            .unwrap();
        assert_eq!(outer.shutdown().done, 1);
    });
}

#[test]
fn a_paused_pool_starts_nothing_until_it_is_resumed() {
    within_patience(|| {
        let pool = builder().num_threads(2).paused().build().unwrap();
        let ran = Tally::default();
        for _ in 0..10 {
            let ran = ran.clone();
            pool.execute(move || ran.add()).unwrap();
        }
        assert_eq!(pool.wait_idle_timeout(Duration::from_millis(20)), Err(WaitError::TimedOut));
        let stats = pool.stats();
        assert_eq!((ran.get(), stats.queued, stats.running), (0, 10, 0));
        pool.resume();
        pool.wait_idle().unwrap();
        assert_eq!(ran.get(), 10);

        pool.pause();
        pool.wait_idle().unwrap();
        let count = ran.clone();
        pool.execute(move || count.add()).unwrap();
        assert_eq!(ran.get(), 10);
        assert_eq!(pool.shutdown().done, 11);
    });
}
