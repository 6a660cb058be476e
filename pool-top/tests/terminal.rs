//! The view on a pseudo-terminal, which the tool `script` provides.
#![cfg(unix)]

use std::env;
use std::io::{ErrorKind, Write as _, stderr};
use std::process::{Command, Stdio};
use std::sync::mpsc;

use drainpool::{SubmitOptions, ThreadPoolBuilder, Top};
use pool_conformance::within_patience;

/// What the test is to do when it is run in a terminal.
const ROLE: &str = "POOL_TOP_TEST";

/// Runs a test of this file within a terminal, in this role, with these keys. Returns what the terminal got;
/// `None` if there is no terminal to be had.
fn in_a_terminal(test: &'static str, keys: &'static str) -> Option<String> {
    let run = "stty columns 100 rows 20; \"$PROGRAM\" --exact \"$TEST\" --nocapture";
    let mut script = Command::new("script");
    script.args(["-qec", run, "/dev/null"]).env(ROLE, test).env("TEST", test);
    script.env("PROGRAM", env::current_exe().unwrap()).env("TERM", "xterm");
    let child = script.stdin(Stdio::piped()).stdout(Stdio::piped()).spawn();
    let Ok(mut child) = child else {
        let _ = writeln!(stderr(), "skipped: there is no `script`");
        return None;
    };
    let (sender, output) = mpsc::channel();
    within_patience(move || {
        // The terminal's end of input would be one more key.
        let mut input = child.stdin.take().unwrap();
        input.write_all(keys.as_bytes()).unwrap();
        sender.send(child.wait_with_output().unwrap()).unwrap();
        drop(input);
    });
    let output = output.recv().unwrap();
    let seen = String::from_utf8_lossy(&output.stdout).into_owned();
    assert!(output.status.success(), "{seen}");
    Some(seen)
}

fn is_role(test: &str) -> bool {
    env::var(ROLE).is_ok_and(|role| role == test)
}

/// To the other screen, and back.
const SCREENS: [&str; 2] = ["\x1b[?1049h", "\x1b[?1049l"];

#[test]
fn the_terminal_is_given_back() {
    const TEST: &str = "the_terminal_is_given_back";
    if !is_role(TEST) {
        let Some(seen) = in_a_terminal(TEST, "") else { return };
        let (_, shown) = seen.split_once(SCREENS[0]).expect("it takes the other screen");
        let (shown, after) = shown.split_once(SCREENS[1]).expect("it gives the screen back");
        // Word by word: between them the cursor is moved.
        for text in ["posters,", "3", "accepted,", "waiting,"] {
            assert!(shown.contains(text), "{text}: {shown}");
        }
        assert!(after.contains("the program's own line\r\n"), "{seen:?}");
        return;
    }
    let pool = ThreadPoolBuilder::new().num_threads(1).track_jobs().paused().build().unwrap();
    let top = Top::builder().title("posters").start(&pool).unwrap();
    for _ in 0..3 {
        pool.with(SubmitOptions::new().label("poster")).execute(|| ()).unwrap();
    }
    // The last look is at the pool as it is by now.
    top.stop().unwrap();
    println!("the program's own line");
}

#[test]
fn a_key_closes_the_view() {
    const TEST: &str = "a_key_closes_the_view";
    if !is_role(TEST) {
        // The last one. (Ctrl-C would interrupt the program before the view has begun.)
        let Some(seen) = in_a_terminal(TEST, "xyq") else { return };
        assert!(seen.contains("it goes on\r\n"), "{seen:?}");
        return;
    }
    let pool = drainpool::ThreadPool::<()>::new(1).unwrap();
    let top = Top::start(&pool).unwrap();
    within_patience(move || {
        while !top.is_closed() {
            std::thread::yield_now();
        }
        top.stop().unwrap();
    });
    println!("it goes on");
}

#[test]
fn without_a_terminal_nothing_is_shown() {
    const TEST: &str = "without_a_terminal_nothing_is_shown";
    if !is_role(TEST) {
        let mut child = Command::new(env::current_exe().unwrap());
        child.args(["--exact", TEST]).env(ROLE, TEST).stderr(Stdio::piped());
        assert!(child.output().unwrap().status.success());
        return;
    }
    let pool = drainpool::ThreadPool::<()>::new(1).unwrap();
    assert_eq!(Top::start(&pool).unwrap_err().kind(), ErrorKind::Unsupported);
}
