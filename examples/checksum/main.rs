//! Hashes directory trees with SHA-256, on all processors: a `sha256sum` that walks.
//!
//! ```text
//! cargo run --release --example checksum -- PATH... > list
//! cargo run --release --example checksum -- --check list
//! ```
//!
//! It prints what `find -H PATH... -type f -exec sha256sum {} +` prints, in another order, and
//! checks such lists as `sha256sum --check` does.
//!
//! # How it uses the pool
//!
//! * `crew.rs` builds a pool for jobs of one type, whose workers each have a buffer and a handle of
//!   their own, and whose sink is a bounded channel. Its threads start on demand, and no more of them
//!   than there is memory for.
//! * `work.rs` has the jobs. Listing a directory submits a job for each of its entries, so a tree
//!   may be as deep as it likes: nothing recurses. `descriptors.rs` lets them wait where the system
//!   allows fewer open files than there are workers.
//! * `timeline.rs` has what the pool does written down, if the program was built with the feature `timeline`:
//!   `cargo run --release -p pool-examples --features timeline --example checksum -- --timeline FILE PATH...`.
//! * `sums.rs` and `check.rs` read the results and print them, on the main thread alone.
//!
//! # Exit status
//!
//! 0 if all went well. 1 if anything could not be read, did not match, or could not be written.
//! 2 for a wrong command line. 141 if nobody reads the output any more, as in `checksum . | head`;
//! this is what a shell reports for a program that the closed pipe has killed.

mod args;
mod check;
mod crew;
mod descriptors;
mod fatal;
mod list;
mod print;
mod progress;
mod sums;
mod timeline;
mod watch;
mod work;

use std::path::PathBuf;
use std::process::ExitCode;

use clap::Parser;

use crate::args::Args;
use crate::fatal::Fatal;
use crate::print::Printer;
use crate::progress::Progress;
use crate::timeline::Recording;

/// 128 + 13, the number of `SIGPIPE`.
const NOBODY_READS: u8 = 141;

fn main() -> ExitCode {
    let args = Args::parse();
    let progress = if args.watch { Progress::hidden() } else { Progress::new() };
    let mut printer = Printer::new(progress.clone(), args.watch);
    let ended = run(&args, &progress, &mut printer);
    progress.finish();
    // The terminal is ours again.
    let released = printer.release().map_err(Fatal::from);
    match released.and(ended) {
        Ok(true) => ExitCode::SUCCESS,
        Ok(false) => ExitCode::FAILURE,
        Err(fatal) if fatal.is_broken_pipe() => ExitCode::from(NOBODY_READS),
        Err(fatal) => {
            printer.complain(fatal);
            ExitCode::FAILURE
        }
    }
}

/// Whether all went well.
fn run(args: &Args, progress: &Progress, printer: &mut Printer) -> Result<bool, Fatal> {
    let file = args.timeline.as_deref();
    let told = |error| Fatal::Timeline(PathBuf::from(file.unwrap_or_default()), error);
    let recording = Recording::to(file).map_err(told)?;
    let fine = match &args.check {
        Some(list) => check::run(args, list, progress, &recording, printer)?,
        None => sums::run(args, progress, &recording, printer)?,
    };
    printer.flush()?;
    recording.finish().map_err(told)?;
    Ok(fine)
}
