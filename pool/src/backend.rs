//! A queue that is picked when the program runs.

use std::fmt;
use std::str::FromStr;

use pool_core::{LocalQueue, MakeQueue, PushError, WorkQueue};
use pool_std::{StdLocal, StdQueue};

/// The queues that are enabled, by name: for a command line, or to compare them on real work.
///
/// # Examples
///
/// ```
/// use pool::{Backend, ThreadPoolBuilder};
///
/// let backend: Backend = "std".parse()?;
/// let pool = ThreadPoolBuilder::new().backend(backend).build()?;
/// pool.execute(move || println!("over {backend}"))?;
///
/// let error = "abacus".parse::<Backend>().unwrap_err();
/// assert_eq!(error.to_string(), "unknown backend \"abacus\"; available: std");
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum Backend {
    /// `std`: [`StdQueue`].
    Std,
}

impl Backend {
    /// The backends that are enabled, the strongest first.
    #[must_use]
    pub fn available() -> &'static [Self] {
        &[Self::Std]
    }

    /// The name by which [`str::parse`] knows the backend.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::Std => "std",
        }
    }
}

impl fmt::Display for Backend {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.name())
    }
}

impl FromStr for Backend {
    type Err = UnknownBackend;

    fn from_str(name: &str) -> Result<Self, UnknownBackend> {
        let known = Self::available().iter().find(|backend| backend.name() == name);
        known.copied().ok_or_else(|| UnknownBackend { name: name.to_owned() })
    }
}

/// No enabled backend has this name. The message lists those that are.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct UnknownBackend {
    name: String,
}

impl fmt::Display for UnknownBackend {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "unknown backend {:?}; available:", self.name)?;
        Backend::available().iter().try_for_each(|backend| write!(f, " {backend}"))
    }
}

impl std::error::Error for UnknownBackend {}

impl<J: Send + 'static> MakeQueue<J> for Backend {
    type Queue = AnyQueue<J>;

    fn make_queue(self) -> AnyQueue<J> {
        match self {
            Self::Std => AnyQueue::Std(StdQueue::new()),
        }
    }
}

/// The queue of a [`Backend`].
#[derive(Debug)]
#[non_exhaustive]
pub enum AnyQueue<J> {
    /// That of [`Backend::Std`].
    Std(StdQueue<J>),
}

/// One worker's own end of an [`AnyQueue`].
#[derive(Debug)]
#[non_exhaustive]
pub enum AnyLocal<J> {
    /// That of [`Backend::Std`].
    Std(StdLocal<J>),
}

impl<J: Send + 'static> WorkQueue<J> for AnyQueue<J> {
    type Local = AnyLocal<J>;

    fn local(&self, worker: usize) -> AnyLocal<J> {
        match self {
            Self::Std(queue) => AnyLocal::Std(queue.local(worker)),
        }
    }

    fn push(&self, job: J) -> Result<(), PushError<J>> {
        match self {
            Self::Std(queue) => queue.push(job),
        }
    }

    fn len(&self) -> usize {
        match self {
            Self::Std(queue) => queue.len(),
        }
    }

    fn is_empty(&self) -> bool {
        match self {
            Self::Std(queue) => queue.is_empty(),
        }
    }
}

impl<J> LocalQueue<J> for AnyLocal<J> {
    fn push(&mut self, job: J) {
        match self {
            Self::Std(local) => local.push(job),
        }
    }

    fn pop(&mut self) -> Option<J> {
        match self {
            Self::Std(local) => local.pop(),
        }
    }

    fn steal(&mut self) -> Option<J> {
        match self {
            Self::Std(local) => local.steal(),
        }
    }
}
