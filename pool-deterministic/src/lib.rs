//! Deterministic runs of pools, for tests: in which order threads and jobs run is drawn from a seed, time is
//! virtual, and a seed that fails is named and can be replayed.
//!
//! # In short
//!
//! A counter that requests raise, each in two jobs: one reads, the next one writes. With two requests an update
//! may be lost, but hardly ever is in an ordinary test. [`check`] runs the body under many seeds:
//!
//! ```should_panic
//! use std::sync::Arc;
//! use std::sync::atomic::{AtomicU32, Ordering::Relaxed};
//! use drainpool::deterministic::check;
//!
//! check(0..1_000, |run| {
//!     let pool = run.builder().num_threads(2).build().unwrap();
//!     let count = Arc::new(AtomicU32::new(0));
//!     for _ in 0..2 {
//!         let (count, handle) = (Arc::clone(&count), pool.handle());
//!         pool.execute(move || {
//!             let read = count.load(Relaxed);
//!             handle.execute(move || count.store(read + 1, Relaxed)).unwrap();
//!         }).unwrap();
//!     }
//!     pool.wait_idle().unwrap();
//!     assert_eq!(count.load(Relaxed), 2);
//! });
//! ```
//!
//! One of the first seeds fails, and so does the test:
//!
//! ```text
//! the run with seed 0 failed: assertion `left == right` failed
//!   left: 1
//!  right: 2
//! to replay it, set DRAINPOOL_SEED=0, or call `replay(0, ..)`
//! ```
//!
//! With `DRAINPOOL_SEED` in the environment, or by [`replay`], the same run comes again, as often as you like:
//! with a debugger, with more output, with a fix. Before a failure is reported, its seed is run once more, and
//! the report says so if that went otherwise.
//!
//! # What a run is
//!
//! The body gets a [`Run`], and builds its pools with [`Run::builder`]: any number of workers, bounded or not,
//! with handlers, sinks, states, as usual. The code under test takes such a pool, or a handle to it; so it has to
//! be generic over the queue, or name [`SeededQueue`]; for code with another queue in its types there is
//! [`Run::adopt`]. Its calls are the same as ever, those that wait included.
//!
//! The body, each worker and each [thread of the run](Run::spawn_thread) is a thread of the system with a
//! stack of its own, but one alone has the turn. It may lose it
//!
//! * where it submits to a pool, before and after the job is in the queue;
//! * where it waits for a pool: for a job, for room, for rest, for the end; a worker, for a job;
//! * between two jobs, before the next is taken;
//! * at a call of [`yield_now`].
//!
//! Who has it next is drawn from the seed. So are the job that a worker takes ([`SeededQueue`]), with that which
//! worker runs it, whether a waiter runs a job itself or finds it begun, and where an expired or cancelled
//! job is met. Between those points a thread runs by itself: two accesses of a job that are to be told apart
//! need a [`yield_now`] between them.
//!
//! [Time](RunClock) stands still while a thread can go on, and then jumps to the next moment for which one
//! waits: a time limit of an hour costs nothing, and is met only if nothing else can happen before.
//! If there is no such moment, the run has a deadlock, and fails.
//!
//! Many seeds are the test; some hundred runs of a small body take a second. A body should be small: few
//! jobs, few workers. The seeds are the same each time, so a test passes or fails each time; take
//! others now and then, to see more orders.
//!
//! # What a run cannot know
//!
//! It is a function of the seed as long as the body is. What is not:
//!
//! * **Real time, the address of a value, a random number** of another source than [`Run::draw`]. A `HashMap` or
//!   `HashSet` of the standard library iterates in another order each time.
//! * **Jobs that expire at the very same moment.** In which order they do is not drawn, and may differ.
//! * **What outlives a run**: statics, lazily made values, files. The second run finds what the first has left.
//! * **Other threads**: those of [`std::thread::spawn`], of an async runtime, of a `Timer`. A run does not wait for
//!   them, and takes it for a deadlock if all of its own wait for one. Use [`Run::spawn_thread`],
//!   [`Run::block_on`] and [`RunClock::sleep`].
//!
//! A thread that has the turn and waits for another by other means than a pool, keeps it for ever: a channel, a
//! barrier, or a lock that another holds where it may lose its turn. Do not hold a lock over a submit, or have the
//! [jobs kept whole](Run::keep_jobs_whole). Such a run fails after a minute, as stuck.
//!
//! Runs find orders of jobs and of calls. They show nothing of weak memory, and do not interrupt code that
//! calls no pool: for a data structure of your own take [`loom`](https://docs.rs/loom) or
//! [`shuttle`](https://docs.rs/shuttle). Neither knows more than the primitives that it brings; a run leaves jobs
//! as they are, be it that they lock, read files or call C.

mod check;
mod clock;
mod queue;
mod run;
mod schedule;
mod turns;

pub use check::{Failure, check, find_failure, replay};
pub use clock::RunClock;
pub use queue::{SeededBackend, SeededLocal, SeededQueue};
pub use run::{Run, RunThread};
pub use turns::yield_now;
