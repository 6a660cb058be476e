//! Measures what control costs: priorities, lanes, tracked jobs and calls beside the plain call, a pool whose
//! number of threads changes all the time, and taking back a long queue.
//!
//! ```text
//! cargo run --release -p pool-benches --bin control
//! ```

use std::error::Error;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread;
use std::time::{Duration, Instant};

use clap::Parser;
use drainpool::{
    AnyQueue, Backend, Completed, Job, JobHandle, LanesExt, PoolBuilder, Priority, Task,
    ThreadPoolBuilder, sink_fn,
};
use pool_benches::statistics::Summary;

/// Measures what control costs, in nanoseconds a job: the median of several rounds.
#[derive(Parser)]
struct Args {
    /// How many jobs a round has
    #[arg(long, default_value_t = 200_000, value_parser = clap::value_parser!(u32).range(1..))]
    jobs: u32,
    /// How many rounds there are
    #[arg(long, default_value_t = 7, value_parser = clap::value_parser!(u32).range(1..))]
    rounds: u32,
    /// How many workers the pools have
    #[arg(long, default_value_t = 2)]
    threads: usize,
    /// How many jobs wait when all are taken back
    #[arg(long, default_value_t = 1_000_000)]
    queued: u32,
}

type Outcome<T = ()> = Result<T, Box<dyn Error + Send + Sync>>;
type Pool = drainpool::Pool<Task, (), AnyQueue<Job<Task>>>;

/// A way to submit jobs, after which the pool is idle.
type Way = (&'static str, fn(&Pool, u32) -> Outcome);

const WAYS: &[Way] = &[
    ("execute", execute),
    ("priority", |pool, jobs| {
        for n in 0..jobs {
            let priority = if n % 8 == 0 { Priority::HIGH } else { Priority::NORMAL };
            pool.with(priority).execute(|| ())?;
        }
        Ok(pool.wait_idle()?)
    }),
    ("lane", |pool, jobs| {
        let lane = pool.lane(1);
        for _ in 0..jobs {
            lane.execute(|| ())?;
        }
        Ok(pool.wait_idle()?)
    }),
    ("1,000 lanes", |pool, jobs| {
        let lanes = pool.lanes::<u32>();
        for n in 0..jobs {
            lanes.lane(&(n % 1_000)).execute(|| ())?;
        }
        Ok(pool.wait_idle()?)
    }),
    ("resized", |pool, jobs| {
        let is_done = AtomicBool::new(false);
        thread::scope(|scope| {
            scope.spawn(|| {
                for threads in (1..=pool.max_threads()).cycle() {
                    // In range, and so accepted.
                    let _ = pool.set_num_threads(threads);
                    thread::sleep(Duration::from_micros(500));
                    if is_done.load(Ordering::Relaxed) {
                        return;
                    }
                }
            });
            let executed = execute(pool, jobs);
            is_done.store(true, Ordering::Relaxed);
            executed
        })
    }),
];

fn execute(pool: &Pool, jobs: u32) -> Outcome {
    for _ in 0..jobs {
        pool.execute(|| ())?;
    }
    Ok(pool.wait_idle()?)
}

fn main() -> Outcome {
    let args = Args::parse();
    print!("{:10}", "ns a job");
    WAYS.iter().for_each(|(name, _)| print!("{name:>12}"));
    println!("{:>12}{:>12}{:>12}{:>16}", "tracked", "spawn", "call", "taken back, ms");
    for backend in Backend::available() {
        print!("{:10}", backend.to_string());
        let pool = builder(*backend, &args).build()?;
        for (_, way) in WAYS {
            print!("{:12.0}", median(&args, || way(&pool, args.jobs))?);
            pool.set_num_threads(args.threads)?;
        }
        let tracked = builder(*backend, &args).track_jobs().build()?;
        print!("{:12.0}", median(&args, || execute(&tracked, args.jobs))?);
        print!(
            "{:12.0}{:12.0}",
            median_of_spawns(&pool, &args)?,
            median_of_calls(*backend, &args)?
        );
        println!("{:16.0}", taken_back(*backend, &args)?);
    }
    Ok(())
}

fn builder(backend: Backend, args: &Args) -> PoolBuilder<Backend> {
    let builder = ThreadPoolBuilder::new().backend(backend);
    builder.num_threads(args.threads).max_threads(2 * args.threads)
}

/// The median time of a round, in nanoseconds a job.
fn median(args: &Args, mut round: impl FnMut() -> Outcome) -> Outcome<f64> {
    let mut times = Vec::new();
    for _ in 0..args.rounds {
        let start = Instant::now();
        round()?;
        times.push(start.elapsed().as_secs_f64() * 1e9 / f64::from(args.jobs));
    }
    Ok(Summary::of(&times).median)
}

fn median_of_spawns(pool: &Pool, args: &Args) -> Outcome<f64> {
    median(args, || {
        let jobs: Result<Vec<_>, _> = (0..args.jobs).map(|n| pool.spawn(move || n)).collect();
        join_all(jobs?)
    })
}

fn median_of_calls(backend: Backend, args: &Args) -> Outcome<f64> {
    let builder = builder(backend, args).sink(sink_fn(|_: Completed<u32>| ()));
    let pool = builder.build_with(|_worker| |n: u32| n)?;
    median(args, || {
        let calls: Result<Vec<_>, _> = (0..args.jobs).map(|n| pool.call(n)).collect();
        join_all(calls?)
    })
}

fn join_all(jobs: Vec<JobHandle<u32>>) -> Outcome {
    for job in jobs {
        job.join()?;
    }
    Ok(())
}

/// The time in which all jobs are taken back from a paused pool, in milliseconds.
fn taken_back(backend: Backend, args: &Args) -> Outcome<f64> {
    let mut times = Vec::new();
    for _ in 0..args.rounds {
        let pool = builder(backend, args).paused().build_with(|_worker| |_job: u64| ())?;
        for n in 0..args.queued {
            pool.submit(u64::from(n))?;
        }
        let start = Instant::now();
        let jobs = pool.shutdown_now();
        times.push(start.elapsed().as_secs_f64() * 1e3);
        assert_eq!(jobs.len(), args.queued as usize);
    }
    Ok(Summary::of(&times).median)
}
