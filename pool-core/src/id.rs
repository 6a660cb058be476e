//! The ids of jobs and of pools.

use std::cmp::Ordering;
use std::collections::VecDeque;
use std::fmt;
use std::hash::{Hash, Hasher};

use crate::priority::Priority;

/// The id of one accepted job within its pool.
///
/// The jobs that one thread submits from outside have ids that grow. If the pool can have only one thread
/// ([`max_threads`](crate::ThreadPoolBuilder::max_threads) is 1), or its sink
/// [wants it](crate::ResultSink::IN_SEQUENCE), jobs from outside are numbered 0, 1, 2… in the order of acceptance,
/// whichever thread submits them; otherwise the pool may number those of different threads far apart, so that they
/// need not meet. To have them in sequence with a sink that does not ask for it, wrap that in an
/// [`InOrder`](crate::InOrder).
///
/// A job submitted by a running job has an id that is unique but tells nothing about order: 2⁶³ or more.
// The word also brings the job's priority to the queue, in bits that no number reaches. They are no part of
// the id: ids that differ in them alone are equal. `NORMAL` is all zeros, so the ids of plain submits, as the
// gate and the ledger number them, need nothing done to them.
#[derive(Clone, Copy)]
pub struct JobId(u64);

impl JobId {
    /// The id of no job: for job refs to work that is a part of other jobs, and for jobs that are not
    /// numbered yet.
    pub(crate) const NONE: Self = Self(!PRIORITY);

    /// The number of ids of jobs from outside, and of those of nested ones; [`NONE`](Self::NONE) has the last
    /// of these.
    pub(crate) const NUMBERS: u64 = 1 << PRIORITY_SHIFT;

    /// The maximum number of stripes in which jobs from outside are numbered.
    pub(crate) const MAX_STRIPES: usize = 1 << STRIPE_BITS;

    /// The id of the job from outside with this number in this stripe.
    #[inline]
    pub(crate) const fn in_stripe(stripe: usize, number: u64) -> Self {
        Self(((stripe as u64) << STRIPE_SHIFT) + number)
    }

    /// The stripe of a job from outside.
    pub(crate) const fn stripe(self) -> usize {
        (self.as_u64() >> STRIPE_SHIFT) as usize & (Self::MAX_STRIPES - 1)
    }

    pub(crate) const fn nested(id: u64) -> Self {
        Self(id | NESTED)
    }

    /// The id that comes `nth` after this one.
    pub(crate) const fn plus(self, nth: u64) -> Self {
        Self(self.0 + nth)
    }

    /// The id with this priority of its job. Only once for an id.
    #[inline]
    pub(crate) const fn with_priority(self, priority: Priority) -> Self {
        Self(self.0 | ((priority.as_i8().cast_unsigned() as u64) << PRIORITY_SHIFT))
    }

    /// The priority that the job was given with its id.
    #[inline]
    pub(crate) const fn priority(self) -> Priority {
        Priority::new(((self.0 & PRIORITY) >> PRIORITY_SHIFT) as i8)
    }

    /// Whether a running job submitted the job.
    pub(crate) const fn is_nested(self) -> bool {
        self.0 & NESTED != 0
    }

    /// The id as a number.
    #[must_use]
    pub const fn as_u64(self) -> u64 {
        self.0 & !PRIORITY
    }
}

impl PartialEq for JobId {
    fn eq(&self, other: &Self) -> bool {
        self.as_u64() == other.as_u64()
    }
}

impl Eq for JobId {}

impl PartialOrd for JobId {
    fn partial_cmp(&self, other: &Self) -> Option<Ordering> {
        Some(self.cmp(other))
    }
}

impl Ord for JobId {
    fn cmp(&self, other: &Self) -> Ordering {
        self.as_u64().cmp(&other.as_u64())
    }
}

impl Hash for JobId {
    fn hash<H: Hasher>(&self, state: &mut H) {
        self.as_u64().hash(state);
    }
}

impl fmt::Debug for JobId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "JobId({})", self.as_u64())
    }
}

impl fmt::Display for JobId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.as_u64().fmt(f)
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
/// Where the priority lies. Below it there is room for 2⁵⁵ numbers: a billion jobs a second for a year.
const PRIORITY_SHIFT: u32 = 55;
/// Where the number of the stripe lies, within the number: there is room for 2⁵¹ jobs in each.
const STRIPE_SHIFT: u32 = PRIORITY_SHIFT - STRIPE_BITS;
const STRIPE_BITS: u32 = 4;
const PRIORITY: u64 = (u8::MAX as u64) << PRIORITY_SHIFT;

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
        let first = first.as_u64();
        match self.runs.back_mut() {
            Some((start, length)) if *start + *length == first => *length += count as u64,
            _ if count == 0 => {}
            _ => self.runs.push_back((first, count as u64)),
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

#[cfg(all(test, not(any(loom, shuttle))))]
mod tests {
    use super::*;

    const SOME: [Priority; 7] = [
        Priority::MIN,
        Priority::LOW,
        Priority::new(-1),
        Priority::NORMAL,
        Priority::new(1),
        Priority::HIGH,
        Priority::MAX,
    ];

    #[test]
    fn an_id_brings_the_priority_and_is_the_same_without() {
        for id in
            [JobId::in_stripe(0, 0), JobId::in_stripe(0, 7), JobId::nested(1 << 54), JobId::NONE]
        {
            assert_eq!(id.priority(), Priority::NORMAL);
            for priority in SOME {
                let with = id.with_priority(priority);
                assert_eq!(with.priority(), priority);
                assert_eq!(
                    (with, with.as_u64(), with.is_nested()),
                    (id, id.as_u64(), id.is_nested())
                );
                assert_eq!(format!("{with} {with:?}"), format!("{id} {id:?}"));
                assert_eq!(with.cmp(&id), Ordering::Equal);
            }
        }
        let id = JobId::in_stripe(0, 7).with_priority(Priority::LOW);
        assert!(
            id < JobId::in_stripe(0, 8) && JobId::in_stripe(0, 6).with_priority(Priority::MAX) < id
        );
        assert_eq!(id.plus(2).priority(), Priority::LOW);
        assert_eq!(id.plus(2), JobId::in_stripe(0, 9));
    }

    #[test]
    fn the_ids_of_a_batch_are_consecutive_whatever_its_priority() {
        let first = JobId::in_stripe(0, 3).with_priority(Priority::LOW);
        let ids = JobIds::from_iter([first, first.plus(1), JobId::in_stripe(0, 5)]);
        assert_eq!(format!("{ids:?}"), "JobIds { runs: [(3, 3)], left: 3 }");
    }
}
