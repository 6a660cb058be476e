//! The command line.

use std::ffi::OsString;

use clap::Parser;
use clap::builder::RangedU64ValueParser;
use drainpool::{Backend, MAX_THREADS};

/// Prints the SHA-256 checksums of all regular files in directory trees, or checks them.
#[derive(Debug, Parser)]
#[command(name = "checksum", after_help = NOTES)]
pub(crate) struct Args {
    /// Directories to walk and files to hash; `-` is the standard input
    #[arg(value_name = "PATH", required_unless_present = "check")]
    pub(crate) paths: Vec<OsString>,

    /// How many threads read and hash at most [default: as many as there are processors]
    #[arg(long, value_name = "N", allow_negative_numbers = true)]
    #[arg(value_parser = RangedU64ValueParser::<usize>::new().range(1..=MAX_THREADS as u64))]
    pub(crate) threads: Option<usize>,

    /// The queue that the pool uses
    #[arg(long, value_name = "NAME", default_value_t = Backend::available()[0])]
    pub(crate) backend: Backend,

    /// Print in the bytewise order of the paths, at the end, instead of as results arrive
    #[arg(long, conflicts_with = "check")]
    pub(crate) sort: bool,

    /// Show the pool at work on the terminal, instead of a progress bar; needs a build with the feature `watch`
    #[arg(long)]
    pub(crate) watch: bool,

    /// Check the files in a list that checksum or sha256sum has printed; `-` is the standard input
    #[arg(long, value_name = "FILE", conflicts_with = "paths")]
    pub(crate) check: Option<OsString>,

    /// Write what the pool does to this file, for ui.perfetto.dev and chrome://tracing [needs the feature `timeline`]
    #[arg(long, value_name = "FILE")]
    pub(crate) timeline: Option<OsString>,
}

const NOTES: &str = "\
Symbolic links are followed if they are given as PATH, and skipped inside a tree. So is whatever \
is no regular file.

Exit status: 0 if all went well; 1 if something could not be read, did not match or could not be \
written; 2 for a wrong command line; 141 if nobody reads the output any more.";
