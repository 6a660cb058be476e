//! Directory trees to walk.

use std::ffi::OsStr;
use std::fs;
use std::os::unix::ffi::OsStrExt;
use std::os::unix::fs::symlink;
use std::path::{Path, PathBuf};
use std::process::{Command, id};
use std::sync::atomic::{AtomicUsize, Ordering};

use crate::program::{Ran, example, run};

/// A directory tree that is removed at the end.
pub(crate) struct Tree(PathBuf);

impl Tree {
    pub(crate) fn new() -> Self {
        static TREES: AtomicUsize = AtomicUsize::new(0);
        let nth = TREES.fetch_add(1, Ordering::Relaxed);
        let path = std::env::temp_dir().join(format!("pool-examples-{}-{nth}", id()));
        fs::create_dir(&path).expect("a temporary directory");
        Self(path)
    }

    /// Files of sizes around those of buffers, some of them nested, names that are hard on programs
    /// that read lines, and what is no regular file. No name has a carriage return, which not every
    /// `sha256sum` escapes.
    pub(crate) fn of_everything() -> Self {
        let tree = Self::new();
        for size in [0, 1, 63, 64, 4096, 131_071, 131_072, 131_073, 1_000_003] {
            let content: Vec<u8> = (0..size).map(|at: u32| (at / 251 + at) as u8).collect();
            tree.file(format!("sizes/{size}/{size}"), &content);
        }
        let names = b"a\nb/\n/back\\slash/\\/\\n/end\\/ blank/*star/-dash/#hash/quote'\"/tab\t/\xff\xfe/SHA256 (x) = y";
        for name in names.split(|&byte| byte == b'/').map(OsStr::from_bytes) {
            tree.file(name, name.as_bytes());
            tree.file(Path::new("nested").join(name).join(name), b"");
        }
        tree.file("deep/".repeat(700) + "file", b"deep down");
        for (target, link) in
            [("1", "sizes/link"), ("..", "sizes/up"), ("nowhere", "sizes/dangling")]
        {
            symlink(target, tree.path(link)).expect("a link");
        }
        // To open it would mean to wait for a writer, for ever.
        let pipe = Command::new("mkfifo").arg(tree.path("sizes/pipe")).status();
        assert!(pipe.expect("mkfifo can be run").success());
        tree
    }

    pub(crate) fn path(&self, name: impl AsRef<Path>) -> PathBuf {
        self.0.join(name)
    }

    /// Makes a file, and the directories it lies in.
    pub(crate) fn file(&self, name: impl AsRef<Path>, content: &[u8]) {
        let path = self.path(name);
        fs::create_dir_all(path.parent().expect("it lies in the tree")).expect("a directory");
        fs::write(path, content).expect("a file");
    }

    /// A command in this directory.
    pub(crate) fn command(&self, program: impl AsRef<OsStr>) -> Command {
        let mut command = Command::new(program);
        command.current_dir(&self.0).env("LC_ALL", "C");
        command
    }

    /// Runs `checksum` in this directory.
    pub(crate) fn checksum(&self, arguments: &[&str]) -> Ran {
        run(self.command(example("checksum")).args(arguments))
    }

    /// What `checksum` should print, in any order.
    pub(crate) fn find(&self, paths: &[&str]) -> Ran {
        self.find_and_hash("--text", paths)
    }

    /// The list of all files below these paths, in one of the forms that `sha256sum` has.
    pub(crate) fn find_and_hash(&self, form: &str, paths: &[&str]) -> Ran {
        let hash = ["-type", "f", "-exec", "sha256sum", form, "{}", "+"];
        let found = run(self.command("find").arg("-H").args(paths).args(hash));
        assert_eq!((found.status, found.stderr.as_str()), (Some(0), ""), "find and sha256sum");
        found
    }
}

impl Drop for Tree {
    fn drop(&mut self) {
        // What cannot be removed is left to the system.
        let _ = fs::remove_dir_all(&self.0);
    }
}
