//! What `seed` prints, and what if nobody reads it.

use std::io::{BufRead, BufReader};
use std::process::{Command, Stdio};

use crate::program::{example, run, run_with};

#[test]
fn fifty_results_of_five_workers() {
    for (arguments, leaving) in [(&[][..], 0), (&["--timeout", "0.1"], 5)] {
        let ran = run(Command::new(example("seed")).args(arguments));
        assert_eq!((ran.status, ran.stderr.matches(" has left\n").count()), (Some(0), leaving));
        let text = String::from_utf8(ran.stdout).expect("text");
        let lines: Vec<&str> = text.lines().collect();
        assert_eq!((lines.first(), lines.last()), (Some(&"start testing"), Some(&"end testing")));
        let mut jobs: Vec<usize> = lines[1..lines.len() - 1]
            .iter()
            .map(|line| line.split(" | Thread-").next().expect("a number").parse().expect("one"))
            .collect();
        jobs.sort_unstable();
        assert!(jobs.into_iter().eq(0..50), "{text}");
    }
}

/// One line is read and the others are not, as by `head`.
#[test]
#[cfg(unix)]
fn a_reader_that_leaves_ends_it_quietly() {
    let (reader, writer) = std::io::pipe().expect("a pipe");
    let mut command = Command::new(example("seed"));
    command.stdin(Stdio::null()).stdout(writer).stderr(Stdio::piped());
    let child = std::thread::spawn(move || run_with(&mut command));
    let mut line = String::new();
    BufReader::with_capacity(1, reader).read_line(&mut line).expect("a line");
    let ran = child.join().expect("it ends");
    assert_eq!(line, "start testing\n");
    assert_eq!((ran.status, ran.stderr.as_str()), (Some(141), ""));
}

#[test]
#[cfg(unix)]
fn a_standard_error_that_nobody_reads_does_no_harm() {
    let (_, nobody) = std::io::pipe().expect("a pipe");
    let mut command = Command::new(example("seed"));
    command.args(["--timeout", "0"]).stdin(Stdio::null()).stdout(Stdio::piped()).stderr(nobody);
    let ran = run_with(&mut command);
    assert_eq!((ran.status, ran.sorted_lines().len()), (Some(0), 52));
}
