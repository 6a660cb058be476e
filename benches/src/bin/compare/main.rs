//! Every pool under every workload, in one process and taking turns:
//! `cargo run --release -p pool-benches --bin compare`.
//!
//! The machine's speed drifts. Pools that take turns drift together, so the ratios hold even where
//! the nanoseconds do not.

mod foreign;
mod idle;
mod kept;
mod memory;
mod part;
mod scaling;
mod setting;
mod speed;
mod table;

use std::convert::Infallible;
use std::error::Error;
use std::fs::File;
use std::path::PathBuf;
use std::time::Duration;

use clap::Parser;
use pool_benches::report::Report;
use pool_benches::workloads::{Entry, Workload};
use pool_benches::{progress, rounds};

use crate::foreign::Foreign;
use crate::part::Part;

/// Every pool under every workload, in one process and taking turns.
#[derive(Parser)]
#[command(
    after_help = "On a machine with nothing else to do, at the root of the repository:\n\n  \
    target/release/compare --foreign --keep\n  \
    target/release/charts docs/results docs/charts --tables docs/results/tables.md"
)]
struct Args {
    /// Only these parts, by name
    #[arg(long, num_args = 1.., value_delimiter = ',', value_name = "PART", value_parser = Part::parser())]
    only: Vec<Part>,
    /// Only contestants whose name has one of these in it
    #[arg(long, num_args = 1.., value_delimiter = ',', value_name = "SUBSTRING")]
    contestants: Vec<String>,
    /// How many workers the pools have
    #[arg(
        long, num_args = 1.., value_delimiter = ',', default_values_t = [2, 16],
        value_parser = clap::value_parser!(u16).range(1..=32)
    )]
    workers: Vec<u16>,
    /// How many jobs a round has, and at most in the part `scaling`
    #[arg(long, value_parser = clap::value_parser!(u32).range(1..))]
    jobs: Option<u32>,
    /// How many rounds of each workload; otherwise as many as there is time for
    #[arg(long, value_parser = clap::value_parser!(u32).range(1..))]
    rounds: Option<u32>,
    /// For how long each workload is measured, with each number of workers
    #[arg(long, default_value_t = 12.0)]
    seconds: f64,
    /// Let pools of other languages take their turns, as far as their compilers are installed
    #[arg(long)]
    foreign: bool,
    /// Where to write everything to, as JSON
    #[arg(long, value_name = "FILE")]
    json: Option<PathBuf>,
    /// Keep the report in this folder, in place of the one of the same processor; not with --only or --contestants
    #[arg(
        long, value_name = "FOLDER", num_args = 0..=1, default_missing_value = kept::FOLDER,
        conflicts_with_all = ["only", "contestants"]
    )]
    keep: Option<PathBuf>,
    /// Say which contestants differ from this kept report by more than the quartiles
    #[arg(long, value_name = "REPORT")]
    against: Option<PathBuf>,
}

impl Args {
    fn parts(&self) -> Vec<Part> {
        if self.only.is_empty() { Part::all().collect() } else { self.only.clone() }
    }

    fn jobs(&self, workload: Workload) -> usize {
        self.jobs.map_or(workload.default_jobs(), |jobs| workload.jobs(jobs as usize))
    }

    fn time(&self) -> Result<Duration, Box<dyn Error>> {
        Ok(Duration::try_from_secs_f64(self.seconds)?)
    }

    fn wants(&self, contestant: &str) -> bool {
        let mut wanted = self.contestants.iter();
        self.contestants.is_empty() || wanted.any(|part| contestant.contains(part.as_str()))
    }

    /// Those who run a workload and are wanted.
    fn entries(&self, workload: Workload, workers: usize, jobs: usize) -> Vec<Entry> {
        let mut entries = workload.entries(workers, jobs);
        entries.retain(|entry| self.wants(entry.contestant));
        entries
    }
}

/// Lets each take its turn in rounds until there are enough: the nanoseconds that each took for a job,
/// round by round.
fn take_turns(
    entries: &mut [Entry],
    jobs: usize,
    enough: impl FnMut(usize) -> bool,
) -> Vec<Vec<f64>> {
    let contestants = entries.len();
    let run = |who: usize| Ok::<_, Infallible>(entries[who].run().as_nanos() as f64 / jobs as f64);
    let Ok(taken) = rounds::run(contestants, enough, run);
    taken
}

fn main() -> Result<(), Box<dyn Error>> {
    let args = Args::parse();
    // What may be missing is looked for before, not after minutes of work.
    let json = args.json.as_ref().map(File::create).transpose()?;
    let against = args.against.as_deref().map(kept::read).transpose()?;
    if args.parts().contains(&Part::Memory) {
        memory::program()?;
    }
    let mut foreign = args.foreign.then(Foreign::build).transpose()?;
    for program in foreign.iter().flat_map(Foreign::left_out) {
        println!("{program}");
    }
    let steps: Vec<(Part, usize)> = args
        .parts()
        .into_iter()
        .flat_map(|part| args.workers.iter().map(move |&workers| (part, usize::from(workers))))
        .collect();
    let mut report = Report { setting: setting::read(), ..Report::default() };
    println!("{}", table::setting(&report.setting));
    let bar = progress::bar(steps.len() as u64, "");
    for (part, workers) in steps {
        bar.set_message(format!("{} with {workers} workers", part.name()));
        let table = measure(part, workers, &args, foreign.as_mut(), &mut report)?;
        bar.suspend(|| println!("{table}"));
        bar.inc(1);
    }
    bar.finish_and_clear();
    if let Some(mut file) = json {
        kept::write(&report, &mut file)?;
    }
    if let Some(kept) = against {
        println!("{}", kept::differences(&report, &kept));
    }
    // After what it is compared with was read, which may be what it replaces.
    if let Some(folder) = &args.keep {
        println!("kept: {}", kept::keep(&report, folder)?.display());
    }
    Ok(())
}

/// Measures one part, adds it to the report, and says it in a table.
fn measure(
    part: Part,
    workers: usize,
    args: &Args,
    foreign: Option<&mut Foreign>,
    report: &mut Report,
) -> Result<String, Box<dyn Error>> {
    match part {
        Part::Speed(workload) => speed::measure(workload, workers, args, foreign, report),
        Part::Scaling => Ok(scaling::measure(workers, args, report)),
        Part::Memory => memory::measure(workers, args, report),
        Part::Idle => Ok(idle::measure(workers, args, report)),
    }
}
