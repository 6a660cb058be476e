//! The charts that a report has the numbers for.

use std::collections::BTreeSet;

use pool_benches::names;
use pool_benches::report::{Memory, Report, Setting};

use crate::Chart;
use crate::bars::{Bar, Bars, Row};
use crate::lines::{Line, Lines};
use crate::scale::written;

/// A measured value, of whichever section.
struct Value<'a> {
    contestant: &'a str,
    workers: usize,
    bar: Bar,
}

/// All charts of a report. Bars are drawn for these numbers of workers.
pub(crate) fn charts(report: &Report, workers: &[usize]) -> Vec<Chart> {
    let mut charts: Vec<Chart> = in_order(report.speed.iter().map(|speed| speed.workload.as_str()))
        .into_iter()
        .filter_map(|workload| speed(report, workload, workers))
        .collect();
    let counts: BTreeSet<usize> = report.scaling.iter().map(|point| point.workers).collect();
    charts.extend(counts.into_iter().map(|workers| scaling(report, workers)));
    let peak = |burst: &Memory| burst.peak;
    charts.extend(memory(report, workers, "memory", "allocated", peak));
    let resident = |burst: &Memory| burst.resident;
    charts.extend(memory(report, workers, "memory-resident", "resident", resident));
    charts
}

/// The bars of one workload.
fn speed(report: &Report, workload: &str, workers: &[usize]) -> Option<Chart> {
    let speeds = report.speed.iter().filter(|speed| speed.workload == workload);
    let speeds = speeds.map(|speed| Value {
        contestant: &speed.contestant,
        workers: speed.workers,
        bar: Bar { value: speed.median, range: Some((speed.low, speed.high)) },
    });
    let floors = report.floors.iter().filter(|floor| floor.workload == workload);
    let floors = floors.map(|floor| Value {
        contestant: names::WORK_ALONE,
        workers: floor.workers,
        bar: Bar { value: floor.nanoseconds, range: None },
    });
    let values: Vec<_> = speeds.chain(floors).collect();
    let bars = Bars {
        title: title(workload),
        explanation: "Shorter is faster. A bar is the median of the rounds, the thin line \
                      spans the middle half."
            .to_owned(),
        axis: "nanoseconds for each job".to_owned(),
        unit: "ns",
        panels: Vec::new(),
        rows: Vec::new(),
        note: note(&report.setting),
    };
    filled(bars, format!("speed-{}", slug(workload)), &values, workers)
}

/// The bars of some kind of bytes, unless they are not known.
fn memory(
    report: &Report,
    workers: &[usize],
    name: &str,
    kind: &str,
    bytes: impl Fn(&Memory) -> u64,
) -> Option<Chart> {
    // Bursts of different sizes do not compare.
    let jobs = report.memory.iter().map(|memory| memory.jobs).max()?;
    let bursts = report.memory.iter().filter(|burst| burst.jobs == jobs && bytes(burst) > 0);
    let values: Vec<_> = bursts
        .map(|burst| Value {
            contestant: &burst.contestant,
            workers: burst.workers,
            bar: Bar { value: bytes(burst) as f64 / f64::from(1 << 20), range: None },
        })
        .collect();
    let bars = Bars {
        title: format!("Memory of a burst of {} jobs: {kind}", written(jobs as f64)),
        explanation:
            "Shorter is less: the most there was while all jobs were queued, above what was \
                      there before."
                .to_owned(),
        axis: format!("MiB {kind} at the peak"),
        unit: "MiB",
        panels: Vec::new(),
        rows: Vec::new(),
        note: note(&report.setting),
    };
    filled(bars, name.to_owned(), &values, workers)
}

/// What a workload is about, as far as it is known here.
fn title(workload: &str) -> String {
    let about = match workload {
        "ext" => "empty jobs, submitted by one thread",
        "batch" => "empty jobs, submitted in one call",
        "batch-typed" => "values, submitted in one call",
        "results" => "jobs with a result each",
        "multi" => "empty jobs, submitted by several threads",
        "tree" => "jobs that submit jobs",
        "handles" => "jobs with a handle each",
        "latency" => "one job at a time, until it has run",
        "round-trip" => "one job at a time, waited for as the pool does",
        "work1us" => "jobs that work for a microsecond",
        "fork-join" => "Fibonacci's number, by joins",
        "fork-list" => "a list of pieces of work, by joins",
        _ => "time for each job",
    };
    format!("{workload}: {about}")
}

/// Makes a chart of these values: a panel for each of these numbers of workers for which there are
/// some, or for each that there is if there is none of them.
fn filled(mut bars: Bars, name: String, values: &[Value], workers: &[usize]) -> Option<Chart> {
    let there: BTreeSet<usize> = values.iter().map(|value| value.workers).collect();
    let wanted: Vec<_> = workers.iter().copied().filter(|count| there.contains(count)).collect();
    let columns = if wanted.is_empty() { there.into_iter().collect() } else { wanted };
    if columns.is_empty() {
        return None;
    }
    let find = |contestant, workers: usize| {
        let mut found = values.iter();
        found.find(|value| value.contestant == contestant && value.workers == workers)
    };
    for contestant in in_order(values.iter().map(|value| value.contestant)) {
        let bars_of = columns.iter().map(|count| find(contestant, *count).map(|value| value.bar));
        let (name, ours) = (contestant.to_owned(), names::is_ours(contestant));
        let row = Row { name, ours, bars: bars_of.collect() };
        if row.bars.iter().any(Option::is_some) {
            bars.rows.push(row);
        }
    }
    bars.panels = columns.iter().map(|count| many(*count, "worker")).collect();
    bars.sort();
    Some(Chart { name, size: bars.size(), draw: Box::new(move |canvas| bars.draw(canvas)) })
}

/// The lines of one number of workers.
fn scaling(report: &Report, workers: usize) -> Chart {
    let points = || report.scaling.iter().filter(|point| point.workers == workers);
    let line = |contestant: &str| {
        let own = points().filter(|point| point.contestant == contestant);
        let mut points: Vec<_> = own.map(|point| (point.jobs as f64, point.median)).collect();
        points.sort_by(|one, other| one.0.total_cmp(&other.0));
        Line { name: contestant.to_owned(), ours: names::is_ours(contestant), points }
    };
    // All of the report's, sorted, so that each has the same colour in every chart.
    let names: BTreeSet<_> = report.scaling.iter().map(|point| &*point.contestant).collect();
    let lines = Lines {
        title: format!("Time for each job against the number of jobs, {}", many(workers, "worker")),
        explanation: "Nanoseconds for each job: lower is faster. Both axes are logarithmic."
            .to_owned(),
        axis: "jobs in a round".to_owned(),
        lines: names.into_iter().map(line).collect(),
        note: note(&report.setting),
    };
    let name = format!("scaling-{workers}");
    Chart { name, size: lines.size(), draw: Box::new(move |canvas| lines.draw(canvas)) }
}

/// Each once, in the order in which they come.
fn in_order<'a>(names: impl Iterator<Item = &'a str>) -> Vec<&'a str> {
    let mut seen = BTreeSet::new();
    names.filter(|name| seen.insert(*name)).collect()
}

fn many(count: usize, thing: &str) -> String {
    format!("{} {thing}{}", written(count as f64), if count == 1 { "" } else { "s" })
}

/// Where it was measured.
fn note(setting: &Setting) -> String {
    let threads = (setting.parallelism > 0).then(|| many(setting.parallelism, "hardware thread"));
    let parts = [&setting.processor, &threads.unwrap_or_default(), &setting.system];
    let parts = parts.into_iter().chain([&setting.compiler]).filter(|part| !part.is_empty());
    parts.cloned().collect::<Vec<_>>().join(", ")
}

/// A name that is good for a file.
fn slug(name: &str) -> String {
    let plain = |letter: char| if letter.is_ascii_alphanumeric() { letter } else { '-' };
    let words = name.to_ascii_lowercase().replace(|letter| plain(letter) == '-', " ");
    words.split_whitespace().collect::<Vec<_>>().join("-")
}

#[cfg(test)]
mod tests {
    use pool_benches::report::{Floor, Scaling, Speed};

    use super::*;

    fn speed(workload: &str, workers: usize) -> Speed {
        Speed {
            workload: workload.to_owned(),
            workers,
            contestant: "pool/crossbeam".to_owned(),
            jobs: 1,
            rounds: 1,
            median: 1.0,
            low: 1.0,
            high: 1.0,
            to_best_peer: None,
            to_own_channel: None,
        }
    }

    fn names(report: &Report) -> Vec<String> {
        charts(report, &[2, 16]).into_iter().map(|chart| chart.name).collect()
    }

    #[test]
    fn an_empty_report_has_no_charts() {
        assert!(names(&Report::default()).is_empty());
    }

    #[test]
    fn there_is_a_chart_for_each_section() {
        let contestant = || "pool/std".to_owned();
        let burst = Memory {
            contestant: contestant(),
            workers: 2,
            jobs: 9,
            peak: 8,
            after: 0,
            resident: 0,
        };
        let report = Report {
            speed: vec![speed("ext", 2), speed("fib (join)", 4), speed("ext", 16)],
            floors: vec![Floor {
                workload: "ext".to_owned(),
                workers: 2,
                nanoseconds: 1.0,
                undisturbed: 1.0,
            }],
            scaling: vec![Scaling { contestant: contestant(), workers: 2, jobs: 10, median: 1.0 }],
            memory: vec![burst],
            ..Report::default()
        };
        assert_eq!(names(&report), ["speed-ext", "speed-fib-join", "scaling-2", "memory"]);
    }

    #[test]
    fn a_note_names_what_is_known() {
        let setting = Setting { parallelism: 2, system: "Linux".to_owned(), ..Setting::default() };
        assert_eq!(note(&setting), "2 hardware threads, Linux");
    }
}
