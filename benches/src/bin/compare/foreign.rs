//! Pools of other languages: each a process that runs a round when it is told to. What is said between
//! the two is in `benches/foreign/README.md`.

use std::cell::RefCell;
use std::collections::HashMap;
use std::error::Error;
use std::io::{self, BufRead as _, BufReader, Write as _};
use std::path::{Path, PathBuf};
use std::process::{Child, ChildStdin, ChildStdout, Command, Stdio};
use std::rc::Rc;
use std::time::{Duration, Instant};
use std::{env, fs};

use pool_benches::work;
use pool_benches::workloads::{Entry, Workload};

/// Where the sources are.
const SOURCES: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/foreign");

/// Before its first round under a workload a program runs some that do not count, for at most this long:
/// some languages compile while they run.
const WARM_UP: Duration = Duration::from_secs(2);

/// And at most so many.
const WARM_UP_ROUNDS: usize = 50;

/// A program with one contestant or more.
struct Program {
    source: &'static str,
    /// What builds it, without the source and without where to.
    compiler: &'static [&'static str],
    /// The option that says where to.
    output: &'static str,
    /// What comes after the source.
    libraries: &'static [&'static str],
    /// What it is built to: a folder for a compiler that names its files itself.
    built: &'static str,
    contestants: &'static [Contestant],
}

/// Who takes part.
struct Contestant {
    /// With the language before the stroke.
    name: &'static str,
    /// How it is started in the folder of what was built, but for the workers and the steps of the work.
    command: &'static [&'static str],
}

/// All programs.
const PROGRAMS: [Program; 3] = [
    Program {
        source: "Pools.java",
        compiler: &["javac"],
        output: "-d",
        libraries: &[],
        built: "java",
        contestants: &[
            Contestant {
                name: "java/ForkJoinPool",
                command: &["java", "-cp", "java", "Pools", "ForkJoinPool"],
            },
            Contestant {
                name: "java/ThreadPoolExecutor",
                command: &["java", "-cp", "java", "Pools", "ThreadPoolExecutor"],
            },
        ],
    },
    Program {
        source: "pool.go",
        compiler: &["go", "build"],
        output: "-o",
        libraries: &[],
        built: "go_pool",
        contestants: &[Contestant { name: "go/channel", command: &["./go_pool"] }],
    },
    Program {
        source: "task_group.cpp",
        compiler: &["c++", "-O2", "-std=c++20", "-pthread"],
        output: "-o",
        libraries: &["-ltbb"],
        built: "task_group",
        contestants: &[Contestant { name: "c++/oneTBB task_group", command: &["./task_group"] }],
    },
];

/// The workloads that all of them have.
const WORKLOADS: [Workload; 6] = [
    Workload::Ext,
    Workload::Results,
    Workload::Multi,
    Workload::Tree,
    Workload::Handles,
    Workload::Work,
];

/// Those who take part, and the processes that were started.
pub(crate) struct Foreign {
    folder: PathBuf,
    contestants: Vec<&'static Contestant>,
    left_out: Vec<String>,
    started: HashMap<(&'static str, usize), Rc<RefCell<Process>>>,
}

impl Foreign {
    /// Builds all of which the compiler and the libraries are installed, in a folder beside this program.
    pub(crate) fn build() -> Result<Self, Box<dyn Error>> {
        let folder = env::current_exe()?.with_file_name("foreign");
        fs::create_dir_all(&folder)?;
        let (mut contestants, mut left_out) = (Vec::new(), Vec::new());
        for program in &PROGRAMS {
            match program.build(&folder) {
                Ok(()) => contestants.extend(program.contestants),
                Err(why) => left_out.push(format!("{} is left out: {why}", program.source)),
            }
        }
        Ok(Self { folder, contestants, left_out, started: HashMap::new() })
    }

    /// What is left out, and why.
    pub(crate) fn left_out(&self) -> &[String] {
        &self.left_out
    }

    /// An entry for each who runs a workload. One that breaks off ends `compare`, as a wrong result does.
    pub(crate) fn entries(
        &mut self,
        workload: Workload,
        workers: usize,
        jobs: usize,
    ) -> Vec<Entry> {
        let contestants = self.contestants.iter().filter(|_| WORKLOADS.contains(&workload));
        let mut entries = Vec::new();
        for &&Contestant { name, command } in contestants {
            let folder = &self.folder;
            let process = self
                .started
                .entry((name, workers))
                .or_insert_with(|| Rc::new(RefCell::new(Process::new(folder, command, workers))));
            let (process, mut warm) = (process.clone(), false);
            entries.push(Entry::elsewhere(name, move || {
                let round = || process.borrow_mut().round(workload.name(), jobs);
                let warm_up = || if warm { Ok(()) } else { warm_up(round) };
                let taken = warm_up().and_then(|()| round());
                warm = true;
                taken.unwrap_or_else(|error| panic!("{name}: {error}"))
            }));
        }
        entries
    }
}

fn warm_up(mut round: impl FnMut() -> io::Result<Duration>) -> io::Result<()> {
    let start = Instant::now();
    (0..WARM_UP_ROUNDS)
        .take_while(|_| start.elapsed() < WARM_UP)
        .try_for_each(|_| round().map(drop))
}

impl Program {
    fn build(&self, folder: &Path) -> Result<(), String> {
        let [compiler, options @ ..] = self.compiler else { return Ok(()) };
        let mut command = Command::new(compiler);
        command.args(options).arg(self.output).arg(folder.join(self.built));
        command.arg(Path::new(SOURCES).join(self.source)).args(self.libraries);
        let output = command.output().map_err(|error| match error.kind() {
            io::ErrorKind::NotFound => format!("{compiler} is not installed"),
            _ => error.to_string(),
        })?;
        let errors = String::from_utf8_lossy(&output.stderr);
        let first = || errors.lines().find(|line| line.contains("error")).unwrap_or(errors.trim());
        if output.status.success() { Ok(()) } else { Err(first().to_owned()) }
    }
}

/// A program, which is started when it is needed first.
struct Process {
    command: Command,
    running: Option<(Child, ChildStdin, BufReader<ChildStdout>)>,
}

impl Process {
    fn new(folder: &Path, command: &[&str], workers: usize) -> Self {
        let (program, arguments) = (command[0], &command[1..]);
        let built = program.strip_prefix("./").map(|built| folder.join(built));
        let mut starts = Command::new(built.unwrap_or_else(|| program.into()));
        starts.current_dir(folder).args(arguments);
        starts.arg(workers.to_string()).arg(work::steps().to_string());
        starts.stdin(Stdio::piped()).stdout(Stdio::piped());
        Self { command: starts, running: None }
    }

    /// Tells it to run a round. The time that it says it took.
    fn round(&mut self, workload: &str, jobs: usize) -> io::Result<Duration> {
        if self.running.is_none() {
            let mut child = self.command.spawn()?;
            let pipes = child.stdin.take().zip(child.stdout.take());
            let (input, output) = pipes.ok_or(io::ErrorKind::BrokenPipe)?;
            self.running = Some((child, input, BufReader::new(output)));
        }
        let (_, input, output) = self.running.as_mut().ok_or(io::ErrorKind::BrokenPipe)?;
        writeln!(input, "{workload} {jobs}")?;
        input.flush()?;
        let mut answer = String::new();
        output.read_line(&mut answer)?;
        let nanoseconds = answer.trim().parse();
        nanoseconds.map(Duration::from_nanos).map_err(|_| io::Error::other(answer))
    }
}

impl Drop for Process {
    /// Lets it end by the end of its input.
    fn drop(&mut self) {
        if let Some((mut child, input, _)) = self.running.take() {
            drop(input);
            // That it is gone is all that matters here.
            _ = child.wait();
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[cfg(unix)]
    #[test]
    fn a_process_runs_a_round_when_it_is_told_to() -> io::Result<()> {
        let script = "while read workload jobs; do echo ${jobs}00; done";
        let mut process = Process::new(Path::new("."), &["sh", "-c", script], 2);
        assert_eq!(process.round("ext", 12)?, Duration::from_nanos(1_200));
        assert_eq!(process.round("ext", 3)?, Duration::from_nanos(300));
        Ok(())
    }

    #[cfg(unix)]
    #[test]
    fn what_is_no_number_is_an_error() {
        let mut process = Process::new(Path::new("."), &["sh", "-c", "read line; echo wrong"], 2);
        assert_eq!(
            process.round("ext", 1).map_err(|error| error.to_string()),
            Err("wrong\n".into())
        );
        let mut none = Process::new(Path::new("."), &["there is no such program"], 2);
        assert!(none.round("ext", 1).is_err());
    }

    #[test]
    fn a_program_without_its_compiler_is_left_out() {
        let program = Program { compiler: &["there is no such compiler"], ..PROGRAMS[0] };
        let why = program.build(&env::temp_dir());
        assert_eq!(why, Err("there is no such compiler is not installed".to_owned()));
    }

    #[test]
    fn all_sources_are_there() {
        for program in &PROGRAMS {
            assert!(Path::new(SOURCES).join(program.source).exists(), "{}", program.source);
        }
    }
}
