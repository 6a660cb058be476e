//! Does real work with our pool, with rayon and with threads by hand, side by side:
//! `cargo run --release -p pool-benches --bin realwork`.
//!
//! All ways of doing a task take turns in one process, their results are compared, and the medians
//! are printed.

mod files;
mod mandelbrot;
mod pipeline;
mod random;
mod rounds;
mod sort;
mod tree;

use std::error::Error;
use std::fs;
use std::path::PathBuf;

use clap::{Parser, ValueEnum};
use drainpool::{AnyQueue, Backend, BuildError, Job, MAX_CAPACITY, MAX_THREADS, ThreadPoolBuilder};

use crate::rounds::{Run, Table};
use crate::tree::Tree;

/// Does real work with our pool, with rayon and with threads by hand.
#[derive(Parser)]
struct Args {
    /// Only these tasks
    #[arg(long, value_enum, value_delimiter = ',')]
    only: Vec<Kind>,
    /// How many workers: each task is done with each of these numbers
    #[arg(long, value_delimiter = ',', default_values_t = [2, 16])]
    #[arg(value_parser = at_least_one(MAX_THREADS))]
    workers: Vec<usize>,
    /// How many rounds are measured, after one that is not
    #[arg(long, default_value_t = 9, value_parser = at_least_one(usize::MAX))]
    rounds: usize,
    /// The queue of our pools
    #[arg(long, value_name = "NAME", default_value_t = Backend::available()[0])]
    backend: Backend,
    /// How many files are made to be hashed
    #[arg(long, default_value_t = 2_000)]
    files: usize,
    /// How many numbers are sorted
    #[arg(long, default_value_t = 4_000_000)]
    numbers: usize,
    /// How many blocks go through the pipeline
    #[arg(long, default_value_t = 20_000)]
    blocks: u64,
    /// How many blocks each queue of the pipeline holds
    #[arg(long, default_value_t = 64, value_parser = at_least_one(MAX_CAPACITY))]
    capacity: usize,
    /// Also write the results to this file, as JSON
    #[arg(long, value_name = "FILE")]
    json: Option<PathBuf>,
}

fn at_least_one(most: usize) -> clap::builder::RangedU64ValueParser<usize> {
    clap::builder::RangedU64ValueParser::new().range(1..=most as u64)
}

/// A task.
#[derive(Clone, Copy, PartialEq, Eq, ValueEnum)]
enum Kind {
    /// The checksums of a tree of files
    Files,
    /// A merge sort by `join`
    Sort,
    /// The rows of a picture by `scope`
    Mandelbrot,
    /// Two stages with bounded queues
    Pipeline,
}

/// How a task is to be done.
struct Plan<'a> {
    args: &'a Args,
    workers: usize,
}

fn main() -> Result<(), Box<dyn Error>> {
    let args = Args::parse();
    let mut tables = Vec::new();
    for kind in Kind::value_variants() {
        if args.only.is_empty() || args.only.contains(kind) {
            perform(*kind, &args, &mut tables)?;
        }
    }
    if let Some(path) = &args.json {
        fs::write(path, serde_json::to_vec_pretty(&tables)?)
            .map_err(|error| format!("cannot write {}: {error}", path.display()))?;
    }
    Ok(())
}

/// Does a task in all ways.
type Compare = Box<dyn Fn(&Plan) -> Run<Table>>;

/// Does a task with each number of workers, and prints how long that took.
fn perform(kind: Kind, args: &Args, tables: &mut Vec<Table>) -> Result<(), Box<dyn Error>> {
    let compare: Compare = match kind {
        Kind::Files => {
            let tree = Tree::make(args.files)?;
            Box::new(move |plan| files::compare(plan, &tree))
        }
        Kind::Sort => Box::new(sort::compare),
        Kind::Mandelbrot => Box::new(mandelbrot::compare),
        Kind::Pipeline => Box::new(pipeline::compare),
    };
    for workers in &args.workers {
        let table = compare(&Plan { args, workers: *workers })?;
        println!("{table}");
        tables.push(table);
    }
    Ok(())
}

/// The queue of our pools.
type Queue<J> = AnyQueue<Job<J>>;

/// Our pool of closures.
type Ours = drainpool::Pool<drainpool::Task, (), Queue<drainpool::Task>>;

impl Plan<'_> {
    /// Our pool.
    fn ours(&self) -> Result<Ours, BuildError> {
        ThreadPoolBuilder::new().backend(self.args.backend).num_threads(self.workers).build()
    }

    /// The pool of rayon.
    fn rayon(&self) -> Result<rayon::ThreadPool, rayon::ThreadPoolBuildError> {
        rayon::ThreadPoolBuilder::new().num_threads(self.workers).build()
    }

    /// What our ways of doing things are called.
    fn our_name(&self) -> String {
        format!("pool/{}", self.args.backend)
    }
}
