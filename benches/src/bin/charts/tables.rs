//! The figures of all reports, as tables in Markdown.

use std::collections::BTreeSet;
use std::fmt::Write as _;

use pool_benches::names;
use pool_benches::report::{Report, Speed};

use crate::numbers::written;

/// What is above the tables.
const HEAD: &str = "\
# Figures of each processor

Written by `charts` from the reports beside this file: nanoseconds a job, medians, and the ratio to the best
Rust peer of the same round; below 1 is faster than all of them. Each report has every contestant with its
quartiles, and the memory and idle time.
";

/// A section for each report, and in it a row for each workload, number of workers and way to run it.
pub(crate) fn markdown(reports: &[Report]) -> String {
    reports.iter().fold(HEAD.to_owned(), |text, report| text + &section(report))
}

/// A section. Its columns are our backends, the best of the peers, and that of other languages.
fn section(report: &Report) -> String {
    let [processor, facts @ ..] = report.setting.machine();
    let mut text = format!("\n## {processor}\n\n");
    let (system, compiler) = (&report.setting.system, &report.setting.compiler);
    for fact in facts.iter().chain([system, compiler]) {
        // Writing to a string does not fail.
        _ = writeln!(text, "* {fact}");
    }
    let all = || report.speed.iter();
    let ours = all().filter(|speed| names::is_ours(&speed.contestant));
    let backends: BTreeSet<&str> = ours.map(|speed| backend_and_way(speed).0).collect();
    let head = ["workload", "workers"].into_iter().chain(backends.iter().copied());
    let head: Vec<&str> = head.chain(["best Rust peer", "best foreign peer"]).collect();
    _ = writeln!(text, "\n{}\n|{}", row(&head), "---|".repeat(head.len()));
    for (workload, workers) in measured(report) {
        let same: Vec<&Speed> =
            all().filter(|speed| speed.workload == workload && speed.workers == workers).collect();
        text += &rows(workload, workers, &backends, &same);
    }
    text
}

/// The rows of a workload with one number of workers: one for each way in which ours run it.
fn rows(workload: &str, workers: usize, backends: &BTreeSet<&str>, all: &[&Speed]) -> String {
    let ours = || all.iter().filter(|speed| names::is_ours(&speed.contestant));
    let ways: BTreeSet<&str> = ours().map(|speed| backend_and_way(speed).1).chain([""]).collect();
    let mut text = String::new();
    for way in ways {
        let name =
            if way.is_empty() { format!("`{workload}`") } else { format!("`{workload}`, {way}") };
        let mut cells = vec![name, workers.to_string()];
        cells.extend(backends.iter().map(|backend| {
            let own = ours().find(|speed| backend_and_way(speed) == (*backend, way));
            own.map_or(String::new(), |own| with_ratio(own))
        }));
        cells.extend([best(all, names::is_peer), best(all, names::is_foreign)]);
        _ = writeln!(text, "{}", row(&cells));
    }
    text
}

/// Which of ours it is, and what else is in its name: `join_or_run`, for one.
fn backend_and_way(speed: &Speed) -> (&str, &str) {
    speed.contestant.split_once(' ').unwrap_or((&speed.contestant, ""))
}

/// The workloads with their numbers of workers, in the report's order.
fn measured(report: &Report) -> Vec<(&str, usize)> {
    let mut all = Vec::new();
    for speed in &report.speed {
        let one = (speed.workload.as_str(), speed.workers);
        if !all.contains(&one) {
            all.push(one);
        }
    }
    all
}

fn with_ratio(speed: &Speed) -> String {
    let ratio = speed.to_best_peer.map_or(String::new(), |ratio| format!(" ({ratio:.2})"));
    written(speed.median) + &ratio
}

/// The fastest of some, by name.
fn best(speeds: &[&Speed], of: fn(&str) -> bool) -> String {
    let speeds = speeds.iter().filter(|speed| of(&speed.contestant));
    let best = speeds.min_by(|one, other| one.median.total_cmp(&other.median));
    best.map_or(String::new(), |best| format!("{} {}", best.contestant, written(best.median)))
}

fn row(cells: &[impl AsRef<str>]) -> String {
    let cells: Vec<&str> = cells.iter().map(AsRef::as_ref).collect();
    format!("| {} |", cells.join(" | "))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_row_for_each_workload_and_number_of_workers() {
        let speed = |contestant: &str, workers, median, to_best_peer| Speed {
            workload: "ext".to_owned(),
            workers,
            contestant: contestant.to_owned(),
            median,
            to_best_peer,
            ..Speed::default()
        };
        let speed = vec![
            speed("pool/std", 2, 80.0, Some(0.5)),
            speed("pool/std join_or_run", 2, 8.0, Some(0.05)),
            speed("rayon", 2, 160.0, Some(1.0)),
            speed("java/ForkJoinPool", 2, 70.0, None),
            speed("rayon", 16, 200.0, Some(1.0)),
        ];
        let text = markdown(&[Report { speed, ..Report::default() }]);
        let rows: Vec<&str> = text.lines().filter(|line| line.starts_with('|')).collect();
        let expected = [
            "| workload | workers | pool/std | best Rust peer | best foreign peer |",
            "|---|---|---|---|---|",
            "| `ext` | 2 | 80 (0.50) | rayon 160 | java/ForkJoinPool 70 |",
            "| `ext`, join_or_run | 2 | 8 (0.05) | rayon 160 | java/ForkJoinPool 70 |",
            "| `ext` | 16 |  | rayon 200 |  |",
        ];
        assert_eq!(rows, expected);
    }
}
