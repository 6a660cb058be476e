//! What comes out is what went in, in its order, and an error stops the pipeline where it happens.

use std::io::{self, Read, Write};

use drainpool::{ThreadPool, ThreadPoolBuilder};
use flate2::Compression;
use flate2::read::MultiGzDecoder;
use pool_example_gzip::{Totals, compress};

fn pool(threads: usize) -> ThreadPool {
    ThreadPoolBuilder::new().num_threads(threads).build().unwrap()
}

/// Bytes whose blocks differ.
fn text(bytes: usize) -> Vec<u8> {
    (0_u32..).flat_map(|n| format!("{n}\n").into_bytes()).take(bytes).collect()
}

#[test]
fn blocks_come_out_in_their_order() {
    for (threads, bytes) in [(1, 0), (1, 1), (2, 1 << 20), (2, 5_000_000), (8, 20_000_001)] {
        let (pool, text) = (pool(threads), text(bytes));
        let mut compressed = Vec::new();
        let totals = compress(&pool, Compression::fast(), &*text, &mut compressed).unwrap();
        assert_eq!(totals, Totals { read: bytes as u64, written: compressed.len() as u64 });
        let mut unpacked = Vec::new();
        MultiGzDecoder::new(&*compressed).read_to_end(&mut unpacked).unwrap();
        assert!(unpacked == text, "{threads} threads, {bytes} bytes");
        assert_eq!(pool.shutdown().done, bytes.div_ceil(1 << 20) as u64);
    }
}

/// A stream that fails after its bytes.
struct Failing(Box<dyn Read + Send>);

impl Read for Failing {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        match self.0.read(buffer)? {
            0 => Err(io::Error::other("the disk is gone")),
            bytes => Ok(bytes),
        }
    }
}

#[test]
fn the_blocks_before_a_failed_read_are_written() {
    let (pool, text) = (pool(4), text(3 << 20));
    let mut compressed = Vec::new();
    let from = Failing(Box::new(io::Cursor::new(text.clone())));
    let error = compress(&pool, Compression::fast(), from, &mut compressed).unwrap_err();
    assert_eq!(error.to_string(), "the disk is gone");
    let mut unpacked = Vec::new();
    MultiGzDecoder::new(&*compressed).read_to_end(&mut unpacked).unwrap();
    assert!(unpacked == text);
}

/// A writer that is full after some bytes.
struct Full(usize);

impl Write for Full {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        if bytes.len() > self.0 {
            return Err(io::ErrorKind::StorageFull.into());
        }
        self.0 -= bytes.len();
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

#[test]
fn a_writer_that_fails_ends_a_stream_without_end() {
    let pool = pool(2);
    let error =
        compress(&pool, Compression::none(), io::repeat(b'z'), Full(3_000_000)).unwrap_err();
    assert_eq!(error.kind(), io::ErrorKind::StorageFull);
    let report = pool.shutdown();
    assert!(report.done + report.cancelled <= 2 + 4 + 2, "{report}");
}
