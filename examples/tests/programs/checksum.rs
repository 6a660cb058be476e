//! Trees and lists, side by side with `find` and `sha256sum`.

use std::os::unix::fs::symlink;

use crate::program::{Ran, example, run};
use crate::tree::Tree;

/// Of the letter `a`.
const A: &str = "ca978112ca1bbdcafac231b39a23dc4da786eff8147c4e72b9807785afee48bb";

#[test]
fn a_tree_is_hashed_as_by_find_and_sha256sum() {
    let tree = Tree::of_everything();
    symlink("sizes", tree.path("to-sizes")).expect("a link");
    for arguments in [&["--threads", "1", "."][..], &["--threads", "16", "."], &["to-sizes/"]] {
        let ran = tree.checksum(arguments);
        assert_eq!((ran.status, ran.stderr.as_str()), (Some(0), ""), "no progress bar in a pipe");
        let paths = &arguments[arguments.len() - 1..];
        assert_eq!(ran.sorted_lines(), tree.find(paths).sorted_lines(), "{arguments:?}");
    }
    let sorted = tree.checksum(&["--sort", "."]);
    assert_eq!(sorted.sorted_lines(), tree.find(&["."]).sorted_lines());
}

#[test]
fn sort_orders_by_path_bytewise() {
    let tree = Tree::new();
    // A comparison by components would put "c-" behind what "c" holds.
    for name in ["b", "B", "c/x", "c-", "\u{e4}"] {
        tree.file(name, b"");
    }
    let lines = String::from_utf8(tree.checksum(&["--sort", "."]).stdout).expect("plain names");
    let names: Vec<&str> = lines.lines().map(|line| &line[66..]).collect();
    assert_eq!(names, ["./B", "./b", "./c-", "./c/x", "./\u{e4}"]);
}

#[test]
fn what_cannot_be_read_is_reported_and_the_rest_hashed() {
    let tree = Tree::new();
    tree.file("t/file", b"");
    // Nothing is mapped at the address 0, where this file is read first.
    let ran = tree.checksum(&["missing", "t/file/below", "new\nline", "/proc/self/mem", "t"]);
    assert_eq!(ran.status, Some(1));
    assert_eq!(ran.sorted_lines(), tree.find(&["t"]).sorted_lines());
    let mut messages: Vec<&str> = ran.stderr.lines().collect();
    messages.sort_unstable();
    let expected = [
        "checksum: \"new\\nline\": No such file or directory (os error 2)",
        "checksum: /proc/self/mem: Input/output error (os error 5)",
        "checksum: missing: No such file or directory (os error 2)",
        "checksum: t/file/below: Not a directory (os error 20)",
    ];
    assert_eq!(messages, expected);
}

/// Checks a list with both programs, which must agree; returns their exit status.
fn check(tree: &Tree, list: &[u8]) -> Option<i32> {
    // `sha256sum` puts some names in quotes, and does not tell the number of an error.
    let messages = |ran: &Ran| {
        let words = |line: &str| line.split(" (os error").next().unwrap_or("").replace('\'', "");
        let text = ran.stderr.replace("sha256sum: ", "checksum: ");
        text.lines().map(words).collect::<Vec<_>>()
    };
    let lists = Tree::new();
    lists.file("list", list);
    let check = |program| {
        let ran = run(tree.command(program).arg("--check").arg(lists.path("list")));
        (ran.status, ran.stdout.escape_ascii().to_string(), messages(&ran))
    };
    let ours = check(example("checksum"));
    assert_eq!(ours, check("sha256sum".into()), "{}", list.escape_ascii());
    ours.0
}

#[test]
fn lists_are_read_in_every_form() {
    let tree = Tree::of_everything();
    for form in ["--text", "--binary", "--tag"] {
        assert_eq!(check(&tree, &tree.find_and_hash(form, &["."]).stdout), Some(0), "{form}");
    }
    let list = tree.checksum(&["."]).stdout;
    assert_eq!(check(&tree, &list), Some(0), "its own");
    tree.file("*star", b"something else");
    assert_eq!(check(&tree, &list), Some(1), "its own, after a file has changed");
}

#[test]
fn good_malformed_and_bad_lines_are_told_apart() {
    let tree = Tree::new();
    tree.file("a", b"a");
    tree.file("d/e", b"");
    let (wrong, short) = (A.replace('a', "b"), &A[1..]);
    for (status, list) in [
        (0, format!("# a comment\n\n{A}  a\r\n \t{}  a\n\\{A}  a", A.to_uppercase())),
        (0, format!("SHA256(a)={A}\nSHA256 (a) = {A}\n")),
        (0, format!("{A} a\n{A} a\n")),
        (0, format!("what\n{A}  a\n{A} a\n{A}a\n{A}0  a\n{short}  a\n{A} \n")),
        (0, format!("{A}  a\ng{short}  a\n\\{A}  a\\x\nSHA256 (a = {A}\nMD5 (a) = {A}\n #\n")),
        (1, "# nothing\nwhat\n".to_owned()),
        (1, format!("{wrong}  a\n{A}  missing\n{A}  a\n{A}  d\n{A}  a/below\nwhat\n")),
        (1, format!("{A} a\n{A}  a\n")),
    ] {
        assert_eq!(check(&tree, list.as_bytes()), Some(status), "{list}");
    }
}

#[test]
fn a_long_list_is_checked_in_its_order() {
    let tree = Tree::new();
    tree.file("large", &[0; 300_000]);
    // What is missing is done with much sooner than what is large.
    let list: String = (0..20_000)
        .map(|n| if n % 1000 == 0 { format!("{A}  large\n") } else { format!("{A}  {n}\n") })
        .collect();
    assert_eq!(check(&tree, list.as_bytes()), Some(1));
}
