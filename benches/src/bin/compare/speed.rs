//! The cost of a job.

use std::error::Error;
use std::time::Instant;

use pool_benches::report::{Floor, Report, Speed};
use pool_benches::statistics::{Summary, median_ratio};
use pool_benches::workloads::{Entry, Workload};
use pool_benches::{names, work};

use crate::foreign::Foreign;
use crate::{Args, table, take_turns};

/// So many rounds are run, however long they take.
const FEWEST_ROUNDS: usize = 3;

/// One contestant's rounds, in nanoseconds for each job.
struct Series {
    contestant: &'static str,
    rounds: Vec<f64>,
}

/// Runs a workload in rounds, all contestants in each; the fastest first. With what its jobs' work
/// alone takes, if they work.
pub(crate) fn measure(
    workload: Workload,
    workers: usize,
    args: &Args,
    foreign: Option<&mut Foreign>,
    report: &mut Report,
) -> Result<String, Box<dyn Error>> {
    let jobs = args.jobs(workload);
    let time = args.time()?;
    let mut entries = args.entries(workload, workers, jobs);
    let others = foreign.into_iter().flat_map(|programs| programs.entries(workload, workers, jobs));
    entries.extend(others.filter(|entry| args.wants(entry.contestant)));
    // The work alone takes turns with the contestants: the machine is as fast for it as for them.
    entries.extend(workload.floor(workers, jobs));
    let start = Instant::now();
    let rounds = take_turns(&mut entries, jobs, |rounds| match args.rounds {
        Some(wanted) => rounds >= wanted as usize,
        None => rounds >= FEWEST_ROUNDS && start.elapsed() >= time,
    });
    let series = entries
        .iter()
        .zip(rounds)
        .map(|(Entry { contestant, .. }, rounds)| Series { contestant, rounds });
    let (floor, series): (Vec<Series>, _) =
        series.partition(|series| series.contestant == names::WORK_ALONE);
    let floor = floor.first().map(|floor| Floor {
        workload: workload.name().to_owned(),
        workers,
        nanoseconds: floor.summary().median,
        undisturbed: work::taken().as_nanos() as f64 / work::running(workers) as f64,
    });
    let speeds = compare(&series, workload.name(), workers, jobs);
    let table = table::speed(&speeds, floor.as_ref());
    report.speed.extend(speeds);
    report.floors.extend(floor);
    Ok(table)
}

impl Series {
    fn summary(&self) -> Summary {
        Summary::of(&self.rounds)
    }

    fn ratio_to(&self, other: &Self) -> f64 {
        median_ratio(&self.rounds, &other.rounds)
    }
}

/// Sums the rounds up, and compares them with those of the best peer and of bare channels.
fn compare(all: &[Series], workload: &str, workers: usize, jobs: usize) -> Vec<Speed> {
    let best_of = |kind: fn(&str) -> bool| {
        let peers = all.iter().filter(|series| kind(series.contestant));
        peers.min_by(|a, b| a.summary().median.total_cmp(&b.summary().median))
    };
    let (best, foreign) = (best_of(names::is_peer), best_of(names::is_foreign));
    let speeds = all.iter().map(|series| {
        let Summary { low, median, high } = series.summary();
        let channel = names::own_channel(series.contestant);
        let channel = channel.and_then(|name| all.iter().find(|other| other.contestant == name));
        Speed {
            workload: workload.to_owned(),
            workers,
            contestant: series.contestant.to_owned(),
            jobs,
            rounds: series.rounds.len(),
            median,
            low,
            high,
            to_best_peer: best.map(|best| series.ratio_to(best)),
            to_best_foreign: foreign.map(|foreign| series.ratio_to(foreign)),
            to_own_channel: channel.map(|channel| series.ratio_to(channel)),
        }
    });
    let mut speeds: Vec<Speed> = speeds.collect();
    speeds.sort_by(|a, b| a.median.total_cmp(&b.median));
    speeds
}

#[cfg(test)]
mod tests {
    use super::*;

    fn series(contestant: &'static str, rounds: &[f64]) -> Series {
        Series { contestant, rounds: rounds.to_vec() }
    }

    #[test]
    fn the_best_peer_has_the_lowest_median() {
        let all = [
            series("slow", &[8.0, 8.0, 8.0]),
            series("pool/std", &[1.0, 2.0, 3.0]),
            // Slower than the other peer once, but not as a rule.
            series("fast", &[4.0, 4.0, 30.0]),
        ];
        let speeds = compare(&all, "ext", 2, 10);
        let names: Vec<&str> = speeds.iter().map(|speed| speed.contestant.as_str()).collect();
        assert_eq!(names, ["pool/std", "fast", "slow"]);
        let ratios: Vec<Option<f64>> = speeds.iter().map(|speed| speed.to_best_peer).collect();
        assert_eq!(ratios, [Some(0.25), Some(1.0), Some(2.0)]);
    }

    #[test]
    fn who_is_foreign_is_no_peer() {
        let all = [
            series("pool/std", &[1.0]),
            series("java/ForkJoinPool", &[0.5]),
            series("go/channel", &[2.0]),
            series("rayon", &[4.0]),
        ];
        let speeds = compare(&all, "ext", 2, 10);
        let ours = speeds.iter().find(|speed| speed.contestant == "pool/std").expect("ours");
        assert_eq!((ours.to_best_peer, ours.to_best_foreign), (Some(0.25), Some(2.0)));
    }

    #[test]
    fn ours_are_compared_with_the_channel_of_their_kind() {
        let all = [
            series("pool/std", &[1.0]),
            series("pool/flume", &[2.0]),
            series("pool/flume join_or_run", &[4.0]),
            series("crossbeam channel", &[5.0]),
            series("flume channel", &[8.0]),
        ];
        let speeds = compare(&all, "round-trip", 2, 10);
        let ratios: Vec<Option<f64>> = speeds.iter().map(|speed| speed.to_own_channel).collect();
        assert_eq!(ratios, [None, Some(0.25), Some(0.5), None, None]);
    }

    #[test]
    fn without_peers_there_is_no_ratio() {
        let speeds = compare(&[series("pool/std", &[1.0])], "ext", 2, 10);
        assert_eq!((speeds[0].to_best_peer, speeds[0].to_own_channel), (None, None));
    }
}
