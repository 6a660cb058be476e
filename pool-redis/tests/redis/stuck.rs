//! Nobody waits for ever: not for a job that must run alone, nor for a queue that is gone, nor because a server
//! refuses for a while.

use std::thread;
use std::time::Duration;

use drainpool::redis::{Outcome, Pushed, QueueOptions, RedisQueue, Worker, WorkerEnd};
use pool_conformance::Latch;

use crate::held::{Held, threads};
use crate::server::{Server, eventually, in_time};

const LEASE: Duration = Duration::from_millis(300);

fn queue(server: &Server) -> RedisQueue<u32, u32> {
    server.queue(QueueOptions::new().lease(LEASE))
}

#[test]
fn a_job_that_should_run_alone_runs_though_no_worker_is_idle() {
    in_time(|| {
        let Some(server) = Server::start() else { return };
        let queue = queue(&server);
        // Two workers have not ended it.
        let id = queue.push(0).unwrap().to_string();
        server.command(&[
            "XREADGROUP",
            "GROUP",
            "w",
            "gone",
            "COUNT",
            "1",
            "STREAMS",
            "{q}:jobs",
            ">",
        ]);
        server.command(&["XCLAIM", "{q}:jobs", "w", "gone", "0", &id, "RETRYCOUNT", "2", "JUSTID"]);
        // The worker has another job, which ends after it, and after one that comes later.
        queue.push(1).unwrap();
        let go_on = Latch::default();
        let handler = move |n| {
            match n {
                1 => go_on.wait(),
                2 => go_on.open(),
                _ => {}
            }
            n
        };
        let worker = Worker::new(&queue);
        let at_work =
            thread::spawn(move || worker.run(threads(2), move |_| handler.clone()).unwrap());
        eventually(|| queue.stats().unwrap().ended == 1);
        queue.push(2).unwrap();
        queue.close().unwrap();
        let report = at_work.join().unwrap();
        assert_eq!((report.done, report.reclaimed), (3, 1));
    });
}

#[test]
fn the_results_of_a_deleted_queue_end() {
    in_time(|| {
        let Some(server) = Server::start() else { return };
        let queue = queue(&server);
        queue.push(1).unwrap();
        let mut results = queue.results();
        let reader = thread::spawn(move || (results.next(), results.next()));
        queue.delete().unwrap();
        let (Some(Err(told)), None) = reader.join().unwrap() else { panic!("no results") };
        assert!(told.to_string().contains("deleted"), "{told}");
    });
}

#[test]
fn names_of_jobs_are_those_of_one_queue() {
    in_time(|| {
        let Some(server) = Server::start() else { return };
        let first = queue(&server);
        first.push_once("a", 1).unwrap();
        first.delete().unwrap();
        let second = queue(&server);
        let Pushed::Accepted(id) = second.push_once("a", 1).unwrap() else {
            panic!("the job was deleted with its queue")
        };
        assert_eq!(second.push_once("a", 1).unwrap(), Pushed::Known(id));
        assert_eq!(second.stats().unwrap().accepted, 1);
    });
}

#[test]
fn a_worker_goes_on_when_the_server_takes_changes_again() {
    in_time(|| {
        let Some(server) = Server::start() else { return };
        let queue = queue(&server);
        let worker = Held::start(Worker::new(&queue), |n| n);
        queue.push(1).unwrap();
        worker.wait_for_a_job();
        server.command(&["CONFIG", "SET", "min-replicas-to-write", "1"]);
        worker.go_on();
        // It was refused some times by now.
        let refused = || server.command(&["INFO", "errorstats"]).contains("NOREPLICAS:count=");
        eventually(refused);
        server.command(&["CONFIG", "SET", "min-replicas-to-write", "0"]);
        queue.close().unwrap();
        let report = worker.end();
        assert_eq!((report.end, report.done, report.unsettled), (WorkerEnd::Drained, 1, 0));
    });
}

#[test]
fn an_entry_of_very_many_words_is_buried() {
    in_time(|| {
        let Some(server) = Server::start() else { return };
        let queue = queue(&server);
        let words = vec!["w"; 20_000];
        server.command(&[&["XADD", "{q}:jobs", "*"], &*words].concat());
        queue.push(1).unwrap();
        queue.close().unwrap();
        let report = Worker::new(&queue).run(threads(1), |_| |n| n).unwrap();
        assert_eq!((report.undecodable, report.done, report.unsettled), (1, 1, 0));
        let outcomes: Vec<_> = queue.results().map(|ended| ended.unwrap().outcome).collect();
        assert!(matches!(&*outcomes, [Outcome::Undecodable(_), Outcome::Done(1)]), "{outcomes:?}");
        assert_eq!(queue.stats().unwrap().dead, 1);
    });
}

/// Panics when it is dropped, as a payload of a panic may.
struct Bomb;

impl Drop for Bomb {
    fn drop(&mut self) {
        if !thread::panicking() {
            panic!("on purpose");
        }
    }
}

#[test]
fn what_was_thrown_may_panic_in_its_drop() {
    in_time(|| {
        let Some(server) = Server::start() else { return };
        let queue = queue(&server);
        queue.push_batch(0..4).unwrap();
        queue.close().unwrap();
        let handler = |n| {
            if n == 2 {
                std::panic::panic_any(Bomb);
            }
            n
        };
        let report = Worker::new(&queue).run(threads(2), move |_| handler).unwrap();
        assert_eq!((report.end, report.done, report.panicked), (WorkerEnd::Drained, 3, 1));
    });
}

#[test]
fn workers_that_have_left_are_forgotten() {
    in_time(|| {
        let Some(server) = Server::start() else { return };
        let queue = queue(&server);
        queue.push_batch(0..40).unwrap();
        for _ in 0..20 {
            let worker = Held::start(Worker::new(&queue).batch(8), |n| n);
            worker.wait_for_a_job();
            worker.stop();
            assert_eq!(worker.end().end, WorkerEnd::Stopped);
        }
        let stats = queue.stats().unwrap();
        assert_eq!((stats.running, stats.waiting + stats.ended), (0, 40));
        let groups = server.command(&["XINFO", "CONSUMERS", "{q}:jobs"]);
        let known = server.command(&["XINFO", "GROUPS", "{q}:jobs"]);
        assert!(known.contains("consumers\r\n:1\r\n"), "{known} {groups}");
    });
}
