//! A live view of a pool in the terminal: its counts, its rate, and the jobs that run.
//!
//! Most users enable the feature `top` of the facade crate `drainpool`.
//!
//! ```no_run
//! use drainpool::{SubmitOptions, ThreadPoolBuilder, Top};
//!
//! // So that the view knows what runs.
//! let pool = ThreadPoolBuilder::new().track_jobs().build()?;
//! let top = Top::start(&pool)?;
//! for page in 0..1_000 {
//!     pool.with(SubmitOptions::new().label("fetch")).execute(move || println!("{page}"))?;
//! }
//! pool.shutdown();
//! // Gives the terminal back.
//! top.stop()?;
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```
//!
//! It shows, four times a second:
//!
//! * the jobs that were accepted and how they have ended; how many wait and run; the threads, and the submitters
//!   that wait for room,
//! * how many jobs end in a second, now and in the last minutes,
//! * the jobs that run, those that have run longest first: on which worker, with which label, for how long. For that
//!   the pool must [track its jobs](pool_core::ThreadPoolBuilder::track_jobs).
//!
//! Whoever draws by other means takes a [`Sample`] and a [`View`], which draws on any frame of `ratatui`.

mod sample;
mod screen;
mod top;
mod view;

pub use sample::Sample;
pub use top::{Top, TopBuilder};
pub use view::View;
