//! `checksum` on a machine that has little, and with outputs that nobody reads.

use std::fs::{self, File};
use std::io::Read;
use std::process::{Child, Stdio};

use crate::program::{Ran, example, run, run_with};
use crate::tree::Tree;

/// Runs `checksum` in a shell that has set a limit.
fn run_limited(tree: &Tree, limit: &str, arguments: &[&str]) -> Ran {
    let script = format!("ulimit {limit} && exec \"$@\"");
    let mut shell = tree.command("sh");
    run(shell.args(["-c", &script, "sh"]).arg(example("checksum")).args(arguments))
}

#[test]
fn files_wait_for_a_free_descriptor_and_threads_for_memory() {
    let tree = Tree::new();
    for number in 0..150_u8 {
        // Large enough for many to be open at the same time.
        tree.file(format!("t/{}/{}/{number}", number % 3, number % 7), &[number; 100_000]);
    }
    let expected = tree.find(&["t"]);
    tree.file("list", &expected.stdout);
    // The three standard descriptors and one more; 64 threads with their buffers take some 30 MB.
    for limit in ["-n 4", "-n 16", "-v 20000", "-v 40000"] {
        let ran = run_limited(&tree, limit, &["--threads", "64", "t"]);
        assert_eq!((ran.status, ran.stderr.as_str()), (Some(0), ""), "{limit}");
        assert_eq!(ran.sorted_lines(), expected.sorted_lines(), "{limit}");
    }
    let ran = run_limited(&tree, "-n 5", &["--threads", "64", "--check", "list"]);
    assert_eq!((ran.status, ran.stderr.as_str()), (Some(0), ""));

    // The list takes the last one. No worker will ever close a file, so there is nothing to wait for.
    let ran = run_limited(&tree, "-n 4", &["--threads", "8", "--check", "list"]);
    assert_eq!(ran.status, Some(1));
    assert_eq!(ran.stderr.matches(": Too many open files (os error 24)\n").count(), 150);
}

/// How much a program has read up to now, if none of its threads runs or could run.
fn read_by(child: &Child) -> Option<u64> {
    let process = format!("/proc/{}", child.id());
    for thread in fs::read_dir(format!("{process}/task")).ok()?.flatten() {
        let status = fs::read_to_string(thread.path().join("status")).ok()?;
        status.contains("State:\tS").then_some(())?;
    }
    let counts = fs::read_to_string(format!("{process}/io")).ok()?;
    counts.lines().find_map(|line| line.strip_prefix("rchar: ")?.parse().ok())
}

#[test]
fn a_slow_first_entry_holds_up_the_reading_of_the_list() {
    const EMPTY: &str = "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855";
    let (tree, lines) = (Tree::new(), 60_000);
    tree.file("empty", b"");
    let list = format!("{EMPTY}  -\n") + &format!("{EMPTY}  empty\n").repeat(lines);
    tree.file("list", list.as_bytes());
    let mut command = tree.command(example("checksum"));
    command
        .args(["--threads", "4", "--check", "list"])
        .stdin(Stdio::piped())
        .stdout(Stdio::piped());
    let mut child = command.spawn().expect("the program can be run");

    // It rests when it sleeps and reads no further for many looks, or it has ended.
    let (mut looks, mut read) = (0, 0);
    while looks < 200 && child.try_wait().expect("it can be asked").is_none() {
        std::thread::yield_now();
        let now = read_by(&child).unwrap_or(0);
        (looks, read) = (if now > 0 && now == read { looks + 1 } else { 0 }, now);
    }
    assert!(read > 0 && read < list.len() as u64 / 4, "{read} bytes are read ahead");
    drop(child.stdin.take());
    let output = child.wait_with_output().expect("the output can be read");
    assert_eq!(output.status.code(), Some(0));
    assert!(output.stdout == format!("-: OK\n{}", "empty: OK\n".repeat(lines)).into_bytes());
}

#[test]
fn a_pipe_is_not_opened_and_a_reader_that_leaves_ends_the_program_at_once() {
    let tree = Tree::of_everything();
    tree.file("list", &[&[b'0'; 64], &b"  sizes/pipe\n"[..]].concat());
    let ran = tree.checksum(&["--check", "list"]);
    assert_eq!(ran.stdout, b"sizes/pipe: FAILED open or read\n", "{}", ran.stderr);

    // One worker would be busy with this for much longer than a test waits.
    let endless = File::create(tree.path("endless")).expect("a file");
    endless.set_len(1 << 42).or_else(|_| endless.set_len(1 << 39)).expect("a file of holes");
    let (mut reader, writer) = std::io::pipe().expect("a pipe");
    let mut command = tree.command(example("checksum"));
    command.args(["--threads", "2", "endless"]).args(["sizes"; 500]).stdout(writer);
    let child = std::thread::spawn(move || run_with(command.stderr(Stdio::piped())));
    // All the lines are more than a pipe holds, so there will be a write after the reader has left.
    reader.read_exact(&mut [0]).expect("a first result");
    drop(reader);
    let ran = child.join().expect("it ends");
    assert_eq!((ran.status, ran.stderr.as_str()), (Some(141), ""));
}

#[test]
fn a_full_disk_is_an_error_and_a_closed_standard_error_none() {
    let tree = Tree::of_everything();
    tree.file("list", &tree.find(&["sizes"]).stdout);
    for arguments in [&["sizes"][..], &["--sort", "sizes"], &["--check", "list"]] {
        let full = File::options().write(true).open("/dev/full").expect("Linux has it");
        let mut command = tree.command(example("checksum"));
        let ran = run_with(command.args(arguments).stdout(full).stderr(Stdio::piped()));
        assert_eq!(ran.stderr, "checksum: write error: No space left on device (os error 28)\n");
        assert_eq!(ran.status, Some(1));
    }
    let (_, nobody) = std::io::pipe().expect("a pipe");
    let mut command = tree.command(example("checksum"));
    command.args(["missing", "sizes"]).stdout(Stdio::piped()).stderr(nobody);
    let ran = run_with(&mut command);
    assert_eq!((ran.status, ran.sorted_lines().len()), (Some(1), 9));
}
