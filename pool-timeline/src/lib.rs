//! A timeline of what a pool does, in a file that the viewers of [Perfetto](https://ui.perfetto.dev) and of Chrome
//! (`chrome://tracing`) open: [`Timeline`], an [`Observer`].
//!
//! There is one track for each worker, and one for each other thread that submits or runs jobs. On it lie
//!
//! * the jobs, by their [label](pool_core::SubmitOptions::label), or as `job`. A job that another one runs while it waits
//!   for it lies below that. How it ended is among its arguments;
//! * `asleep`, while a worker sleeps;
//! * `submit`, from where an arrow leads to the start of the job;
//! * marks for what was refused, and for jobs that ended unrun.
//!
//! Most users enable the feature `timeline` of the facade crate `drainpool`, which re-exports it.
//!
//! # Examples
//!
//! ```
//! use drainpool::{SubmitOptions, ThreadPoolBuilder, Timeline};
//!
//! # fn main() -> Result<(), Box<dyn std::error::Error>> {
//! # let directory = std::env::temp_dir().join(format!("timeline-{}", std::process::id()));
//! # std::fs::create_dir_all(&directory)?;
//! # let path = directory.join("pool.json");
//! let timeline = Timeline::create(&path)?;
//! let pool = ThreadPoolBuilder::new().observer(timeline.clone()).build()?;
//! pool.with(SubmitOptions::new().label("greet")).execute(|| println!("hello"))?;
//! pool.shutdown();
//! timeline.finish()?;
//! # let events: serde_json::Value = serde_json::from_reader(std::fs::File::open(&path)?)?;
//! # assert!(events.as_array().is_some_and(|events| events.len() > 3));
//! # std::fs::remove_dir_all(&directory)?;
//! # Ok(())
//! # }
//! ```
//!
//! # Cost
//!
//! A job is six events of some hundred bytes, each written under one lock: some two microseconds in all, and more
//! where many workers meet there. They are written as they come, through a buffer of 64 KiB: the memory that it takes does
//! not grow with the number of jobs; the file does.

mod event;

use std::cell::Cell;
use std::collections::HashSet;
use std::fmt::{self, Write as _};
use std::fs::File;
use std::io::{self, BufWriter, Write};
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::path::Path;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, OnceLock, PoisonError};
use std::thread;
use std::time::{Duration, Instant};

use pool_core::{
    Clock, Ended, JobId, ObservedJob, Observer, PoolId, Priority, Refusal, SystemClock,
    current_worker,
};

use crate::event::{Arguments, Event, Phase};

/// The bytes that wait to be written.
const BUFFER: usize = 64 * 1024;

/// The track of the first thread that is no worker. Those of the workers have the number of their index.
const FIRST_VISITOR: u64 = 100_000;

/// The shortest time that the file can tell.
const TICK: Duration = Duration::from_nanos(1);

/// Writes the timeline of one pool; see [the crate](crate).
///
/// Clones write the same timeline: one is the observer of the pool, by another the program
/// [finishes](Self::finish) it.
///
/// # Examples
///
/// See [the crate](crate).
#[derive(Clone)]
pub struct Timeline(Arc<Inner>);

struct Inner {
    clock: Box<dyn Clock>,
    start: Instant,
    /// Known when its first worker comes.
    pool: OnceLock<PoolId>,
    file: Mutex<Output>,
}

struct Output {
    /// `None` once it is finished, or could not be written.
    writer: Option<BufWriter<Box<dyn Write + Send>>>,
    /// The first error, until it is returned.
    error: Option<io::Error>,
    /// The tracks that have their name.
    named: HashSet<u64>,
    asleep: HashSet<usize>,
}

impl Timeline {
    /// Returns a timeline that is written to this file. A file that is there is overwritten.
    ///
    /// # Errors
    ///
    /// If the file cannot be created, or not be written.
    pub fn create(path: impl AsRef<Path>) -> io::Result<Self> {
        Self::new(File::create(path)?)
    }

    /// Returns a timeline that is written here. It has a buffer of its own.
    ///
    /// The writer is called by the threads of the pool, under a lock of the timeline: it must not call the pool, nor
    /// the timeline, and what holds it up holds up the pool.
    ///
    /// # Errors
    ///
    /// If it cannot be written.
    pub fn new(writer: impl Write + Send + 'static) -> io::Result<Self> {
        Self::with_clock(writer, SystemClock)
    }

    /// Returns a timeline that is written here, by this clock, such as the pool's.
    ///
    /// # Errors
    ///
    /// If it cannot be written.
    pub fn with_clock(writer: impl Write + Send + 'static, clock: impl Clock) -> io::Result<Self> {
        let mut writer = BufWriter::with_capacity(BUFFER, Box::new(writer) as Box<_>);
        writer.write_all(b"[\n")?;
        write!(writer, "{}", Event::process_name("drainpool"))?;
        let output = Output {
            writer: Some(writer),
            error: None,
            named: HashSet::new(),
            asleep: HashSet::new(),
        };
        let start = clock.now();
        let file = Mutex::new(output);
        Ok(Self(Arc::new(Inner { clock: Box::new(clock), start, pool: OnceLock::new(), file })))
    }

    /// Ends the timeline, and writes what is left in the buffer. What happens in the pool from here on is not in it. If it
    /// is not called, the drop of the last clone does the same, and says nothing of errors.
    ///
    /// # Errors
    ///
    /// The first error of all writes: what came after that is not in the file. It is returned once.
    pub fn finish(&self) -> io::Result<()> {
        self.0.file().finish()
    }
}

impl Inner {
    /// No foreign code but the writer runs under this lock.
    fn file(&self) -> MutexGuard<'_, Output> {
        self.file.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// The time since the start.
    fn now(&self) -> Duration {
        self.clock.now().saturating_duration_since(self.start)
    }

    /// The track of the present thread.
    fn track(&self) -> u64 {
        let worker = current_worker().filter(|worker| self.pool.get() == Some(&worker.pool()));
        worker.map_or_else(visitor, |worker| worker.index() as u64)
    }

    /// Writes a mark.
    fn mark(&self, track: u64, name: &str, arguments: Arguments<'_>) {
        self.write(track, &[Event::at(self.now(), track, name, Phase::Mark).with(arguments)]);
    }

    /// Writes events of one track.
    fn write(&self, track: u64, events: &[Event<'_>]) {
        let mut text = String::with_capacity(512);
        for event in events {
            append(&mut text, event);
        }
        self.file().write(track, text.as_bytes());
    }
}

/// The track of a thread that is no worker of the pool.
fn visitor() -> u64 {
    static NEXT: AtomicU64 = AtomicU64::new(FIRST_VISITOR);
    thread_local! {
        static MINE: Cell<u64> = const { Cell::new(0) };
    }
    let mine = MINE.try_with(|mine| {
        if mine.get() == 0 {
            mine.set(NEXT.fetch_add(1, Ordering::Relaxed));
        }
        mine.get()
    });
    // A thread whose locals are gone is about to end.
    mine.unwrap_or(FIRST_VISITOR - 1)
}

/// Appends an event to the array.
fn append(text: &mut String, event: &Event<'_>) {
    // Into memory: it does not fail.
    let _ = write!(text, ",\n{event}");
}

impl Output {
    fn write(&mut self, track: u64, text: &[u8]) {
        let Some(writer) = &mut self.writer else { return };
        let mut written = Ok(());
        if self.named.insert(track) {
            let mut name = String::new();
            let (thread, worker) = (thread::current(), current_worker());
            let of_worker = worker.filter(|_| track < FIRST_VISITOR - 1);
            let own = of_worker.as_ref().map(|worker| worker.name()).or(thread.name());
            append(&mut name, &Event::thread_name(track, own.unwrap_or("thread")));
            written = guarded(|| writer.write_all(name.as_bytes()));
        }
        if let Err(error) = written.and_then(|()| guarded(|| writer.write_all(text))) {
            self.error.get_or_insert(error);
            let writer = self.writer.take();
            let _ = guarded(|| {
                drop(writer);
                Ok(())
            });
        }
    }

    fn finish(&mut self) -> io::Result<()> {
        if let Some(mut writer) = self.writer.take() {
            let written = guarded(|| writer.write_all(b"\n]\n").and_then(|()| writer.flush()));
            let dropped = guarded(|| {
                drop(writer);
                Ok(())
            });
            written.and(dropped)?;
        }
        self.error.take().map_or(Ok(()), Err)
    }
}

/// Calls the writer, which is foreign code: a panic of it is an error.
fn guarded(call: impl FnOnce() -> io::Result<()>) -> io::Result<()> {
    catch_unwind(AssertUnwindSafe(call)).unwrap_or_else(|payload| {
        // Its drop may panic again.
        if let Err(another) = catch_unwind(AssertUnwindSafe(|| drop(payload))) {
            std::mem::forget(another);
        }
        Err(io::Error::other("the writer of the timeline has panicked"))
    })
}

impl Drop for Output {
    fn drop(&mut self) {
        // Nobody is left to be told.
        let _ = self.finish();
    }
}

impl Observer for Timeline {
    fn submitted(&self, job: ObservedJob, priority: Priority) {
        let (now, track) = (self.0.now(), self.0.track());
        let arguments = Arguments { priority: Some(priority.as_i8()), ..Arguments::of(job.id) };
        let events = [
            Event::at(now, track, "submit", Phase::Begin).with(arguments),
            Event::at(now + TICK, track, "submitted", Phase::FlowStart(job.id)),
            Event::at(now + 2 * TICK, track, "submit", Phase::End),
        ];
        self.0.write(track, &events);
    }

    fn withdrawn(&self, job: JobId) {
        self.0.mark(self.0.track(), "withdrawn", Arguments::of(job));
    }

    fn refused(&self, reason: &Refusal, jobs: usize) {
        let reason = reason.to_string();
        let arguments = Arguments { reason: Some(&reason), jobs: Some(jobs), ..Default::default() };
        self.0.mark(self.0.track(), "refused", arguments);
    }

    fn started(&self, job: ObservedJob, worker: Option<usize>) {
        let (now, track) = (self.0.now(), worker.map_or_else(visitor, |worker| worker as u64));
        let events = [
            Event::at(now, track, name(job), Phase::Begin).with(Arguments::of(job.id)),
            Event::at(now + TICK, track, "submitted", Phase::FlowEnd(job.id)),
        ];
        self.0.write(track, &events);
    }

    fn ended(&self, job: ObservedJob, worker: Option<usize>, how: Ended) {
        let outcome = match how {
            Ended::Done => "done",
            Ended::Panicked => "panicked",
            Ended::Cancelled => "cancelled",
            Ended::Expired => "expired",
            Ended::Returned => "returned",
            _ => "ended",
        };
        let arguments = Arguments { outcome: Some(outcome), ..Arguments::of(job.id) };
        if matches!(how, Ended::Done | Ended::Panicked) {
            let (now, track) = (self.0.now(), worker.map_or_else(visitor, |worker| worker as u64));
            let end = Event::at(now, track, name(job), Phase::End).with(arguments);
            self.0.write(track, &[end]);
        } else {
            self.0.mark(self.0.track(), outcome, arguments);
        }
    }

    fn worker_came(&self, worker: usize) {
        if let Some(current) = current_worker() {
            let _ = self.0.pool.set(current.pool());
        }
        self.0.mark(worker as u64, "came", Arguments::default());
    }

    fn worker_left(&self, worker: usize) {
        self.worker_wakes(worker);
        self.0.mark(worker as u64, "left", Arguments::default());
    }

    fn worker_sleeps(&self, worker: usize) {
        self.0.file().asleep.insert(worker);
        let (now, track) = (self.0.now(), worker as u64);
        self.0.write(track, &[Event::at(now, track, "asleep", Phase::Begin)]);
    }

    fn worker_wakes(&self, worker: usize) {
        if self.0.file().asleep.remove(&worker) {
            let (now, track) = (self.0.now(), worker as u64);
            self.0.write(track, &[Event::at(now, track, "asleep", Phase::End)]);
        }
    }
}

fn name(job: ObservedJob) -> &'static str {
    job.label.unwrap_or("job")
}

impl fmt::Debug for Timeline {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Timeline").field("pool", &self.0.pool.get()).finish_non_exhaustive()
    }
}
