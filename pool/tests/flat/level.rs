//! How much memory lives, from time to time while something is repeated.

use std::any::Any;
use std::env;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::mpsc::channel;
use std::sync::{Mutex, PoisonError};
use std::time::Duration;

use pool_conformance::{set_patience, within_patience};

use crate::ALLOCATED;
use crate::setup::{Backend, Setup, on};

/// What anything may keep beside what it is known to.
const SLACK: usize = 256 * 1024;
/// So many entries that are over may be left until they are cleared away.
const STALE: usize = 512;
/// How long one measurement may take, which takes a second or two in an optimised build.
const PATIENCE: Duration = Duration::from_secs(if cfg!(debug_assertions) { 20 } else { 300 });
/// After so many parts the level is measured.
const PARTS: usize = 10;

/// How often an operation is repeated.
pub(crate) fn rounds() -> usize {
    let usual = if cfg!(debug_assertions) { 2_000 } else { 100_000 };
    env::var("POOL_FLAT_ROUNDS").map_or(usual, |rounds| rounds.parse().expect("a number"))
}

/// Keeps the other tests of this program from running, which would be measured as well.
pub(crate) fn alone(test: impl FnOnce()) {
    static ALONE: Mutex<()> = Mutex::new(());
    let _alone = ALONE.lock().unwrap_or_else(PoisonError::into_inner);
    test();
}

/// Runs a test on each of the pools of one backend, alone.
pub(crate) fn alone_on(backend: Backend, test: fn(Setup)) {
    // The watchdogs come after the lock, so that waiting for it is no hang.
    alone(|| on(backend, test));
}

/// The bytes that live after the first part of some rounds, and after each further one.
#[derive(Debug)]
pub(crate) struct Levels {
    rounds: usize,
    /// What is kept for each entry that is over, if it is much.
    entry: usize,
    bytes: [usize; PARTS + 1],
}

impl Levels {
    /// Repeats something so often, after a tenth as often to warm up. `settle` is called before each
    /// look, so that all is over by then.
    pub(crate) fn measure(
        rounds: usize,
        entry: usize,
        mut round: impl FnMut(),
        mut settle: impl FnMut(),
    ) -> Self {
        let rounds = rounds.div_ceil(PARTS);
        let mut bytes = [0; PARTS + 1];
        for level in &mut bytes {
            (0..rounds).for_each(|_| round());
            settle();
            *level = ALLOCATED.current_usage();
        }
        Self { rounds, entry, bytes }
    }

    /// What is wrong with these levels, if anything is.
    pub(crate) fn fault(&self) -> Option<String> {
        let [warm, .., last] = self.bytes;
        let highest = self.bytes.into_iter().max().unwrap_or(warm);
        let slack = SLACK + STALE * self.entry;
        let rounds = self.rounds * PARTS;
        // Eight bytes a round are the least that anything could leave behind.
        let rises = self.bytes.is_sorted_by(|one, next| one < next);
        let per_round = last.saturating_sub(warm) / rounds;
        if highest <= warm + slack && !(rises && per_round >= 8) {
            return None;
        }
        let grown = self.bytes.map(|level| (level as i64 - warm as i64) / 1024);
        Some(format!("{per_round} bytes a round, of {rounds}; KiB after each tenth: {grown:?}"))
    }
}

/// Repeats and measures something.
pub(crate) type Measure = Box<dyn FnOnce() -> Levels + Send>;

/// Measures several things, each with a watchdog, and reports what does not stay flat.
pub(crate) fn all_flat(what: impl IntoIterator<Item = (&'static str, Measure)>) {
    set_patience(PATIENCE);
    let mut faults = Vec::new();
    for (name, measure) in what {
        let (found, fault) = channel();
        let measure = move || {
            let _ = found.send(measure().fault());
        };
        let measured = catch_unwind(AssertUnwindSafe(|| within_patience(measure)));
        match measured.map_err(message).map(|()| fault.try_recv().ok().flatten()) {
            Ok(None) => {}
            Ok(Some(fault)) | Err(fault) => faults.push(format!("{name}: {fault}")),
        }
    }
    assert!(faults.is_empty(), "{} do not stay flat:\n{}", faults.len(), faults.join("\n"));
}

fn message(payload: Box<dyn Any + Send>) -> String {
    match payload.downcast::<String>() {
        Ok(text) => *text,
        Err(payload) => {
            payload.downcast::<&str>().map_or_else(|_| "panics".to_owned(), |text| text.to_string())
        }
    }
}
