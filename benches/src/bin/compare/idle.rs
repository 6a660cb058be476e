//! What a pool costs that has nothing to do.

use std::thread;
use std::time::{Duration, Instant};

use cpu_time::ProcessTime;
use pool_benches::report::{Idle, Report};
use pool_benches::workloads::{Entry, Workload};

use crate::{Args, table};

/// After its last job, until the time is taken: whoever looks for more jobs for a while may do so.
const SETTLE: Duration = Duration::from_millis(300);

const SPAN: Duration = Duration::from_secs(1);

/// Takes the processor time of this process while one pool after the other is awake, has just run a
/// few jobs and has no more. All others are at [rest](pool_benches::contestants::Contestant::rest).
pub(crate) fn measure(workers: usize, args: &Args, report: &mut Report) -> String {
    let mut all: Vec<Entry> = Vec::new();
    // Between them they have everyone.
    for workload in [Workload::Ext, Workload::BatchTyped, Workload::Handles, Workload::ForkJoin] {
        for entry in args.entries(workload, workers, 1_000) {
            if all.iter().all(|other| other.contestant != entry.contestant) {
                all.push(entry);
            }
        }
    }
    let mut idle: Vec<Idle> = all.iter_mut().map(|entry| one(entry, workers)).collect();
    idle.sort_by(|a, b| a.milliseconds.total_cmp(&b.milliseconds));
    let table = table::idle(&idle);
    report.idle.extend(idle);
    table
}

fn one(entry: &mut Entry, workers: usize) -> Idle {
    // Its threads have started then.
    entry.run();
    let mut milliseconds = 0.0;
    entry.run_and(&mut || {
        thread::sleep(SETTLE);
        let (start, before) = (Instant::now(), ProcessTime::now());
        thread::sleep(SPAN);
        let (span, taken) = (start.elapsed(), before.elapsed());
        milliseconds = 1e3 * taken.as_secs_f64() / span.as_secs_f64();
    });
    Idle { contestant: entry.contestant.to_owned(), workers, milliseconds }
}
