//! What lies in a queue: a job and its id.

use crate::id::JobId;
use crate::runtime::job_ref::JobRef;

/// What lies in a pool's queue: an accepted job on its way, or a job ref to work that lies elsewhere.
///
/// A queue stores these by value. One that orders or sorts its jobs looks at
/// [`payload`](Self::payload).
#[derive(Debug)]
pub struct Job<J> {
    id: JobId,
    body: Body<J>,
}

/// What a [`Job`] brings to a worker.
#[derive(Debug)]
pub(crate) enum Body<J> {
    /// What the user submitted, for the pool's handler and its sink.
    Payload(J),
    /// Leads to a job with a handle of its own, or to work that somebody shares.
    Ref(JobRef),
}

impl<J> Body<J> {
    pub(crate) fn into_payload(self) -> Option<J> {
        match self {
            Self::Payload(payload) => Some(payload),
            Self::Ref(_) => None,
        }
    }

    /// Lets a job go that was not accepted or not taken by the queue.
    pub(crate) fn withdraw(self) {
        if let Self::Ref(job_ref) = self {
            job_ref.withdraw();
        }
    }
}

impl<J> Job<J> {
    #[inline]
    pub(crate) const fn new(id: JobId, body: Body<J>) -> Self {
        Self { id, body }
    }

    /// One that is to be accepted, and [numbered](Self::set_id) then.
    #[inline]
    pub(crate) const fn unnumbered(body: Body<J>) -> Self {
        Self::new(JobId::NONE, body)
    }

    #[inline]
    pub(crate) const fn set_id(&mut self, id: JobId) {
        self.id = id;
    }

    /// The id under which the job was accepted.
    #[must_use]
    pub const fn id(&self) -> JobId {
        self.id
    }

    /// What the user submitted. `None` for the job refs that the pool puts in between: to a job that
    /// was [spawned](crate::Handle::spawn), or to work that a [scope](crate::Handle::scope) or a
    /// [join](crate::Handle::join) shares. They want to be taken soon.
    #[must_use]
    pub const fn payload(&self) -> Option<&J> {
        match &self.body {
            Body::Payload(payload) => Some(payload),
            Body::Ref(_) => None,
        }
    }

    #[inline]
    pub(crate) fn into_parts(self) -> (JobId, Body<J>) {
        (self.id, self.body)
    }

    pub(crate) fn into_payload(self) -> Option<J> {
        self.body.into_payload()
    }

    /// See [`Body::withdraw`].
    pub(crate) fn withdraw(self) {
        self.body.withdraw();
    }

    /// The job ref, if it is one for which nothing is left to do. What remains is to be dropped.
    pub(crate) fn take_stale(&mut self) -> Option<JobRef> {
        match &mut self.body {
            Body::Payload(_) => None,
            Body::Ref(job_ref) => job_ref.take_stale(),
        }
    }

    #[inline]
    pub(crate) const fn is_ref(&self) -> bool {
        matches!(self.body, Body::Ref(_))
    }
}
