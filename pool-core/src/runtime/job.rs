//! The entry of a queue: a job and its id, or a job ref.

use std::mem;

use crate::id::JobId;
use crate::priority::{Prioritized, Priority};
use crate::runtime::job_ref::JobRef;

/// An entry of a pool's queue: an accepted job on its way, or a job ref to work that lies elsewhere.
///
/// A queue stores entries by value. One that orders or sorts its jobs looks at [`priority`](Self::priority)
/// or [`payload`](Self::payload).
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
    /// A reference to a job with a handle, or to the shared work of a scope or a join.
    Ref(JobRef),
}

impl<J> Body<J> {
    pub(crate) fn into_payload(self) -> Option<J> {
        match self {
            Self::Payload(payload) => Some(payload),
            Self::Ref(_) => None,
        }
    }

    /// What the job was called at its submit.
    pub(crate) fn label(&self) -> Option<&'static str> {
        match self {
            Self::Payload(_) => None,
            Self::Ref(job_ref) => job_ref.label(),
        }
    }

    /// Drops a job that was not accepted, or not taken by the queue, without ending it.
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

    /// Returns a job that is still to be accepted and [numbered](Self::set_id).
    #[inline]
    pub(crate) const fn unnumbered(body: Body<J>) -> Self {
        Self::new(JobId::NONE, body)
    }

    #[inline]
    pub(crate) const fn set_id(&mut self, id: JobId) {
        self.id = id;
    }

    /// The id of the job.
    #[must_use]
    pub const fn id(&self) -> JobId {
        self.id
    }

    /// The [priority](crate::SubmitOptions::priority) with which the job was submitted. A job ref of a
    /// [scope](crate::Handle::scope) or a [join](crate::Handle::join) has that of the job that calls for
    /// help.
    #[must_use]
    #[inline]
    pub const fn priority(&self) -> Priority {
        self.id.priority()
    }

    /// What the user submitted. `None` for the pool's own job refs: to a job that was
    /// [spawned](crate::Handle::spawn), or to shared work of a [scope](crate::Handle::scope) or a
    /// [join](crate::Handle::join). A queue should hand these out as soon as others of the same priority.
    #[must_use]
    pub const fn payload(&self) -> Option<&J> {
        match &self.body {
            Body::Payload(payload) => Some(payload),
            Body::Ref(_) => None,
        }
    }

    /// The payload, to be run where it lies.
    #[inline(always)]
    pub(crate) fn payload_mut(&mut self) -> Option<&mut J> {
        match &mut self.body {
            Body::Payload(payload) => Some(payload),
            Body::Ref(_) => None,
        }
    }

    /// Takes out the payload. What remains leads to nothing, and needs no drop.
    #[inline(always)]
    pub(crate) fn take_payload(&mut self) -> Option<J> {
        mem::replace(&mut self.body, Body::Ref(JobRef::to_nothing())).into_payload()
    }

    /// Takes out the job ref. What remains leads to nothing, and needs no drop.
    #[inline(always)]
    pub(crate) fn take_ref(&mut self) -> Option<JobRef> {
        match &mut self.body {
            Body::Payload(_) => None,
            Body::Ref(job_ref) => Some(mem::replace(job_ref, JobRef::to_nothing())),
        }
    }

    #[inline]
    pub(crate) fn into_parts(self) -> (JobId, Body<J>) {
        (self.id, self.body)
    }

    pub(crate) fn into_payload(self) -> Option<J> {
        self.body.into_payload()
    }

    /// Drops the job without ending it; see [`Body::withdraw`].
    pub(crate) fn withdraw(self) {
        self.body.withdraw();
    }

    /// Takes out the job ref if it is stale. What remains of the job is to be dropped.
    pub(crate) fn take_stale(&mut self) -> Option<JobRef> {
        match &mut self.body {
            Body::Payload(_) => None,
            Body::Ref(job_ref) => job_ref.take_stale(),
        }
    }

    /// Takes out the body of a job. What remains leads to nothing, and is to be dropped. `None` for a part
    /// of a job that runs: a call for help.
    pub(crate) fn take_body(&mut self) -> Option<Body<J>> {
        if self.id == JobId::NONE {
            return None;
        }
        Some(mem::replace(&mut self.body, Body::Ref(JobRef::to_nothing())))
    }

    /// Whether the sink gets an outcome of it.
    pub(crate) fn is_for_sink(&self) -> bool {
        match &self.body {
            Body::Payload(_) => true,
            Body::Ref(job_ref) => job_ref.is_for_sink(),
        }
    }

    /// What the job was called at its submit.
    pub(crate) fn label(&self) -> Option<&'static str> {
        self.body.label()
    }
}

impl<J> Prioritized for Job<J> {
    fn priority(&self) -> Priority {
        Job::priority(self)
    }
}

#[cfg(all(test, target_pointer_width = "64", not(any(loom, shuttle))))]
mod tests {
    use super::*;
    use crate::task::Task;

    #[test]
    fn an_entry_is_a_word_larger_than_what_it_brings() {
        assert_eq!((size_of::<Job<Task>>(), size_of::<Task>()), (56, 48));
        assert_eq!(size_of::<Job<u64>>(), 8 + size_of::<Body<u64>>());
    }
}
