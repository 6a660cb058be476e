//! How many jobs that do nothing go through a queue in a second: pushed, run and settled, beside what
//! `redis-benchmark` appends to a stream of the same server with as many connections and commands at a time.
//!
//! ```text
//! cargo run --release -p pool-redis --example throughput -- --rounds 5
//! ```
//!
//! It needs `redis-server` and `redis-benchmark`. In each round all scenes take turns, and a ratio is one of two
//! figures of the same round; what is printed is the median of the rounds.

#[allow(dead_code, reason = "the tests use all of it")]
#[path = "../tests/redis/server.rs"]
mod server;

use std::env;
use std::process::{Child, Command, Stdio};
use std::thread;
use std::time::Instant;

use clap::Parser;
use drainpool::ThreadPoolBuilder;
use drainpool::redis::{QueueOptions, QueueState, RedisQueue, Worker, WorkerEnd};

use crate::server::{Server, eventually};

/// The variable of the environment that makes this a worker: address of the server, and batch.
const WORKER: &str = "POOL_REDIS_THROUGHPUT_WORKER";
/// Worker processes and batch of each scene.
const SCENES: [(usize, usize); 4] = [(1, 1), (1, 64), (4, 1), (4, 64)];

type Queue = RedisQueue<u64, ()>;

#[derive(Parser)]
struct Args {
    /// Jobs of a scene with batches; a tenth of it without
    #[arg(long, default_value_t = 100_000)]
    jobs: usize,
    /// How often each scene is measured
    #[arg(long, default_value_t = 3)]
    rounds: usize,
    /// When the server writes to its disk: `always` is before it answers
    #[arg(long, default_value = "always", value_parser = ["always", "everysec", "no"])]
    fsync: String,
    /// The server's `stream-node-max-entries`
    #[arg(long, default_value_t = 100)]
    node: u32,
}

/// What one scene has brought, each in jobs or commands a second.
#[derive(Default)]
struct Figures {
    push: f64,
    work: f64,
    both: f64,
    xadd: f64,
    ratio: f64,
    /// The server's processor time, in microseconds for each job.
    server: f64,
}

fn main() {
    if let Ok(worker) = env::var(WORKER) {
        return work(&worker);
    }
    let args = Args::parse();
    let node = args.node.to_string();
    let settings = [
        ["--appendonly", "yes"],
        ["--appendfsync", &args.fsync],
        ["--stream-node-max-entries", &node],
    ];
    let Some(server) = Server::start_with(settings.as_flattened()) else { return };
    let mut rounds: Vec<Vec<Figures>> = SCENES.iter().map(|_| Vec::new()).collect();
    for _ in 0..args.rounds {
        for (&scene, figures) in SCENES.iter().zip(&mut rounds) {
            figures.push(measure(&server, scene, args.jobs));
        }
    }
    println!("appendfsync {}, medians of {} rounds, jobs/s", args.fsync, args.rounds);
    println!("processes  batch    push    work    both    XADD  both/XADD  server's us/job");
    for ((workers, batch), figures) in SCENES.into_iter().zip(&rounds) {
        let of = |figure: fn(&Figures) -> f64| median(figures.iter().map(figure).collect());
        let [push, work, both] = [of(|f| f.push), of(|f| f.work), of(|f| f.both)];
        let [xadd, ratio, server] = [of(|f| f.xadd), of(|f| f.ratio), of(|f| f.server)];
        println!(
            "{workers:9} {batch:6} {push:7.0} {work:7.0} {both:7.0} {xadd:7.0} {ratio:10.2} {server:16.1}"
        );
    }
}

/// The role of a worker process: runs jobs until the queue is drained.
fn work(told: &str) {
    let (address, batch) = told.rsplit_once(' ').expect("an address and a batch");
    let queue = Queue::open(address, "q", QueueOptions::new()).expect("the queue");
    let worker = Worker::new(&queue).batch(batch.parse().expect("a number"));
    let report = worker.run(ThreadPoolBuilder::new().num_threads(1), |_| |_| ()).expect("a report");
    assert_eq!(report.end, WorkerEnd::Drained);
}

fn measure(server: &Server, (workers, batch): (usize, usize), jobs: usize) -> Figures {
    let jobs = if batch == 1 { jobs / 10 } else { jobs } / (workers * batch) * (workers * batch);
    let per_second = |start: Instant| jobs as f64 / start.elapsed().as_secs_f64();
    let xadd = append(server, workers, batch, jobs);

    // First one after the other.
    let queue = fresh(server);
    let start = Instant::now();
    push(server, workers, batch, jobs);
    let push_alone = per_second(start);
    queue.close().expect("the queue closes");
    let start = Instant::now();
    let processes = start_workers(server, workers, batch);
    wait_until_drained(&queue, processes);
    let work = per_second(start);

    // Then both at a time, with workers that wait already.
    let queue = fresh(server);
    let processes = start_workers(server, workers, batch);
    let waiting = format!("blocked_clients:{workers}");
    eventually(|| server.command(&["INFO", "clients"]).lines().any(|line| line == waiting));
    let (start, used) = (Instant::now(), processor_time(server));
    push(server, workers, batch, jobs);
    queue.close().expect("the queue closes");
    wait_until_drained(&queue, processes);
    let both = per_second(start);
    let used = (processor_time(server) - used) * 1e6 / jobs as f64;
    Figures { push: push_alone, work, both, xadd, ratio: both / xadd, server: used }
}

/// A queue without a past.
fn fresh(server: &Server) -> Queue {
    server.command(&["FLUSHALL"]);
    server.queue(QueueOptions::new())
}

/// Pushes the jobs over as many connections as there are workers.
fn push(server: &Server, connections: usize, batch: usize, jobs: usize) {
    thread::scope(|scope| {
        for _ in 0..connections {
            scope.spawn(|| {
                let queue: Queue = server.queue(QueueOptions::new());
                for first in (0..(jobs / connections) as u64).step_by(batch) {
                    match batch {
                        1 => drop(queue.push(first).expect("a job is accepted")),
                        _ => drop(
                            queue
                                .push_batch(first..first + batch as u64)
                                .expect("jobs are accepted"),
                        ),
                    }
                }
            });
        }
    });
}

fn start_workers(server: &Server, workers: usize, batch: usize) -> Vec<Child> {
    let start = |_| {
        let mut command = Command::new(env::current_exe().expect("this program"));
        command.env(WORKER, format!("{} {batch}", server.address())).spawn().expect("a worker")
    };
    (0..workers).map(start).collect()
}

/// Waits until all workers have left, which they do when the queue is drained.
fn wait_until_drained(queue: &Queue, workers: Vec<Child>) {
    for mut worker in workers {
        assert!(worker.wait().expect("the end of a worker").success());
    }
    assert_eq!(queue.stats().expect("the numbers").state, QueueState::Drained);
}

/// The commands a second that `redis-benchmark` measures for `XADD`.
fn append(server: &Server, clients: usize, pipeline: usize, commands: usize) -> f64 {
    server.command(&["FLUSHALL"]);
    let [clients, pipeline, commands] =
        [clients, pipeline, commands].map(|number| number.to_string());
    let output = Command::new("redis-benchmark")
        .args([
            "-p",
            &server.port().to_string(),
            "-c",
            &clients,
            "-P",
            &pipeline,
            "-n",
            &commands,
            "--csv",
        ])
        .args(["XADD", "bench", "*", "v", "1", "j", "12345"])
        .stderr(Stdio::inherit())
        .output()
        .expect("redis-benchmark runs");
    let text = String::from_utf8_lossy(&output.stdout);
    let line = text.lines().last().unwrap_or_default();
    let figure = line.split("\",\"").nth(1).and_then(|figure| figure.parse().ok());
    figure.unwrap_or_else(|| panic!("redis-benchmark printed {text}"))
}

/// The processor time that the server has used, in seconds.
fn processor_time(server: &Server) -> f64 {
    let report = server.command(&["INFO", "cpu"]);
    let used = report.lines().filter_map(|line| {
        let (name, seconds) = line.split_once(':')?;
        matches!(name, "used_cpu_sys" | "used_cpu_user")
            .then(|| seconds.trim().parse::<f64>().ok())?
    });
    used.sum()
}

fn median(mut figures: Vec<f64>) -> f64 {
    figures.sort_by(f64::total_cmp);
    figures[figures.len() / 2]
}
