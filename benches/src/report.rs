//! What `compare` measures, as data: printed as tables, kept as JSON, drawn as charts.

use serde::{Deserialize, Serialize};

use crate::table::number;

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
#[serde(default)]
pub struct Setting {
    /// The processor's name.
    pub processor: String,
    /// Its family and model, as numbers: virtual machines often have nothing else that tells one from
    /// another of the same name. `None` where the system does not tell.
    pub model: Option<String>,
    /// How many threads it runs at once: the logical cores that this process may use.
    pub parallelism: usize,
    /// How many physical cores the machine has. `None` where the system does not tell.
    pub cores: Option<usize>,
    /// The caches for data that the first core uses. Empty where the system does not tell.
    pub caches: Vec<Cache>,
    /// How long a line of cache takes from core to core. Empty if there is only one core.
    pub lines: Vec<LineTime>,
    /// The operating system.
    pub system: String,
    /// The compiler.
    pub compiler: String,
}

impl Setting {
    /// The machine's part of it for people, a line for each fact; "unknown" where the system did not
    /// tell.
    #[must_use]
    pub fn machine(&self) -> [String; 4] {
        let unknown = || "unknown".to_owned();
        let list = |all: Vec<String>| if all.is_empty() { unknown() } else { all.join("; ") };
        let model = self.model.as_ref().map(|model| format!(", family-model {model}"));
        let caches = self.caches.iter().map(|cache| {
            let by = match cache.shared_by {
                1 => "a thread's own".to_owned(),
                threads => format!("shared by {threads} threads"),
            };
            format!("L{} {} KiB, {by}", cache.level, cache.kibibytes)
        });
        let lines = self.lines.iter().map(|line| {
            let between = line
                .cores
                .map_or("not pinned".to_owned(), |[one, other]| format!("cpu {one} and {other}"));
            format!(
                "{} ns ({} to {}; {between})",
                number(line.nanoseconds),
                number(line.low),
                number(line.high)
            )
        });
        [
            format!("{}{}", self.processor, model.unwrap_or_default()),
            format!(
                "cores: {} physical, {} threads at once",
                self.cores.map_or_else(unknown, |cores| cores.to_string()),
                self.parallelism
            ),
            format!("caches: {}", list(caches.collect())),
            format!("a line from core to core: {}", list(lines.collect())),
        ]
    }

    /// What a kept report of this processor is called, without an ending: its name without what all
    /// have in theirs, and its family and model.
    #[must_use]
    pub fn slug(&self) -> String {
        let name = self.processor.to_lowercase().replace("(r)", " ").replace("(tm)", " ");
        let words = name.split(|c: char| !c.is_ascii_alphanumeric());
        let words = words.filter(|word| !matches!(*word, "" | "cpu" | "processor"));
        words.chain(self.model.as_deref()).collect::<Vec<_>>().join("-")
    }
}

/// A cache for data.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Cache {
    /// One is nearest to the core.
    pub level: u32,
    /// Its size in kibibytes.
    pub kibibytes: u64,
    /// How many logical cores share it.
    pub shared_by: usize,
}

/// How long a word that one core has written takes until another core sees it.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct LineTime {
    /// The two logical cores. `None` if the threads were not pinned.
    pub cores: Option<[usize; 2]>,
    /// Nanoseconds one way: the median of many exchanges.
    pub nanoseconds: f64,
    /// The lower quartile.
    pub low: f64,
    /// The upper quartile.
    pub high: f64,
}

/// One contestant under one workload.
#[derive(Debug, Clone, Default, Serialize, Deserialize)]
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
    /// The best peer is the one of the same language with the lowest median, and this is the median of the rounds' ratios
    /// to what it took in the same round: below 1 is faster than every peer. `None` where there is
    /// no peer.
    pub to_best_peer: Option<f64>,
    /// The same ratio to the best peer in another language. `None` where there is none.
    #[serde(default)]
    pub to_best_foreign: Option<f64>,
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
    /// By how much the process has grown by the system's count when the burst is over and the pool idle. May be
    /// negative. Zero where the system does not tell.
    #[serde(default)]
    pub left: i64,
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

    #[test]
    fn a_machine_in_words() {
        let mut setting = Setting {
            processor: "Intel(R) Xeon(R) Processor".to_owned(),
            parallelism: 2,
            ..Setting::default()
        };
        let unknown = [
            "Intel(R) Xeon(R) Processor",
            "cores: unknown physical, 2 threads at once",
            "caches: unknown",
            "a line from core to core: unknown",
        ];
        assert_eq!(setting.machine(), unknown);
        setting.model = Some("6-207".to_owned());
        setting.caches = vec![Cache { level: 3, kibibytes: 1024, shared_by: 2 }];
        let cores = Some([0, 1]);
        setting.lines = vec![LineTime { cores, nanoseconds: 65.0, low: 60.0, high: 70.0 }];
        let [_, _, caches, lines] = setting.machine();
        assert_eq!(caches, "caches: L3 1024 KiB, shared by 2 threads");
        assert_eq!(lines, "a line from core to core: 65.0 ns (60.0 to 70.0; cpu 0 and 1)");
    }

    #[test]
    fn a_report_is_named_after_its_processor() {
        let slug = |name: &str, model: Option<&str>| {
            let (processor, model) = (name.to_owned(), model.map(str::to_owned));
            Setting { processor, model, ..Setting::default() }.slug()
        };
        assert_eq!(slug("Intel(R) Xeon(R) Processor", Some("6-207")), "intel-xeon-6-207");
        assert_eq!(slug("AMD EPYC 7B13 CPU @ 2.45GHz", None), "amd-epyc-7b13-2-45ghz");
        assert_eq!(slug("unknown", None), "unknown");
    }
}
