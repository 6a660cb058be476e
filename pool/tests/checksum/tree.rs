//! Directory trees to walk.

use std::ffi::OsStr;
use std::fs;
use std::os::unix::ffi::OsStrExt;
use std::os::unix::fs::symlink;
use std::path::{Path, PathBuf};
use std::process::Command;

use tempfile::TempDir;

use crate::program::{self, Ran, run};

/// The checksum of nothing.
pub(crate) const EMPTY: &str = "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855";

/// A directory tree that is removed at the end.
pub(crate) struct Tree(TempDir);

impl Tree {
    pub(crate) fn new() -> Self {
        Self(TempDir::new().expect("a temporary directory"))
    }

    /// One of everything that is a plain file: nested, empty, small, and of sizes around those of
    /// buffers.
    pub(crate) fn with_files() -> Self {
        let tree = Self::new();
        for (number, size) in
            [0, 1, 63, 64, 4096, 131_071, 131_072, 131_073, 1_000_003].iter().enumerate()
        {
            let content: Vec<u8> = (0..*size).map(|at: u32| (at / 251 + at) as u8).collect();
            tree.file(format!("size-{number}"), &content);
        }
        for number in 0..200 {
            tree.file(format!("a{}/b{}/file-{number}", number % 3, number % 7), &[number; 100]);
        }
        tree.dir("empty/as/can/be");
        tree
    }

    /// Names that are hard on programs that read lines. Without a carriage return, which not every
    /// `sha256sum` escapes.
    pub(crate) fn with_odd_names() -> Self {
        let tree = Self::new();
        let long = "x".repeat(255);
        let names: [&[u8]; 16] = [
            b"a\nb",
            b"\n",
            b"back\\slash",
            b"\\",
            b"\\n",
            b"end\\",
            b" blank",
            b"*star",
            b"-dash",
            b"#hash",
            b"quote'\"",
            b"tab\t",
            b"\xff\xfe not UTF-8",
            "\u{e4}\u{1f980}".as_bytes(),
            b"SHA256 (x) = y",
            long.as_bytes(),
        ];
        for name in names {
            let name = OsStr::from_bytes(name);
            tree.file(name, name.as_bytes());
            tree.file(Path::new("nested").join(name).join(name), b"");
        }
        tree
    }

    pub(crate) fn path(&self, name: impl AsRef<Path>) -> PathBuf {
        self.0.path().join(name)
    }

    pub(crate) fn dir(&self, name: impl AsRef<Path>) {
        fs::create_dir_all(self.path(name)).expect("a directory");
    }

    /// Makes a file, and the directories it lies in.
    pub(crate) fn file(&self, name: impl AsRef<Path>, content: &[u8]) {
        let path = self.path(name);
        fs::create_dir_all(path.parent().expect("it lies in the tree")).expect("a directory");
        fs::write(path, content).expect("a file");
    }

    pub(crate) fn link(&self, target: &str, name: &str) {
        symlink(target, self.path(name)).expect("a link");
    }

    pub(crate) fn fifo(&self, name: &str) {
        let made = Command::new("mkfifo").arg(self.path(name)).status().expect("mkfifo can be run");
        assert!(made.success());
    }

    /// A command in this directory.
    pub(crate) fn command(&self, program: impl AsRef<OsStr>) -> Command {
        let mut command = Command::new(program);
        command.current_dir(self.0.path()).env("LC_ALL", "C");
        command
    }

    /// Runs the example in this directory.
    pub(crate) fn checksum(&self, arguments: &[&str]) -> Ran {
        run(self.command(program::path()).args(arguments))
    }

    /// What the example should print, in any order.
    pub(crate) fn find(&self, paths: &[&str]) -> Ran {
        let found = run(self.command("find").arg("-H").args(paths).args([
            "-type",
            "f",
            "-exec",
            "sha256sum",
            "{}",
            "+",
        ]));
        assert_eq!((found.status, found.stderr.as_str()), (Some(0), ""), "find and sha256sum");
        found
    }

    /// Compares the example with `find` and `sha256sum`; returns how many files there are.
    pub(crate) fn compare(&self, options: &[&str], paths: &[&str]) -> usize {
        let ours = self.checksum(&[options, paths].concat());
        assert_eq!((ours.status, ours.stderr.as_str()), (Some(0), ""), "{options:?} {paths:?}");
        let lines = ours.sorted_lines();
        assert_eq!(lines, self.find(paths).sorted_lines(), "{options:?} {paths:?}");
        lines.len()
    }
}
