//! Draws what `compare` has measured:
//! `cargo run --release -p pool-benches --bin charts -- report.json docs/charts`.
//!
//! Each chart is written twice, as `NAME-light.svg` and as `NAME-dark.svg`, for pages of either
//! colour. What the report does not have is not drawn.

mod bars;
mod canvas;
mod fatal;
mod lines;
mod scale;
mod sections;
mod spread;
mod theme;

use std::fs;
use std::path::{Path, PathBuf};

use clap::Parser;
use pool_benches::report::Report;

use crate::canvas::{Canvas, Drawn};
use crate::fatal::Fatal;
use crate::theme::THEMES;

/// Draws what `compare` has measured.
#[derive(Parser)]
struct Args {
    /// The report, as JSON
    report: PathBuf,
    /// Where the charts go; made if it is not there
    directory: PathBuf,
    /// The numbers of workers that the bars are drawn for, side by side
    #[arg(long, value_delimiter = ',', default_values_t = [2, 16])]
    workers: Vec<usize>,
}

fn main() -> Result<(), Fatal> {
    let args = Args::parse();
    let report = read(&args.report)?;
    let charts = sections::charts(&report, &args.workers);
    if charts.is_empty() {
        return Err(Fatal::Nothing(args.report));
    }
    fs::create_dir_all(&args.directory)
        .map_err(|error| Fatal::Write(args.directory.clone(), error))?;
    for chart in &charts {
        chart.save(&args.directory)?;
    }
    Ok(())
}

fn read(path: &Path) -> Result<Report, Fatal> {
    let text = fs::read(path).map_err(|error| Fatal::Read(path.to_owned(), error))?;
    serde_json::from_slice(&text).map_err(|error| Fatal::Json(path.to_owned(), error))
}

/// One chart, ready to be drawn in any theme.
struct Chart {
    /// The beginning of the files' names.
    name: String,
    /// Width and height.
    size: (u32, u32),
    draw: Box<dyn Fn(&Canvas) -> Drawn>,
}

impl Chart {
    fn save(&self, directory: &Path) -> Result<(), Fatal> {
        for theme in &THEMES {
            let path = directory.join(format!("{}-{}.svg", self.name, theme.name));
            let svg = canvas::svg(self.size, theme, &self.draw)
                .map_err(|error| Fatal::Draw(path.clone(), error))?;
            fs::write(&path, svg).map_err(|error| Fatal::Write(path.clone(), error))?;
            println!("{}", path.display());
        }
        Ok(())
    }
}
