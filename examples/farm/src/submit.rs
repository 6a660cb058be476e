//! Finding the files.

use std::error::Error;
use std::ffi::OsString;
use std::fs;
use std::io;
use std::path::PathBuf;

use pool_examples::names;

use crate::jobs::{File, Queue};

/// The number of files that are submitted at a time.
const BATCH: usize = 1_000;

/// Submits all regular files, and closes the queue. Returns whether all directories could be read.
pub(crate) fn run(queue: &Queue, paths: Vec<OsString>) -> Result<bool, Box<dyn Error>> {
    let (mut files, mut fine, mut found) = (Vec::new(), true, 0);
    // Symbolic links are followed at the top, and skipped below it.
    let mut left: Vec<(PathBuf, bool)> =
        paths.into_iter().rev().map(|path| (path.into(), true)).collect();
    while let Some((path, is_given)) = left.pop() {
        let kind = if is_given { fs::metadata(&path) } else { fs::symlink_metadata(&path) };
        let walked = kind.and_then(|kind| {
            if kind.is_dir() {
                let entries: io::Result<Vec<_>> =
                    fs::read_dir(&path)?.map(|entry| entry.map(|entry| entry.path())).collect();
                left.extend(entries?.into_iter().map(|path| (path, false)));
            } else if kind.is_file() {
                files.push(File::new(path.clone()));
            }
            Ok(())
        });
        if let Err(error) = walked {
            eprintln!("farm: {}: {error}", names::shown(&path));
            fine = false;
        }
        if files.len() >= BATCH || left.is_empty() {
            found += queue.push_batch(files.drain(..))?.len();
        }
    }
    queue.close()?;
    eprintln!("farm: {found} files");
    Ok(fine)
}
