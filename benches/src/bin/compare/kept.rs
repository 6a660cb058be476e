//! Reports that are kept, one a processor, and what differs from them.

use std::error::Error;
use std::fs;
use std::io::Write as _;
use std::path::{Path, PathBuf};

use pool_benches::report::{Report, Speed};
use pool_benches::table::{number, text};

/// Where reports are kept, unless somebody says otherwise.
pub(crate) const FOLDER: &str = "docs/results";

/// Writes a report, as JSON.
pub(crate) fn write(report: &Report, file: &mut fs::File) -> Result<(), Box<dyn Error>> {
    let mut json = serde_json::to_vec_pretty(report)?;
    json.push(b'\n');
    Ok(file.write_all(&json)?)
}

/// Reads one.
pub(crate) fn read(path: &Path) -> Result<Report, Box<dyn Error>> {
    let report = fs::read(path).map_err(|error| format!("{}: {error}", path.display()))?;
    Ok(serde_json::from_slice(&report).map_err(|error| format!("{}: {error}", path.display()))?)
}

/// Writes a report to the folder, in place of the one of the same processor. Where it is.
pub(crate) fn keep(report: &Report, folder: &Path) -> Result<PathBuf, Box<dyn Error>> {
    fs::create_dir_all(folder)?;
    let path = folder.join(format!("{}.json", report.setting.slug()));
    write(report, &mut fs::File::create(&path)?)?;
    Ok(path)
}

/// Whether each of two medians lies outside of the other's quartiles.
fn differ(one: &Speed, other: &Speed) -> bool {
    let outside = |median: f64, of: &Speed| median < of.low || median > of.high;
    outside(one.median, other) && outside(other.median, one)
}

/// The contestants whose median lies outside of the quartiles that a kept run had, and the kept median
/// outside of theirs; those that took more in proportion come first. Only what both have measured, with
/// as many jobs and workers, is compared.
pub(crate) fn differences(now: &Report, kept: &Report) -> String {
    let pairs: Vec<(&Speed, &Speed)> =
        now.speed.iter().filter_map(|now| Some((now, counterpart(now, kept)?))).collect();
    let mut apart: Vec<_> = pairs.iter().filter(|(now, kept)| differ(now, kept)).collect();
    let ratio = |(now, kept): &(&Speed, &Speed)| now.median / kept.median;
    apart.sort_by(|one, other| ratio(other).total_cmp(&ratio(one)));
    let rows = apart.iter().map(|pair| {
        let (now, kept) = pair;
        let name = format!("{}, {} workers: {}", now.workload, now.workers, now.contestant);
        let times = [kept, now].into_iter().flat_map(|speed| {
            let quartiles = format!("{} to {}", number(speed.low), number(speed.high));
            [number(speed.median), quartiles]
        });
        [name].into_iter().chain(times).chain([format!("{:.2}", ratio(pair))]).collect()
    });
    let title = format!(
        "{} of {} differ from the kept run, measured on {}, by more than the quartiles of both",
        apart.len(),
        pairs.len(),
        kept.setting.machine()[0]
    );
    if apart.is_empty() {
        return title;
    }
    text(&title, &["", "kept ns/job", "quartiles", "now ns/job", "quartiles", "ratio"], rows)
}

fn counterpart<'a>(now: &Speed, kept: &'a Report) -> Option<&'a Speed> {
    let key = |speed: &Speed| {
        (speed.workload.clone(), speed.workers, speed.contestant.clone(), speed.jobs)
    };
    kept.speed.iter().find(|kept| key(kept) == key(now))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn speed(contestant: &str, jobs: usize, [low, median, high]: [f64; 3]) -> Speed {
        Speed {
            workload: "ext".to_owned(),
            workers: 2,
            contestant: contestant.to_owned(),
            jobs,
            rounds: 3,
            median,
            low,
            high,
            ..Speed::default()
        }
    }

    #[test]
    fn only_what_lies_outside_of_both_differs() {
        let kept = [
            speed("same", 10, [9.0, 10.0, 11.0]),
            speed("wide", 10, [9.0, 10.0, 11.0]),
            speed("slower", 10, [9.0, 10.0, 11.0]),
            speed("other jobs", 10, [9.0, 10.0, 11.0]),
        ];
        let now = [
            speed("same", 10, [9.5, 10.5, 11.5]),
            speed("wide", 10, [9.5, 12.0, 15.0]),
            speed("slower", 10, [11.0, 15.0, 16.0]),
            speed("other jobs", 20, [30.0, 30.0, 30.0]),
        ];
        let [kept, now] =
            [kept, now].map(|speed| Report { speed: speed.to_vec(), ..Report::default() });
        let table = differences(&now, &kept);
        assert!(table.starts_with("1 of 3 differ"), "{table}");
        assert!(table.contains("ext, 2 workers: slower"), "{table}");
        assert!(!table.contains("same") && !table.contains("other jobs"), "{table}");
    }

    #[test]
    fn a_kept_report_takes_the_place_of_the_one_before() -> Result<(), Box<dyn Error>> {
        let folder = std::env::temp_dir().join(format!("kept-{}", std::process::id()));
        let mut report = Report::default();
        report.setting.processor = "A B 2.0".to_owned();
        let first = keep(&report, &folder)?;
        report.speed.push(speed("same", 10, [1.0, 2.0, 3.0]));
        assert_eq!(keep(&report, &folder)?, first);
        assert!(first.ends_with("a-b-2-0.json"));
        assert_eq!(read(&first)?.speed.len(), 1);
        assert!(read(&folder.join("none.json")).is_err());
        Ok(fs::remove_dir_all(&folder)?)
    }
}
