//! The priority of a job, for queues that order their jobs by it.

use std::fmt;
use std::sync::Arc;

use crate::runtime::job::Job;

/// The priority of a job: of two that wait, a queue that [orders](Prioritized) its jobs by it hands out the
/// higher one first. Other queues pay no attention to it.
///
/// [`NORMAL`](Self::NORMAL) is in the middle, and what a job has unless
/// [told otherwise](crate::SubmitOptions::priority): a plain submit pays nothing for it. A job that another
/// one submits does not inherit the priority of that one.
///
/// It is a number from −128 to 127. Three have names, and there is room for more between them.
///
/// # What it does not do
///
/// * A running job is never interrupted. A job of high priority waits until a worker is free.
/// * It is not a number of the order in which jobs end, or start: two workers take two jobs at the same
///   time.
/// * Room in a [bounded](crate::ThreadPoolBuilder::capacity) pool is given in the order of arrival, before the
///   queue sees a job.
///
/// # Waiting
///
/// A job that is waited for is run by the thread that waits, if it has not started: at once, whatever its
/// priority (C11). So a job of high priority that joins one of low priority does not wait until the queue
/// has come to that. If the other one has started, it runs already, and nothing is taken before it on its
/// worker. (A thread outside of the pool does the same with
/// [`join_or_run`](crate::JobHandle::join_or_run), and waits for the queue's order with
/// [`join`](crate::JobHandle::join).)
///
/// The helpers that a [`scope`](crate::Handle::scope) or a [`join`](crate::Handle::join) asks for have the
/// priority of the job that asks. On a thread that is no worker of the pool it is
/// [`NORMAL`](Self::NORMAL).
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

/// What has a priority: the jobs of a queue that orders them by it.
///
/// Every [`Job`] has one, so every pool can be built over such a queue. The numbers, arrays and pointers here
/// are the jobs of the test kit, which tests the other duties of a queue with them; all are
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
    /// The priority. It stays the same while the job waits.
    fn priority(&self) -> Priority;
}

impl<J> Prioritized for Job<J> {
    fn priority(&self) -> Priority {
        Job::priority(self)
    }
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
