//! The checksums of directory trees, by workers on any number of machines that see the same files: `checksum` past one
//! machine.
//!
//! ```text
//! farm submit PATH...      finds the files, and closes the queue
//! farm work --threads 4    hashes, until every file has its checksum; as many of these as you like
//! farm collect > list      prints what `sha256sum` prints, and removes the queue
//! farm status              says how far it is
//! ```
//!
//! All take `--redis ADDRESS` and `--queue NAME`. A worker may be killed, and another one started, at any time: each
//! file is listed once. SIGTERM and Ctrl-C let a worker finish what it has begun; what it has not begun is for the others.

mod collect;
mod jobs;
mod submit;
mod work;

use std::error::Error;
use std::ffi::OsString;
use std::process::ExitCode;
use std::time::Duration;

use clap::{Args, Parser, Subcommand};
use drainpool::redis::{OpenError, QueueOptions, QueueStats};

use crate::jobs::Queue;

/// Prints the SHA-256 checksums of all regular files in directory trees, which workers on any number of machines compute.
#[derive(Debug, Parser)]
#[command(name = "farm")]
struct Line {
    #[command(flatten)]
    place: Place,

    #[command(subcommand)]
    task: Task,
}

/// Where the queue is.
#[derive(Debug, Args)]
struct Place {
    /// The address of the server: `redis://USER:PASSWORD@HOST:PORT/DATABASE`, of which the host alone must be there, or
    /// `unix:///PATH`
    #[arg(long, global = true, value_name = "ADDRESS", default_value = "redis://127.0.0.1")]
    redis: String,

    /// The name of the queue
    #[arg(long, global = true, value_name = "NAME", default_value = "farm")]
    queue: String,

    /// How long a worker may be silent until its files are given to others, in seconds; the first who opens the queue
    /// decides [default: 30]
    #[arg(long, global = true, value_name = "SECONDS")]
    lease: Option<u64>,

    /// Accept a server that writes nothing to a disk, and so loses all jobs when it stops
    #[arg(long, global = true)]
    volatile: bool,
}

#[derive(Debug, Subcommand)]
enum Task {
    /// Find the files, and close the queue
    Submit {
        /// Directories to walk and files to hash
        #[arg(value_name = "PATH", required = true)]
        paths: Vec<OsString>,
    },
    /// Hash files, until each has its checksum
    Work {
        /// How many threads read and hash [default: as many as there are processors]
        #[arg(long, value_name = "N")]
        threads: Option<usize>,
    },
    /// Print the checksums as they come, and remove the queue after the last one
    Collect,
    /// Say how far it is
    Status,
}

fn main() -> ExitCode {
    let Line { place, task } = Line::parse();
    let done = open(&place, matches!(task, Task::Status))
        .map_err(Into::into)
        .and_then(|queue| run(&queue, task));
    match done {
        Ok(true) => ExitCode::SUCCESS,
        Ok(false) => ExitCode::FAILURE,
        Err(error) => {
            eprintln!("farm: {error}");
            ExitCode::FAILURE
        }
    }
}

fn open(place: &Place, must_exist: bool) -> Result<Queue, OpenError> {
    let options = QueueOptions::new().on_reconnect(|lost| {
        eprintln!("farm: {}; the next attempt is in {:?}", lost.error, lost.pause);
    });
    let options = if place.volatile { options.allow_volatile() } else { options };
    let options = if must_exist { options.existing() } else { options };
    let options = match place.lease {
        Some(seconds) => options.lease(Duration::from_secs(seconds)),
        None => options,
    };
    Queue::open(&place.redis, &place.queue, options)
}

/// Whether all went well.
fn run(queue: &Queue, task: Task) -> Result<bool, Box<dyn Error>> {
    match task {
        Task::Submit { paths } => submit::run(queue, paths),
        Task::Work { threads } => work::run(queue, threads),
        Task::Collect => collect::run(queue),
        Task::Status => {
            let QueueStats { state, accepted, ended, waiting, running, .. } = queue.stats()?;
            println!(
                "{state:?}: {accepted} files, {ended} ended, {running} with workers, {waiting} waiting"
            );
            Ok(true)
        }
    }
}
