//! Building the examples, and running programs that may hang.

use std::env::consts::EXE_SUFFIX;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::sync::OnceLock;
use std::sync::mpsc::channel;
use std::thread;
use std::time::Duration;

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
    /// The lines of the standard output, escaped, in bytewise order.
    pub(crate) fn sorted_lines(&self) -> Vec<String> {
        let lines = self.stdout.split_inclusive(|&byte| byte == b'\n');
        let mut lines: Vec<String> = lines.map(|line| line.escape_ascii().to_string()).collect();
        lines.sort();
        lines
    }
}

/// The path of an example, which is brought up to date once: `cargo test --test programs` alone does
/// not build it.
pub(crate) fn example(name: &str) -> PathBuf {
    static PROFILE: OnceLock<PathBuf> = OnceLock::new();
    let profile = PROFILE.get_or_init(|| {
        let test = std::env::current_exe().expect("the test knows its own path");
        let profile = test.ancestors().nth(2).expect("the test lies in PROFILE/deps");
        build(profile);
        profile.to_owned()
    });
    profile.join("examples").join(format!("{name}{EXE_SUFFIX}"))
}

/// Builds the examples from the workspace's root, with the features that `cargo test` builds there.
fn build(profile: &Path) {
    let name = profile.file_name().expect("a profile has a name");
    let built = Command::new(env!("CARGO"))
        .args(["build", "--quiet", "--example", "checksum", "--example", "interrupt"])
        .args(["--example", "seed", "--profile"])
        .arg(if name == "debug" { "dev".as_ref() } else { name })
        .arg("--target-dir")
        .arg(profile.parent().expect("a profile lies in the target directory"))
        .current_dir(concat!(env!("CARGO_MANIFEST_DIR"), "/.."))
        .status();
    assert!(built.expect("cargo can be run").success(), "the examples were not built");
}

/// Runs a program to its end, with nothing on its standard input.
pub(crate) fn run(command: &mut Command) -> Ran {
    run_with(command.stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::piped()))
}

/// Runs a program to its end, with the streams that it was given.
pub(crate) fn run_with(command: &mut Command) -> Ran {
    let child = command.spawn().unwrap_or_else(|error| panic!("{command:?}: {error}"));
    let output = within_patience(&format!("{command:?}"), || child.wait_with_output());
    let output = output.expect("the output can be read");
    Ran {
        status: output.status.code(),
        stdout: output.stdout,
        stderr: String::from_utf8_lossy(&output.stderr).into_owned(),
    }
}

/// Does what waits for a program. Panics if that takes too long.
pub(crate) fn within_patience<T: Send + 'static>(
    program: &str,
    wait: impl FnOnce() -> T + Send + 'static,
) -> T {
    let (send, ended) = channel();
    thread::spawn(move || send.send(wait()));
    ended.recv_timeout(PATIENCE).unwrap_or_else(|_| panic!("{program} hangs or has failed"))
}
