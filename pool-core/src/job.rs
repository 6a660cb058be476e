//! What lies in a queue: a job and its id.

use std::collections::VecDeque;
use std::fmt;

use crate::spawned::errand::Claim;

/// Identifies one accepted job within its pool.
///
/// Jobs submitted from outside are numbered 0, 1, 2… in the order of acceptance. A job submitted by
/// a running job has an id that is unique but tells nothing about order.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct JobId(u64);

impl JobId {
    /// Of no job: for claims on work that is a part of other jobs, and for jobs that are not numbered
    /// yet.
    pub(crate) const NONE: Self = Self(u64::MAX);

    pub(crate) const fn new(id: u64) -> Self {
        Self(id)
    }

    pub(crate) const fn nested(id: u64) -> Self {
        Self(id | NESTED)
    }

    /// The id that comes so many after this one.
    pub(crate) const fn plus(self, nth: u64) -> Self {
        Self(self.0 + nth)
    }

    /// Whether a running job submitted it.
    pub(crate) const fn is_nested(self) -> bool {
        self.0 & NESTED != 0
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

/// Set in the id of a nested job, so that it cannot meet one that was submitted from outside.
const NESTED: u64 = 1 << 63;

/// What lies in a pool's queue: an accepted job on its way, or a claim on work that lies elsewhere.
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
    Claim(Claim),
}

impl<J> Body<J> {
    pub(crate) fn into_payload(self) -> Option<J> {
        match self {
            Self::Payload(payload) => Some(payload),
            Self::Claim(_) => None,
        }
    }

    /// Lets a job go that was not accepted or not taken by the queue.
    pub(crate) fn withdraw(self) {
        if let Self::Claim(claim) = self {
            claim.withdraw();
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

    /// What the user submitted. `None` for the claims that the pool puts in between: on a job that
    /// was [spawned](crate::Handle::spawn), or on work that a [scope](crate::Handle::scope) or a
    /// [join](crate::Handle::join) shares. They want to be taken soon.
    #[must_use]
    pub const fn payload(&self) -> Option<&J> {
        match &self.body {
            Body::Payload(payload) => Some(payload),
            Body::Claim(_) => None,
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

    /// The claim, if it is one for which nothing is left to do. What remains is to be dropped.
    pub(crate) fn take_stale(&mut self) -> Option<Claim> {
        match &mut self.body {
            Body::Payload(_) => None,
            Body::Claim(claim) => claim.take_stale(),
        }
    }

    #[inline]
    pub(crate) const fn is_claim(&self) -> bool {
        matches!(self.body, Body::Claim(_))
    }
}

/// The ids of the jobs of a batch, in the order of the batch.
///
/// Made by [`Handle::submit_batch`](crate::Handle::submit_batch) and
/// [`execute_batch`](crate::Handle::execute_batch).
#[derive(Debug, Clone, Default)]
pub struct JobIds {
    /// The first of each run of consecutive ids that is left, and its length.
    runs: VecDeque<(u64, u64)>,
    left: usize,
}

impl JobIds {
    pub(crate) fn push_run(&mut self, first: JobId, count: usize) {
        self.left += count;
        match self.runs.back_mut() {
            Some((start, length)) if *start + *length == first.0 => *length += count as u64,
            _ if count == 0 => {}
            _ => self.runs.push_back((first.0, count as u64)),
        }
    }
}

impl Iterator for JobIds {
    type Item = JobId;

    fn next(&mut self) -> Option<JobId> {
        let (first, count) = self.runs.front_mut()?;
        let id = JobId(*first);
        (*first, *count) = (*first + 1, *count - 1);
        if *count == 0 {
            self.runs.pop_front();
        }
        self.left -= 1;
        Some(id)
    }

    fn size_hint(&self) -> (usize, Option<usize>) {
        (self.left, Some(self.left))
    }
}

impl ExactSizeIterator for JobIds {}

impl FromIterator<JobId> for JobIds {
    fn from_iter<I: IntoIterator<Item = JobId>>(ids: I) -> Self {
        let mut all = Self::default();
        ids.into_iter().for_each(|id| all.push_run(id, 1));
        all
    }
}
