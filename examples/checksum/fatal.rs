//! What ends the program early.

use std::fmt;
use std::io;
use std::path::PathBuf;

use drainpool::{BuildError, SubmitError};

use crate::work::Work;
use pool_examples::names;

/// Why the program cannot go on. A file that cannot be read is none of these.
#[derive(Debug)]
pub(crate) enum Fatal {
    /// There is no pool.
    Build(BuildError),
    /// The pool did not take a job.
    Submit(SubmitError<Work>),
    /// The list of `--check` cannot be opened.
    List(PathBuf, io::Error),
    /// The pool cannot be shown.
    Watch(io::Error),
    /// The file of `--timeline` cannot be written.
    Timeline(PathBuf, io::Error),
    /// The results cannot be written.
    Output(io::Error),
}

impl Fatal {
    /// Whether all that happened is that whoever reads the output has had enough.
    pub(crate) fn is_broken_pipe(&self) -> bool {
        matches!(self, Self::Output(error) if error.kind() == io::ErrorKind::BrokenPipe)
    }
}

impl fmt::Display for Fatal {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Build(error) => error.fmt(f),
            Self::Submit(error) => error.fmt(f),
            Self::List(list, error) => write!(f, "{}: {error}", names::shown(list)),
            Self::Watch(error) => write!(f, "--watch: {error}"),
            Self::Timeline(file, error) => {
                write!(f, "timeline {}: {error}", names::shown(file))
            }
            Self::Output(error) => write!(f, "write error: {error}"),
        }
    }
}

impl From<BuildError> for Fatal {
    fn from(error: BuildError) -> Self {
        Self::Build(error)
    }
}

impl From<SubmitError<Work>> for Fatal {
    fn from(error: SubmitError<Work>) -> Self {
        Self::Submit(error)
    }
}

/// The only thing that is written is the output.
impl From<io::Error> for Fatal {
    fn from(error: io::Error) -> Self {
        Self::Output(error)
    }
}
