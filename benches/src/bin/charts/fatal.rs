//! What ends the program.

use std::error::Error;
use std::fmt;
use std::io;
use std::path::PathBuf;

use crate::canvas::DrawError;

/// What went wrong, and with which file.
pub(crate) enum Fatal {
    /// The report can not be read.
    Read(PathBuf, io::Error),
    /// The report is not one.
    Json(PathBuf, serde_json::Error),
    /// There is nothing in the report that could be drawn.
    Nothing(PathBuf),
    /// A chart can not be drawn.
    Draw(PathBuf, DrawError),
    /// A chart can not be written.
    Write(PathBuf, io::Error),
}

impl fmt::Display for Fatal {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Read(path, error) => write!(f, "can not read {}: {error}", path.display()),
            Self::Json(path, error) => write!(f, "{} is no report: {error}", path.display()),
            Self::Nothing(path) => write!(f, "nothing to draw in {}", path.display()),
            Self::Draw(path, error) => write!(f, "can not draw {}: {error}", path.display()),
            Self::Write(path, error) => write!(f, "can not write {}: {error}", path.display()),
        }
    }
}

/// As it is displayed: this is what a `main` that fails prints.
impl fmt::Debug for Fatal {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

impl Error for Fatal {}
