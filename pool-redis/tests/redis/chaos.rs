//! All at once: workers are killed and frozen at random, the server is killed, and some jobs kill their workers.

use std::collections::HashMap;
use std::env;
use std::thread;
use std::time::{Duration, Instant};

use drainpool::ThreadPoolBuilder;
use drainpool::redis::{Outcome, QueueOptions, QueueState, RedisQueue, Worker, WorkerEnd};

use crate::server::{Process, Server, address_of_process, eventually};

const LEASE: Duration = Duration::from_millis(700);
const WORKERS: usize = 6;
const DELIVERIES: u64 = 20;
const AT_WORK: &str = "chaos::process_in_chaos";

fn options() -> QueueOptions {
    QueueOptions::new().lease(LEASE).max_deliveries(DELIVERIES)
}

#[test]
fn process_in_chaos() {
    let Some(address) = address_of_process() else { return };
    let opened = RedisQueue::<u64, u64>::open(&address, "q", options());
    // The server may be away at this moment: another process is started.
    let Ok(queue) = opened else { std::process::exit(3) };
    let handler = |n: u64| {
        if is_poison(n) {
            std::process::abort();
        }
        // Some take a while.
        if n.is_multiple_of(50) {
            thread::sleep(Duration::from_millis(n % 60));
        }
        n * 3
    };
    let run =
        Worker::new(&queue).batch(8).run(ThreadPoolBuilder::new().num_threads(2), move |_| handler);
    std::process::exit(i32::from(!run.is_ok_and(|report| report.end == WorkerEnd::Drained)));
}

/// Two jobs kill the worker that runs them.
fn is_poison(n: u64) -> bool {
    n == 77 || n == 333
}

/// `POOL_REDIS_JOBS` and `POOL_REDIS_ROUNDS` make it as long as one likes, `POOL_REDIS_SEED` another one.
#[test]
fn every_job_has_one_outcome_whatever_happens() {
    let number = |name, default| env::var(name).map_or(default, |text| text.parse().unwrap());
    let (jobs, rounds) = (number("POOL_REDIS_JOBS", 1_500), number("POOL_REDIS_ROUNDS", 1));
    let seed = number("POOL_REDIS_SEED", 0);
    for seed in seed..seed + rounds {
        let Some(server) = Server::start() else { return };
        one_round(server, jobs, seed);
    }
}

fn one_round(mut server: Server, jobs: u64, seed: u64) {
    let mut random = fastrand::Rng::with_seed(seed);
    let queue: RedisQueue<u64, u64> = server.queue(options());
    let start = |server: &Server| Process::start(AT_WORK, &server.address());
    let mut workers: Vec<_> = (0..WORKERS).map(|_| start(&server)).collect();
    let (mut accepted, mut kills, mut freezes) = (HashMap::new(), 0, 0);
    let begun = Instant::now();
    let (mut next, mut server_kills, mut closed) = (0, 0, false);
    // When the frozen workers are to go on.
    let (mut next_blow, mut thaws) = (begun, Vec::new());
    loop {
        // Some more jobs, each until it is known to be accepted.
        for _ in 0..50.min(jobs - next) {
            let mut pushed = None;
            eventually(|| {
                pushed = queue.push_once(&next.to_string(), next).ok();
                pushed.is_some()
            });
            accepted.insert(pushed.unwrap().id(), next);
            next += 1;
        }
        if next == jobs && !closed {
            closed = queue.close().is_ok();
        }
        if server_kills < 2 && next > jobs / 3 * (server_kills + 1) {
            server.kill();
            server.restart();
            server_kills += 1;
        }
        if Instant::now() >= next_blow {
            next_blow = Instant::now() + Duration::from_millis(random.u64(50..400));
            let at = random.usize(..WORKERS);
            let worker = &mut workers[at];
            if worker.0.try_wait().unwrap().is_none() {
                if random.bool() {
                    worker.kill();
                    kills += 1;
                } else {
                    worker.signal("STOP");
                    thaws.push((Instant::now() + Duration::from_millis(random.u64(..1_400)), at));
                    freezes += 1;
                }
            }
        }
        thaws.retain(|(time, at)| {
            let is_frozen = Instant::now() < *time;
            if !is_frozen && workers[*at].0.try_wait().unwrap().is_none() {
                workers[*at].signal("CONT");
            }
            is_frozen
        });
        if queue.stats().is_ok_and(|stats| stats.state == QueueState::Drained) {
            break;
        }
        for worker in &mut workers {
            if worker.0.try_wait().unwrap().is_some() {
                *worker = start(&server);
            }
        }
    }
    let drained = Instant::now();
    for (_, at) in thaws {
        if workers[at].0.try_wait().unwrap().is_none() {
            workers[at].signal("CONT");
        }
    }
    let ended = |worker: &mut Process| worker.0.try_wait().unwrap().is_some();
    eventually(|| workers.iter_mut().all(ended));
    let gone = drained.elapsed();
    let (mut dead, mut outcomes) = (0, HashMap::new());
    for ended in queue.results() {
        let ended = ended.unwrap();
        match ended.outcome {
            Outcome::Done(n) => assert_eq!(accepted[&ended.id] * 3, n),
            Outcome::Dead { deliveries: DELIVERIES } => {
                assert!(is_poison(accepted[&ended.id]));
                dead += 1;
            }
            other => panic!("{other:?}"),
        }
        assert!(outcomes.insert(ended.id, ()).is_none(), "none twice");
    }
    println!(
        "round {seed}: {} accepted, {} outcomes, {dead} dead; {kills} kills, {freezes} freezes, {server_kills} of the \
         server; {:.1} s, workers gone {:.2} s after the end",
        accepted.len(),
        outcomes.len(),
        begun.elapsed().as_secs_f64(),
        gone.as_secs_f64()
    );
    assert_eq!((accepted.len(), outcomes.len(), dead), (jobs as usize, jobs as usize, 2));
}
