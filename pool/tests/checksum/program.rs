//! Finding the program, and running programs that may hang.

use std::env::consts::EXE_SUFFIX;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::sync::OnceLock;
use std::sync::mpsc::{RecvTimeoutError, Sender, channel};
use std::thread::{self, JoinHandle};
use std::time::{Duration, SystemTime};

const PATIENCE: Duration = Duration::from_secs(60);

/// What a program did.
#[derive(Debug)]
pub(crate) struct Ran {
    /// The exit status; `None` if a signal ended it.
    pub(crate) status: Option<i32>,
    pub(crate) stdout: Vec<u8>,
    pub(crate) stderr: String,
}

impl Ran {
    /// The lines of the standard output, in bytewise order.
    #[cfg(target_os = "linux")]
    pub(crate) fn sorted_lines(&self) -> Vec<String> {
        let lines = self.stdout.split_inclusive(|&byte| byte == b'\n');
        let mut lines: Vec<String> = lines.map(|line| line.escape_ascii().to_string()).collect();
        lines.sort();
        lines
    }
}

/// The example, ready to be given arguments.
pub(crate) fn checksum() -> Command {
    Command::new(path())
}

/// Where the example is.
pub(crate) fn path() -> &'static Path {
    static PATH: OnceLock<PathBuf> = OnceLock::new();
    PATH.get_or_init(|| example("checksum", "examples/checksum"))
}

/// Where the example `seed` is.
#[cfg(target_os = "linux")]
pub(crate) fn seed() -> &'static Path {
    static PATH: OnceLock<PathBuf> = OnceLock::new();
    PATH.get_or_init(|| example("seed", "examples/seed.rs"))
}

/// The path of an example that was built from these sources.
fn example(name: &str, source: &str) -> PathBuf {
    let test = std::env::current_exe().expect("the test knows its own path");
    let profile = test.ancestors().nth(2).expect("the test lies in PROFILE/deps");
    let program = profile.join("examples").join(format!("{name}{EXE_SUFFIX}"));
    // `cargo test` builds the examples as well, `cargo test --test checksum` does not.
    if is_outdated(&program, source) {
        build(name, profile);
    }
    program
}

fn is_outdated(program: &Path, source: &str) -> bool {
    let Ok(built) = fs::metadata(program).and_then(|data| data.modified()) else {
        return true;
    };
    let pool = Path::new(env!("CARGO_MANIFEST_DIR"));
    let crates = pool.parent().expect("the crate lies in a workspace");
    let sources = entries(crates).into_iter().map(|package| package.join("src"));
    sources.chain([pool.join(source)]).any(|source| has_newer(&source, built))
}

/// Whether a file at or below this path is newer.
fn has_newer(path: &Path, time: SystemTime) -> bool {
    if path.is_dir() {
        return entries(path).iter().any(|entry| has_newer(entry, time));
    }
    fs::metadata(path).and_then(|data| data.modified()).is_ok_and(|modified| modified > time)
}

fn entries(directory: &Path) -> Vec<PathBuf> {
    let entries = fs::read_dir(directory).expect("the sources can be listed");
    entries.filter_map(|entry| Some(entry.ok()?.path())).collect()
}

fn build(example: &str, profile: &Path) {
    let name = profile.file_name().expect("a profile has a name");
    let name = if name == "debug" { "dev".as_ref() } else { name };
    let features = [
        ("crossbeam", cfg!(feature = "crossbeam")),
        ("flume", cfg!(feature = "flume")),
        ("std-only", cfg!(feature = "std-only")),
    ];
    let features = features.iter().filter(|(_, enabled)| *enabled).map(|(feature, _)| *feature);
    let built = Command::new(env!("CARGO"))
        .args(["build", "--package", "pool", "--example", example, "--no-default-features"])
        .args(["--features", &features.collect::<Vec<_>>().join(",")])
        .arg("--profile")
        .arg(name)
        .arg("--target-dir")
        .arg(profile.parent().expect("a profile lies in the target directory"))
        .current_dir(env!("CARGO_MANIFEST_DIR"))
        .status()
        .expect("cargo can be run");
    assert!(built.success(), "the example was not built");
}

/// Runs a program to its end, with nothing on its standard input.
pub(crate) fn run(command: &mut Command) -> Ran {
    run_reading(command, Stdio::null())
}

/// Runs a program to its end with this standard input.
pub(crate) fn run_reading(command: &mut Command, stdin: impl Into<Stdio>) -> Ran {
    command.stdin(stdin).stdout(Stdio::piped()).stderr(Stdio::piped());
    let child = command.spawn().unwrap_or_else(|error| panic!("{command:?}: {error}"));
    let watchdog = Watchdog::over(&child, format!("{command:?}"));
    let output = child.wait_with_output().expect("the output can be read");
    watchdog.dismiss();
    Ran {
        status: output.status.code(),
        stdout: output.stdout,
        stderr: String::from_utf8_lossy(&output.stderr).into_owned(),
    }
}

/// Kills a program that takes too long, so that whoever waits for it goes on.
pub(crate) struct Watchdog {
    name: String,
    done: Sender<()>,
    /// Returns whether it had to bite.
    thread: JoinHandle<bool>,
}

impl Watchdog {
    pub(crate) fn over(child: &Child, name: String) -> Self {
        let (done, wait) = channel();
        let id = child.id().to_string();
        let thread = thread::spawn(move || {
            let bite = wait.recv_timeout(PATIENCE) == Err(RecvTimeoutError::Timeout);
            if bite {
                let (program, flags) = if cfg!(windows) {
                    ("taskkill", ["/F", "/PID"])
                } else {
                    ("kill", ["-9", "--"])
                };
                let _ = Command::new(program).args(flags).arg(id).status();
            }
            bite
        });
        Self { name, done, thread }
    }

    /// To be asked when the program has ended: fails the test if it did not do so by itself.
    pub(crate) fn dismiss(self) {
        let _ = self.done.send(());
        let bitten = self.thread.join().expect("the watchdog lives");
        assert!(!bitten, "{} was killed after {PATIENCE:?}", self.name);
    }
}
