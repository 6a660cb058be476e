//! Queues without workers: what they accept, refuse and know.

use std::time::Duration;

use drainpool::redis::{
    Error, OpenError, PushRefusal, Pushed, QueueOptions, QueueState, RedisQueue, RedisShards,
    Worker, WorkerEnd,
};

use crate::server::{Server, in_time};

fn options() -> QueueOptions {
    QueueOptions::new()
}

#[test]
fn accepts_in_order_until_it_is_closed() {
    in_time(|| {
        let Some(server) = Server::start() else { return };
        let queue: RedisQueue<u32, u32> = server.queue(options());
        let first = queue.push(1).unwrap();
        let rest = queue.push_batch(2..=1_000).unwrap();
        assert_eq!(rest.len(), 999);
        assert!(first < rest[0] && rest.is_sorted());
        let stats = queue.stats().unwrap();
        assert_eq!((stats.state, stats.accepted, stats.waiting), (QueueState::Open, 1_000, 1_000));
        assert_eq!((stats.running, stats.ended, stats.dead), (0, 0, 0));
        assert_eq!(queue.close().unwrap(), QueueState::Closed);
        let refused = queue.push(7).unwrap_err();
        assert!(matches!(refused.reason(), PushRefusal::Closed), "{refused}");
        assert_eq!(refused.into_inner(), 7);
        let refused = queue.push_batch(0..3).unwrap_err();
        assert!(refused.accepted().is_empty());
        assert_eq!(refused.into_inner(), [0, 1, 2]);
        assert_eq!(queue.close().unwrap(), QueueState::Closed);
    });
}

#[test]
fn an_empty_queue_is_drained_by_its_close() {
    in_time(|| {
        let Some(server) = Server::start() else { return };
        let queue: RedisQueue<u32, u32> = server.queue(options());
        assert_eq!(queue.close().unwrap(), QueueState::Drained);
        assert!(queue.results().next().is_none());
        // Opened again, it is what it was.
        let again: RedisQueue<u32, u32> = server.queue(options());
        assert_eq!(again.close().unwrap(), QueueState::Drained);
        assert!(matches!(again.push(1).unwrap_err().reason(), PushRefusal::Closed));
        again.delete().unwrap();
        let anew: RedisQueue<u32, u32> = server.queue(options());
        anew.push(1).unwrap();
    });
}

#[test]
fn a_full_queue_gives_jobs_back() {
    in_time(|| {
        let Some(server) = Server::start() else { return };
        let queue: RedisQueue<u32, u32> = server.queue(options().capacity(5));
        assert_eq!(queue.push_batch(0..3).unwrap().len(), 3);
        let refused = queue.push_batch(3..10).unwrap_err();
        assert!(matches!(refused.reason(), PushRefusal::Full), "{refused}");
        assert_eq!(refused.accepted().len(), 2);
        assert_eq!(refused.into_inner(), [5, 6, 7, 8, 9]);
        assert!(matches!(queue.push(5).unwrap_err().reason(), PushRefusal::Full));
        assert!(matches!(queue.push_once("five", 5).unwrap_err().reason(), PushRefusal::Full));
        assert_eq!(queue.stats().unwrap().accepted, 5);
    });
}

#[test]
fn a_job_is_pushed_once() {
    in_time(|| {
        let Some(server) = Server::start() else { return };
        let queue: RedisQueue<u32, u32> = server.queue(options());
        let Pushed::Accepted(id) = queue.push_once("a", 1).unwrap() else { panic!("it is new") };
        assert_eq!(queue.push_once("a", 2).unwrap(), Pushed::Known(id));
        assert!(matches!(queue.push_once("b", 3).unwrap(), Pushed::Accepted(_)));
        assert_eq!(queue.stats().unwrap().accepted, 2);
        // Known for a while only.
        let brief: RedisQueue<u32, u32> =
            server.queue(options().known_for(Duration::from_millis(1)));
        brief.push_once("c", 4).unwrap();
        crate::server::eventually(|| matches!(brief.push_once("c", 4), Ok(Pushed::Accepted(_))));
    });
}

#[test]
fn settings_are_those_of_the_first() {
    in_time(|| {
        let Some(server) = Server::start() else { return };
        let lease = Duration::from_secs(60);
        let _first: RedisQueue<u32, u32> = server.queue(options().lease(lease).capacity(10));
        let opens = |options| RedisQueue::<u32, u32>::open(&server.address(), "q", options);
        let same = opens(options()).unwrap();
        assert!(format!("{same:?}").contains("60s"), "{same:?}");
        assert!(opens(options().capacity(10).lease(lease)).is_ok());
        let refused = opens(options().capacity(11)).unwrap_err();
        let OpenError::Differs { setting: "capacity", found: 10, asked: 11 } = refused else {
            panic!("{refused}")
        };
        for odd in [Duration::ZERO, Duration::MAX] {
            assert!(matches!(opens(options().lease(odd)), Err(OpenError::Lease(_))));
        }
        assert!(matches!(opens(options().capacity(0)), Err(OpenError::ZeroCapacity)));
        assert!(matches!(opens(options().max_deliveries(0)), Err(OpenError::ZeroDeliveries)));
        for odd in ["", "{q}"] {
            let opened = RedisQueue::<u32, u32>::open(&server.address(), odd, options());
            assert!(matches!(opened, Err(OpenError::Name(_))));
        }
        server.command(&["HSET", "{q}:meta", "format", "0"]);
        assert!(matches!(opens(options()), Err(OpenError::Format { .. })));
    });
}

#[test]
fn a_server_that_would_lose_jobs_is_refused() {
    in_time(|| {
        let Some(server) = Server::start_with(&["--appendonly", "no"]) else { return };
        let opens = |options| RedisQueue::<u32, u32>::open(&server.address(), "q", options);
        assert!(matches!(opens(options()), Err(OpenError::Volatile)));
        opens(options().allow_volatile()).unwrap();
        server.command(&["CONFIG", "SET", "maxmemory-policy", "allkeys-lru"]);
        let refused = opens(options().allow_volatile()).unwrap_err();
        assert!(refused.to_string().contains("noeviction"), "{refused}");
    });
}

#[test]
fn no_error_tells_a_password() {
    in_time(|| {
        let settings = ["--requirepass", "open-sesame", "--appendonly", "yes"];
        let Some(server) = Server::start_with(&settings) else { return };
        let opens = |login: &str| {
            let address = format!("redis://{login}127.0.0.1:{}", server.port());
            RedisQueue::<u32, u32>::open(&address, "q", options())
        };
        let queue = opens(":open-sesame@").unwrap();
        queue.push(1).unwrap();
        assert!(!format!("{queue:?}").contains("sesame"));
        for login in ["", ":wrong-secret@", "someone:wrong-secret@"] {
            let refused = opens(login).unwrap_err();
            let told = format!("{refused} {refused:?}");
            assert!(!told.contains("secret") && !told.contains("sesame"), "{told}");
        }
    });
}

#[test]
fn an_address_without_a_server_is_told() {
    in_time(|| {
        let opens = |address| RedisQueue::<u32, u32>::open(address, "q", options());
        assert!(matches!(opens("http://localhost"), Err(OpenError::Address(_))));
        // Nobody listens on this port, which needs a right of its own.
        let refused = opens("redis://127.0.0.1:1").unwrap_err();
        assert!(matches!(refused, OpenError::Call(Error::Unreachable(_))), "{refused:?}");
    });
}

#[test]
fn memory_that_is_used_up_refuses_jobs_only() {
    in_time(|| {
        let Some(server) = Server::start() else { return };
        let queue: RedisQueue<String, u32> = server.queue(options());
        queue.push("first".into()).unwrap();
        server.command(&["CONFIG", "SET", "maxmemory", "1"]);
        let refused = queue.push("second".into()).unwrap_err();
        assert!(matches!(refused.reason(), PushRefusal::OutOfMemory), "{refused}");
        assert_eq!(refused.into_inner(), "second");
        // What is there goes on.
        let worker = Worker::new(&queue);
        assert_eq!(queue.close().unwrap(), QueueState::Closed);
        let builder = drainpool::ThreadPoolBuilder::new().num_threads(1);
        let report = worker.run(builder, |_| |word: String| word.len() as u32).unwrap();
        assert_eq!((report.end, report.done), (WorkerEnd::Drained, 1));
    });
}

#[test]
fn shards_are_drained_when_all_are() {
    in_time(|| {
        let Some(server) = Server::start() else { return };
        let address = server.address();
        let addresses = [&*address; 3];
        let shards: RedisShards<u32, u32> = RedisShards::open(&addresses, "q", &options()).unwrap();
        for n in 0..300 {
            let name = format!("job-{n}");
            assert!(matches!(shards.push_once(&name, n).unwrap(), Pushed::Accepted(_)));
            assert!(matches!(shards.push_once(&name, n).unwrap(), Pushed::Known(_)));
        }
        assert_eq!(shards.close().unwrap(), QueueState::Closed);
        let mut results = Vec::new();
        for queue in shards.queues() {
            assert!(queue.stats().unwrap().accepted > 50, "all have a part");
            let builder = drainpool::ThreadPoolBuilder::new().num_threads(2);
            Worker::new(queue).run(builder, |_| |n: u32| n).unwrap();
            results.extend(queue.results().map(|it| it.unwrap().outcome.into_result().unwrap()));
        }
        assert_eq!(shards.close().unwrap(), QueueState::Drained);
        results.sort_unstable();
        assert!(results.into_iter().eq(0..300));
        assert!(RedisShards::<u32, u32>::open(&[], "q", &options()).is_err());
    });
}

#[test]
fn a_close_beside_pushes_loses_none() {
    in_time(|| {
        let Some(server) = Server::start() else { return };
        for round in 0..5 {
            let name = format!("race-{round}");
            let open =
                || RedisQueue::<u32, u32>::open(&server.address(), &name, options()).unwrap();
            let queue = open();
            let worker = Worker::new(&queue);
            let at_work = std::thread::spawn(move || {
                let builder = drainpool::ThreadPoolBuilder::new().num_threads(2);
                worker.run(builder, |_| |n: u32| n).unwrap()
            });
            let pushers: Vec<_> = (0..4)
                .map(|_| {
                    // Each on a connection of its own.
                    let queue = open();
                    std::thread::spawn(move || {
                        let mut ids = Vec::new();
                        loop {
                            match queue.push(1) {
                                Ok(id) => ids.push(id),
                                Err(refused) => {
                                    assert!(matches!(refused.reason(), PushRefusal::Closed));
                                    return ids;
                                }
                            }
                        }
                    })
                })
                .collect();
            crate::server::eventually(|| queue.stats().unwrap().ended > 20);
            queue.close().unwrap();
            let accepted = pushers.into_iter().flat_map(|pusher| pusher.join().unwrap());
            let mut accepted: Vec<_> = accepted.collect();
            assert_eq!(at_work.join().unwrap().end, WorkerEnd::Drained);
            let mut ended: Vec<_> = queue.results().map(|ended| ended.unwrap().id).collect();
            accepted.sort_unstable();
            ended.sort_unstable();
            assert_eq!(accepted, ended);
        }
    });
}

#[test]
fn a_queue_that_is_to_exist_is_not_made() {
    in_time(|| {
        let Some(server) = Server::start() else { return };
        let opens = || RedisQueue::<u32, u32>::open(&server.address(), "q", options().existing());
        assert!(matches!(opens(), Err(OpenError::Missing)));
        let queue: RedisQueue<u32, u32> = server.queue(options());
        queue.push(1).unwrap();
        assert_eq!(opens().unwrap().stats().unwrap().accepted, 1);
        queue.delete().unwrap();
        assert!(matches!(opens(), Err(OpenError::Missing)));
        assert!(matches!(queue.stats(), Err(Error::Deleted)));
        assert!(matches!(queue.close(), Err(Error::Deleted)));
        let refused = queue.push(2).unwrap_err();
        assert!(matches!(refused.reason(), PushRefusal::Call(Error::Deleted)), "{refused}");
    });
}

#[test]
fn what_is_dead_can_be_looked_at() {
    in_time(|| {
        let Some(server) = Server::start() else { return };
        let words: RedisQueue<String, u32> = server.queue(options());
        let id = words.push("seven".into()).unwrap();
        words.close().unwrap();
        // A worker that expects numbers.
        let numbers: RedisQueue<u32, u32> = server.queue(options());
        let builder = drainpool::ThreadPoolBuilder::new().num_threads(1);
        let report = Worker::new(&numbers).run(builder, |_| |n: u32| n).unwrap();
        assert_eq!(report.undecodable, 1);
        let dead = numbers.dead_jobs(10).unwrap();
        assert_eq!((dead.len(), dead[0].id), (1, id));
        assert_eq!(dead[0].payload.as_deref(), Some(&b"\"seven\""[..]));
        assert!(dead[0].why.contains("expected"), "{}", dead[0].why);
    });
}

#[test]
fn a_restart_of_the_server_is_no_error_of_what_can_be_repeated() {
    in_time(|| {
        let Some(mut server) = Server::start() else { return };
        let queue: RedisQueue<u32, u32> = server.queue(options());
        let id = queue.push_once("a", 1).unwrap().id();
        for _ in 0..2 {
            server.kill();
            server.restart();
            assert_eq!(queue.stats().unwrap().accepted, 1);
            server.kill();
            server.restart();
            assert_eq!(queue.push_once("a", 1).unwrap(), Pushed::Known(id));
            server.kill();
            server.restart();
            queue.forget_results(id).unwrap();
        }
    });
}

#[test]
fn a_name_is_known_after_the_close_and_for_ever_if_asked() {
    in_time(|| {
        let Some(server) = Server::start() else { return };
        let queue: RedisQueue<u32, u32> = server.queue(options().known_for(Duration::MAX));
        let id = queue.push_once("a", 1).unwrap().id();
        queue.close().unwrap();
        assert_eq!(queue.push_once("a", 1).unwrap(), Pushed::Known(id));
        assert!(matches!(queue.push_once("b", 1).unwrap_err().reason(), PushRefusal::Closed));
    });
}
