//! Delayed and periodic jobs for a pool of `pool-core`: a [`Timer`] hands them to the pool when they are due.
//!
//! Most users enable the feature `timer` of the facade crate `drainpool`.
//!
//! | call | what it does |
//! |---|---|
//! | [`after`](TimerHandle::after), [`at`](TimerHandle::at) | submits a closure when a time is over, or at a moment |
//! | [`every`](TimerHandle::every) | submits a closure at each tick of a [schedule](Period) |
//! | [`with`](TimerHandle::with) | sets their priority and their label |
//! | [`cancel`](Scheduled::cancel) | cancels one of these |
//! | [`shutdown`](Timer::shutdown) | ends the timer, with a [report](TimerReport) |
//!
//! # Time
//!
//! A timer is one thread, which sleeps until the next job is due. It goes by the pool's
//! [clock](pool_core::Handle::clock), so a test with a `ManualClock` owns it. Nothing polls: a timer with nothing
//! due uses no CPU. If the clock panics on the timer's thread, it is asked again when something else happens,
//! at the latest after a second.
//!
//! It also ends the pool's jobs with a [time to start](pool_core::SubmitOptions::start_within) when that is over,
//! so an executor that polls their handles learns of it in time.
//!
//! With 100,000 pending jobs one takes some microseconds to set, 170 bytes, and less than a microsecond to fire;
//! that they wait takes no processor time. `cargo run --release -p pool-benches --bin timers` measures it.
//!
//! # The end
//!
//! A job that is not due is no job of the pool yet. When the pool is closed, be it by `close`, `shutdown` or
//! its drop, the timer gives up its jobs and its thread ends; when the timer is shut down or dropped first,
//! the pool goes on. To let the pool finish what is due and no more, shut down the timer first, then the
//! pool. Either way the [report](TimerReport) says how many were given up. Their closures are dropped, with what they
//! own: a program that must write down every job which was not done keeps a list of its own, and strikes out
//! what is done.
//!
//! # Retry with back-off
//!
//! A job that fails sets itself again, later. No worker waits meanwhile:
//!
//! ```
//! use std::sync::mpsc::{self, Sender};
//! use std::time::Duration;
//! use drainpool::{ThreadPool, Timer, TimerHandle};
//!
//! /// Fails twice.
//! fn fetch(attempt: u32) -> Result<&'static str, String> {
//!     if attempt < 2 { Err(format!("attempt {attempt} failed")) } else { Ok("a page") }
//! }
//!
//! type Fetched = Result<&'static str, String>;
//!
//! fn fetch_with_retries(timer: TimerHandle, attempt: u32, fetched: Sender<Fetched>) {
//!     match fetch(attempt) {
//!         Err(_) if attempt < 5 => {
//!             let (again, outcome) = (timer.clone(), fetched.clone());
//!             let back_off = Duration::from_millis(1) * 2_u32.pow(attempt);
//!             let set = timer.after(back_off, move || {
//!                 fetch_with_retries(again, attempt + 1, outcome);
//!             });
//!             if let Err(refused) = set {
//!                 let _ = fetched.send(Err(refused.to_string()));
//!             }
//!         }
//!         outcome => drop(fetched.send(outcome)),
//!     }
//! }
//!
//! let pool = ThreadPool::new(1)?;
//! let timer = Timer::new(&pool)?;
//! let (sender, fetched) = mpsc::channel();
//! let handle = timer.handle();
//! pool.execute(move || fetch_with_retries(handle, 0, sender))?;
//! assert_eq!(fetched.recv()?, Ok("a page"));
//! assert_eq!(timer.shutdown().fired, 2);
//! # Ok::<(), Box<dyn std::error::Error + Send + Sync>>(())
//! ```
//!
//! If the job is given up meanwhile, its sender is dropped, and the receiver learns of that.
//!
//! # Retry a job of the handler
//!
//! A timer's job may submit: that is how a job for the pool's handler gets there later. With
//! [`keep_input`](pool_core::keep_input) a job that panics gives its input back for that:
//!
//! ```
//! use std::sync::mpsc;
//! use std::time::Duration;
//! use drainpool::{JobError, Priority, ThreadPoolBuilder, Timer, keep_input};
//!
//! struct Page { path: &'static str, attempts: u32 }
//!
//! let (results, outcomes) = mpsc::channel();
//! let pool = ThreadPoolBuilder::new().sink(results).build_with(|_worker| {
//!     keep_input(|page: &mut Page| {
//!         page.attempts += 1;
//!         assert!(page.path != "/broken" && page.attempts > 1, "{} is not there", page.path);
//!         page.path
//!     })
//! })?;
//! let timer = Timer::new(&pool)?;
//! let retries = timer.with(Priority::HIGH);
//! for path in ["/index", "/broken"] {
//!     pool.submit(Page { path, attempts: 0 })?;
//! }
//! let (mut loaded, mut dead) = (Vec::new(), Vec::new());
//! while loaded.len() + dead.len() < 2 {
//!     match outcomes.recv()?.outcome {
//!         Ok(path) => loaded.push(path),
//!         Err(JobError::Panicked(mut panic)) => match panic.take_input::<Page>() {
//!             Some(page) if page.attempts < 3 => {
//!                 let (pool, back_off) = (pool.handle(), Duration::from_millis(1) * page.attempts);
//!                 // Nested in the timer's job, it is accepted in any case.
//!                 retries.after(back_off, move || drop(pool.submit(page)))?;
//!             }
//!             Some(page) => dead.push(page.path),
//!             None => unreachable!("the handler keeps its input"),
//!         },
//!         Err(error) => return Err(error.into()),
//!     }
//! }
//! assert_eq!((loaded, dead), (vec!["/index"], vec!["/broken"]));
//! # Ok::<(), Box<dyn std::error::Error + Send + Sync>>(())
//! ```
//!
//! The retry itself has the priority of its own submit: `pool.with(Priority::HIGH).submit(page)`. Its
//! [context](pool_core::JobContext) is that of the thread which sets it, here the one that reads the outcomes; what it is
//! to have of the first attempt's, the job brings along.
//!
//! A [call](pool_core::Handle::call) is tried again by the one who waits for it: each attempt is a call of its own, with a
//! handle of its own.

mod driver;
mod error;
mod jobs;
mod panics;
mod period;
mod run;
mod shared;
mod sync;
mod ticket;
mod timer;

pub use error::{TimerError, TimerRefusal, TimerReport, TimerStartError};
pub use period::{MissedTicks, Period};
pub use timer::{Scheduled, Timer, TimerHandle};
