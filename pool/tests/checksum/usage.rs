//! The command line.

use crate::program::{checksum, run};

/// Runs the example with a wrong command line and returns what it says.
fn refused(arguments: &[&str]) -> String {
    let ran = run(checksum().args(arguments));
    assert_eq!(ran.status, Some(2), "{arguments:?}: {ran:?}");
    assert!(ran.stdout.is_empty(), "{arguments:?}: {ran:?}");
    ran.stderr
}

#[test]
fn no_path_is_refused() {
    assert!(refused(&[]).contains("PATH"));
}

#[test]
fn impossible_numbers_of_threads_are_refused() {
    for number in ["0", "65536", "18446744073709551616", "-1", "many"] {
        let message = refused(&["--threads", number, "."]);
        assert!(message.contains(number) && message.contains("--threads"), "{message}");
    }
}

/// The names of the backends that the program has, as it tells them to whoever asks for another.
fn backends() -> Vec<String> {
    let message = refused(&["--backend", "abacus", "."]);
    let line = message.lines().find(|line| line.contains("abacus")).expect("it is named");
    let (_, names) = line.split_once("available: ").expect("there is a list");
    names.split(", ").map(str::to_owned).collect()
}

#[test]
fn an_unknown_backend_is_refused_with_the_names_that_there_are() {
    let known = ["crossbeam", "flume", "std", "channel"];
    let names = backends();
    assert!(!names.is_empty() && names.iter().all(|name| known.contains(&&**name)), "{names:?}");
}

#[test]
fn the_first_backend_is_the_default() {
    let help = String::from_utf8_lossy(&run(checksum().arg("--help")).stdout).into_owned();
    assert!(help.contains(&format!("[default: {}]", backends()[0])), "{help}");
}

#[test]
fn a_list_goes_neither_with_paths_nor_with_an_order() {
    refused(&["--check", "list", "path"]);
    refused(&["--check", "list", "--sort"]);
}

#[test]
fn help_names_all_options() {
    let ran = run(checksum().arg("--help"));
    assert_eq!(ran.status, Some(0));
    let help = String::from_utf8_lossy(&ran.stdout);
    for option in ["PATH", "--threads", "--backend", "--sort", "--check", "Exit status"] {
        assert!(help.contains(option), "{option} is missing: {help}");
    }
}

#[test]
fn every_backend_hashes() {
    let directory = tempfile::tempdir().expect("a temporary directory");
    std::fs::write(directory.path().join("abc"), "abc").expect("a file");
    for backend in backends() {
        let ran = run(checksum().args(["--backend", &backend]).arg(directory.path()));
        assert_eq!((ran.status, ran.stderr.as_str()), (Some(0), ""));
        let line = String::from_utf8_lossy(&ran.stdout);
        let sum = "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad";
        assert!(line.trim_start_matches('\\').starts_with(sum), "{backend}: {line}");
    }
}
