//! The ids of jobs and of pools.

use std::collections::VecDeque;
use std::fmt;

/// The id of one accepted job within its pool.
///
/// Jobs submitted from outside are numbered 0, 1, 2… in the order of acceptance. A job submitted by
/// a running job has an id that is unique but tells nothing about order.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct JobId(u64);

impl JobId {
    /// The id of no job: for job refs to work that is a part of other jobs, and for jobs that are not
    /// numbered yet.
    pub(crate) const NONE: Self = Self(u64::MAX);

    pub(crate) const fn new(id: u64) -> Self {
        Self(id)
    }

    pub(crate) const fn nested(id: u64) -> Self {
        Self(id | NESTED)
    }

    /// The id that comes `nth` after this one.
    pub(crate) const fn plus(self, nth: u64) -> Self {
        Self(self.0 + nth)
    }

    /// Whether a running job submitted the job.
    pub(crate) const fn is_nested(self) -> bool {
        self.0 & NESTED != 0
    }

    /// The id as a number.
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

/// The id of one pool, different from all others of this process.
///
/// [`Handle::id`](crate::Handle::id) returns that of a pool, [`CurrentWorker::pool`](crate::CurrentWorker::pool)
/// that of the pool to which a worker belongs.
#[derive(Clone, Copy, PartialEq, Eq, Hash)]
pub struct PoolId(u64);

impl PoolId {
    /// The id of no pool.
    pub(crate) const NONE: Self = Self(0);

    /// Returns the id of a new pool.
    pub(crate) fn next() -> Self {
        // The standard library's, even in a model: only a number comes from it.
        static NEXT: std::sync::atomic::AtomicU64 = std::sync::atomic::AtomicU64::new(1);
        Self(NEXT.fetch_add(1, std::sync::atomic::Ordering::Relaxed))
    }

    /// The id as a number.
    #[must_use]
    pub const fn as_u64(self) -> u64 {
        self.0
    }
}

impl fmt::Debug for PoolId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "PoolId({})", self.0)
    }
}

impl fmt::Display for PoolId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

/// Set in the id of a nested job, which so differs from all ids of jobs from outside.
const NESTED: u64 = 1 << 63;

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
