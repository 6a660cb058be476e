//! The progress bar on a terminal.

use std::io::Write as _;

use crate::program::{example, run};
use crate::tree::Tree;

#[test]
fn the_progress_bar_leaves_the_lines_alone() {
    let tree = Tree::new();
    for number in 0..200 {
        tree.file(format!("{number}"), &[7; 1_000]);
    }
    let mut script = tree.command("script");
    script.env("PROGRAM", example("checksum"));
    script.args(["-qec", "stty columns 120; \"$PROGRAM\" missing .", "/dev/null"]);
    if tree.command("script").arg("--version").output().is_err() {
        // Without this tool there is no terminal to be had.
        let _ = writeln!(std::io::stderr(), "skipped: there is no `script`");
        return;
    }
    let ran = run(&mut script);
    assert_eq!(ran.status, Some(1));
    let seen = String::from_utf8_lossy(&ran.stdout);
    assert!(seen.contains("/200 files, "), "no progress bar: {seen:?}");

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
