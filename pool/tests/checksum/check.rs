//! Checking lists, side by side with `sha256sum --check`.

use std::fs::File;

use crate::program::{self, Ran, run, run_reading};
use crate::tree::{EMPTY, Tree};

/// Of the letter `a`.
const A: &str = "ca978112ca1bbdcafac231b39a23dc4da786eff8147c4e72b9807785afee48bb";

/// Messages in the words of `sha256sum`, without the quotes that it puts around some names.
fn messages(ran: &Ran) -> Vec<String> {
    let words = |line: &str| {
        let line = line.replacen("checksum: ", "sha256sum: ", 1);
        line.split(" (os error").next().unwrap_or_default().replace('\'', "")
    };
    ran.stderr.lines().map(words).collect()
}

/// Checks a list with both programs; returns the exit status on which they agree.
fn compare(tree: &Tree, list: &[u8]) -> Option<i32> {
    tree.file("list", list);
    let input = || File::open(tree.path("list")).expect("it is there");
    let theirs = run(tree.command("sha256sum").args(["--check", "list"]));
    let name = list.escape_ascii();
    for threads in ["1", "16"] {
        let ours = tree.checksum(&["--threads", threads, "--check", "list"]);
        let (our_text, their_text) = (ours.stdout.escape_ascii(), theirs.stdout.escape_ascii());
        assert_eq!(our_text.to_string(), their_text.to_string(), "{name}");
        assert_eq!(messages(&ours), messages(&theirs), "{name}");
        assert_eq!(ours.status, theirs.status, "{name}");
    }
    let ours = run_reading(tree.command(program::path()).args(["--check", "-"]), input());
    let theirs = run_reading(tree.command("sha256sum").args(["--check", "-"]), input());
    assert_eq!(ours.stdout, theirs.stdout, "{name} on the standard input");
    assert_eq!(messages(&ours), messages(&theirs), "{name} on the standard input");
    assert_eq!(ours.status, theirs.status, "{name} on the standard input");
    ours.status
}

/// A tree with a file `a` that holds an `a`, an empty file `e` and a directory `d`.
fn small_tree() -> Tree {
    let tree = Tree::new();
    tree.file("a", b"a");
    tree.file("e", b"");
    tree.dir("d");
    tree
}

#[test]
fn good_lists_are_good() {
    let tree = small_tree();
    let upper = A.to_uppercase();
    for list in [
        format!("{A}  a\n{EMPTY}  e\n"),
        format!("{A} *a\n{EMPTY} *e\n"),
        format!("{A}  a"),
        format!("{upper}  a\n"),
        format!("{A}  a\r\n{EMPTY}  e\r\n"),
        format!("# a comment\n\n{A}  a\n\r\n"),
        format!(" \t{A}  a\n"),
        format!("{A}\t a\n"),
        format!("SHA256 (a) = {A}\nSHA256 (e) = {EMPTY}\n"),
        format!("SHA256(a)={A}\n"),
        format!("{A} a\n{EMPTY} e\n"),
        format!("\\{A}  a\n"),
        format!("{A}  a\n").repeat(3),
    ] {
        assert_eq!(compare(&tree, list.as_bytes()), Some(0), "{list}");
    }
}

#[test]
fn malformed_lines_are_counted_and_no_failure_by_themselves() {
    let tree = small_tree();
    for list in [
        format!("what\n{A}  a\n"),
        format!("what\n{A}  a\nis this\n"),
        format!("{A}  a\n{A} a\n"),
        format!("{A}  a\n{A}a\n{A}\n{A} \n"),
        format!("{A}  a\n{A}0  a\n"),
        format!("{A}  a\n{}  a\n", &A[1..]),
        format!("{A}  a\ng{}  a\n", &A[1..]),
        format!("{A}  a\n\\{A}  a\\x\n\\{A}  a\\\n"),
        format!("{A}  a\nSHA256 (a = {A}\nSHA256 a\nSHA256 (a) {A}\nSHA256 (a) = {A}0\n"),
        format!("{A}  a\nMD5 (a) = {A}\n"),
        format!("{A}  a\n #\n \n"),
    ] {
        assert_eq!(compare(&tree, list.as_bytes()), Some(0), "{list}");
    }
}

#[test]
fn bad_lists_are_bad() {
    let tree = small_tree();
    for list in [
        String::new(),
        "what\n".to_owned(),
        "# only a comment\n".to_owned(),
        format!("{EMPTY}  a\n"),
        format!("{EMPTY}  a\n{A}  a\n{A}  e\n"),
        format!("{A}  missing\n"),
        format!("{A}  missing\n{A}  a\n{A}  gone\nwhat\n{EMPTY}  a\n"),
        format!("{A}  d\n"),
        format!("{A}  a/below\n"),
        format!("{A}  -\n"),
        format!("{A} a\n{A}  a\n"),
    ] {
        assert_eq!(compare(&tree, list.as_bytes()), Some(1), "{list}");
    }
}

#[test]
fn lists_of_odd_names_are_understood_in_every_form() {
    let tree = Tree::with_odd_names();
    let lists = Tree::new();
    for form in ["--text", "--binary", "--tag"] {
        let command = format!("find . -type f -exec sha256sum {form} {{}} +");
        lists.file("list", &run(tree.command("sh").args(["-c", &command])).stdout);
        let theirs = run(tree.command("sha256sum").arg("--check").arg(lists.path("list")));
        let ours = run(tree.command(program::path()).arg("--check").arg(lists.path("list")));
        assert_eq!((ours.status, ours.stderr.as_str()), (Some(0), ""), "{form}");
        assert_eq!(ours.stdout, theirs.stdout, "{form}");
        assert_eq!(ours.sorted_lines().len(), 32, "{form}");
    }
}

#[test]
fn its_own_list_is_good_until_a_file_changes() {
    let tree = Tree::with_odd_names();
    tree.file("a\rb", b"");
    let lists = Tree::new();
    lists.file("list", &tree.checksum(&["."]).stdout);
    let check = || run(tree.command(program::path()).arg("--check").arg(lists.path("list")));
    let before = check();
    assert_eq!((before.status, before.stderr.as_str()), (Some(0), ""));

    tree.file("*star", b"something else");
    let after = check();
    assert_eq!(after.status, Some(1));
    assert_eq!(after.stderr, "checksum: WARNING: 1 computed checksum did NOT match\n");
    let failed = after.sorted_lines().into_iter().filter(|line| !line.ends_with(": OK\\n"));
    assert_eq!(failed.collect::<Vec<_>>(), ["./*star: FAILED\\n"]);
}

#[test]
fn a_long_list_is_checked_in_its_order() {
    let tree = Tree::new();
    let mut list = String::new();
    let mut expected = String::new();
    for number in 0..20_000 {
        // The missing ones are done with much sooner than the one that is large.
        let (name, verdict) = match number % 1000 {
            0 => ("large".to_owned(), "FAILED"),
            _ => (format!("missing-{number}"), "FAILED open or read"),
        };
        list += &format!("{A}  {name}\n");
        expected += &format!("{name}: {verdict}\n");
    }
    tree.file("large", &[0; 300_000]);
    tree.file("list", list.as_bytes());
    let ran = tree.checksum(&["--threads", "4", "--check", "list"]);
    assert!(ran.stdout == expected.as_bytes(), "the results are out of order");
    assert_eq!(ran.status, Some(1));
    let summary: Vec<&str> = ran.stderr.lines().filter(|line| line.contains("WARNING")).collect();
    assert_eq!(
        summary,
        [
            "checksum: WARNING: 19980 listed files could not be read",
            "checksum: WARNING: 20 computed checksums did NOT match",
        ]
    );
}

#[test]
fn a_listed_pipe_is_not_opened() {
    let tree = small_tree();
    tree.fifo("fifo");
    tree.file("list", format!("{A}  fifo\n{A}  a\n").as_bytes());
    let ran = tree.checksum(&["--check", "list"]);
    assert_eq!(ran.status, Some(1));
    assert_eq!(String::from_utf8_lossy(&ran.stdout), "fifo: FAILED open or read\na: OK\n");
    assert!(ran.stderr.starts_with("checksum: fifo: not a regular file\n"), "{}", ran.stderr);
}

#[test]
fn a_list_that_can_not_be_read_is_an_error() {
    let tree = small_tree();
    for (list, message) in [
        ("missing", "checksum: missing: No such file or directory (os error 2)\n"),
        ("d", "checksum: d: Is a directory (os error 21)\n"),
    ] {
        let ran = tree.checksum(&["--check", list]);
        assert_eq!((ran.status, ran.stderr.as_str()), (Some(1), message));
        assert!(ran.stdout.is_empty());
    }
}
