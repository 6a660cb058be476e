//! A batch of jobs that Ctrl-C interrupts: what runs may end, what has not started is told, and so is what
//! is stuck.
//!
//! ```text
//! cargo run --example interrupt -- --jobs 100 --job-time 0.5 --grace 2
//! ```
//!
//! The first Ctrl-C takes back the jobs that have not started, and grants those that run a grace period. A
//! second one ends the program at once.
//!
//! # Exit status
//!
//! 0 if all jobs are done, 1 for an error, 2 for a wrong command line, 130 after Ctrl-C.

use std::collections::BTreeMap;
use std::error::Error;
use std::io::{self, Write};
use std::process::{self, ExitCode};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::mpsc::{self, Sender};
use std::thread;
use std::time::Duration;

use clap::Parser;
use drainpool::{Completed, JobError, JobId, OnDrop, Pool, ThreadPoolBuilder, sink_fn};

/// 128 + 2, the number of `SIGINT`: what a shell reports for a program that Ctrl-C has ended.
const INTERRUPTED: u8 = 130;

/// Runs jobs that take some time, until they are done or Ctrl-C is pressed.
#[derive(Parser)]
struct Args {
    /// The number of jobs
    #[arg(long, default_value_t = 100)]
    jobs: u32,

    /// The time that a job takes
    #[arg(long, value_name = "SECONDS", value_parser = seconds, default_value = "0.5")]
    job_time: Duration,

    /// The time that running jobs have to end after Ctrl-C
    #[arg(long, value_name = "SECONDS", value_parser = seconds, default_value = "2")]
    grace: Duration,
}

fn seconds(text: &str) -> Result<Duration, String> {
    let seconds: f64 = text.parse().map_err(|_| "expected a number of seconds".to_owned())?;
    Duration::try_from_secs_f64(seconds).map_err(|error| error.to_string())
}

/// What the main thread waits for.
enum Event {
    Started(u32),
    Ended(Completed<()>),
    Interrupted,
}

fn main() -> ExitCode {
    match run(&Args::parse()) {
        Ok(status) => status,
        Err(error) => {
            let _ = writeln!(io::stderr(), "{error}");
            ExitCode::FAILURE
        }
    }
}

/// Has Ctrl-C reported as an event, the first time. `ctrlc` calls this on a thread of its own, where
/// anything may be done, and not in the signal's handler.
fn report_interrupts(events: Sender<Event>) -> Result<(), ctrlc::Error> {
    let again = AtomicBool::new(false);
    ctrlc::set_handler(move || {
        if again.swap(true, Ordering::Relaxed) || events.send(Event::Interrupted).is_err() {
            process::exit(INTERRUPTED.into());
        }
    })
}

fn run(args: &Args) -> Result<ExitCode, Box<dyn Error>> {
    let (events, received) = mpsc::channel();
    report_interrupts(events.clone())?;
    let (starts, ends, job_time) = (events.clone(), events, args.job_time);
    let pool = ThreadPoolBuilder::new()
        .num_threads(2)
        // An error below, or a job that is stuck, must not hold up the end of the program.
        .on_drop(OnDrop::Detach)
        .sink(sink_fn(move |done| drop(ends.send(Event::Ended(done)))))
        .build_with(move |_worker| {
            let starts = starts.clone();
            move |job: u32| {
                let _ = starts.send(Event::Started(job));
                thread::sleep(job_time);
            }
        })?;
    let mut open = BTreeMap::new();
    for job in 0..args.jobs {
        open.insert(pool.submit(job)?, job);
    }
    let mut out = io::stdout();
    while !open.is_empty() {
        match received.recv()? {
            Event::Started(job) => writeln!(out, "job {job} starts")?,
            Event::Ended(done) => tell(&mut open, done)?,
            Event::Interrupted => {
                writeln!(io::stderr(), "interrupted; again to leave at once")?;
                wind_up(&pool, args.grace, &mut open)?;
                received.try_iter().try_for_each(|event| match event {
                    Event::Ended(done) => tell(&mut open, done),
                    _ => Ok(()),
                })?;
                for job in open.into_values() {
                    writeln!(out, "job {job} still runs")?;
                }
                return Ok(INTERRUPTED.into());
            }
        }
    }
    Ok(ExitCode::SUCCESS)
}

/// Ends the pool in time, and tells what is not to be done any more.
fn wind_up<R: 'static>(
    pool: &Pool<u32, R>,
    grace: Duration,
    open: &mut BTreeMap<JobId, u32>,
) -> io::Result<()> {
    for (id, job) in pool.shutdown_now() {
        open.remove(&id);
        writeln!(io::stdout(), "job {job} is undone")?;
    }
    writeln!(io::stderr(), "{}", pool.shutdown_timeout(grace))
}

/// Tells how a job has ended.
fn tell(open: &mut BTreeMap<JobId, u32>, done: Completed<()>) -> io::Result<()> {
    let Some(job) = open.remove(&done.id) else { return Ok(()) };
    match done.outcome {
        Ok(()) => writeln!(io::stdout(), "job {job} is done"),
        // It was just moving from one worker to another when the others were taken back.
        Err(JobError::Returned) => writeln!(io::stdout(), "job {job} is undone"),
        Err(error) => writeln!(io::stdout(), "job {job}: {error}"),
    }
}
