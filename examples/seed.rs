//! A pool of five workers, fifty jobs that are added before the start, and their results as they
//! arrive: `cargo run --example seed`.
//!
//! With `--timeout SECONDS` the pool is not shut down: its workers leave by themselves once the
//! queue has been empty for so long.

use std::error::Error;
use std::fmt;
use std::io::{self, Write};
use std::process::ExitCode;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::mpsc::{self, Receiver};
use std::thread;
use std::time::Duration;

use clap::Parser;
use drainpool::{Backend, Completed, ThreadPoolBuilder};

const WORKERS: usize = 5;
const JOBS: usize = 50;
const JOB_TIME: Duration = Duration::from_millis(100);

/// Runs fifty jobs of a tenth of a second on five workers.
#[derive(Parser)]
struct Args {
    /// Let workers leave once the queue has been empty for so long, instead of shutting down
    #[arg(long, value_name = "SECONDS", value_parser = seconds, allow_negative_numbers = true)]
    timeout: Option<Duration>,

    /// The queue of the pool
    #[arg(long, value_name = "NAME", default_value_t = Backend::available()[0])]
    backend: Backend,
}

fn seconds(text: &str) -> Result<Duration, String> {
    let seconds: f64 = text.parse().map_err(|_| "expected a number of seconds".to_owned())?;
    Duration::try_from_secs_f64(seconds).map_err(|error| error.to_string())
}

/// 128 + 13, the number of `SIGPIPE`: what a shell reports for a program that a closed pipe has
/// killed.
const NOBODY_READS: u8 = 141;

fn main() -> ExitCode {
    match run(Args::parse()) {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) if is_broken_pipe(&*error) => ExitCode::from(NOBODY_READS),
        Err(error) => {
            complain(format_args!("{error}"));
            ExitCode::FAILURE
        }
    }
}

/// Whether all that happened is that whoever reads the output has had enough, as in `seed | head`.
fn is_broken_pipe(error: &(dyn Error + 'static)) -> bool {
    let error = error.downcast_ref::<io::Error>();
    error.is_some_and(|error| error.kind() == io::ErrorKind::BrokenPipe)
}

/// Writes to the standard error. If even that fails, there is nowhere left to say so.
fn complain(message: fmt::Arguments<'_>) {
    let _ = writeln!(io::stderr(), "{message}");
}

fn run(args: Args) -> Result<(), Box<dyn Error>> {
    let mut out = io::stdout();
    writeln!(out, "start testing")?;

    let (results, received) = mpsc::channel();
    let (leave, left) = mpsc::channel();
    let started = Arc::new(AtomicUsize::new(0));
    let count = Arc::clone(&started);
    let mut builder = ThreadPoolBuilder::new()
        .backend(args.backend)
        .num_threads(WORKERS)
        .thread_name(|worker| format!("Thread-{}", worker + 1))
        .on_thread_start(move |_| {
            count.fetch_add(1, Ordering::SeqCst);
        })
        .on_thread_stop(move |worker| {
            // Nobody listens where the pool is shut down.
            let _ = leave.send(worker);
        })
        .paused()
        .sink(results);
    if let Some(timeout) = args.timeout {
        builder = builder.thread_keep_alive(timeout);
    }
    let pool = builder.build()?;

    for id in 0..JOBS {
        pool.execute(move || {
            thread::sleep(JOB_TIME);
            id
        })?;
    }
    pool.resume();

    let name = |worker| pool.thread_name(worker).unwrap_or("?");
    if args.timeout.is_some() {
        print_results(&mut out, received.iter().take(JOBS), name)?;
        wait_until_all_left(&left, started.load(Ordering::SeqCst), name);
    } else {
        // Once the last worker has left, nothing sends any more, and the results end.
        pool.close();
        print_results(&mut out, received.iter(), name)?;
    }
    pool.shutdown();
    writeln!(out, "end testing")?;
    Ok(())
}

fn print_results<'a>(
    out: &mut impl Write,
    results: impl Iterator<Item = Completed<usize>>,
    name: impl Fn(usize) -> &'a str,
) -> io::Result<()> {
    for done in results {
        match done.outcome {
            Ok(id) => writeln!(out, "{id} | {}", name(done.worker.unwrap_or_default()))?,
            Err(error) => complain(format_args!("job {}: {error}", done.id)),
        }
    }
    Ok(())
}

fn wait_until_all_left<'a>(
    left: &Receiver<usize>,
    workers: usize,
    name: impl Fn(usize) -> &'a str,
) {
    for worker in left.iter().take(workers) {
        complain(format_args!("{} has left", name(worker)));
    }
}
