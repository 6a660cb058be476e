//! Measures a timer with many jobs: to set, to fire and to cancel one, the memory for it, and the processor
//! time of a pool that waits for them. Linux only.
//!
//! ```text
//! cargo run --release -p pool-benches --bin timers
//! ```

use std::error::Error;
use std::fs;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::thread;
use std::time::{Duration, Instant};

use drainpool::{ManualClock, Scheduled, ThreadPool, ThreadPoolBuilder, Timer, TimerHandle};
use pool_benches::resident;

const JOBS: u32 = 100_000;
const HOUR: Duration = Duration::from_secs(3_600);
const IDLE: Duration = Duration::from_secs(5);

type Outcome<T> = Result<T, Box<dyn Error + Send + Sync>>;

fn main() -> Outcome<()> {
    idle()?;
    fire()
}

/// Jobs that are not due: set, waited for, cancelled.
fn idle() -> Outcome<()> {
    let pool = ThreadPool::new(2)?;
    let timer = Timer::new(&pool)?;
    let before = resident::now();
    let mut jobs = Vec::with_capacity(JOBS as usize);
    each("set", || {
        // In no order of time.
        let moments = (0..JOBS).map(|n| HOUR + n.wrapping_mul(2_654_435_761) % JOBS * HOUR / JOBS);
        jobs.extend(moments.filter_map(|delay| timer.after(delay, || ()).ok()));
        Ok(())
    })?;
    println!("memory: {} bytes each", (resident::now() - before) / u64::from(JOBS));

    thread::sleep(Duration::from_secs(1));
    let (start, looks) = (cpu()?, switches()?);
    thread::sleep(IDLE);
    let used = Duration::from_nanos(cpu()? - start);
    println!("idle for {IDLE:?}: {used:?} of processor time, {} switches", switches()? - looks);

    each("cancel", || {
        let cancelled = jobs.iter().filter(|job: &&Scheduled| job.cancel()).count();
        (cancelled == JOBS as usize).then_some(()).ok_or_else(|| "some were not cancelled".into())
    })
}

/// Jobs that come due all at once.
fn fire() -> Outcome<()> {
    let clock = ManualClock::new();
    let pool = ThreadPoolBuilder::new().num_threads(2).clock(clock.clone()).build()?;
    let timer = Timer::new(&pool)?;
    let ran = Arc::new(AtomicU64::new(0));
    set_all(&timer, &ran)?;
    each("fire and run", || {
        clock.advance(HOUR);
        while ran.load(Ordering::Relaxed) < u64::from(JOBS) {
            thread::sleep(Duration::from_millis(1));
        }
        Ok(())
    })
}

fn set_all(timer: &TimerHandle, ran: &Arc<AtomicU64>) -> Outcome<()> {
    for n in 0..JOBS {
        let ran = Arc::clone(ran);
        timer.after(HOUR * (n % 1_000) / 1_000, move || {
            ran.fetch_add(1, Ordering::Relaxed);
        })?;
    }
    Ok(())
}

/// Prints the time of this, for each job.
fn each(what: &str, all: impl FnOnce() -> Outcome<()>) -> Outcome<()> {
    let start = Instant::now();
    all()?;
    println!("{what}: {:?} each", start.elapsed() / JOBS);
    Ok(())
}

/// The processor time of all threads in nanoseconds, but for the one that asks.
fn cpu() -> Outcome<u64> {
    of_others(0)
}

/// How often the other threads were switched to.
fn switches() -> Outcome<u64> {
    of_others(2)
}

/// The sum of one of the fields of `schedstat`.
fn of_others(field: usize) -> Outcome<u64> {
    let this = std::process::id().to_string();
    let mut sum = 0;
    for thread in fs::read_dir("/proc/self/task")? {
        let thread = thread?;
        if thread.file_name().to_string_lossy() != this {
            let fields = fs::read_to_string(thread.path().join("schedstat"))?;
            sum += fields.split_whitespace().nth(field).ok_or("no such field")?.parse::<u64>()?;
        }
    }
    Ok(sum)
}
