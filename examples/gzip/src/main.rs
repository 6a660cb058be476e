//! Compresses a file, or what comes in, on all processors; `gunzip` reads what comes out.
//!
//! ```text
//! cargo run --release -p pool-example-gzip -- Cargo.lock > Cargo.lock.gz
//! tar c src | cargo run --release -p pool-example-gzip > src.tar.gz
//! ```

use std::error::Error;
use std::fs::File;
use std::io::{self, Read};
use std::path::PathBuf;

use clap::Parser;
use drainpool::ThreadPoolBuilder;
use flate2::Compression;
use pool_example_gzip::compress;

/// Compresses a file, or standard input, to standard output.
#[derive(Parser)]
struct Arguments {
    /// The file to read instead of standard input.
    file: Option<PathBuf>,
    /// The number of threads. Default: one for each processor.
    #[arg(long)]
    threads: Option<usize>,
    /// From 0, not at all, to 9, as small as it gets.
    #[arg(long, default_value_t = 6, value_parser = clap::value_parser!(u32).range(0..=9))]
    level: u32,
}

fn main() -> Result<(), Box<dyn Error>> {
    let arguments = Arguments::parse();
    let mut builder = ThreadPoolBuilder::new();
    if let Some(threads) = arguments.threads {
        builder = builder.num_threads(threads);
    }
    let pool = builder.build()?;
    let from: Box<dyn Read> = match &arguments.file {
        Some(file) => {
            Box::new(File::open(file).map_err(|error| format!("{}: {error}", file.display()))?)
        }
        None => Box::new(io::stdin()),
    };
    let totals = compress(&pool, Compression::new(arguments.level), from, io::stdout())?;
    eprintln!("{} bytes in, {} bytes out", totals.read, totals.written);
    Ok(())
}
