//! Printing the checksums.

use std::error::Error;
use std::io::{IsTerminal as _, Write as _, stderr, stdout};
use std::time::{Duration, Instant};

use drainpool::redis::Outcome;
use indicatif::{ProgressBar, ProgressDrawTarget, ProgressStyle};
use pool_examples::names;

use crate::jobs::{Hashed, Queue};

/// How often the server is asked how many files there are.
const ASKED: Duration = Duration::from_millis(200);

/// Prints each checksum as it comes, and removes the queue after the last one. Returns whether all files were read.
pub(crate) fn run(queue: &Queue) -> Result<bool, Box<dyn Error>> {
    let progress = progress()?;
    let (mut out, mut fine) = (stdout().lock(), true);
    let mut next_ask = Instant::now();
    for ended in queue.results() {
        let told = match ended?.outcome {
            Outcome::Done(Hashed { file, sum: Ok(sum) }) => {
                let line = names::listed(&file.path(), &sum);
                progress.suspend(|| out.write_all(&line).and_then(|()| out.write_all(b"\n")))?;
                None
            }
            Outcome::Done(Hashed { file, sum: Err(why) }) => {
                Some(format!("{}: {why}", names::shown(&file.path())))
            }
            failed => failed.into_result().err().map(|failed| failed.to_string()),
        };
        if let Some(told) = told {
            progress.suspend(|| eprintln!("farm: {told}"));
            fine = false;
        }
        progress.inc(1);
        if !progress.is_hidden() && Instant::now() >= next_ask {
            next_ask = Instant::now() + ASKED;
            progress.set_length(queue.stats()?.accepted);
        }
    }
    progress.finish_and_clear();
    out.flush()?;
    queue.delete()?;
    Ok(fine)
}

/// A bar over the whole queue, on a terminal only.
fn progress() -> Result<ProgressBar, Box<dyn Error>> {
    if !stderr().is_terminal() {
        return Ok(ProgressBar::hidden());
    }
    let bar = ProgressBar::with_draw_target(Some(0), ProgressDrawTarget::stderr());
    bar.set_style(ProgressStyle::with_template(
        "{pos}/{len} files [{wide_bar}] {per_sec}, {eta} left",
    )?);
    Ok(bar)
}
