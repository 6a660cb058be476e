//! A pipeline of three stages: the caller's thread reads blocks, the workers of a pool compress them, and the
//! caller's thread writes them, in the order in which it read them.

use std::io::{self, Read, Write};
use std::panic::resume_unwind;

use drainpool::{JobError, ThreadPool};
use flate2::Compression;
use flate2::write::GzEncoder;

/// The number of bytes in a block. Each becomes a member of the gzip file, so a larger one compresses better,
/// and takes more memory.
const BLOCK: usize = 1 << 20;

/// The number of bytes that went in and came out.
#[derive(Debug, Default, Clone, Copy, PartialEq, Eq)]
pub struct Totals {
    /// The bytes read.
    pub read: u64,
    /// The bytes written.
    pub written: u64,
}

/// Compresses a stream into gzip members, one for each block of a megabyte, on the workers of a pool.
///
/// At most two blocks for each worker are in memory at a time, so a slow writer slows the reader down.
///
/// # Errors
///
/// The first error of the reader or the writer. Of a stream whose read fails, the whole blocks before are written.
///
/// # Panics
///
/// If the compressor panics: on the caller's thread, as if it had been called there.
pub fn compress(
    pool: &ThreadPool,
    level: Compression,
    mut from: impl Read,
    mut to: impl Write,
) -> io::Result<Totals> {
    let blocks = std::iter::from_fn(move || read_block(&mut from).transpose());
    // A failed read goes down the pipeline like a block, and so comes out in its place.
    let members = pool.map(blocks, move |block: io::Result<Vec<u8>>| {
        let block = block?;
        Ok((block.len(), member(&block, level)?))
    });
    let mut totals = Totals::default();
    for outcome in members.buffer(2 * pool.num_threads()) {
        let outcome: io::Result<(usize, Vec<u8>)> = outcome.map_err(failed)?;
        let (read, member) = outcome?;
        to.write_all(&member)?;
        totals.read += read as u64;
        totals.written += member.len() as u64;
    }
    if totals.written == 0 {
        // Nothing came in. An empty file is not a gzip file.
        let member = member(&[], level)?;
        to.write_all(&member)?;
        totals.written = member.len() as u64;
    }
    to.flush()?;
    Ok(totals)
}

/// Reads a block: a full one, unless the stream ends. `None` at its end.
fn read_block(from: &mut impl Read) -> io::Result<Option<Vec<u8>>> {
    let mut block = Vec::with_capacity(BLOCK);
    from.take(BLOCK as u64).read_to_end(&mut block)?;
    Ok((!block.is_empty()).then_some(block))
}

fn member(block: &[u8], level: Compression) -> io::Result<Vec<u8>> {
    let mut encoder = GzEncoder::new(Vec::with_capacity(block.len() / 2), level);
    encoder.write_all(block)?;
    encoder.finish()
}

/// Turns a job that has no outcome into an error. A panic goes on here.
fn failed(error: JobError) -> io::Error {
    match error {
        JobError::Panicked(panic) => resume_unwind(panic.into_payload()),
        error => io::Error::other(error),
    }
}
