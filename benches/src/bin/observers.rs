//! Measures what observers cost the jobs of a pool.
//!
//! ```text
//! cargo run --release -p pool-benches --bin observers
//! ```

use std::error::Error;
use std::io;
use std::sync::Arc;

use clap::Parser;
use drainpool::{
    Histograms, Metrics, Observer, ThreadPool, ThreadPoolBuilder, Timeline, TraceEvents,
};
use metrics_exporter_prometheus::PrometheusBuilder;
use pool_benches::columns::Columns;

/// Measures what observers cost, in nanoseconds a job: the median of several rounds.
#[derive(Parser)]
struct Args {
    /// How many jobs a round has
    #[arg(long, default_value_t = 100_000, value_parser = clap::value_parser!(u32).range(1..))]
    jobs: u32,
    /// How many rounds there are
    #[arg(long, default_value_t = 5, value_parser = clap::value_parser!(u32).range(1..))]
    rounds: u32,
    /// How many workers the pools have
    #[arg(long, default_value_t = 2)]
    threads: usize,
}

type Outcome<T = ()> = Result<T, Box<dyn Error + Send + Sync>>;

/// A pool, and its times.
struct Contestant {
    name: &'static str,
    pool: ThreadPool,
    times: Columns<3>,
}

/// What is measured, in this order.
const WORKLOADS: [&str; 3] = ["execute", "nested", "spawn"];

/// An observer that does nothing.
struct Nothing;

impl Observer for Nothing {}

impl Contestant {
    fn new(name: &'static str, pool: ThreadPool) -> Self {
        Self { name, pool, times: Columns::default() }
    }

    /// Runs each workload once.
    fn round(&mut self, jobs: u32) -> Outcome {
        let Self { pool, times, .. } = self;
        let mut timed = |workload, run: &dyn Fn() -> Outcome| times.time(workload, jobs, run);
        timed(0, &|| {
            for _ in 0..jobs {
                pool.execute(|| ())?;
            }
            Ok(pool.wait_idle()?)
        })?;
        timed(1, &|| {
            let handle = pool.handle();
            pool.execute(move || {
                for _ in 1..jobs {
                    handle.execute(|| ()).expect("a nested job is accepted");
                }
            })?;
            Ok(pool.wait_idle()?)
        })?;
        timed(2, &|| {
            let spawned: Result<Vec<_>, _> = (0..jobs).map(|n| pool.spawn(move || n)).collect();
            for job in spawned? {
                job.join()?;
            }
            Ok(())
        })
    }
}

fn main() -> Outcome {
    let args = Args::parse();
    let builder = || ThreadPoolBuilder::new().num_threads(args.threads);
    let recorder = Arc::new(PrometheusBuilder::new().build_recorder());
    let metrics = || Metrics::with_recorder("benches", recorder.clone());
    let mut contestants = [
        Contestant::new("without", builder().build()?),
        Contestant::new("one that does nothing", builder().observer(Nothing).build()?),
        Contestant::new("TraceEvents, unheard", builder().observer(TraceEvents::new("a")).build()?),
        Contestant::new("Histograms", builder().observer(Histograms::new()).build()?),
        Contestant::new(
            "Histograms, 1 in 101",
            builder().observer(Histograms::one_in(101)).build()?,
        ),
        Contestant::new("Metrics, Prometheus", builder().observer(metrics()).build()?),
        Contestant::new("the same, 1 in 101", builder().observer(metrics().one_in(101)).build()?),
        Contestant::new(
            "Timeline, to nowhere",
            builder().observer(Timeline::new(io::sink())?).build()?,
        ),
    ];
    for _ in 0..args.rounds {
        for contestant in &mut contestants {
            contestant.round(args.jobs)?;
        }
    }
    println!("{}", Columns::head(WORKLOADS));
    for Contestant { name, times, .. } in &contestants {
        println!("{}", times.row(name));
    }
    Ok(())
}
