//! What can not be read is named, and the rest goes on.

use std::fs::{self, Permissions};
use std::os::unix::fs::{MetadataExt, PermissionsExt};
use std::os::unix::process::CommandExt;

use crate::program::{self, run};
use crate::tree::{EMPTY, Tree};

/// Any user without rights will do.
const NOBODY: u32 = 65534;

#[test]
fn paths_that_are_not_there_are_reported_and_the_others_hashed() {
    let tree = Tree::new();
    tree.file("t/file", b"");
    tree.link("nowhere", "dangling");
    tree.link("loop", "loop");
    let paths = ["missing", "t/file/below", "dangling", "loop", "", "new\nline", "t"];
    let ran = tree.checksum(&paths);
    assert_eq!(ran.status, Some(1));
    assert_eq!(String::from_utf8_lossy(&ran.stdout), format!("{EMPTY}  t/file\n"));
    let mut messages = [
        "checksum: missing: No such file or directory (os error 2)",
        "checksum: t/file/below: Not a directory (os error 20)",
        "checksum: dangling: No such file or directory (os error 2)",
        "checksum: loop: Too many levels of symbolic links (os error 40)",
        "checksum: \"\": No such file or directory (os error 2)",
        "checksum: \"new\\nline\": No such file or directory (os error 2)",
    ];
    messages.sort_unstable();
    let mut found: Vec<&str> = ran.stderr.lines().collect();
    found.sort_unstable();
    assert_eq!(found, messages);
}

#[test]
fn a_file_that_fails_while_it_is_read_is_reported() {
    let tree = Tree::new();
    tree.file("file", b"");
    // Nothing is mapped at the address 0.
    let ran = tree.checksum(&["/proc/self/mem", "file"]);
    assert_eq!(ran.status, Some(1));
    assert_eq!(String::from_utf8_lossy(&ran.stdout), format!("{EMPTY}  file\n"));
    assert_eq!(ran.stderr, "checksum: /proc/self/mem: Input/output error (os error 5)\n");
}

#[test]
fn a_directory_that_is_too_deep_to_name_is_reported() {
    let tree = Tree::new();
    tree.file("file", b"");
    // Too long for a single path, so it is put together from two halves.
    let name = "n".repeat(250);
    let half = [name.as_str(); 9].join("/");
    tree.dir(&half);
    tree.file(format!("other/{half}/bottom"), b"");
    fs::rename(tree.path("other"), tree.path(half).join("other")).expect("it can be moved");
    let ran = tree.checksum(&["."]);
    assert_eq!(ran.status, Some(1));
    assert_eq!(String::from_utf8_lossy(&ran.stdout), format!("{EMPTY}  ./file\n"));
    assert!(ran.stderr.starts_with(&format!("checksum: ./{name}/")), "{}", ran.stderr);
    assert!(ran.stderr.ends_with(": File name too long (os error 36)\n"), "{}", ran.stderr);
    assert_eq!(ran.stderr.lines().count(), 1);
}

#[test]
fn files_and_directories_without_permission_are_reported() {
    let tree = Tree::new();
    tree.file("t/open", b"");
    tree.file("t/closed", b"secret");
    tree.file("t/shut/hidden", b"");
    // A copy, because the original may lie where only its owner gets. By another program, because
    // what is open for writing here could slip into the child of a test that runs at the same time,
    // and as long as it is open there the copy can not be run.
    let copied = tree.command("cp").arg(program::path()).arg("program").status();
    assert!(copied.expect("cp can be run").success());
    for (name, mode) in [(".", 0o755), ("program", 0o755), ("t/closed", 0), ("t/shut", 0)] {
        fs::set_permissions(tree.path(name), Permissions::from_mode(mode)).expect("it is ours");
    }
    let mut command = tree.command(tree.path("program"));
    if fs::metadata(tree.path(".")).expect("it is there").uid() == 0 {
        // Nothing is closed to the superuser.
        command.uid(NOBODY).gid(NOBODY);
    }
    let ran = run(command.arg("t"));
    fs::set_permissions(tree.path("t/shut"), Permissions::from_mode(0o700)).expect("it is ours");

    assert_eq!(ran.status, Some(1));
    assert_eq!(String::from_utf8_lossy(&ran.stdout), format!("{EMPTY}  t/open\n"));
    let mut messages: Vec<&str> = ran.stderr.lines().collect();
    messages.sort_unstable();
    assert_eq!(
        messages,
        [
            "checksum: t/closed: Permission denied (os error 13)",
            "checksum: t/shut: Permission denied (os error 13)",
        ]
    );
}
