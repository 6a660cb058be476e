//! Measuring several ways of doing the same, in turns.

use std::error::Error;
use std::fmt;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Instant;

use pool_benches::statistics::Summary;
use pool_benches::table::{number, text};
use pool_benches::{progress, rounds};
use serde::Serialize;

use crate::Plan;

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
}

/// One task, done in several ways.
#[derive(Serialize)]
pub(crate) struct Table {
    task: String,
    workers: usize,
    rounds: usize,
    rows: Vec<Row>,
}

/// One way of doing the task: quartiles in milliseconds.
#[derive(Serialize)]
struct Row {
    way: String,
    median: f64,
    low: f64,
    high: f64,
    /// The median as a multiple of the best one.
    to_best: f64,
    /// The most items that were ever in flight at once.
    in_flight: Option<usize>,
}

impl fmt::Display for Table {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { task, workers, rounds, rows } = self;
        let title = format!("{task}: {workers} workers, median of {rounds} rounds");
        let mut header = vec!["", "ms", "quartiles", "to best"];
        header.extend(rows.iter().find_map(|row| row.in_flight).map(|_| "in flight"));
        let rows = rows.iter().map(|row| {
            let quartiles = format!("{} to {}", number(row.low), number(row.high));
            let mut cells = vec![format!("  {}", row.way), number(row.median), quartiles];
            cells.push(format!("{:.2}", row.to_best));
            cells.extend(row.in_flight.map(|most| most.to_string()));
            cells
        });
        f.write_str(&text(&title, &header, rows))
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
    let wanted = plan.args.rounds;
    let bar = progress::bar(((wanted + 1) * ways.len()) as u64, task.to_owned());
    let mut expected = None;
    let run = |who: usize| -> Run<f64> {
        let (input, way) = (input(), &ways[who]);
        let start = Instant::now();
        let result = (way.run)(input)?;
        let milliseconds = start.elapsed().as_secs_f64() * 1e3;
        bar.inc(1);
        match &expected {
            Some(expected) if *expected != result => {
                return Err(format!("{task}: {} has another result", way.name).into());
            }
            Some(_) => {}
            None => expected = Some(result),
        }
        Ok(milliseconds)
    };
    let times = rounds::run(ways.len(), |rounds| rounds == wanted, run)?;
    bar.finish_and_clear();
    let summaries: Vec<Summary> = times.iter().map(|times| Summary::of(times)).collect();
    let best = summaries.iter().map(|summary| summary.median).fold(f64::INFINITY, f64::min);
    let row = |(way, Summary { low, median, high }): (&Way<I, T>, Summary)| Row {
        way: way.name.clone(),
        median,
        low,
        high,
        to_best: median / best,
        in_flight: way.gauge.as_ref().map(|gauge| gauge.peak.load(Ordering::Relaxed)),
    };
    let rows = ways.iter().zip(summaries).map(row).collect();
    Ok(Table { task: task.to_owned(), workers: plan.workers, rounds: wanted, rows })
}
