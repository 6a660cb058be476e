//! The command line of `checksum`, on every system.

use std::process::Command;

use crate::program::{Ran, example, run};

fn checksum(arguments: &[&str]) -> Ran {
    run(Command::new(example("checksum")).args(arguments))
}

#[test]
fn a_wrong_command_line_is_refused_and_says_why() {
    for (arguments, named) in [
        (&[][..], "PATH"),
        (&["--threads", "0", "."], "--threads"),
        (&["--threads", "65536", "."], "--threads"),
        (&["--threads", "-1", "."], "--threads"),
        (&["--backend", "abacus", "."], "available: "),
        (&["--check", "list", "path"], "PATH"),
        (&["--check", "list", "--sort"], "--sort"),
    ] {
        let ran = checksum(arguments);
        assert_eq!((ran.status, ran.stdout.len()), (Some(2), 0), "{arguments:?}");
        assert!(ran.stderr.contains(named), "{arguments:?}: {}", ran.stderr);
    }
    let help = String::from_utf8(checksum(&["--help"]).stdout).expect("text");
    for told in ["PATH", "--threads", "[default: crossbeam]", "--sort", "--check", "Exit status"] {
        assert!(help.contains(told), "{told} is missing: {help}");
    }
}

#[test]
#[cfg(not(feature = "timeline"))]
fn a_timeline_needs_its_feature_and_says_so() {
    let ran = checksum(&["--timeline", "file", "."]);
    assert_eq!((ran.status, ran.stdout.len()), (Some(1), 0));
    assert!(ran.stderr.contains("--features timeline"), "{}", ran.stderr);
}

#[test]
fn every_backend_hashes() {
    let license = concat!(env!("CARGO_MANIFEST_DIR"), "/../LICENSE-MIT");
    let mut lines = drainpool::Backend::available().iter().map(|backend| {
        let ran = checksum(&["--backend", backend.name(), "--threads", "2", license]);
        assert_eq!((ran.status, ran.stderr.as_str()), (Some(0), ""), "{backend}");
        ran.sorted_lines()
    });
    let first = lines.next().expect("a backend");
    assert!(first.len() == 1 && lines.all(|other| other == first), "{first:?}");
}
