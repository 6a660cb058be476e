//! The memory of a burst, by the program `memory`: an allocator that counts would slow everything
//! that is measured here.

use std::env;
use std::error::Error;
use std::path::{Path, PathBuf};
use std::process::Command;

use pool_benches::report::{Memory, Report};
use pool_benches::workloads::Workload;

use crate::{Args, table};

/// The program, which lies beside this one.
pub(crate) fn program() -> Result<PathBuf, Box<dyn Error>> {
    let program =
        env::current_exe()?.with_file_name("memory").with_extension(env::consts::EXE_EXTENSION);
    if program.try_exists()? {
        return Ok(program);
    }
    let program = program.display();
    Err(format!("{program} is missing: `cargo build --release -p pool-benches` builds it").into())
}

/// Measures each contestant in a process of its own; the one that takes least comes first.
pub(crate) fn measure(
    workers: usize,
    args: &Args,
    report: &mut Report,
) -> Result<String, Box<dyn Error>> {
    let program = program()?;
    let jobs = args.jobs(Workload::Burst);
    let entries = args.entries(Workload::Burst, workers, jobs).into_iter();
    let bursts = entries.map(|entry| one(&program, entry.contestant, workers, jobs));
    let mut bursts: Vec<Memory> = bursts.collect::<Result<_, _>>()?;
    bursts.sort_by_key(|burst| burst.resident);
    let table = table::memory(&bursts);
    report.memory.extend(bursts);
    Ok(table)
}

fn one(
    program: &Path,
    contestant: &str,
    workers: usize,
    jobs: usize,
) -> Result<Memory, Box<dyn Error>> {
    let (workers, jobs) = (workers.to_string(), jobs.to_string());
    let arguments = ["--contestant", contestant, "--workers", &workers, "--jobs", &jobs];
    let output = Command::new(program).args(arguments).output()?;
    if !output.status.success() {
        let error = String::from_utf8_lossy(&output.stderr);
        return Err(format!("{contestant}: {}: {}", output.status, error.trim()).into());
    }
    Ok(serde_json::from_slice(&output.stdout)?)
}
