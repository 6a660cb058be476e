//! What `compare` measures, as data: printed as tables, kept as JSON, drawn as charts.

use serde::{Deserialize, Serialize};

/// Everything that one run of `compare` has measured. A section that is absent is empty.
#[derive(Debug, Clone, Default, Serialize, Deserialize)]
#[serde(default)]
pub struct Report {
    /// Where and with what it was measured.
    pub setting: Setting,
    /// The cost of a job, for each workload, number of workers and contestant.
    pub speed: Vec<Speed>,
    /// The least that a job can cost, for workloads whose jobs work.
    pub floors: Vec<Floor>,
    /// The cost of a job against the number of jobs.
    pub scaling: Vec<Scaling>,
    /// What a burst of jobs takes, and leaves behind.
    pub memory: Vec<Memory>,
    /// What a pool without jobs costs.
    pub idle: Vec<Idle>,
}

/// The machine and the versions.
#[derive(Debug, Clone, Default, Serialize, Deserialize)]
pub struct Setting {
    /// The processor's name.
    pub processor: String,
    /// How many threads it runs at once.
    pub parallelism: usize,
    /// The operating system.
    pub system: String,
    /// The compiler.
    pub compiler: String,
}

/// One contestant under one workload.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct Speed {
    /// The name of the workload.
    pub workload: String,
    /// The workers of each pool.
    pub workers: usize,
    /// The name of the contestant.
    pub contestant: String,
    /// The jobs of one round.
    pub jobs: usize,
    /// How many rounds were run.
    pub rounds: usize,
    /// Nanoseconds for each job: the median of the rounds.
    pub median: f64,
    /// The lower quartile: a quarter of the rounds were faster.
    pub low: f64,
    /// The upper quartile: a quarter of the rounds were slower.
    pub high: f64,
    /// The best peer is the one with the lowest median, and this is the median of the rounds' ratios
    /// to what it took in the same round: below 1 is faster than every peer. `None` where there is
    /// no peer.
    pub to_best_peer: Option<f64>,
    /// For ours, the same ratio to the bare channel of its kind. `None` where that takes no part.
    #[serde(default)]
    pub to_own_channel: Option<f64>,
}

/// What a job of a workload would cost if the pool took no time at all.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct Floor {
    /// The name of the workload.
    pub workload: String,
    /// The workers of each pool.
    pub workers: usize,
    /// Nanoseconds for each job: the median of rounds in which as many threads as workers can run at
    /// once do the work and nothing else, in turns with the contestants.
    pub nanoseconds: f64,
    /// What one thread alone takes for the work, divided by the number of threads: less than the
    /// above where busy cores slow one another down.
    #[serde(default)]
    pub undisturbed: f64,
}

/// One contestant under `ext` with so many jobs.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct Scaling {
    /// The name of the contestant.
    pub contestant: String,
    /// The workers of the pool.
    pub workers: usize,
    /// The jobs of one round.
    pub jobs: usize,
    /// Nanoseconds for each job: the median of the rounds.
    pub median: f64,
}

/// The bytes that a burst takes, by the allocator's count.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct Memory {
    /// The name of the contestant.
    pub contestant: String,
    /// The workers of the pool.
    pub workers: usize,
    /// The jobs of the burst, all of them queued before the first one ends.
    pub jobs: usize,
    /// The most that was live during the burst, above what was live before: what was asked of the
    /// allocator.
    pub peak: u64,
    /// What was still live after the last job, above what was live before. May be negative.
    pub after: i64,
    /// By how much the most memory that the process ever had grew, by the system's count: it has the
    /// allocator's own share of many small pieces, which is more than the pieces themselves. Zero
    /// where the system does not tell.
    #[serde(default)]
    pub resident: u64,
}

/// The processor time that an idle pool takes.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct Idle {
    /// The name of the contestant.
    pub contestant: String,
    /// The workers of the pool.
    pub workers: usize,
    /// Milliseconds of processor time for each second.
    pub milliseconds: f64,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_absent_section_is_empty() -> Result<(), serde_json::Error> {
        let report: Report = serde_json::from_str(r#"{"idle": []}"#)?;
        assert!(report.speed.is_empty() && report.floors.is_empty());
        assert_eq!(report.setting.parallelism, 0);
        Ok(())
    }
}
