//! Measuring several ways of doing the same, in turns.

use std::error::Error;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Instant;

use pool_benches::{progress, turns};

use crate::Plan;
use crate::table::{Row, Table};

/// How a run went.
pub(crate) type Run<T> = Result<T, Box<dyn Error>>;

/// One way of doing a task.
pub(crate) struct Way<'a, I, T> {
    name: String,
    run: Box<dyn Fn(I) -> Run<T> + 'a>,
    gauge: Option<Arc<Gauge>>,
}

impl<'a, I, T> Way<'a, I, T> {
    /// A way that makes a `T` of an input.
    pub(crate) fn new(name: impl Into<String>, run: impl Fn(I) -> Run<T> + 'a) -> Self {
        Self { name: name.into(), run: Box::new(run), gauge: None }
    }

    /// With this to tell how much was in flight.
    pub(crate) fn with_gauge(self, gauge: Arc<Gauge>) -> Self {
        Self { gauge: Some(gauge), ..self }
    }
}

/// Counts what is in flight, and keeps the most that ever was.
#[derive(Default)]
pub(crate) struct Gauge {
    now: AtomicUsize,
    peak: AtomicUsize,
}

impl Gauge {
    /// One more is in flight.
    pub(crate) fn enter(&self) {
        let now = self.now.fetch_add(1, Ordering::Relaxed) + 1;
        self.peak.fetch_max(now, Ordering::Relaxed);
    }

    /// One is done with.
    pub(crate) fn leave(&self) {
        self.now.fetch_sub(1, Ordering::Relaxed);
    }

    /// The most that ever was.
    pub(crate) fn peak(&self) -> usize {
        self.peak.load(Ordering::Relaxed)
    }
}

/// Does a task in all ways, round after round, on inputs that `input` makes outside of the measured
/// time.
///
/// # Errors
///
/// If a way fails, or its result differs from those of the others.
pub(crate) fn compare<I, T: PartialEq>(
    plan: &Plan,
    task: &str,
    input: impl Fn() -> I,
    ways: &[Way<I, T>],
) -> Run<Table> {
    let mut times = vec![Vec::new(); ways.len()];
    let mut expected = None;
    let steps = (plan.args.rounds + 1) * ways.len();
    let bar = progress::bar(steps as u64, task.to_owned());
    // The first round warms up.
    for round in 0..=plan.args.rounds {
        for which in turns::order(round, ways.len()) {
            let (input, way) = (input(), &ways[which]);
            let start = Instant::now();
            let result = (way.run)(input)?;
            let milliseconds = start.elapsed().as_secs_f64() * 1e3;
            match &expected {
                Some(expected) if *expected != result => {
                    return Err(format!("{task}: {} has another result", way.name).into());
                }
                Some(_) => {}
                None => expected = Some(result),
            }
            if round > 0 {
                times[which].push(milliseconds);
            }
            bar.inc(1);
        }
    }
    bar.finish_and_clear();
    let row = |(way, times): (&Way<I, T>, &Vec<f64>)| {
        Row::new(&way.name, times, way.gauge.as_ref().map(|gauge| gauge.peak()))
    };
    let rows = ways.iter().zip(&times).map(row).collect();
    Ok(Table::new(task, plan.workers, plan.args.rounds, rows))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_most_in_flight_is_kept() {
        let gauge = Gauge::default();
        gauge.enter();
        gauge.enter();
        gauge.leave();
        gauge.enter();
        assert_eq!(gauge.peak(), 2);
    }
}
