//! What goes through the queue.

use std::ffi::OsString;
use std::path::PathBuf;

use drainpool::redis::RedisQueue;
use pool_examples::names::Sum;
use serde::{Deserialize, Serialize};

/// A file to hash.
#[derive(Debug, Serialize, Deserialize)]
pub(crate) struct File {
    /// Not a `PathBuf`, which can only be written if it is UTF-8.
    name: OsString,
}

impl File {
    pub(crate) fn new(path: PathBuf) -> Self {
        Self { name: path.into() }
    }

    pub(crate) fn path(self) -> PathBuf {
        self.name.into()
    }
}

/// A file and its checksum, or why there is none.
#[derive(Debug, Serialize, Deserialize)]
pub(crate) struct Hashed {
    pub(crate) file: File,
    pub(crate) sum: Result<Sum, String>,
}

pub(crate) type Queue = RedisQueue<File, Hashed>;
