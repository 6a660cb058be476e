//! Draws the workloads that the documentation shows, as `compare` has measured them:
//! `cargo run --release -p pool-benches --bin charts -- report.json docs/charts`.
//!
//! Each chart is written twice, as `NAME-light.svg` and as `NAME-dark.svg`, for pages of either
//! colour. What the report does not have is not drawn.

mod bars;
mod numbers;
mod theme;

use std::error::Error;
use std::fs;
use std::path::{Path, PathBuf};

use clap::Parser;
use pool_benches::report::Report;

use crate::bars::Chart;
use crate::theme::THEMES;

/// The workloads, and what each is about.
const CHARTS: [(&str, &str); 4] = [
    ("ext", "empty jobs, submitted by one thread"),
    ("tree", "jobs that submit jobs"),
    ("handles", "jobs with a handle each"),
    ("fork-join", "Fibonacci's number, by joins"),
];

/// Draws what `compare` has measured.
#[derive(Parser)]
struct Args {
    /// The report, as JSON
    report: PathBuf,
    /// Where the charts go; made if it is not there
    directory: PathBuf,
}

fn main() -> Result<(), Box<dyn Error>> {
    let args = Args::parse();
    let report = fs::read(&args.report).map_err(about(&args.report))?;
    let report: Report = serde_json::from_slice(&report).map_err(about(&args.report))?;
    fs::create_dir_all(&args.directory).map_err(about(&args.directory))?;
    let mut drawn = false;
    for (workload, subject) in CHARTS {
        let Some(chart) = Chart::of(&report, workload, subject) else { continue };
        for theme in &THEMES {
            let path = args.directory.join(format!("speed-{workload}-{}.svg", theme.name));
            fs::write(&path, chart.draw(theme)?).map_err(about(&path))?;
            println!("{}", path.display());
            drawn = true;
        }
    }
    if drawn { Ok(()) } else { Err(about(&args.report)("nothing to draw").into()) }
}

/// Says of an error which file it is about.
fn about<E: std::fmt::Display>(path: &Path) -> impl Fn(E) -> String {
    move |error| format!("{}: {error}", path.display())
}
