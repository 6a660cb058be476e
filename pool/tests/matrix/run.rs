//! Runs the cells of one place, each with a watchdog.

use std::fmt;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::mpsc::{self, RecvTimeoutError};
use std::sync::{Arc, OnceLock};
use std::thread;
use std::time::Duration;

use drainpool::Backend;

use crate::calls::{CALLS, Named};
use crate::exclusions::excluded;
use crate::place::Place;
use crate::setup::{Progress, Setup, Target, Variant};
use crate::world::{Call, Outcome, World, text};

/// After so many cells that hang, the rest of a place is left out: each one costs the watchdog's time.
const MAX_HANGS: usize = 3;

/// How long a cell may take before it counts as hanging. `POOL_MATRIX_WATCHDOG_MS` sets it.
pub(crate) fn watchdog() -> Duration {
    static WATCHDOG: OnceLock<Duration> = OnceLock::new();
    *WATCHDOG
        .get_or_init(|| Duration::from_millis(number("POOL_MATRIX_WATCHDOG_MS").unwrap_or(5_000)))
}

fn number(variable: &str) -> Option<u64> {
    std::env::var(variable).ok()?.parse().ok()
}

/// One cell of the matrix.
#[derive(Clone)]
pub(crate) struct Cell {
    place: Place,
    label: &'static str,
    call: Call,
    setup: Setup,
}

impl Cell {
    fn new(place: Place, (label, call): Named, setup: Setup) -> Self {
        Self { place, label, call: Arc::new(call), setup }
    }

    /// A cell with a call that is not one of the list.
    pub(crate) fn with_call(place: Place, label: &'static str, call: Call, setup: Setup) -> Self {
        Self { place, label, call, setup }
    }

    fn run(&self, progress: &Arc<Progress>) -> Outcome {
        let world =
            World::new(self.place, Arc::clone(&self.call), self.setup, Arc::clone(progress));
        (self.place.arrange)(&world);
        world.finish()
    }
}

impl fmt::Display for Cell {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Setup { backend, threads, variant, target } = self.setup;
        let second = if target == Target::Second { " of a second pool" } else { "" };
        let Self { place: Place { name, .. }, label, .. } = self;
        write!(f, "{name} × {label}{second} × {variant:?} × {backend} × {threads}")
    }
}

/// Makes the calls in this place, in every variant, and fails with the list of what went wrong.
pub(crate) fn matrix(place: Place) {
    let only = only();
    // One in three, in an unoptimised build that was not asked for certain cells: each call with each backend and in
    // each variant, but with one number of threads.
    let is_chosen =
        |number: usize| !cfg!(debug_assertions) || only.is_some() || number.is_multiple_of(3);
    let mut cells = Vec::new();
    let mut add = |number: usize, setup| {
        let calls = CALLS.iter().enumerate().filter(|(at, _)| is_chosen(number + at));
        cells.extend(calls.map(|(_, call)| Cell::new(place, *call, setup)));
    };
    for (b, &backend) in Backend::available().iter().enumerate() {
        for (t, threads) in [1, 2, 8].into_iter().enumerate() {
            for (v, variant) in variants(place).into_iter().enumerate() {
                add(b + t + v, Setup { backend, threads, variant, target: Target::Own });
            }
        }
        let threads = place.min_threads.max(2);
        add(b, Setup { backend, threads, variant: Variant::Plain, target: Target::Second });
    }
    cells.retain(|cell| {
        let Setup { threads, variant, target, .. } = cell.setup;
        threads >= place.min_threads
            && !(target == Target::Own && excluded(place.name, cell.label, variant, threads))
    });
    check(place.name, cells);
}

/// What the name of a cell is to contain.
fn only() -> Option<String> {
    std::env::var("POOL_MATRIX_ONLY").ok()
}

fn variants(place: Place) -> Vec<Variant> {
    let mut variants = vec![Variant::Plain];
    if !place.closed {
        variants.extend([Variant::Full, Variant::Closed]);
    }
    if place.may_be_over {
        variants.push(Variant::Over);
    }
    variants
}

/// Runs these cells one after the other. Only those whose name contains `POOL_MATRIX_ONLY`, if that is set.
pub(crate) fn check(name: &str, mut cells: Vec<Cell>) {
    if let Some(part) = only() {
        cells.retain(|cell| cell.to_string().contains(&part));
    }
    let all = cells.len();
    let max_hangs = number("POOL_MATRIX_MAX_HANGS").map_or(MAX_HANGS, |hangs| hangs as usize);
    let (mut failures, mut hangs, mut done) = (Vec::new(), 0, 0);
    while done < all && hangs < max_hangs {
        let run = Run::start(cells[done..].to_vec());
        while done < all {
            match run.next() {
                Ok(outcome) => {
                    failures.extend(outcome.err().map(|error| format!("{}: {error}", cells[done])));
                    done += 1;
                }
                Err(stage) => {
                    failures.push(format!("{}: hangs {stage}", cells[done]));
                    (done, hangs) = (done + 1, hangs + 1);
                    break;
                }
            }
        }
    }
    println!("{name}: {done} of {all} cells, {} failures", failures.len());
    assert!(
        failures.is_empty(),
        "{name}: {} of {done} cells failed, of {all}:\n{}",
        failures.len(),
        failures.join("\n")
    );
}

/// A thread that runs cells. One that hangs is left behind.
struct Run {
    outcomes: mpsc::Receiver<Outcome>,
    progress: Vec<Arc<Progress>>,
    next: std::cell::Cell<usize>,
}

impl Run {
    fn start(cells: Vec<Cell>) -> Self {
        let progress: Vec<Arc<Progress>> = cells.iter().map(|_| Arc::default()).collect();
        let (sender, outcomes) = mpsc::channel();
        let own = progress.clone();
        thread::spawn(move || {
            for (cell, progress) in cells.iter().zip(&own) {
                let ran = catch_unwind(AssertUnwindSafe(|| cell.run(progress)));
                let outcome = ran.unwrap_or_else(|payload| {
                    Err(format!("panicked {}: {}", progress.place(), text(&*payload)))
                });
                // Nobody waits any more for one that was left behind.
                if sender.send(outcome).is_err() {
                    return;
                }
            }
        });
        Self { outcomes, progress, next: std::cell::Cell::new(0) }
    }

    /// The next cell's outcome, or where it hangs.
    fn next(&self) -> Result<Outcome, &'static str> {
        let nth = self.next.get();
        self.next.set(nth + 1);
        match self.outcomes.recv_timeout(watchdog()) {
            Ok(outcome) => Ok(outcome),
            Err(RecvTimeoutError::Timeout) => Err(self.progress[nth].place()),
            Err(RecvTimeoutError::Disconnected) => Ok(Err("the thread is gone".to_owned())),
        }
    }
}
