//! What was measured, in tables.

use pool_benches::names;
use pool_benches::report::{Floor, Idle, Memory, Scaling, Setting, Speed};
use pool_benches::table::{number, text};

/// Where and with what it is measured.
pub(crate) fn setting(setting: &Setting) -> String {
    let Setting { system, compiler, .. } = setting;
    format!("{}\n{system}; {compiler}\n", setting.machine().join("\n"))
}

/// One workload with one number of workers. The ratios say which part of the other's time it took.
pub(crate) fn speed(speeds: &[Speed], floor: Option<&Floor>) -> String {
    let Some(first) = speeds.first() else { return String::new() };
    let title = format!(
        "{}, {} workers: {} rounds of {} jobs",
        first.workload, first.workers, first.rounds, first.jobs
    );
    let mut header = vec!["  contestant", "ns/job", "quartiles", "of best peer"];
    // They take part in some workloads only.
    let with_foreign = speeds.iter().any(|speed| speed.to_best_foreign.is_some());
    header.extend(with_foreign.then_some("of best foreign"));
    header.extend(speeds.iter().find_map(|speed| speed.to_own_channel).map(|_| "of its channel"));
    let ratio = |ratio: Option<f64>| ratio.map_or(String::new(), |ratio| format!("{ratio:.2}"));
    let rows = speeds.iter().map(|speed| {
        let quartiles = format!("{} to {}", number(speed.low), number(speed.high));
        let foreign = with_foreign.then(|| ratio(speed.to_best_foreign));
        let ratios = [ratio(speed.to_best_peer)].into_iter().chain(foreign);
        let ratios = ratios.chain([ratio(speed.to_own_channel)]);
        [marked(&speed.contestant), number(speed.median), quartiles].into_iter().chain(ratios)
    });
    let floors = floor.into_iter().flat_map(|floor| {
        let name = names::WORK_ALONE.to_owned();
        let undisturbed = "(one thread's, shared out)".to_owned();
        [(name, floor.nanoseconds), (undisturbed, floor.undisturbed)]
    });
    let floors = floors.map(|(name, floor)| vec![marked(&name), number(floor)]);
    text(&title, &header, rows.map(Iterator::collect).chain(floors))
}

/// One column for each number of jobs.
pub(crate) fn scaling(points: &[Scaling]) -> String {
    let Some(first) = points.first() else { return String::new() };
    let mut jobs: Vec<usize> = points.iter().map(|point| point.jobs).collect();
    jobs.dedup();
    let title = format!("scaling, {} workers: ns/job by the number of jobs", first.workers);
    let header: Vec<String> =
        ["  contestant".to_owned()].into_iter().chain(jobs.iter().map(usize::to_string)).collect();
    let contestants = points.iter().take_while(|point| point.jobs == first.jobs);
    let rows = contestants.map(|point| {
        let same = points.iter().filter(|other| other.contestant == point.contestant);
        let costs = same.map(|point| number(point.median));
        [marked(&point.contestant)].into_iter().chain(costs).collect()
    });
    text(&title, &header, rows)
}

/// What a burst takes, for each job, and leaves.
pub(crate) fn memory(bursts: &[Memory]) -> String {
    let Some(first) = bursts.first() else { return String::new() };
    let title = format!("memory, {} workers: a burst of {} jobs", first.workers, first.jobs);
    let rows = bursts.iter().map(|burst| {
        let each = |bytes: u64| number(bytes as f64 / burst.jobs as f64);
        let (resident, peak) = (each(burst.resident), each(burst.peak));
        let left = number(burst.left as f64 / burst.jobs as f64);
        vec![marked(&burst.contestant), resident, peak, burst.after.to_string(), left]
    });
    text(
        &title,
        &["  contestant", "resident/job", "asked for/job", "bytes after", "resident after/job"],
        rows,
    )
}

/// The processor time of pools without jobs.
pub(crate) fn idle(idle: &[Idle]) -> String {
    let Some(first) = idle.first() else { return String::new() };
    let title = format!("idle, {} workers: processor time without jobs", first.workers);
    let rows =
        idle.iter().map(|idle| vec![marked(&idle.contestant), format!("{:.3}", idle.milliseconds)]);
    text(&title, &["  contestant", "ms/s"], rows)
}

fn marked(contestant: &str) -> String {
    let mark = if names::is_ours(contestant) { '*' } else { ' ' };
    format!("{mark} {contestant}")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn of(contestant: &str, median: f64, ratios: [Option<f64>; 2]) -> Speed {
        let [to_best_peer, to_own_channel] = ratios;
        Speed {
            workload: "ext".to_owned(),
            workers: 2,
            contestant: contestant.to_owned(),
            jobs: 10,
            rounds: 3,
            median,
            low: median - 1.0,
            high: median + 1.0,
            to_best_peer,
            to_own_channel,
            ..Speed::default()
        }
    }

    #[test]
    fn ours_are_marked_and_floors_below() {
        let ours = of("pool/std", 10.0, [Some(0.05), Some(0.5)]);
        let speeds = [ours, of("rayon", 200.4, [Some(1.0), None])];
        let floor =
            Floor { workload: "x".to_owned(), workers: 2, nanoseconds: 5.0, undisturbed: 4.5 };
        let expected = "\
ext, 2 workers: 3 rounds of 10 jobs
  contestant                  ns/job    quartiles  of best peer  of its channel
* pool/std                      10.0  9.0 to 11.0          0.05            0.50
  rayon                          200   199 to 201          1.00
  (the work alone)               5.0
  (one thread's, shared out)     4.5
";
        assert_eq!(speed(&speeds, Some(&floor)), expected);
    }

    #[test]
    fn a_column_for_each_number_of_jobs() {
        let point = |contestant: &str, jobs, median| Scaling {
            contestant: contestant.to_owned(),
            workers: 2,
            jobs,
            median,
        };
        let points =
            [point("a", 10, 1.0), point("b", 10, 2.0), point("a", 100, 3.0), point("b", 100, 4.0)];
        let table = scaling(&points);
        let rows: Vec<Vec<&str>> =
            table.lines().skip(1).map(|line| line.split_whitespace().collect()).collect();
        assert_eq!(rows, [["contestant", "10", "100"], ["a", "1.0", "3.0"], ["b", "2.0", "4.0"]]);
        assert_eq!(speed(&[], None) + &scaling(&[]) + &memory(&[]) + &idle(&[]), "");
    }
}
