//! What was measured, as a table.

use std::fmt;

use pool_benches::statistics::Summary;
use serde::Serialize;

/// One task, done in several ways.
#[derive(Serialize)]
pub(crate) struct Table {
    task: String,
    workers: usize,
    rounds: usize,
    rows: Vec<Row>,
}

/// One way of doing the task. Times are in milliseconds.
#[derive(Serialize)]
pub(crate) struct Row {
    way: String,
    median: f64,
    /// The quarter of the rounds below.
    low: f64,
    /// The quarter of the rounds above.
    high: f64,
    /// The median as a multiple of the best one.
    to_best: f64,
    /// The most items that were ever in flight at once.
    in_flight: Option<usize>,
}

impl Row {
    /// A row of the times of all rounds.
    pub(crate) fn new(way: &str, times: &[f64], in_flight: Option<usize>) -> Self {
        let Summary { low, median, high } = Summary::of(times);
        Self { way: way.to_owned(), median, low, high, to_best: 1.0, in_flight }
    }
}

impl Table {
    /// A table of these rows.
    pub(crate) fn new(task: &str, workers: usize, rounds: usize, mut rows: Vec<Row>) -> Self {
        let best = rows.iter().map(|row| row.median).fold(f64::INFINITY, f64::min);
        rows.iter_mut().for_each(|row| row.to_best = row.median / best);
        Self { task: task.to_owned(), workers, rounds, rows }
    }
}

impl fmt::Display for Table {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { task, workers, rounds, rows } = self;
        writeln!(f, "{task}: {workers} workers, median of {rounds} rounds")?;
        let names = rows.iter().map(|row| row.way.len()).max().unwrap_or(0);
        let counts = rows.iter().any(|row| row.in_flight.is_some());
        let peak = if counts { "in flight" } else { "" };
        let line = |name: &str, cells: [&str; 4]| {
            let [ms, half, ratio, peak] = cells;
            let line = format!("  {name:names$} {ms:>9} {half:>19} {ratio:>8} {peak:>11}");
            line.trim_end().to_owned()
        };
        writeln!(f, "{}", line("", ["ms", "middle half", "to best", peak]))?;
        for row in rows {
            let peak = row.in_flight.map(|peak| peak.to_string()).unwrap_or_default();
            let half = format!("{:.1} to {:.1}", row.low, row.high);
            let (ms, ratio) = (format!("{:.1}", row.median), format!("{:.2}", row.to_best));
            writeln!(f, "{}", line(&row.way, [&ms, &half, &ratio, &peak]))?;
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_row_has_the_quartiles() {
        let row = Row::new("way", &[5.0, 1.0, 4.0, 2.0, 3.0], None);
        assert_eq!([row.low, row.median, row.high], [2.0, 3.0, 4.0]);
    }

    #[test]
    fn ratios_are_to_the_best() {
        let rows = vec![Row::new("a", &[30.0], Some(7)), Row::new("b", &[20.0], None)];
        let table = Table::new("task", 2, 1, rows);
        assert_eq!(table.rows.iter().map(|row| row.to_best).collect::<Vec<_>>(), [1.5, 1.0]);
        let text = table.to_string();
        assert!(text.starts_with("task: 2 workers, median of 1 rounds\n"), "{text}");
        assert!(text.lines().nth(2).is_some_and(|line| line.ends_with(" 1.50           7")));
    }
}
