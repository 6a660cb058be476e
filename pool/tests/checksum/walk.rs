//! Which files are hashed, and how they are named.

use std::fs::File;
use std::os::unix::net::UnixListener;

use crate::program::{self, run, run_reading};
use crate::tree::{EMPTY, Tree};

#[test]
fn a_tree_is_hashed_as_by_find_and_sha256sum_however_many_threads() {
    let tree = Tree::with_files();
    for threads in ["1", "2", "16"] {
        assert_eq!(tree.compare(&["--threads", threads], &["."]), 209);
    }
}

#[test]
fn odd_names_are_printed_as_sha256sum_prints_them() {
    let tree = Tree::with_odd_names();
    assert_eq!(tree.compare(&[], &["."]), 32);
}

#[test]
fn sha256sum_accepts_the_list() {
    let tree = Tree::with_odd_names();
    let list = Tree::new();
    list.file("list", &tree.checksum(&["."]).stdout);
    let checked = run(tree.command("sha256sum").arg("--check").arg(list.path("list")));
    assert_eq!((checked.status, checked.stderr.as_str()), (Some(0), ""));
    assert_eq!(checked.sorted_lines().len(), 32);
}

#[test]
fn a_carriage_return_is_escaped() {
    let tree = Tree::new();
    tree.file("a\rb", b"");
    let ran = tree.checksum(&["."]);
    assert_eq!(String::from_utf8_lossy(&ran.stdout), format!("\\{EMPTY}  ./a\\rb\n"));
}

#[test]
fn paths_are_built_as_find_builds_them() {
    let tree = Tree::new();
    tree.file("d/a", b"1");
    tree.file("d/s/b", b"2");
    tree.link("d", "to-d");
    tree.link("d/a", "to-a");
    let absolute = tree.path("d");
    let absolute = absolute.to_str().expect("a plain path");
    let forms = [".", "./", "d", "d/", "d//", "./d", "d/../d", "d/.", "to-d", "to-d/", absolute];
    for path in forms {
        assert_eq!(tree.compare(&[], &[path]), 2, "{path}");
    }
    assert_eq!(tree.compare(&[], &["d/a"]), 1, "a file");
    assert_eq!(tree.compare(&[], &["to-a"]), 1, "a link to a file");
    assert_eq!(tree.compare(&[], &["d", "d/a", "d", "to-d"]), 7, "several, and twice the same");
}

#[test]
fn links_inside_a_tree_are_not_followed() {
    let tree = Tree::new();
    tree.file("t/real", b"");
    tree.file("elsewhere/file", b"");
    tree.link("real", "t/to-file");
    tree.link("../elsewhere", "t/to-directory");
    tree.link("nowhere", "t/dangling");
    tree.link("loop", "t/loop");
    tree.link("..", "t/up");
    let ran = tree.checksum(&["t"]);
    assert_eq!(String::from_utf8_lossy(&ran.stdout), format!("{EMPTY}  t/real\n"));
    assert_eq!((ran.status, ran.stderr.as_str()), (Some(0), ""));
}

#[test]
fn only_regular_files_are_opened() {
    let tree = Tree::new();
    tree.file("t/real", b"");
    // To open it would mean to wait for a writer, for ever.
    tree.fifo("t/fifo");
    tree.link("t/fifo", "to-fifo");
    let _socket = UnixListener::bind(tree.path("t/socket")).expect("a socket");
    let ran = tree.checksum(&["t", "t/fifo", "to-fifo", "t/socket", "/dev/null", "/dev/zero"]);
    assert_eq!(String::from_utf8_lossy(&ran.stdout), format!("{EMPTY}  t/real\n"));
    assert_eq!((ran.status, ran.stderr.as_str()), (Some(0), ""));
}

#[test]
fn a_deep_tree_overflows_no_stack() {
    let tree = Tree::new();
    tree.file("d/".repeat(1900) + "file", b"deep down");
    assert_eq!(tree.compare(&["--threads", "2"], &["."]), 1);
}

#[test]
fn a_wide_directory_is_hashed_completely() {
    let tree = Tree::new();
    for number in 0..5000 {
        tree.file(format!("w/{number}"), format!("{number}").as_bytes());
    }
    assert_eq!(tree.compare(&["--threads", "16"], &["w"]), 5000);
}

#[test]
fn sort_orders_by_path_bytewise() {
    let tree = Tree::with_odd_names();
    tree.file("B", b"");
    tree.file("a", b"");
    // A comparison by components would put the file behind the directory.
    tree.file("c-", b"");
    tree.file("c/x", b"");
    let ran = tree.checksum(&["--sort", "--threads", "2", "."]);
    assert_eq!(ran.sorted_lines(), tree.find(&["."]).sorted_lines());
    // Compared without their escapes.
    let found = run(tree.command("sh").args(["-c", "find . -type f -print0 | sort -z"]));
    let lines: Vec<&[u8]> = ran.stdout.split(|&byte| byte == b'\n').collect();
    let names: Vec<&[u8]> = found.stdout.split(|&byte| byte == 0).collect();
    assert_eq!(lines.len(), names.len());
    let ended = lines.iter().zip(names).filter(|(line, _)| !line.is_empty());
    for (line, name) in ended {
        let escaped = line[0] == b'\\';
        let shown = &line[usize::from(escaped) + 66..];
        let name = if escaped { escape(name) } else { name.to_vec() };
        assert_eq!(shown.escape_ascii().to_string(), name.escape_ascii().to_string());
    }
}

fn escape(name: &[u8]) -> Vec<u8> {
    let name = name.iter().map(|byte| match byte {
        b'\n' => br"\n".to_vec(),
        b'\\' => br"\\".to_vec(),
        byte => vec![*byte],
    });
    name.flatten().collect()
}

#[test]
fn a_dash_is_the_standard_input() {
    let tree = Tree::new();
    tree.file("input", b"some input");
    let input = || File::open(tree.path("input")).expect("it is there");
    let ours = run_reading(program::checksum().arg("-"), input());
    let theirs = run_reading(tree.command("sha256sum").arg("-"), input());
    assert_eq!((ours.status, &ours.stdout), (theirs.status, &theirs.stdout));
}
