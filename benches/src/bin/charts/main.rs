//! Draws the workloads that the documentation shows, as `compare` has measured them:
//! `cargo run --release -p pool-benches --bin charts -- docs/results docs/charts`.
//!
//! Each picture is written twice, as `NAME-light.svg` and as `NAME-dark.svg`, for pages of either
//! colour, and has a chart for each report. What a report does not have is not drawn.

mod bars;
mod numbers;
mod tables;
mod theme;

use std::error::Error;
use std::path::{Path, PathBuf};
use std::{fs, io};

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
    /// The reports, as JSON, or folders of them
    #[arg(required = true)]
    reports: Vec<PathBuf>,
    /// Where the charts go; made if it is not there
    directory: PathBuf,
    /// Where to write all figures to, as tables in Markdown
    #[arg(long, value_name = "FILE")]
    tables: Option<PathBuf>,
}

fn main() -> Result<(), Box<dyn Error>> {
    let args = Args::parse();
    let mut reports = Vec::new();
    for path in &args.reports {
        reports.extend(files(path)?.iter().map(|path| read(path)).collect::<Result<Vec<_>, _>>()?);
    }
    fs::create_dir_all(&args.directory).map_err(about(&args.directory))?;
    let mut drawn = false;
    for (workload, subject) in CHARTS {
        let charts: Vec<_> =
            reports.iter().filter_map(|report| Chart::of(report, workload, subject)).collect();
        for theme in THEMES.iter().filter(|_| !charts.is_empty()) {
            let path = args.directory.join(format!("speed-{workload}-{}.svg", theme.name));
            write(&path, &bars::draw(&charts, theme)?)?;
            drawn = true;
        }
    }
    if let Some(path) = &args.tables {
        write(path, &tables::markdown(&reports))?;
    }
    let nothing = || about(&args.reports[0])("nothing to draw").into();
    drawn.then_some(()).ok_or_else(nothing)
}

/// The reports that a path stands for: those in a folder by name.
fn files(path: &Path) -> Result<Vec<PathBuf>, Box<dyn Error>> {
    if !path.is_dir() {
        return Ok(vec![path.to_owned()]);
    }
    let entries = fs::read_dir(path).map_err(about(path))?;
    let mut files = entries.map(|entry| Ok(entry?.path())).collect::<io::Result<Vec<_>>>()?;
    files.retain(|file| file.extension().is_some_and(|extension| extension == "json"));
    files.sort();
    Ok(files)
}

fn read(path: &Path) -> Result<Report, Box<dyn Error>> {
    let report = fs::read(path).map_err(about(path))?;
    Ok(serde_json::from_slice(&report).map_err(about(path))?)
}

fn write(path: &Path, text: &str) -> Result<(), Box<dyn Error>> {
    fs::write(path, text).map_err(about(path))?;
    println!("{}", path.display());
    Ok(())
}

/// Says of an error which file it is about.
fn about<E: std::fmt::Display>(path: &Path) -> impl Fn(E) -> String {
    move |error| format!("{}: {error}", path.display())
}
