//! The memory of a burst of jobs in one pool, as JSON: `compare` runs it for each contestant.
//!
//! Its allocator counts, which nobody else's should. In a process of its own a pool's memory is not
//! mixed up with that of others.

use std::error::Error;
use std::thread;
use std::time::Duration;

use clap::Parser;
use peak_alloc::PeakAlloc;
use pool_benches::report::Memory;
use pool_benches::resident;
use pool_benches::workloads::{Entry, Workload};

#[global_allocator]
static ALLOCATOR: PeakAlloc = PeakAlloc;

/// After the last job, until its memory is looked at: pools may give it back when they fall idle.
const SETTLE: Duration = Duration::from_millis(200);

/// The memory of a burst of jobs in one pool.
#[derive(Parser)]
struct Args {
    /// Who is measured
    #[arg(long)]
    contestant: String,
    /// How many workers the pool has
    #[arg(long, default_value_t = 2)]
    workers: usize,
    /// How many jobs are queued before the first one starts
    #[arg(long, default_value_t = 1_000_000)]
    jobs: usize,
}

impl Args {
    fn entry(&self, jobs: usize) -> Option<Entry> {
        let mut entries = Workload::Burst.entries(self.workers, jobs).into_iter();
        entries.find(|entry| entry.contestant == self.contestant)
    }
}

fn main() -> Result<(), Box<dyn Error>> {
    let args = Args::parse();
    let Some(mut few) = args.entry(1_000) else {
        return Err(format!("nobody is called {:?}", args.contestant).into());
    };
    // Starts the threads, and whatever stays with them.
    few.run();
    thread::sleep(SETTLE);
    let mut entry = args.entry(args.jobs).ok_or("nobody")?;
    let (before, resident_before) = (ALLOCATOR.current_usage(), resident::now());
    let most_before = resident::most();
    ALLOCATOR.reset_peak_usage();
    entry.run();
    let resident = resident::most() - most_before;
    let peak = ALLOCATOR.peak_usage().saturating_sub(before) as u64;
    thread::sleep(SETTLE);
    let after = ALLOCATOR.current_usage() as i64 - before as i64;
    let left = resident::now() as i64 - resident_before as i64;
    let Args { contestant, workers, jobs } = args;
    let memory = Memory { contestant, workers, jobs, peak, after, resident, left };
    println!("{}", serde_json::to_string(&memory)?);
    Ok(())
}
