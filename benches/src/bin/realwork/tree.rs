//! A tree of files to work on.

use std::fs;
use std::io;
use std::path::{Path, PathBuf};
use std::process;
use std::sync::atomic::{AtomicUsize, Ordering};

use crate::random::Random;

/// So many files are in a directory.
const SIBLINGS: usize = 40;
/// Most files are smaller than this.
const SMALL: u64 = 64 << 10;
/// Every so many files there is a large one.
const LARGE_EVERY: usize = 50;
const LARGE: usize = 1 << 20;

/// A directory, removed again at the end.
pub(crate) struct Tree(PathBuf);

impl Tree {
    /// Makes a tree of so many files: mostly small ones, of different sizes, two directories deep.
    pub(crate) fn make(files: usize) -> io::Result<Self> {
        static MADE: AtomicUsize = AtomicUsize::new(0);
        let number = MADE.fetch_add(1, Ordering::Relaxed);
        let root = std::env::temp_dir().join(format!("realwork-{}-{number}", process::id()));
        fs::create_dir(&root)?;
        let tree = Self(root);
        tree.fill(files)?;
        Ok(tree)
    }

    fn fill(&self, files: usize) -> io::Result<()> {
        let mut random = Random(1);
        let content: Vec<u8> = (0..LARGE).map(|_| random.number() as u8).collect();
        for file in 0..files {
            let inner = file / SIBLINGS;
            let outer = inner / SIBLINGS.isqrt();
            let directory = self.0.join(format!("{outer}/{inner}"));
            if file % SIBLINGS == 0 {
                fs::create_dir_all(&directory)?;
            }
            let is_large = file % LARGE_EVERY == LARGE_EVERY - 1;
            let size = if is_large { LARGE } else { random.below(SMALL) as usize };
            fs::write(directory.join(file.to_string()), &content[LARGE - size..])?;
        }
        Ok(())
    }

    /// Where it is.
    pub(crate) fn root(&self) -> &Path {
        &self.0
    }
}

impl Drop for Tree {
    fn drop(&mut self) {
        // What cannot be removed now is left to the system, as all in its place for such things.
        let _ = fs::remove_dir_all(&self.0);
    }
}
