//! Checks: a body under many seeds, the failing seed, and its replay.

use std::any::Any;
use std::env;
use std::fmt;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Arc;
use std::thread;
use std::time::Duration;

use crate::run::{self, Run};
use crate::schedule::Schedule;

/// The variable of the environment that has the one seed to replay.
const SEED: &str = "DRAINPOOL_SEED";

/// The real time after which a thread that keeps its turn is taken for stuck. No schedule depends on it.
const PATIENCE: Duration = Duration::from_secs(60);

/// Runs a body once for each of these seeds, until one fails.
///
/// Each run has threads that take turns, in an order drawn from the seed; see [the crate](crate). The body is
/// called on a thread of its own, with the name of the present one.
///
/// If the variable `DRAINPOOL_SEED` is set in the environment, the body runs with that seed alone.
///
/// # Panics
///
/// If a run fails: because the body panics, because nobody in it can go on (a deadlock), or because a thread
/// keeps its turn for a minute, as one does that waits for another by means that the run does not know. The
/// message has the seed, and says whether the run failed again when it was repeated. The threads of a run that
/// does not end are left behind.
///
/// # Examples
///
/// ```
/// use drainpool::deterministic::check;
///
/// check(0..50, |run| {
///     let pool = run.builder().num_threads(3).build().unwrap();
///     let (a, b) = pool.join(|| 6, || 7);
///     assert_eq!(a * b, 42);
/// });
/// ```
#[track_caller]
pub fn check(seeds: impl IntoIterator<Item = u64>, body: impl Fn(&Run) + Send + Sync + 'static) {
    let failure = match env::var(SEED) {
        Ok(seed) => match seed.trim().parse() {
            Ok(seed) => find_failure([seed], body),
            Err(error) => panic!("{SEED} is {seed:?}, which is no seed: {error}"),
        },
        Err(_) => find_failure(seeds, body),
    };
    if let Some(failure) = failure {
        panic!("{failure}");
    }
}

/// Runs a body under one seed, in the same way each time: to look at a failure that [`check`] found.
///
/// # Panics
///
/// As for [`check`].
///
/// # Examples
///
/// ```
/// use drainpool::deterministic::replay;
///
/// replay(4711, |run| {
///     let pool = run.builder().num_threads(2).build().unwrap();
///     assert_eq!(pool.spawn(|| 42).unwrap().join().unwrap(), 42);
/// });
/// ```
#[track_caller]
pub fn replay(seed: u64, body: impl Fn(&Run) + Send + Sync + 'static) {
    if let Some(failure) = find_failure([seed], body) {
        panic!("{failure}");
    }
}

/// Runs a body like [`check`] and returns the first failure, for a test that a race is found.
///
/// # Examples
///
/// ```
/// use std::sync::mpsc;
/// use drainpool::deterministic::find_failure;
///
/// let failure = find_failure(0..100, |run| {
///     let (results, received) = mpsc::channel();
///     let pool = run.builder().num_threads(2).sink(results).build().unwrap();
///     pool.execute(|| "first").unwrap();
///     pool.execute(|| "second").unwrap();
///     pool.shutdown();
///     let order: Vec<_> = received.iter().map(|done| done.outcome.unwrap()).collect();
///     assert_eq!(order, ["first", "second"], "a pool promises no order");
/// });
/// let failure = failure.expect("some seed has them the other way round");
/// assert!(failure.message().contains("a pool promises no order"));
/// assert!(failure.is_reproduced());
/// ```
#[must_use]
pub fn find_failure(
    seeds: impl IntoIterator<Item = u64>,
    body: impl Fn(&Run) + Send + Sync + 'static,
) -> Option<Failure> {
    let body: Body = Arc::new(body);
    seeds.into_iter().find_map(|seed| {
        let message = run_once(seed, &body).err()?;
        let again = run_once(seed, &body).err();
        Some(Failure { seed, message, again })
    })
}

type Body = Arc<dyn Fn(&Run) + Send + Sync>;

fn run_once(seed: u64, body: &Body) -> Result<(), String> {
    let schedule = Schedule::new(seed);
    let mut builder = thread::Builder::new();
    if let Some(name) = thread::current().name() {
        builder = builder.name(name.to_owned());
    }
    let (run, body) = (Run::new(seed, Arc::clone(&schedule)), Arc::clone(body));
    let ends = Arc::clone(&schedule);
    let spawned = run::spawn(&schedule, builder, move || {
        let outcome = catch_unwind(AssertUnwindSafe(|| body(&run)));
        ends.finish(outcome.map_err(|payload| message_of(&*payload)));
    });
    match spawned {
        Ok(_) => schedule.keep(PATIENCE),
        Err(error) => Err(format!("no thread was started: {error}")),
    }
}

fn message_of(payload: &(dyn Any + Send)) -> String {
    let text = payload.downcast_ref::<String>().map(String::as_str);
    let text = text.or_else(|| payload.downcast_ref::<&str>().copied());
    text.unwrap_or("a panic without a text").to_owned()
}

/// A run that failed; returned by [`find_failure`], and the text of the panic of [`check`].
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Failure {
    seed: u64,
    message: String,
    /// How the same seed failed when it was repeated.
    again: Option<String>,
}

impl Failure {
    /// The seed with which it failed.
    #[must_use]
    pub fn seed(&self) -> u64 {
        self.seed
    }

    /// Why it failed: the text of the body's panic, or a word about a deadlock.
    #[must_use]
    pub fn message(&self) -> &str {
        &self.message
    }

    /// Whether the same seed failed with the same message when it was repeated. If not, the body depends on
    /// more than the seed.
    #[must_use]
    pub fn is_reproduced(&self) -> bool {
        self.again.as_ref() == Some(&self.message)
    }
}

impl fmt::Display for Failure {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { seed, message, again } = self;
        write!(f, "the run with seed {seed} failed: {message}")?;
        match again {
            Some(again) if again == message => {
                write!(f, "\nto replay it, set {SEED}={seed}, or call `replay({seed}, ..)`")
            }
            Some(again) => write!(
                f,
                "\nrepeated with the same seed it failed otherwise, so it depends on more than that: {again}"
            ),
            None => f.write_str(
                "\nrepeated with the same seed it did not fail, so it depends on more than that",
            ),
        }
    }
}

impl std::error::Error for Failure {}
