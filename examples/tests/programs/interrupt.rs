//! What `interrupt` tells when Ctrl-C is pressed.

use std::io::{BufRead, BufReader, Read};
use std::process::{Child, Command, Stdio};

use crate::program::{Ran, example, run, within_patience};

const JOBS: &str = "50";

#[test]
fn without_ctrl_c_all_is_done() {
    let ran = run(Command::new(example("interrupt")).args(["--jobs", JOBS, "--job-time", "0"]));
    assert_eq!((ran.status, ran.stderr.as_str()), (Some(0), ""));
    assert_eq!(ends(&ran, " is done"), 50);
}

/// Starts the program, and presses Ctrl-C once a job runs.
fn interrupted(arguments: &[&str], times: usize) -> Ran {
    let mut command = Command::new(example("interrupt"));
    command.args(["--jobs", JOBS]).args(arguments);
    command.stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::piped());
    let mut child = command.spawn().expect("it starts");
    within_patience("interrupt", move || {
        let mut out = BufReader::new(child.stdout.take().expect("a pipe"));
        let mut err = BufReader::new(child.stderr.take().expect("a pipe"));
        let (mut stdout, mut stderr) = (Vec::new(), String::new());
        out.read_until(b'\n', &mut stdout).expect("a job starts");
        for _ in 0..times {
            press_ctrl_c(&child);
            if stderr.is_empty() {
                err.read_line(&mut stderr).expect("it says so");
            }
        }
        out.read_to_end(&mut stdout).expect("the output");
        err.read_to_string(&mut stderr).expect("the report");
        Ran { status: child.wait().expect("it ends").code(), stdout, stderr }
    })
}

fn press_ctrl_c(child: &Child) {
    let sent = Command::new("kill").args(["-INT", &child.id().to_string()]).status();
    assert!(sent.expect("kill can be run").success());
}

/// The number of lines that end like this.
fn ends(ran: &Ran, end: &str) -> usize {
    ran.sorted_lines().iter().filter(|line| line.trim_end_matches("\\n").ends_with(end)).count()
}

#[test]
#[cfg(unix)]
fn each_job_is_done_or_undone() {
    let ran = interrupted(&["--job-time", "0.05", "--grace", "3600"], 1);
    assert_eq!(ran.status, Some(130), "{ran:?}");
    let (done, undone) = (ends(&ran, " is done"), ends(&ran, " is undone"));
    assert_eq!((done + undone, ends(&ran, " still runs")), (50, 0), "{ran:?}");
    let report = format!("50 jobs accepted: {done} done");
    assert!(ran.stderr.contains(&report), "{ran:?}");
}

#[test]
#[cfg(unix)]
fn what_is_stuck_is_told() {
    let ran = interrupted(&["--job-time", "3600", "--grace", "0"], 1);
    assert_eq!(ran.status, Some(130), "{ran:?}");
    let (undone, running) = (ends(&ran, " is undone"), ends(&ran, " still runs"));
    assert_eq!((undone + running, ends(&ran, " is done")), (50, 0), "{ran:?}");
    assert!((1..=2).contains(&running), "{ran:?}");
    assert!(ran.stderr.contains(&format!("{running} unfinished")), "{ran:?}");
}

#[test]
#[cfg(unix)]
fn a_second_ctrl_c_ends_it_at_once() {
    let ran = interrupted(&["--job-time", "3600", "--grace", "3600"], 2);
    assert_eq!(ran.status, Some(130), "{ran:?}");
}
