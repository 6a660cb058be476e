//! Workers, in this process and in others.

use std::collections::HashMap;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::thread;
use std::time::Duration;

use drainpool::redis::{
    Ended, Outcome, QueueOptions, QueueState, RedisQueue, StreamId, Worker, WorkerEnd,
    current_delivery,
};

use crate::held::{Held, threads};
use crate::server::{Process, Server, address_of_process, eventually, in_time};

/// Longer than any stall of a busy machine.
const LEASE: Duration = Duration::from_millis(1_500);

fn options() -> QueueOptions {
    QueueOptions::new().lease(LEASE)
}

fn outcomes<R>(queue: &RedisQueue<u32, R>) -> HashMap<StreamId, Outcome<R>>
where
    R: serde::Serialize + serde::de::DeserializeOwned,
{
    let mut outcomes = HashMap::new();
    for ended in queue.results() {
        let Ended { id, outcome, .. } = ended.unwrap();
        assert!(outcomes.insert(id, outcome).is_none(), "no job is shown twice");
    }
    outcomes
}

#[test]
fn every_job_has_its_outcome() {
    in_time(|| {
        let Some(server) = Server::start() else { return };
        let queue: RedisQueue<u32, u32> = server.queue(options());
        let workers: Vec<_> = (0..3)
            .map(|_| {
                let worker = Worker::new(&queue).batch(16);
                thread::spawn(move || worker.run(threads(2), |_| |n: u32| n * 2).unwrap())
            })
            .collect();
        let ids = queue.push_batch(0..2_000).unwrap();
        queue.close().unwrap();
        let reports: Vec<_> = workers.into_iter().map(|worker| worker.join().unwrap()).collect();
        assert!(
            reports.iter().all(|report| report.end == WorkerEnd::Drained && report.unsettled == 0)
        );
        assert_eq!(
            reports.iter().map(|report| report.done - report.superseded).sum::<u64>(),
            2_000
        );
        let outcomes = outcomes(&queue);
        for (n, id) in (0..).zip(&ids) {
            assert_eq!(outcomes[id], Outcome::Done(n * 2));
        }
        let stats = queue.stats().unwrap();
        assert_eq!((stats.state, stats.ended), (QueueState::Drained, 2_000));
        assert_eq!((stats.waiting, stats.running), (0, 0));
    });
}

#[test]
fn a_panic_is_an_outcome() {
    in_time(|| {
        let Some(server) = Server::start() else { return };
        let queue: RedisQueue<u32, u32> = server.queue(options());
        let ids = queue.push_batch(0..10).unwrap();
        queue.close().unwrap();
        let handler = |n: u32| {
            assert_ne!(n, 3, "three is not allowed");
            n
        };
        let report = Worker::new(&queue).run(threads(2), move |_| handler).unwrap();
        assert_eq!((report.done, report.panicked), (9, 1));
        let outcomes = outcomes(&queue);
        let Outcome::Panicked(message) = &outcomes[&ids[3]] else { panic!("{outcomes:?}") };
        assert!(message.contains("three is not allowed"), "{message}");
        assert_eq!(outcomes[&ids[4]], Outcome::Done(4));
    });
}

#[test]
fn what_is_no_job_is_buried() {
    in_time(|| {
        let Some(server) = Server::start() else { return };
        let queue: RedisQueue<u32, u32> = server.queue(options());
        queue.push(1).unwrap();
        for garbage in [
            &["foreign", "hand"][..],
            &["v", "1", "j", "\"not a number\""],
            &["v", "99", "j", "5"],
            &["v", "1"],
        ] {
            server.command(&[&["XADD", "{q}:jobs", "*"], garbage].concat());
        }
        queue.push(2).unwrap();
        queue.close().unwrap();
        let report = Worker::new(&queue).run(threads(2), |_| |n: u32| n).unwrap();
        assert_eq!((report.done, report.undecodable), (2, 4));
        let buried = outcomes(&queue).into_values();
        assert_eq!(buried.filter(|end| matches!(end, Outcome::Undecodable(_))).count(), 4);
        assert_eq!(queue.stats().unwrap().dead, 4, "they are kept");
    });
}

#[test]
fn a_worker_that_stops_gives_back_what_it_has_not_begun() {
    in_time(|| {
        let Some(server) = Server::start() else { return };
        // The lease is not over before the test is.
        let queue: RedisQueue<u32, u64> =
            server.queue(QueueOptions::new().lease(Duration::from_secs(3_600)));
        let deliveries = |_| current_delivery().unwrap().deliveries();
        let first = Held::start(Worker::new(&queue).batch(8), deliveries);
        queue.push_batch(0..20).unwrap();
        first.wait_for_a_job();
        first.stop();
        // What it gives back is there before the job that runs has ended.
        let second = Worker::new(&queue);
        let second = thread::spawn(move || second.run(threads(1), move |_| deliveries).unwrap());
        eventually(|| queue.stats().unwrap().ended == 19);
        let first = first.end();
        assert!(first.end == WorkerEnd::Stopped && first.released > 0, "{first:?}");
        assert_eq!((first.done, first.superseded), (1, 0));
        queue.close().unwrap();
        let second = second.join().unwrap();
        assert_eq!((second.end, second.done), (WorkerEnd::Drained, 19));
        let outcomes = outcomes(&queue);
        assert!(outcomes.values().all(|end| *end == Outcome::Done(1)), "the first did not count");
    });
}

#[test]
fn a_long_job_keeps_its_lease() {
    in_time(|| {
        let Some(server) = Server::start() else { return };
        let queue: RedisQueue<u32, u64> = server.queue(options());
        queue.push(1).unwrap();
        queue.close().unwrap();
        let is_lost = |_| u64::from(current_delivery().unwrap().is_lost());
        let first = Held::start(Worker::new(&queue), is_lost);
        first.wait_for_a_job();
        // It looks for jobs of silent workers many times a lease, and finds none.
        let second = Worker::new(&queue);
        let second = thread::spawn(move || second.run(threads(1), |_| |_| 7).unwrap());
        let start = server_time(&server);
        eventually(|| server_time(&server) > start + 4 * LEASE.as_millis() as u64);
        assert_eq!(first.end().done, 1);
        let second = second.join().unwrap();
        assert_eq!((second.done, second.reclaimed), (0, 0));
        assert_eq!(outcomes(&queue).into_values().collect::<Vec<_>>(), [Outcome::Done(0)]);
    });
}

/// The server's clock, in milliseconds.
fn server_time(server: &Server) -> u64 {
    let answer = server.command(&["TIME"]);
    let numbers: Vec<u64> = answer.lines().filter_map(|line| line.trim().parse().ok()).collect();
    numbers[0] * 1_000 + numbers[1] / 1_000
}

/// The jobs of the processes below: what they do by their number.
const KILLS_ITS_WORKER: u32 = 666;

#[test]
fn process_at_work() {
    let Some(address) = address_of_process() else { return };
    let queue: RedisQueue<u32, u64> = RedisQueue::open(&address, "q", options()).unwrap();
    let handler = |n: u32| {
        if n == KILLS_ITS_WORKER {
            std::process::abort();
        }
        if n == 1 && current_delivery().unwrap().deliveries() == 1 {
            // It hangs, until the process is killed or stopped.
            thread::park_timeout(Duration::from_secs(20));
        }
        current_delivery().unwrap().deliveries()
    };
    Worker::new(&queue).batch(4).run(threads(2), move |_| handler).unwrap();
}

#[test]
fn the_jobs_of_a_killed_worker_run_elsewhere() {
    in_time(|| {
        let Some(server) = Server::start() else { return };
        let queue: RedisQueue<u32, u64> = server.queue(options());
        let mut process = Process::start("workers::process_at_work", &server.address());
        let hanging = queue.push(1).unwrap();
        eventually(|| queue.stats().unwrap().running == 1);
        let rest = queue.push_batch(2..50).unwrap();
        queue.close().unwrap();
        eventually(|| queue.stats().unwrap().ended == 48);
        process.kill();
        let deliveries = |_| current_delivery().unwrap().deliveries();
        let report = Worker::new(&queue).run(threads(2), move |_| deliveries).unwrap();
        assert_eq!((report.end, report.reclaimed, report.done), (WorkerEnd::Drained, 1, 1));
        let outcomes = outcomes(&queue);
        assert_eq!(outcomes[&hanging], Outcome::Done(2), "the second delivery");
        assert!(rest.iter().all(|id| outcomes[id] == Outcome::Done(1)));
    });
}

#[test]
fn a_worker_that_was_frozen_is_superseded() {
    in_time(|| {
        let Some(server) = Server::start() else { return };
        let queue: RedisQueue<u32, u64> = server.queue(options());
        let frozen = Process::start("workers::process_at_work", &server.address());
        let id = queue.push(1).unwrap();
        eventually(|| queue.stats().unwrap().running == 1);
        frozen.signal("STOP");
        let deliveries = |_| current_delivery().unwrap().deliveries();
        let second = Worker::new(&queue);
        let stopper = second.stopper();
        let second = thread::spawn(move || second.run(threads(2), move |_| deliveries).unwrap());
        eventually(|| queue.stats().unwrap().ended == 1);
        frozen.signal("CONT");
        stopper.stop();
        assert_eq!(second.join().unwrap().reclaimed, 1);
        queue.close().unwrap();
        assert_eq!(outcomes(&queue)[&id], Outcome::Done(2));
    });
}

#[test]
fn a_job_that_kills_its_workers_is_dead_in_the_end_and_takes_no_other_along() {
    in_time(|| {
        let Some(server) = Server::start() else { return };
        let queue: RedisQueue<u32, u64> = server.queue(options().max_deliveries(4));
        let mut ids = queue.push_batch((2..20).chain([KILLS_ITS_WORKER]).chain(20..40)).unwrap();
        queue.close().unwrap();
        let poison = ids.remove(18);
        let mut process = Process::start("workers::process_at_work", &server.address());
        let mut killed = 0;
        eventually(|| {
            if process.0.try_wait().unwrap().is_some_and(|status| !status.success()) {
                killed += 1;
                process = Process::start("workers::process_at_work", &server.address());
            }
            queue.stats().unwrap().state == QueueState::Drained
        });
        assert_eq!(killed, 4);
        let outcomes = outcomes(&queue);
        assert_eq!(outcomes[&poison], Outcome::Dead { deliveries: 4 });
        assert!(ids.iter().all(|id| matches!(outcomes[id], Outcome::Done(_))));
        assert_eq!(queue.stats().unwrap().dead, 1);
    });
}

#[test]
fn results_go_on_where_they_were() {
    in_time(|| {
        let Some(server) = Server::start() else { return };
        let queue: RedisQueue<u32, u32> = server.queue(options());
        queue.push_batch(0..600).unwrap();
        queue.close().unwrap();
        Worker::new(&queue).run(threads(2), |_| |n: u32| n).unwrap();
        let mut first = queue.results();
        let seen: Vec<_> = first.by_ref().take(250).map(|ended| ended.unwrap().id).collect();
        let cursor = first.next().unwrap().unwrap().cursor;
        let kept: StreamId = cursor.to_string().parse().unwrap();
        queue.forget_results(kept).unwrap();
        let rest: Vec<_> = queue.results_after(kept).map(|ended| ended.unwrap().id).collect();
        assert_eq!((seen.len(), rest.len()), (250, 349));
        assert!(rest.iter().all(|id| !seen.contains(id)));
        assert_eq!(queue.results().count(), 349, "the others are gone");
    });
}

#[test]
fn the_pools_own_ways_are_those_of_any_pool() {
    in_time(|| {
        let Some(server) = Server::start() else { return };
        let queue: RedisQueue<u32, usize> = server.queue(options());
        queue.push_batch(0..100).unwrap();
        queue.close().unwrap();
        let (started, is_named) = (Arc::new(AtomicU64::new(0)), Arc::new(AtomicBool::new(true)));
        let (counts, checks) = (Arc::clone(&started), Arc::clone(&is_named));
        let builder = threads(3)
            .thread_name(|index| format!("thumbnails-{index}"))
            .on_thread_start(move |_| {
                counts.fetch_add(1, Ordering::SeqCst);
            })
            .capacity(1);
        let made = move |index| {
            let checks = Arc::clone(&checks);
            move |_: u32| {
                let name = thread::current().name().unwrap_or_default().to_owned();
                checks.fetch_and(name.starts_with("thumbnails"), Ordering::SeqCst);
                index
            }
        };
        let report = Worker::new(&queue).run(builder, made).unwrap();
        assert_eq!((report.done, started.load(Ordering::SeqCst)), (100, 3));
        assert!(is_named.load(Ordering::SeqCst));
        assert!(outcomes(&queue).values().all(|end| matches!(end, Outcome::Done(0..3))));
    });
}

#[test]
fn a_worker_that_is_to_stop_begins_nothing_more() {
    in_time(|| {
        let Some(server) = Server::start() else { return };
        let queue: RedisQueue<u32, u32> = server.queue(options());
        let worker = Held::start(Worker::new(&queue).batch(4), |n| n);
        queue.push_batch(0..10).unwrap();
        worker.wait_for_a_job();
        worker.stop();
        // At once: the job ends before the worker could notice in any other way.
        let report = worker.end();
        assert_eq!((report.end, report.done), (WorkerEnd::Stopped, 1));
        assert!(report.released <= 3, "{report:?}");
        assert_eq!(queue.stats().unwrap().ended, 1);
    });
}

#[test]
fn with_one_job_at_a_time_none_waits_behind_another() {
    in_time(|| {
        let Some(server) = Server::start() else { return };
        let queue: RedisQueue<u32, u32> = server.queue(options());
        queue.push_batch(0..4).unwrap();
        let start = || Held::start(Worker::new(&queue).batch(1), |n| n);
        let first = start();
        eventually(|| queue.stats().unwrap().running == 1);
        let second = start();
        // Each has the one that it runs.
        eventually(|| queue.stats().unwrap().running == 2);
        assert_eq!(queue.stats().unwrap().waiting, 2);
        queue.close().unwrap();
        second.go_on();
        assert_eq!(first.end().done + second.end().done, 4);
    });
}
