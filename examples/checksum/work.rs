//! The jobs, and the worker's side of them.

use std::fs::{self, DirEntry, File};
use std::io::{self, Read};
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use drainpool::{AnyQueue, Handle, Job, SubmitOptions};
use sha2::{Digest, Sha256};

use crate::descriptors::Descriptors;
use crate::progress::Progress;
use pool_examples::names::{self, Sum};

/// So much is read at once. Half of it or twice as much is no faster.
pub(crate) const PIECE: usize = 128 * 1024;

/// The pool's queue.
pub(crate) type Queue = AnyQueue<Job<Work>>;

/// A job.
#[derive(Debug)]
pub(crate) enum Work {
    /// Look what a path of the command line is, and do as it requires.
    Root(PathBuf),
    /// Submit a job for each entry of this directory.
    Directory(PathBuf),
    /// Hash this regular file.
    File(PathBuf),
    /// Hash the file of this name from a checksum list.
    Listed(PathBuf),
}

impl Work {
    /// The file or directory that it is about.
    pub(crate) fn path(&self) -> &Path {
        let (Self::Root(path) | Self::Directory(path) | Self::File(path) | Self::Listed(path)) =
            self;
        path
    }

    /// What the job is called on a timeline.
    pub(crate) fn label(&self) -> &'static str {
        match self {
            Self::Root(_) => "look",
            Self::Directory(_) => "list",
            Self::File(_) => "hash",
            Self::Listed(_) => "check",
        }
    }
}

/// What a job found.
#[derive(Debug, Default)]
pub(crate) struct Found {
    /// A file and its checksum.
    pub(crate) sum: Option<(PathBuf, Sum)>,
    /// Files and directories that could not be read.
    pub(crate) failures: Vec<(PathBuf, io::Error)>,
}

/// What one worker needs for its jobs.
pub(crate) struct Worker {
    handle: Handle<Work, Found, Queue>,
    stop: Arc<AtomicBool>,
    descriptors: Arc<Descriptors>,
    progress: Progress,
    /// Used again for each file.
    buffer: Box<[u8]>,
}

impl Worker {
    /// Once `stop` is set, jobs return at once and tell nothing.
    pub(crate) fn new(
        handle: Handle<Work, Found, Queue>,
        stop: Arc<AtomicBool>,
        descriptors: Arc<Descriptors>,
        progress: Progress,
    ) -> Self {
        Self { handle, stop, descriptors, progress, buffer: vec![0; PIECE].into_boxed_slice() }
    }

    /// Does one job.
    pub(crate) fn perform(&mut self, work: Work) -> Found {
        if self.is_stopped() {
            return Found::default();
        }
        match work {
            Work::Root(path) => self.begin(path),
            Work::Directory(path) => self.list(path),
            Work::File(path) => self.hash(path),
            Work::Listed(path) => match refuse_special(&path) {
                Ok(()) => self.hash(path),
                Err(error) => Found::failure(path, error),
            },
        }
    }

    fn is_stopped(&self) -> bool {
        self.stop.load(Ordering::Relaxed)
    }

    /// Unlike an entry of a directory, a path of the command line may be a link.
    fn begin(&mut self, path: PathBuf) -> Found {
        if names::is_stdin(&path) {
            self.progress.found_file(|| 0);
            return self.hash(path);
        }
        match fs::metadata(&path) {
            Ok(data) if data.is_dir() => self.list(path),
            Ok(data) if data.is_file() => {
                self.progress.found_file(|| data.len());
                self.hash(path)
            }
            Ok(_) => Found::default(),
            Err(error) => Found::failure(path, error),
        }
    }

    fn list(&self, directory: PathBuf) -> Found {
        let mut found = Found::default();
        let (_place, entries) = match self.descriptors.open(|| fs::read_dir(&directory)) {
            Ok(opened) => opened,
            Err(error) => return Found::failure(directory, error),
        };
        for entry in entries {
            match entry {
                _ if self.is_stopped() => break,
                Ok(entry) => {
                    if let Err(error) = self.submit(&entry) {
                        found.failures.push((entry.path(), error));
                    }
                }
                Err(error) => {
                    found.failures.push((directory, error));
                    break;
                }
            }
        }
        found
    }

    /// Submits the job for an entry, if it is one for us. Its type mostly came with its name, at no
    /// further cost.
    fn submit(&self, entry: &DirEntry) -> io::Result<()> {
        let kind = entry.file_type()?;
        let work = if kind.is_dir() {
            Work::Directory(entry.path())
        } else if kind.is_file() {
            self.progress.found_file(|| entry.metadata().map_or(0, |data| data.len()));
            Work::File(entry.path())
        } else {
            return Ok(());
        };
        // The pool is closed by now, but takes what its own jobs submit.
        let options = SubmitOptions::new().label(work.label());
        self.handle.with(options).submit(work).map(drop).map_err(io::Error::other)
    }

    fn hash(&mut self, path: PathBuf) -> Found {
        let sum = if names::is_stdin(&path) {
            self.sum(io::stdin().lock())
        } else {
            let opened = self.descriptors.open(|| File::open(&path));
            opened.and_then(|(_place, file)| self.sum(file))
        };
        self.progress.finished_file();
        match sum {
            Ok(sum) => Found { sum: sum.map(|sum| (path, sum)), failures: Vec::new() },
            Err(error) => Found::failure(path, error),
        }
    }

    /// The checksum of what is read; `None` if the work was stopped meanwhile.
    fn sum(&mut self, mut source: impl Read) -> io::Result<Option<Sum>> {
        let mut hasher = Sha256::new();
        while !self.is_stopped() {
            match source.read(&mut self.buffer) {
                Ok(0) => return Ok(Some(hasher.finalize().into())),
                Ok(count) => {
                    hasher.update(&self.buffer[..count]);
                    self.progress.read(count);
                }
                Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
                Err(error) => return Err(error),
            }
        }
        Ok(None)
    }
}

impl Found {
    fn failure(path: PathBuf, error: io::Error) -> Self {
        Self { sum: None, failures: vec![(path, error)] }
    }
}

/// A list may name anything, and to open a pipe could take for ever. What cannot be read at all
/// is left to tell so itself.
fn refuse_special(path: &Path) -> io::Result<()> {
    if names::is_stdin(path) {
        return Ok(());
    }
    let kind = fs::metadata(path)?.file_type();
    if kind.is_file() || kind.is_dir() {
        Ok(())
    } else {
        Err(io::Error::new(io::ErrorKind::InvalidInput, "not a regular file"))
    }
}
