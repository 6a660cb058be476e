//! Whether a job costs the same among a thousand and among ten million.

use pool_benches::report::{Report, Scaling};
use pool_benches::statistics::Summary;
use pool_benches::workloads::{Entry, Workload};

use crate::{Args, table, take_turns};

/// Unless others are asked for: ours, and the two that most people would use instead.
const CONTESTANTS: [&str; 5] =
    ["pool/crossbeam", "pool/flume", "pool/std", "crossbeam channel", "rayon"];

/// In each round.
const JOBS: [usize; 5] = [1_000, 10_000, 100_000, 1_000_000, 10_000_000];

/// So many jobs are run for each point, in rounds, unless a round has more.
const JOBS_OF_A_POINT: usize = 3_000_000;

/// Runs `ext` with ever more jobs.
pub(crate) fn measure(workers: usize, args: &Args, report: &mut Report) -> String {
    let most = args.jobs.map_or(usize::MAX, |jobs| jobs as usize);
    let sizes = JOBS.into_iter().filter(|&jobs| jobs <= most);
    let points: Vec<_> = sizes.flat_map(|jobs| point(workers, jobs, args)).collect();
    let table = table::scaling(&points);
    report.scaling.extend(points);
    table
}

fn point(workers: usize, jobs: usize, args: &Args) -> Vec<Scaling> {
    let mut entries = args.entries(Workload::Ext, workers, jobs);
    if args.contestants.is_empty() {
        entries.retain(|entry| CONTESTANTS.contains(&entry.contestant));
    }
    let rounds =
        args.rounds.map_or((JOBS_OF_A_POINT / jobs).clamp(3, 300), |rounds| rounds as usize);
    let taken = take_turns(&mut entries, jobs, |round| round >= rounds);
    let point = |(entry, taken): (&Entry, &Vec<f64>)| Scaling {
        contestant: entry.contestant.to_owned(),
        workers,
        jobs,
        median: Summary::of(taken).median,
    };
    entries.iter().zip(&taken).map(point).collect()
}
