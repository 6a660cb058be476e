//! Who runs what: the one register that the benchmarks and `compare` share.

use crate::contestants::{
    Affinitypool, ByChannel, ChannelCounts, ChannelExecutor, ChannelSums, ChannelThunks, Chili,
    Contestant, CrossbeamChannel, CrossfireChannel, FlumeChannel, KanalChannel, OurResultsChannel,
    OurResultsCrossbeam, OurResultsFlume, OurResultsLockFree, OurResultsStd, OursChannel,
    OursChannelByJoin, OursCrossbeam, OursCrossbeamByJoin, OursFlume, OursFlumeByJoin,
    OursPriority, OursStd, OursStdByJoin, Parkring, ParkringChannel, Rayon, RustyPool, Slotted,
    SpawnBlocking, StdChannel, StealingCounts, StealingExecutor, StealingSums, StealingThunks,
    Threadpool, TypedChannel, TypedCrossbeam, TypedFlume, TypedStd,
};
pub use crate::entry::Entry;
use crate::scenarios;

/// A scenario for all who can run it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Workload {
    /// [`scenarios::ext`]
    Ext,
    /// [`scenarios::batch`], for those who take many closures in one call; others would run `Ext`
    Batch,
    /// [`scenarios::batch_typed`], for those who take many values in one call
    BatchTyped,
    /// [`scenarios::results`], ours over crossbeam twice: with either sink
    Results,
    /// [`scenarios::multi`]
    Multi,
    /// [`scenarios::tree`]
    Tree,
    /// [`scenarios::handles`], with handles of the pool's own, or with a slot for each job
    Handles,
    /// [`scenarios::latency`]
    Latency,
    /// [`scenarios::round_trip`], ours twice: with `join`, and with `join_or_run`
    RoundTrip,
    /// [`scenarios::work`]
    Work,
    /// [`scenarios::fork_join`] from inside of the pool, for those who have a `join`
    ForkJoin,
    /// [`scenarios::fork_sum`], for the same
    ForkSum,
    /// [`scenarios::fork_list`], for the same
    ForkList,
    /// [`scenarios::burst`], for its memory
    Burst,
}

/// An entry for each of these types. A macro, since the scenarios are generic.
macro_rules! entries {
    ($workers:expr, $scenario:expr; $($contestant:ty),+ $(,)?) => {
        vec![$(Entry::new::<$contestant>($workers, $scenario)),+]
    };
}

/// An entry for each who runs closures, and for some more.
macro_rules! executing {
    ($workers:expr, $scenario:expr $(; $more:ty)*) => {
        entries!(
            $workers, $scenario;
            OursCrossbeam, OursFlume, OursStd, OursChannel, OursPriority, CrossbeamChannel, FlumeChannel,
            StdChannel, CrossfireChannel, KanalChannel, $($more,)* Rayon, Parkring, Threadpool, RustyPool, ChannelExecutor, StealingExecutor, SpawnBlocking,
        )
    };
}

/// An entry for each who forks and joins.
macro_rules! joining {
    ($workers:expr, $scenario:expr) => {
        entries!(
            $workers, $scenario;
            OursCrossbeam, OursFlume, OursStd, OursChannel, Rayon, Parkring, Chili,
        )
    };
}

impl Workload {
    /// All whose speed is measured.
    pub const ALL: [Self; 13] = [
        Self::Ext,
        Self::Batch,
        Self::BatchTyped,
        Self::Results,
        Self::Multi,
        Self::Tree,
        Self::Handles,
        Self::Latency,
        Self::RoundTrip,
        Self::Work,
        Self::ForkJoin,
        Self::ForkSum,
        Self::ForkList,
    ];

    /// What it is called.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::Ext => "ext",
            Self::Batch => "batch",
            Self::BatchTyped => "batch-typed",
            Self::Results => "results",
            Self::Multi => "multi",
            Self::Tree => "tree",
            Self::Handles => "handles",
            Self::Latency => "latency",
            Self::RoundTrip => "round-trip",
            Self::Work => "work1us",
            Self::ForkJoin => "fork-join",
            Self::ForkSum => "fork-sum",
            Self::ForkList => "fork-list",
            Self::Burst => "burst",
        }
    }

    /// The jobs of a round, if nobody says otherwise: enough to last for some milliseconds.
    #[must_use]
    pub fn default_jobs(self) -> usize {
        let jobs = match self {
            Self::Latency | Self::RoundTrip => 500,
            Self::Handles => 50_000,
            Self::Work => 50_000,
            Self::ForkJoin => scenarios::joins(32),
            Self::ForkSum => 1_000_000,
            Self::ForkList => 512 * scenarios::PIECE,
            Self::Burst => 1_000_000,
            _ => 100_000,
        };
        self.jobs(jobs)
    }

    /// How many jobs there are when so many are asked for: not every number makes a tree.
    #[must_use]
    pub fn jobs(self, wanted: usize) -> usize {
        match self {
            Self::Multi => wanted.div_ceil(scenarios::SUBMITTERS) * scenarios::SUBMITTERS,
            Self::Tree => (2 << depth_of_tree(wanted)) - 1,
            Self::ForkJoin => scenarios::joins(depth_of_joins(wanted)),
            Self::ForkList => wanted.div_ceil(scenarios::PIECE).max(1) * scenarios::PIECE,
            _ => wanted.max(1),
        }
    }

    /// All who run it, on pools with so many workers, with as many jobs as [`jobs`](Self::jobs) says.
    #[must_use]
    pub fn entries(self, workers: usize, wanted: usize) -> Vec<Entry> {
        let jobs = self.jobs(wanted);
        match self {
            Self::Ext => {
                executing!(workers, move |pool| scenarios::ext(pool, jobs); ParkringChannel)
            }
            Self::Batch => entries!(
                workers, move |pool| scenarios::batch(pool, jobs);
                OursCrossbeam, OursFlume, OursStd, OursChannel, Rayon, ChannelThunks, StealingThunks,
            ),
            Self::BatchTyped => entries!(
                workers, move |pool| scenarios::batch_typed(pool, jobs);
                TypedCrossbeam, TypedFlume, TypedStd, TypedChannel, ChannelCounts, StealingCounts,
            ),
            Self::Results => results(workers, jobs),
            Self::Multi => {
                executing!(workers, move |pool| scenarios::multi(pool, jobs); ParkringChannel)
            }
            Self::Tree => {
                let depth = depth_of_tree(jobs);
                executing!(workers, move |pool| scenarios::tree(pool, depth); ParkringChannel)
            }
            Self::Handles => handles(workers, jobs),
            Self::Latency => {
                executing!(workers, move |pool| scenarios::latency(pool, jobs); ParkringChannel)
            }
            Self::RoundTrip => round_trip(workers, jobs),
            Self::Work => {
                executing!(workers, move |pool| scenarios::work(pool, jobs); ParkringChannel)
            }
            Self::ForkJoin => {
                let n = depth_of_joins(jobs);
                joining!(workers, move |pool| scenarios::fork_join(pool, n))
            }
            Self::ForkSum => joining!(workers, move |pool| scenarios::fork_sum(pool, jobs)),
            Self::ForkList => joining!(workers, move |pool| scenarios::fork_list(pool, jobs)),
            // Not parkring's channel: its memory is there before.
            Self::Burst => {
                let mut all =
                    executing!(workers, move |pool| scenarios::burst(pool, jobs, workers));
                // It does not come to the end of a million jobs whose first ones wait.
                all.retain(|entry| entry.contestant != Parkring::NAME);
                all
            }
        }
    }

    /// What is measured beside the contestants if the jobs work: a pool that takes no time at all.
    #[must_use]
    pub fn floor(self, workers: usize, wanted: usize) -> Option<Entry> {
        matches!(self, Self::Work | Self::ForkList)
            .then(|| Entry::work_alone(workers, self.jobs(wanted)))
    }
}

fn results(workers: usize, jobs: usize) -> Vec<Entry> {
    entries!(
        workers, move |pool| scenarios::results(pool, jobs);
        OurResultsCrossbeam, OurResultsLockFree, OurResultsFlume, OurResultsStd, OurResultsChannel, ByChannel<CrossbeamChannel>,
        ByChannel<FlumeChannel>, ByChannel<StdChannel>, ByChannel<CrossfireChannel>,
        ByChannel<KanalChannel>, ByChannel<ParkringChannel>, ByChannel<Rayon>, ByChannel<Parkring>, ByChannel<Threadpool>,
        ByChannel<RustyPool>, ByChannel<ChannelExecutor>, ByChannel<StealingExecutor>,
        ByChannel<SpawnBlocking>, ChannelSums, StealingSums,
    )
}

fn handles(workers: usize, jobs: usize) -> Vec<Entry> {
    entries!(
        workers, move |pool| scenarios::handles(pool, jobs);
        OursCrossbeam, OursFlume, OursStd, OursChannel, Slotted<CrossbeamChannel>, Slotted<FlumeChannel>,
        Slotted<StdChannel>, Slotted<CrossfireChannel>, Slotted<KanalChannel>, Slotted<ParkringChannel>,
        Slotted<Rayon>, Slotted<Parkring>, Slotted<Threadpool>, RustyPool, ChannelExecutor,
        StealingExecutor, SpawnBlocking, Affinitypool,
    )
}

fn round_trip(workers: usize, jobs: usize) -> Vec<Entry> {
    entries!(
        workers, move |pool| scenarios::round_trip(pool, jobs);
        OursCrossbeam, OursFlume, OursStd, OursChannel, OursCrossbeamByJoin, OursFlumeByJoin, OursStdByJoin, OursChannelByJoin,
        Slotted<CrossbeamChannel>, Slotted<FlumeChannel>, Slotted<StdChannel>,
        Slotted<CrossfireChannel>, Slotted<KanalChannel>, Slotted<ParkringChannel>, Rayon, Parkring,
        Slotted<Threadpool>, RustyPool, ChannelExecutor, StealingExecutor, SpawnBlocking,
        Affinitypool, ChannelSums, StealingSums,
    )
}

/// The depth of the greatest tree with at most so many nodes.
fn depth_of_tree(jobs: usize) -> u32 {
    (jobs.max(1) + 1).ilog2() - 1
}

/// The greatest number whose Fibonacci number takes at most so many joins.
fn depth_of_joins(jobs: usize) -> u32 {
    (2..).take_while(|&n| scenarios::joins(n) <= jobs.max(1)).last().unwrap_or(2)
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;

    #[test]
    fn jobs_that_make_a_whole() {
        let trees = [0, 1, 2, 3, 6, 7, 100_000].map(|jobs| Workload::Tree.jobs(jobs));
        assert_eq!(trees, [1, 1, 1, 3, 3, 7, 65_535]);
        assert_eq!([1, 3, 4, 6, 7].map(|jobs| Workload::ForkJoin.jobs(jobs)), [1, 2, 4, 4, 7]);
        assert_eq!(Workload::Multi.jobs(9), 12);
        assert_eq!([0, 16, 17].map(|jobs| Workload::ForkList.jobs(jobs)), [16, 16, 32]);
    }

    #[test]
    fn default_jobs_are_possible() {
        for workload in Workload::ALL {
            assert_eq!(workload.jobs(workload.default_jobs()), workload.default_jobs());
        }
    }

    #[test]
    fn every_entry_runs() {
        for workload in Workload::ALL.into_iter().chain([Workload::Burst]) {
            for mut entry in workload.entries(2, 100) {
                assert!(entry.run() > Duration::ZERO, "{}", entry.contestant);
                entry.run();
            }
        }
    }
}
