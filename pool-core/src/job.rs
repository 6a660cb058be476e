//! What lies in a queue: a job and its id.

use std::fmt;

/// Identifies one accepted job within its pool.
///
/// Jobs submitted from outside are numbered 0, 1, 2… in the order of acceptance. A job submitted by
/// a running job has an id that is unique but tells nothing about order.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct JobId(u64);

impl JobId {
    pub(crate) const fn new(id: u64) -> Self {
        Self(id)
    }

    /// The number behind the id.
    #[must_use]
    pub const fn as_u64(self) -> u64 {
        self.0
    }
}

impl fmt::Debug for JobId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "JobId({})", self.0)
    }
}

impl fmt::Display for JobId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

/// An accepted job on its way through a queue.
///
/// A queue stores these by value. One that orders or sorts its jobs looks at
/// [`payload`](Self::payload).
#[derive(Debug)]
pub struct Job<J> {
    id: JobId,
    payload: J,
}

impl<J> Job<J> {
    #[inline]
    pub(crate) const fn new(id: JobId, payload: J) -> Self {
        Self { id, payload }
    }

    /// The id under which the job was accepted.
    #[must_use]
    pub const fn id(&self) -> JobId {
        self.id
    }

    /// What the user submitted.
    #[must_use]
    pub const fn payload(&self) -> &J {
        &self.payload
    }

    /// Takes what the user submitted out of its wrapping.
    #[inline]
    #[must_use]
    pub fn into_payload(self) -> J {
        self.payload
    }
}
