//! The priority of a job, for queues that order their jobs by it.

use std::fmt;
use std::sync::Arc;

/// The priority of a job. A queue that [orders](Prioritized) its jobs by it hands out the highest first; other
/// queues pay no attention to it.
///
/// A job has the priority [`NORMAL`](Self::NORMAL) unless its submit
/// [says otherwise](crate::SubmitOptions::priority), so plain submits pay nothing for it. It is a number from
/// −128 to 127: the names stand for some of them, and there is room between. A nested job inherits nothing from
/// the job that submits it.
///
/// # What it does not do
///
/// * A running job is never interrupted. An urgent one waits until a worker is free.
/// * Room in a [bounded](crate::ThreadPoolBuilder::capacity) pool is given in the order of arrival: a submitter
///   that waits has no job in the queue yet.
/// * With several workers, jobs start at the same time, and later ones may end first.
///
/// # Waiting
///
/// A job that waits for another one that has not started runs it at once, whatever the priority of that one
/// (C11). So an urgent job that joins one of low priority does not wait for its turn. If the other one has
/// started, it has a worker already. A thread outside of the pool waits for the queue's order with
/// [`join`](crate::JobHandle::join), and runs the job itself with
/// [`join_or_run`](crate::JobHandle::join_or_run).
///
/// The workers that a [`scope`](crate::Handle::scope) or a [`join`](crate::Handle::join) calls for help are
/// called with the priority of the job that the calling worker took from the queue. On a thread that is no
/// worker of the pool, it is [`NORMAL`](Self::NORMAL).
///
/// # Examples
///
/// ```
/// use std::sync::mpsc;
/// use drainpool::{Priority, PriorityQueue, SubmitOptions, ThreadPoolBuilder};
///
/// let (done, order) = mpsc::channel();
/// let builder = ThreadPoolBuilder::new().queue(PriorityQueue::new()).num_threads(1);
/// let pool = builder.sink(done).paused().build()?;
/// let urgent = SubmitOptions::new().priority(Priority::HIGH);
/// pool.execute(|| "as usual")?;
/// pool.with(Priority::LOW).execute(|| "when there is time")?;
/// pool.with(urgent).execute(|| "first")?;
/// pool.shutdown();
/// let order: Vec<_> = order.iter().map(|done| done.outcome.unwrap()).collect();
/// assert_eq!(order, ["first", "as usual", "when there is time"]);
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Clone, Copy, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Priority(i8);

impl Priority {
    /// The lowest: −128.
    pub const MIN: Self = Self(i8::MIN);
    /// Below normal, −64: for what may take its time.
    pub const LOW: Self = Self(-64);
    /// What a job has unless told otherwise: 0.
    pub const NORMAL: Self = Self(0);
    /// Above normal, 64: for what someone waits for.
    pub const HIGH: Self = Self(64);
    /// The highest: 127.
    pub const MAX: Self = Self(i8::MAX);

    /// Returns the priority with this number; the higher, the sooner.
    #[must_use]
    pub const fn new(number: i8) -> Self {
        Self(number)
    }

    /// The priority as a number.
    #[must_use]
    pub const fn as_i8(self) -> i8 {
        self.0
    }
}

impl From<i8> for Priority {
    fn from(number: i8) -> Self {
        Self(number)
    }
}

impl fmt::Debug for Priority {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Priority({})", self.0)
    }
}

impl fmt::Display for Priority {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

/// What has a priority: the jobs of a queue that orders them by it. Such a queue is a
/// [`WorkQueue<J>`](crate::WorkQueue) for every `J: Prioritized`.
///
/// Every [`Job`](crate::Job) has one, so a pool of any jobs can be built over such a queue. The numbers, arrays and pointers
/// that have one, too, are those with which the kit of conformance tests checks queues. They are
/// [`NORMAL`](Priority::NORMAL).
///
/// # Examples
///
/// A queue that hands out the highest priority first, and of one priority the oldest, complete:
///
/// ```
#[doc = include_str!("../docs/priority.rs")]
/// ```
pub trait Prioritized {
    /// The priority, which stays the same while the job waits. Not to be called under a lock of the queue.
    fn priority(&self) -> Priority;
}

impl Prioritized for () {
    fn priority(&self) -> Priority {
        Priority::NORMAL
    }
}

impl Prioritized for usize {
    fn priority(&self) -> Priority {
        Priority::NORMAL
    }
}

impl<T, const N: usize> Prioritized for [T; N] {
    fn priority(&self) -> Priority {
        Priority::NORMAL
    }
}

impl<T: Prioritized + ?Sized> Prioritized for Arc<T> {
    fn priority(&self) -> Priority {
        (**self).priority()
    }
}
