//! Jobs that do nothing, through push, run and settle: how many a second, by one and four worker processes, a job at a
//! time and 64, beside `redis-benchmark` for `XADD` alone on the same server.
//!
//! ```text
//! cargo run --release -p pool-redis --example throughput -- redis://127.0.0.1
//! ```

use std::env;
use std::error::Error;
use std::process::{Child, Command};
use std::time::Instant;

use drainpool::ThreadPoolBuilder;
use drainpool::redis::{QueueOptions, QueueState, RedisQueue, Worker};

type Queue = RedisQueue<u32, ()>;

fn open(address: &str) -> Result<Queue, Box<dyn Error>> {
    Ok(Queue::open(address, "throughput", QueueOptions::new().allow_volatile())?)
}

fn main() -> Result<(), Box<dyn Error>> {
    let words: Vec<String> = env::args().collect();
    match &words[1..] {
        [address] => compare(address),
        [address, batch] => work(address, batch.parse()?),
        _ => Err("throughput ADDRESS".into()),
    }
}

fn work(address: &str, batch: usize) -> Result<(), Box<dyn Error>> {
    let builder = ThreadPoolBuilder::new().num_threads(1);
    Worker::new(&open(address)?).batch(batch).run(builder, |_thread| |_job| ())?;
    Ok(())
}

fn compare(address: &str) -> Result<(), Box<dyn Error>> {
    let bare = xadd(address)?;
    println!("XADD alone, 50 connections: {bare:.0} a second");
    for workers in [1, 4] {
        for (batch, jobs) in [(1, 20_000), (64, 200_000)] {
            let rate = measure(address, workers, batch, jobs)?;
            println!(
                "{workers} worker processes, batches of {batch}: {rate:.0} jobs a second, {:.2} of XADD alone",
                rate / bare
            );
        }
    }
    Ok(())
}

/// From the first push to the last outcome.
fn measure(address: &str, workers: usize, batch: usize, jobs: u32) -> Result<f64, Box<dyn Error>> {
    let queue = open(address)?;
    queue.delete()?;
    let queue = open(address)?;
    let start = || Command::new(env::current_exe()?).args([address, &batch.to_string()]).spawn();
    let mut processes = (0..workers).map(|_| start()).collect::<Result<Vec<Child>, _>>()?;
    let begun = Instant::now();
    if batch == 1 {
        for job in 0..jobs {
            queue.push(job)?;
        }
    } else {
        queue.push_batch(0..jobs)?;
    }
    queue.close()?;
    for process in &mut processes {
        if !process.wait()?.success() {
            return Err("a worker has failed".into());
        }
    }
    let time = begun.elapsed().as_secs_f64();
    let stats = queue.stats()?;
    if (stats.state, stats.ended) != (QueueState::Drained, u64::from(jobs)) {
        return Err(format!("jobs are missing: {stats:?}").into());
    }
    queue.delete()?;
    Ok(f64::from(jobs) / time)
}

/// What `redis-benchmark` says of `XADD`.
fn xadd(address: &str) -> Result<f64, Box<dyn Error>> {
    let words = ["-u", address, "-q", "--csv", "-n", "200000"];
    let command = ["XADD", "throughput-alone", "MAXLEN", "~", "1000", "*", "v", "1", "j", "12345"];
    let told = Command::new("redis-benchmark").args(words).args(command).output()?;
    let told = String::from_utf8(told.stdout)?;
    let line = told.lines().last().ok_or("`redis-benchmark` says nothing")?;
    let rate = line.split("\",\"").nth(1).ok_or("`redis-benchmark` says nothing of use")?;
    Ok(rate.trim_matches('"').parse()?)
}
