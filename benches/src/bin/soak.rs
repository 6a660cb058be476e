//! Runs very many jobs through each backend and checks that each ran exactly once:
//! `cargo run --release -p pool-benches --bin soak -- --jobs 100000000`.
//!
//! Prints the books, the time and the memory of the process before, between and after.

use std::error::Error;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Instant;

use clap::Parser;
use drainpool::{Backend, ThreadPoolBuilder};
use pool_benches::{progress, resident};

/// Jobs are submitted in bursts of this many, and the pool is idle in between.
const BURST: u64 = 1_000_000;

/// Runs very many jobs and checks that each ran exactly once.
#[derive(Parser)]
struct Args {
    /// How many jobs each backend runs
    #[arg(long, default_value_t = 10_000_000, value_parser = clap::value_parser!(u64).range(1..))]
    jobs: u64,
    /// How many workers the pools have
    #[arg(long, default_value_t = 2)]
    threads: usize,
    /// Only this backend
    #[arg(long)]
    backend: Option<Backend>,
}

fn main() -> Result<(), Box<dyn Error>> {
    let args = Args::parse();
    let backends = match &args.backend {
        Some(backend) => std::slice::from_ref(backend),
        None => Backend::available(),
    };
    for backend in backends {
        soak(*backend, &args)?;
    }
    Ok(())
}

fn soak(backend: Backend, args: &Args) -> Result<(), Box<dyn Error>> {
    let ran = Bits::new(args.jobs);
    let pool = ThreadPoolBuilder::new().backend(backend).num_threads(args.threads).build()?;
    let bar = progress::bar(args.jobs, backend.to_string());
    let (start, mut peak) = (Instant::now(), 0);
    let mut first = None;
    for begin in (0..args.jobs).step_by(BURST as usize) {
        let end = (begin + BURST).min(args.jobs);
        for id in begin..end {
            pool.execute(move || assert!(ran.flip(id), "job {id} ran twice"))?;
        }
        pool.wait_idle()?;
        let memory = resident::now() / 1024;
        first.get_or_insert(memory);
        peak = peak.max(memory);
        bar.set_position(end);
    }
    bar.finish_and_clear();
    let report = pool.shutdown();
    let (nanos, once) = (start.elapsed().as_secs_f64() * 1e9, ran.count());
    println!(
        "{backend}: accepted {}, done {}, panicked {}, ran once {once}, {:.0} ns a job, resident KiB \
         idle after the first burst {}, at most {peak}, at the end {}",
        report.accepted,
        report.done,
        report.panicked,
        nanos / args.jobs as f64,
        first.unwrap_or_default(),
        resident::now() / 1024,
    );
    if (report.done, once) != (args.jobs, args.jobs) {
        return Err(format!("{backend} lost jobs").into());
    }
    Ok(())
}

/// A bit for each job; for ever, since jobs hold it.
#[derive(Clone, Copy)]
struct Bits(&'static [AtomicU64]);

impl Bits {
    fn new(jobs: u64) -> Self {
        let words = (0..jobs.div_ceil(64)).map(|_| AtomicU64::new(0));
        Self(words.collect::<Vec<_>>().leak())
    }

    /// Flips the bit of a job, and says whether it is set now.
    fn flip(self, id: u64) -> bool {
        let bit = 1 << (id % 64);
        self.0[(id / 64) as usize].fetch_xor(bit, Ordering::Relaxed) & bit == 0
    }

    /// How many are set.
    fn count(self) -> u64 {
        self.0.iter().map(|word| u64::from(word.load(Ordering::Relaxed).count_ones())).sum()
    }
}
