//! Where the output goes, and what if it can not.

use std::fs::{File, OpenOptions};
use std::io::{BufRead, BufReader, Read, Write};
use std::process::{Command, Stdio};

use crate::program::{self, Watchdog, run};
use crate::tree::Tree;

#[test]
fn a_reader_that_leaves_ends_the_program_at_once_and_quietly() {
    let tree = Tree::new();
    for number in 0..3000 {
        tree.file(format!("small/{number}"), b"");
    }
    // One worker would be busy with this for much longer than the watchdog waits.
    let endless = File::create(tree.path("small/endless")).expect("a file");
    endless.set_len(1 << 42).or_else(|_| endless.set_len(1 << 39)).expect("a file of holes");

    let mut command = tree.command(program::path());
    command.args(["--threads", "2", "small"]).stdout(Stdio::piped()).stderr(Stdio::piped());
    let mut child = command.spawn().expect("the program can be run");
    let watchdog = Watchdog::over(&child, "the program without a reader".to_owned());
    // All the lines are more than a pipe holds, so there will be a write after the reader has left.
    let mut first = [0];
    child.stdout.take().expect("it is a pipe").read_exact(&mut first).expect("a first result");
    let output = child.wait_with_output().expect("the output can be read");
    watchdog.dismiss();
    assert_eq!(String::from_utf8_lossy(&output.stderr), "");
    assert_eq!(output.status.code(), Some(141));
}

#[test]
fn a_reader_that_left_ends_seed_quietly() {
    for arguments in [&[][..], &["--timeout", "0"]] {
        let (reader, writer) = std::io::pipe().expect("a pipe");
        drop(reader);
        let mut command = Command::new(program::seed());
        command.args(arguments).stdin(Stdio::null()).stdout(writer).stderr(Stdio::piped());
        let child = command.spawn().expect("the program can be run");
        // With it goes our end of the pipe.
        drop(command);
        let watchdog = Watchdog::over(&child, "seed without a reader".to_owned());
        let output = child.wait_with_output().expect("the output can be read");
        watchdog.dismiss();
        assert_eq!(String::from_utf8_lossy(&output.stderr), "");
        assert_eq!(output.status.code(), Some(141));
    }
}

/// One line is read and the others are not, as by `head`.
#[test]
fn a_reader_that_leaves_in_the_midst_ends_seed_quietly() {
    let mut command = Command::new(program::seed());
    command.stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::piped());
    let mut child = command.spawn().expect("the program can be run");
    let watchdog = Watchdog::over(&child, "seed with a reader of one line".to_owned());
    let mut line = String::new();
    let stdout = child.stdout.take().expect("it is a pipe");
    BufReader::with_capacity(1, stdout).read_line(&mut line).expect("a line");
    let output = child.wait_with_output().expect("the output can be read");
    watchdog.dismiss();
    assert_eq!(line, "start testing\n");
    assert_eq!(String::from_utf8_lossy(&output.stderr), "");
    assert_eq!(output.status.code(), Some(141));
}

#[test]
fn a_standard_error_that_nobody_reads_does_seed_no_harm() {
    let (reader, writer) = std::io::pipe().expect("a pipe");
    drop(reader);
    let mut command = Command::new(program::seed());
    command.args(["--timeout", "0"]).stdin(Stdio::null()).stdout(Stdio::piped()).stderr(writer);
    let child = command.spawn().expect("the program can be run");
    drop(command);
    let watchdog = Watchdog::over(&child, "seed that may not complain".to_owned());
    let output = child.wait_with_output().expect("the output can be read");
    watchdog.dismiss();
    assert_eq!(output.status.code(), Some(0));
    assert_eq!(output.stdout.iter().filter(|&&byte| byte == b'\n').count(), 52);
}

#[test]
fn a_full_disk_is_an_error() {
    let tree = Tree::with_files();
    tree.file("list", &tree.find(&["."]).stdout);
    for arguments in [vec!["."], vec!["--sort", "."], vec!["--check", "list"]] {
        let full = OpenOptions::new().write(true).open("/dev/full").expect("Linux has it");
        let mut command = tree.command(program::path());
        command.args(&arguments).stdin(Stdio::null()).stdout(full).stderr(Stdio::piped());
        let child = command.spawn().expect("the program can be run");
        let watchdog = Watchdog::over(&child, format!("{command:?}"));
        let output = child.wait_with_output().expect("the output can be read");
        watchdog.dismiss();
        assert_eq!(
            String::from_utf8_lossy(&output.stderr),
            "checksum: write error: No space left on device (os error 28)\n"
        );
        assert_eq!(output.status.code(), Some(1));
    }
}

#[test]
fn a_standard_error_that_nobody_reads_does_no_harm() {
    let tree = Tree::with_files();
    let (reader, writer) = std::io::pipe().expect("a pipe");
    drop(reader);
    let mut command = tree.command(program::path());
    command.args(["missing", "."]).stdin(Stdio::null()).stdout(Stdio::piped()).stderr(writer);
    let child = command.spawn().expect("the program can be run");
    drop(command);
    let watchdog = Watchdog::over(&child, "the program that may not complain".to_owned());
    let output = child.wait_with_output().expect("the output can be read");
    watchdog.dismiss();
    assert_eq!(output.status.code(), Some(1));
    assert_eq!(output.stdout.iter().filter(|&&byte| byte == b'\n').count(), 209);
}

#[test]
fn a_pipe_sees_nothing_of_a_progress_bar() {
    let tree = Tree::with_files();
    let ran = tree.checksum(&["."]);
    assert_eq!(ran.stderr, "");
    assert!(!ran.stdout.contains(&b'\x1b'));
    assert!(!ran.stdout.contains(&b'\r'));
}

#[test]
fn on_a_terminal_the_progress_bar_leaves_the_lines_alone() {
    let tree = Tree::with_files();
    let mut script = tree.command("script");
    script.env("PROGRAM", program::path());
    script.args(["-qec", "stty columns 120; \"$PROGRAM\" missing .", "/dev/null"]);
    if tree.command("script").arg("--version").output().is_err() {
        // Without this tool there is no terminal to be had.
        let _ = writeln!(std::io::stderr(), "skipped: there is no `script`");
        return;
    }
    let ran = run(&mut script);
    assert_eq!(ran.status, Some(1));
    let seen = String::from_utf8_lossy(&ran.stdout);
    assert!(seen.contains("/209 files, "), "no progress bar: {seen:?}");

    let expected = tree.find(&["."]);
    let expected = String::from_utf8_lossy(&expected.stdout);
    let complaint = "checksum: missing: No such file or directory (os error 2)";
    for line in expected.lines().chain([complaint]) {
        let (before, _) = seen
            .split_once(&format!("{line}\r\n"))
            .unwrap_or_else(|| panic!("{line} was torn apart: {seen:?}"));
        let clear = ["\n", "\x1b[2K"].iter().any(|end| before.ends_with(end));
        assert!(clear || before.is_empty(), "{line} was written into the bar: {seen:?}");
    }
}
