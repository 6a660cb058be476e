//! Hashing.

use std::error::Error;
use std::fs::File;
use std::io::{self, BufRead as _, BufReader};
use std::num::NonZero;
use std::path::Path;
use std::thread;

use drainpool::ThreadPoolBuilder;
use drainpool::redis::Worker;
use pool_examples::names::Sum;
use sha2::{Digest as _, Sha256};

use crate::jobs::{self, Hashed, Queue};

/// The number of bytes that are read at a time.
const PIECE: usize = 128 * 1024;

/// Hashes files until each has its checksum, or until a signal says to stop.
pub(crate) fn run(queue: &Queue, threads: Option<usize>) -> Result<bool, Box<dyn Error>> {
    let threads =
        threads.unwrap_or_else(|| thread::available_parallelism().map_or(1, NonZero::get));
    let worker = Worker::new(queue).batch(16);
    let stopper = worker.stopper();
    ctrlc::set_handler(move || stopper.stop())?;
    let report = worker.run(ThreadPoolBuilder::new().num_threads(threads), |_thread| hash)?;
    eprintln!(
        "farm: {} files ended here, {} given back, {} taken over from others",
        report.done, report.released, report.reclaimed
    );
    Ok(report.unsettled == 0)
}

fn hash(file: jobs::File) -> Hashed {
    let path = file.path();
    let sum = sum(&path).map_err(|error| error.to_string());
    Hashed { file: jobs::File::new(path), sum }
}

fn sum(path: &Path) -> io::Result<Sum> {
    let (mut hasher, mut file) =
        (Sha256::new(), BufReader::with_capacity(PIECE, File::open(path)?));
    loop {
        match file.fill_buf() {
            Ok([]) => return Ok(hasher.finalize().into()),
            Ok(bytes) => {
                let count = bytes.len();
                hasher.update(bytes);
                file.consume(count);
            }
            Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
            Err(error) => return Err(error),
        }
    }
}
