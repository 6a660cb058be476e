//! A machine that has little: few file descriptors, little memory.

use std::fmt::Write as _;
use std::fs::{self, File};
use std::path::{Path, PathBuf};
use std::process::{Child, Stdio};
use std::thread;

use crate::program::{self, Ran, Watchdog, run};
use crate::tree::{EMPTY, Tree};

/// Runs the example in a shell that has set these limits.
fn run_limited(tree: &Tree, limits: &str, arguments: &[&str]) -> Ran {
    let script = format!("ulimit {limits} && exec \"$@\"");
    let mut shell = tree.command("sh");
    run(shell.args(["-c", &script, "sh"]).arg(program::path()).args(arguments))
}

/// Directories and files, which are large enough for many to be open at the same time.
fn large_tree() -> Tree {
    let tree = Tree::new();
    for number in 0..150 {
        let name = format!("{}/{}/{number}", number % 3, number % 7);
        tree.file(&name, b"");
        let file = File::options().write(true).open(tree.path(&name)).expect("it is there");
        file.set_len(100_000 + number).expect("a file of holes");
    }
    tree
}

#[test]
fn files_wait_for_a_free_descriptor() {
    let tree = large_tree();
    let expected = tree.find(&["."]).sorted_lines();
    // The three standard ones, and what is left.
    for descriptors in [4, 5, 16] {
        let limit = format!("-n {descriptors}");
        let ran = run_limited(&tree, &limit, &["--threads", "64", "."]);
        assert_eq!((ran.status, ran.stderr.lines().next()), (Some(0), None), "{descriptors}");
        assert_eq!(ran.sorted_lines(), expected, "{descriptors}");
    }
}

#[test]
fn listed_files_wait_for_a_free_descriptor() {
    let tree = large_tree();
    tree.file("list", &tree.find(&["0", "1", "2"]).stdout);
    for descriptors in [5, 16] {
        let limit = format!("-n {descriptors}");
        let ran = run_limited(&tree, &limit, &["--threads", "64", "--check", "list"]);
        assert_eq!((ran.status, ran.stderr.lines().next()), (Some(0), None), "{descriptors}");
        assert_eq!(ran.stdout.iter().filter(|&&byte| byte == b'\n').count(), 150);
    }
}

/// The list takes the last one, and no worker will ever close a file, so there is nothing to wait for.
#[test]
fn without_any_descriptor_all_files_are_reported() {
    let tree = Tree::new();
    let (mut list, mut messages, mut verdicts) = (String::new(), String::new(), String::new());
    for number in 0..100 {
        tree.file(format!("{number}"), b"");
        writeln!(list, "{EMPTY}  {number}").expect("a string takes all");
        writeln!(messages, "checksum: {number}: Too many open files (os error 24)")
            .expect("as well");
        writeln!(verdicts, "{number}: FAILED open or read").expect("as well");
    }
    messages += "checksum: WARNING: 100 listed files could not be read\n";
    tree.file("list", list.as_bytes());
    let ran = run_limited(&tree, "-n 4", &["--threads", "8", "--check", "list"]);
    assert_eq!((ran.status, ran.stderr), (Some(1), messages));
    assert_eq!(String::from_utf8_lossy(&ran.stdout), verdicts);
}

#[test]
fn with_little_memory_there_are_fewer_threads() {
    let tree = Tree::with_files();
    let expected = tree.find(&["."]).sorted_lines();
    for threads in ["2", "16", "200"] {
        // One thread needs some 10,000, and 200 with common stacks 400,000.
        for kilobytes in [20_000, 25_000, 30_000, 40_000, 50_000, 60_000] {
            let limit = format!("-v {kilobytes}");
            let ran = run_limited(&tree, &limit, &["--threads", threads, "."]);
            let case = format!("{threads} threads, {kilobytes} KB");
            assert_eq!((ran.status, ran.stderr.as_str()), (Some(0), ""), "{case}");
            assert_eq!(ran.sorted_lines(), expected, "{case}");
        }
    }
}

/// What a program has done so far, as the system tells.
struct Observed {
    /// How much of the file it has read that it opened under this path.
    read: u64,
    /// The most memory that it had at once, in KB.
    peak: u64,
    /// Whether none of its threads runs or could run.
    asleep: bool,
}

impl Observed {
    /// `None` if the file is not open.
    fn of(child: &Child, file: &Path) -> Option<Self> {
        let process = PathBuf::from(format!("/proc/{}", child.id()));
        let number = |text: String, name: &str| {
            let line = text.lines().find_map(|line| line.strip_prefix(name));
            line.and_then(|rest| rest.split_whitespace().next()?.parse().ok())
        };
        let descriptors = fs::read_dir(process.join("fd")).ok()?.flatten();
        let descriptor = descriptors
            .filter(|entry| fs::read_link(entry.path()).is_ok_and(|target| target == file))
            .map(|entry| entry.file_name())
            .next()?;
        let place = fs::read_to_string(process.join("fdinfo").join(descriptor)).ok()?;
        let status = fs::read_to_string(process.join("status")).ok()?;
        let mut threads = fs::read_dir(process.join("task")).ok()?.flatten();
        let asleep = threads.all(|thread| {
            fs::read_to_string(thread.path().join("status"))
                .is_ok_and(|status| status.contains("State:\tS"))
        });
        Some(Self { read: number(place, "pos:")?, peak: number(status, "VmHWM:")?, asleep })
    }
}

#[test]
fn a_slow_first_entry_holds_up_the_reading_of_the_list() {
    let lines = if cfg!(debug_assertions) { 60_000 } else { 400_000 };
    let tree = Tree::new();
    tree.file("empty", b"");
    let mut list = format!("{EMPTY}  -\n");
    for _ in 0..lines {
        writeln!(list, "{EMPTY}  empty").expect("a string takes all");
    }
    tree.file("list", list.as_bytes());
    let path = fs::canonicalize(tree.path("list")).expect("it is there");

    let mut command = tree.command(program::path());
    command.args(["--threads", "4", "--check", "list"]);
    command.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped());
    let mut child = command.spawn().expect("the program can be run");
    let watchdog = Watchdog::over(&child, format!("{command:?}"));
    let observed = observe_until_it_rests(&mut child, &path);
    drop(child.stdin.take());
    let output = child.wait_with_output().expect("the output can be read");
    watchdog.dismiss();

    let observed = observed.expect("it rests while nothing is on its standard input");
    assert!(observed.read < list.len() as u64 / 4, "{} bytes are read ahead", observed.read);
    assert!(observed.peak < 32 * 1024, "{} KB are in memory", observed.peak);
    assert_eq!(String::from_utf8_lossy(&output.stderr), "");
    assert_eq!(output.status.code(), Some(0));
    assert!(output.stdout == format!("-: OK\n{}", "empty: OK\n".repeat(lines)).into_bytes());
}

/// Waits until the program sleeps and reads no further in the list; `None` if it does not come to that.
fn observe_until_it_rests(child: &mut Child, list: &Path) -> Option<Observed> {
    const SIGHTS: usize = 200;
    let (mut sights, mut read) = (0, 0);
    while child.try_wait().expect("it can be asked").is_none() {
        thread::yield_now();
        let Some(observed) = Observed::of(child, list) else {
            continue;
        };
        let rests = observed.asleep && observed.read > 0 && observed.read == read;
        (sights, read) = (if rests { sights + 1 } else { 0 }, observed.read);
        if sights == SIGHTS {
            return Some(observed);
        }
    }
    None
}
