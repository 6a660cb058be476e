//! Rounds in which everybody takes a turn.

use pool_benches::turns;
use pool_benches::workloads::Entry;

/// Runs rounds until `enough` says so, which is told how many there were. Each contestant's
/// nanoseconds for a job, round by round. What starts the pools and fills the caches is not among
/// them.
pub(crate) fn run(
    entries: &mut [Entry],
    jobs: usize,
    mut enough: impl FnMut(usize) -> bool,
) -> Vec<Vec<f64>> {
    entries.iter_mut().for_each(|entry| _ = entry.run());
    let mut rounds: Vec<Vec<f64>> = entries.iter().map(|_| Vec::new()).collect();
    for round in (0..).take_while(|&round| !enough(round)) {
        for who in turns::order(round, entries.len()) {
            rounds[who].push(entries[who].run().as_nanos() as f64 / jobs as f64);
        }
    }
    rounds
}
