//! Outages of the server, and connections that are cut in the middle of each command.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::thread;
use std::time::Duration;

use drainpool::ThreadPoolBuilder;
use drainpool::redis::{Outcome, QueueOptions, QueueState, RedisQueue, Worker, WorkerEnd};
use pool_conformance::Latch;

use crate::proxy::Proxy;
use crate::server::{Server, eventually, in_time};

fn options() -> QueueOptions {
    QueueOptions::new().lease(Duration::from_millis(400)).max_deliveries(1_000)
}

/// The queue as those see it whose connections can be cut.
fn behind_proxy(server: &Server, options: QueueOptions) -> (Proxy, RedisQueue<u32, u32>) {
    let proxy = Proxy::before(server.port());
    let queue = RedisQueue::open(&proxy.address(), "q", options).unwrap();
    (proxy, queue)
}

/// The outcomes of jobs that return themselves: each once.
fn check_results(queue: &RedisQueue<u32, u32>, jobs: u32) {
    let results = queue.results().map(|ended| match ended.unwrap().outcome {
        Outcome::Done(n) => n,
        other => panic!("{other:?}"),
    });
    let mut results: Vec<_> = results.collect();
    results.sort_unstable();
    assert!(results.into_iter().eq(0..jobs));
}

#[test]
fn a_push_that_is_cut_anywhere_is_repeated_without_harm() {
    in_time(|| {
        let Some(server) = Server::start() else { return };
        let direct: RedisQueue<u32, u32> = server.queue(options());
        let (proxy, queue) = behind_proxy(&server, options());
        let mut jobs = 0;
        // A push is some 200 bytes there and back. It is repeated once by itself.
        for bytes in (0..260).step_by(3) {
            proxy.cut_after(bytes);
            let name = format!("job-{jobs}");
            let first = queue.push_once(&name, jobs);
            proxy.mend();
            if let Err(refused) = first {
                assert!(refused.is_unknown(), "{refused:?}");
                queue.push_once(&name, refused.into_inner()).unwrap();
            }
            jobs += 1;
            assert_eq!(direct.stats().unwrap().accepted, u64::from(jobs), "cut after {bytes}");
        }
        assert!(proxy.cuts() > 10);
        queue.close().unwrap();
        Worker::new(&direct).run(ThreadPoolBuilder::new(), |_| |n: u32| n).unwrap();
        check_results(&direct, jobs);
    });
}

#[test]
fn a_push_without_a_name_is_not_repeated() {
    in_time(|| {
        let Some(server) = Server::start() else { return };
        let direct: RedisQueue<u32, u32> = server.queue(options());
        let (proxy, queue) = behind_proxy(&server, options());
        let mut unknown = 0;
        for bytes in (0..260).step_by(20) {
            let before = direct.stats().unwrap().accepted;
            proxy.cut_after(bytes);
            let pushed = queue.push(1);
            proxy.mend();
            let added = direct.stats().unwrap().accepted - before;
            match pushed {
                Ok(_) => assert_eq!(added, 1),
                Err(refused) => {
                    // If the connection could not be made, nothing was sent.
                    assert!(added <= u64::from(refused.is_unknown()), "{refused:?}");
                    unknown += u64::from(refused.is_unknown());
                }
            }
        }
        assert!(unknown > 0);
    });
}

#[test]
fn a_worker_whose_connections_are_cut_goes_on() {
    in_time(|| {
        let Some(server) = Server::start() else { return };
        let direct: RedisQueue<u32, u32> = server.queue(options());
        let told = Arc::new(AtomicU64::new(0));
        let counts = Arc::clone(&told);
        let options = options().on_reconnect(move |lost| {
            assert!(lost.attempt >= 1 && !lost.error.to_string().is_empty());
            counts.fetch_add(1, Ordering::SeqCst);
        });
        let (proxy, queue) = behind_proxy(&server, options);
        let worker = Worker::new(&queue).batch(4);
        let at_work = thread::spawn(move || {
            worker.run(ThreadPoolBuilder::new().num_threads(2), |_| |n: u32| n).unwrap()
        });
        // Each cut comes after some more bytes, so that all commands and answers are met, and each part of them.
        let mut jobs = 0;
        for round in 0..40 {
            let (cuts, ended) = (proxy.cuts(), direct.stats().unwrap().ended);
            proxy.cut_after(41 * round);
            for _ in 0..5 {
                direct.push(jobs).unwrap();
                jobs += 1;
            }
            eventually(|| proxy.cuts() > cuts);
            eventually(|| direct.stats().unwrap().ended > ended);
        }
        direct.close().unwrap();
        let report = at_work.join().unwrap();
        assert!(report.end == WorkerEnd::Drained && report.unsettled == 0, "{report:?}");
        assert!(told.load(Ordering::SeqCst) > 0);
        check_results(&direct, jobs);
    });
}

#[test]
fn a_server_that_is_killed_loses_nothing() {
    in_time(|| {
        let Some(mut server) = Server::start() else { return };
        let queue: RedisQueue<u32, u32> = server.queue(options());
        let workers: Vec<_> = (0..2)
            .map(|_| {
                let worker = Worker::new(&queue).batch(8);
                thread::spawn(move || {
                    let builder = ThreadPoolBuilder::new().num_threads(2);
                    worker.run(builder, |_| |n: u32| n).unwrap()
                })
            })
            .collect();
        let results = {
            let queue = queue.clone();
            thread::spawn(move || check_results(&queue, 3_000))
        };
        for third in 0..3 {
            for n in 1_000 * third..1_000 * (third + 1) {
                let name = n.to_string();
                // One that is lost with the server is pushed again.
                eventually(|| queue.push_once(&name, n).is_ok());
                if n % 1_000 == 500 {
                    server.kill();
                    server.restart();
                }
            }
        }
        eventually(|| queue.close().is_ok());
        for worker in workers {
            let report = worker.join().unwrap();
            assert!(report.end == WorkerEnd::Drained && report.unsettled == 0, "{report:?}");
        }
        results.join().unwrap();
        assert_eq!(queue.stats().unwrap().accepted, 3_000);
    });
}

#[test]
fn a_worker_leaves_though_the_server_is_away() {
    in_time(|| {
        let Some(mut server) = Server::start() else { return };
        let queue: RedisQueue<u32, u32> = server.queue(options());
        let worker = Worker::new(&queue);
        let stopper = worker.stopper();
        let at_work = thread::spawn(move || worker.run(ThreadPoolBuilder::new(), |_| |n: u32| n));
        queue.push(1).unwrap();
        eventually(|| queue.stats().unwrap().ended == 1);
        server.kill();
        stopper.stop();
        let report = at_work.join().unwrap().unwrap();
        assert!(report.end == WorkerEnd::Stopped && report.done == 1, "{report:?}");
    });
}

#[test]
fn a_queue_that_is_deleted_ends_its_workers() {
    in_time(|| {
        let Some(server) = Server::start() else { return };
        let queue: RedisQueue<u32, u32> = server.queue(options());
        let worker = Worker::new(&queue);
        let at_work = thread::spawn(move || worker.run(ThreadPoolBuilder::new(), |_| |n: u32| n));
        queue.push(1).unwrap();
        eventually(|| queue.stats().unwrap().ended == 1);
        queue.delete().unwrap();
        assert_eq!(at_work.join().unwrap().unwrap().end, WorkerEnd::Deleted);
        assert!(queue.stats().is_err());
        assert!(!matches!(queue.close(), Ok(QueueState::Closed)));
    });
}

#[test]
fn outcomes_that_come_together_count_one_by_one() {
    in_time(|| {
        let Some(server) = Server::start() else { return };
        let queue: RedisQueue<u32, u32> = server.queue(QueueOptions::new());
        let ids = queue.push_batch(0..8).unwrap();
        queue.close().unwrap();
        let go_on = Latch::default();
        let worker = Worker::new(&queue);
        let handler = {
            let go_on = go_on.clone();
            move |n| {
                go_on.wait();
                n
            }
        };
        let at_work = thread::spawn(move || {
            let builder = ThreadPoolBuilder::new().num_threads(8);
            worker.run(builder, move |_| handler.clone())
        });
        eventually(|| queue.stats().unwrap().running == 8);
        // Another worker ends one of them.
        let id = ids[3].to_string();
        server.command(&["XACK", "{q}:jobs", "w", &id]);
        server.command(&["XDEL", "{q}:jobs", &id]);
        server.command(&["XADD", "{q}:results", "*", "id", &id, "k", "done", "r", "3"]);
        // While the first outcomes are refused, the others gather behind them.
        server.command(&["CONFIG", "SET", "min-replicas-to-write", "1"]);
        go_on.open();
        eventually(|| server.command(&["INFO", "errorstats"]).contains("NOREPLICAS:count="));
        server.command(&["CONFIG", "SET", "min-replicas-to-write", "0"]);
        let report = at_work.join().unwrap().unwrap();
        assert_eq!((report.done, report.superseded, report.unsettled), (8, 1, 0));
        check_results(&queue, 8);
    });
}
