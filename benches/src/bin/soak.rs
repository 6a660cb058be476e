//! Runs very many jobs through each backend and checks that each ran exactly once:
//! `cargo run --release -p pool-benches --bin soak -- --jobs 100000000`.
//!
//! Prints the books, the time and the memory of the process before, between and after.

use std::error::Error;
use std::fs;
use std::io::IsTerminal as _;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Instant;

use clap::Parser;
use indicatif::{ProgressBar, ProgressDrawTarget, ProgressStyle};
use pool::{Backend, ThreadPoolBuilder};

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
    // A bit for each job; for ever, since jobs hold it.
    let words = args.jobs.div_ceil(64) as usize;
    let ran: &'static [AtomicU64] =
        (0..words).map(|_| AtomicU64::new(0)).collect::<Vec<_>>().leak();
    let pool = ThreadPoolBuilder::new().backend(backend).num_threads(args.threads).build()?;
    let bar = progress(args.jobs);
    let (start, mut peak) = (Instant::now(), 0);
    let mut first = None;
    for begin in (0..args.jobs).step_by(BURST as usize) {
        let end = (begin + BURST).min(args.jobs);
        for id in begin..end {
            pool.execute(move || {
                let before = ran[(id / 64) as usize].fetch_xor(1 << (id % 64), Ordering::Relaxed);
                assert!(before & (1 << (id % 64)) == 0, "job {id} ran twice");
            })?;
        }
        pool.wait_idle()?;
        let memory = resident_kib();
        first.get_or_insert(memory);
        peak = peak.max(memory);
        bar.set_position(end);
    }
    bar.finish_and_clear();
    let report = pool.shutdown();
    let seconds = start.elapsed().as_secs_f64();
    let once: u64 =
        ran.iter().map(|word| u64::from(word.load(Ordering::Relaxed).count_ones())).sum();
    println!(
        "{backend}: accepted {}, done {}, panicked {}, ran once {once}, {:.0} ns a job, resident KiB \
         idle after the first burst {}, at most {peak}, at the end {}",
        report.accepted,
        report.done,
        report.panicked,
        seconds * 1e9 / args.jobs as f64,
        first.unwrap_or_default(),
        resident_kib(),
    );
    if (report.done, once) != (args.jobs, args.jobs) {
        return Err(format!("{backend} lost jobs").into());
    }
    Ok(())
}

fn progress(jobs: u64) -> ProgressBar {
    let target = if std::io::stderr().is_terminal() {
        ProgressDrawTarget::stderr()
    } else {
        ProgressDrawTarget::hidden()
    };
    let style = ProgressStyle::with_template("{wide_bar} {human_pos}/{human_len}, {eta} left");
    ProgressBar::with_draw_target(Some(jobs), target)
        .with_style(style.unwrap_or_else(|_| ProgressStyle::default_bar()))
}

/// The memory of this process, where the system tells it in the way of Linux; else 0.
fn resident_kib() -> u64 {
    let status = fs::read_to_string("/proc/self/status").unwrap_or_default();
    let line = status.lines().find_map(|line| line.strip_prefix("VmRSS:"));
    line.and_then(|line| line.trim().trim_end_matches(" kB").parse().ok()).unwrap_or_default()
}
