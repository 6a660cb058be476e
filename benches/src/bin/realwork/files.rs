//! SHA-256 checksums of all files in a tree.

use std::cell::RefCell;
use std::error::Error;
use std::fs::{self, File};
use std::io::{self, Read as _};
use std::path::{Path, PathBuf};
use std::thread;

use crossbeam_channel::{Receiver, Sender};
use drainpool::{Collect, Pool, ThreadPoolBuilder};
use rayon::prelude::*;
use sha2::{Digest as _, Sha256};

use crate::rounds::{Run, Table, Way};
use crate::tree::Tree;
use crate::{Plan, Queue, rounds};

/// So much is read at once.
const PIECE: usize = 128 * 1024;
/// So many paths are found ahead of the threads that hash by hand.
const AHEAD: usize = 1024;

/// A file and its checksum.
type Sum = (PathBuf, [u8; 32]);

/// What there is in a directory.
#[derive(Debug)]
enum Entry {
    Directory(PathBuf),
    File(PathBuf),
}

/// Hashes a tree in all ways.
pub(crate) fn compare(plan: &Plan, tree: &Tree) -> Run<Table> {
    let (ours, rayon) = (Ours::start(plan)?, plan.rayon()?);
    let root = tree.root();
    let ways = [
        Way::new(plan.our_name(), |()| ours.hash_tree(root)),
        Way::new("rayon", |()| Ok(sorted(rayon.install(|| by_rayon(root))?))),
        Way::new("threads", |()| Ok(sorted(by_hand(root, plan.workers)?))),
    ];
    rounds::compare(plan, "checksums of files", || (), &ways)
}

/// In an order that does not depend on who was when.
fn sorted(mut sums: Vec<Sum>) -> Vec<Sum> {
    sums.sort();
    sums
}

/// What is in a directory and is to be hashed; links and the like are not.
fn entries(directory: &Path) -> io::Result<Vec<Entry>> {
    let mut entries = Vec::new();
    for entry in fs::read_dir(directory)? {
        let entry = entry?;
        let kind = entry.file_type()?;
        if kind.is_dir() {
            entries.push(Entry::Directory(entry.path()));
        } else if kind.is_file() {
            entries.push(Entry::File(entry.path()));
        }
    }
    Ok(entries)
}

fn hash(path: PathBuf, buffer: &mut [u8]) -> io::Result<Sum> {
    let mut file = File::open(&path)?;
    let mut hasher = Sha256::new();
    loop {
        match file.read(buffer)? {
            0 => return Ok((path, hasher.finalize().into())),
            count => hasher.update(&buffer[..count]),
        }
    }
}

/// Our pool: directories and files are jobs, and a directory's job submits those of its entries.
struct Ours {
    pool: Pool<Entry, io::Result<Option<Sum>>, Queue<Entry>>,
    sums: Collect<io::Result<Option<Sum>>>,
}

impl Ours {
    fn start(plan: &Plan) -> Result<Self, Box<dyn Error>> {
        let sums = Collect::new();
        let pool = ThreadPoolBuilder::new()
            .backend(plan.args.backend)
            .num_threads(plan.workers)
            .sink(sums.clone())
            .build_with(|context| {
                let (handle, mut buffer) = (context.handle(), vec![0; PIECE]);
                move |entry| match entry {
                    Entry::Directory(path) => {
                        let batch = handle.submit_batch(entries(&path)?);
                        batch.map(|_| None).map_err(io::Error::other)
                    }
                    Entry::File(path) => hash(path, &mut buffer).map(Some),
                }
            })?;
        Ok(Self { pool, sums })
    }

    fn hash_tree(&self, root: &Path) -> Run<Vec<Sum>> {
        self.pool.submit(Entry::Directory(root.to_owned()))?;
        self.pool.wait_idle()?;
        let mut sums = Vec::new();
        for done in self.sums.take() {
            sums.extend(done.outcome??);
        }
        Ok(sorted(sums))
    }
}

/// Rayon: a parallel iterator over the entries of each directory.
fn by_rayon(directory: &Path) -> io::Result<Vec<Sum>> {
    thread_local! {
        static BUFFER: RefCell<Vec<u8>> = RefCell::new(vec![0; PIECE]);
    }
    let below = |entry| match entry {
        Entry::Directory(path) => by_rayon(&path),
        // Nothing else of rayon runs in here, so nobody else on this thread has the buffer.
        Entry::File(path) => BUFFER.with_borrow_mut(|buffer| Ok(vec![hash(path, buffer)?])),
    };
    let sums: io::Result<Vec<_>> = entries(directory)?.into_par_iter().map(below).collect();
    Ok(sums?.into_iter().flatten().collect())
}

/// By hand: this thread walks the tree, the others hash what it finds.
fn by_hand(root: &Path, workers: usize) -> io::Result<Vec<Sum>> {
    let (sender, receiver) = crossbeam_channel::bounded(AHEAD);
    let hash_all = |receiver: Receiver<PathBuf>| -> io::Result<Vec<Sum>> {
        let mut buffer = vec![0; PIECE];
        receiver.iter().map(|path| hash(path, &mut buffer)).collect()
    };
    thread::scope(|scope| {
        let receivers = std::iter::repeat_n(receiver, workers);
        // Each thread owns its receiver: should all of them fail, the walk must not wait for room.
        let threads: Vec<_> =
            receivers.map(|receiver| scope.spawn(move || hash_all(receiver))).collect();
        let walked = walk(root, &sender);
        // The threads end when there is no sender left.
        drop(sender);
        let parts: io::Result<Vec<_>> =
            threads.into_iter().map(|thread| thread.join().expect("no panic")).collect();
        walked.and(parts).map(|parts| parts.into_iter().flatten().collect())
    })
}

fn walk(directory: &Path, files: &Sender<PathBuf>) -> io::Result<()> {
    for entry in entries(directory)? {
        match entry {
            Entry::Directory(path) => walk(&path, files)?,
            Entry::File(path) => files.send(path).map_err(io::Error::other)?,
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn all_files_of_a_tree_are_hashed() -> io::Result<()> {
        let tree = Tree::make(100)?;
        let sums = sorted(by_hand(tree.root(), 2)?);
        assert_eq!(sums.len(), 100);
        assert_eq!(sums, sorted(by_rayon(tree.root())?));
        Ok(())
    }

    #[test]
    fn a_missing_tree_is_an_error() {
        assert!(by_hand(Path::new("/nowhere/at/all"), 2).is_err());
    }
}
