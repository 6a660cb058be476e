//! The queue, as the pool sees it.

use std::fmt;

use pool_core::{LocalQueue, PushError, WorkQueue};

use crate::local::Local;
use crate::shared::Stealing;

/// In which order a worker takes the jobs that its own jobs submitted.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default)]
pub enum LocalOrder {
    /// The newest first. A tree of jobs is then walked depth first, in little memory and with warm
    /// caches. Other workers steal the oldest.
    #[default]
    Lifo,
    /// The oldest first.
    Fifo,
}

/// Jobs of more bytes than this are boxed while they wait: a deque never has room for less than 64 entries,
/// so sixteen idle workers would else keep megabytes for jobs of some kilobytes.
const LARGE: usize = 512;

/// An unbounded work-stealing queue: a lock-free deque for each worker, and an
/// [injector](pool_std::stealing::LockedInjector) for the jobs from outside, behind a lock that is held
/// for some nanoseconds.
///
/// A worker takes its own jobs, then some from the injector, then a batch from another worker,
/// beginning with one picked at random. Now and then it looks first at the injector, at its own oldest
/// job or at another worker's, so that a worker that keeps feeding itself, or is busy for long, starves
/// nobody.
///
/// **Order**: jobs from outside start first in, first out, as far as several workers
/// allow it; those that jobs submit in the [`LocalOrder`] of the queue, unless they are stolen. When
/// [stale jobs are removed](WorkQueue::retain), what is left in the deque of a worker keeps its order and its
/// turn, before what is outside, but any worker may take it from then on.
///
/// **Memory**: that of a burst is given back once it is over. A worker's deque always has room for 64
/// entries. Jobs of more than 512 bytes are boxed while they wait, so that is 32 KiB at most.
///
/// The deques are those of Chase and Lev ("Dynamic Circular Work-Stealing Deque", SPAA 2005), in
/// the weak-memory form of Lê, Pop, Cohen and Zappa Nardelli (PPoPP 2013).
///
/// # Examples
///
/// ```
/// use pool_core::ThreadPoolBuilder;
/// use pool_crossbeam::{CrossbeamQueue, LocalOrder};
///
/// let queue = CrossbeamQueue::with_order(LocalOrder::Fifo);
/// let pool = ThreadPoolBuilder::with_queue(queue).build()?;
/// pool.execute(|| println!("hello"))?;
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
pub struct CrossbeamQueue<J>(Entries<Stealing<J>, Stealing<Box<J>>>);

/// One worker's end of a [`CrossbeamQueue`].
pub struct CrossbeamLocal<J>(Entries<Local<J>, Local<Box<J>>>);

/// What lies in the queue. All there is of one queue is of one kind.
enum Entries<I, B> {
    /// The jobs.
    Inline(I),
    /// Boxes with the jobs, which are large.
    Boxed(B),
}
use Entries::{Boxed, Inline};

/// Does the same with entries of either kind. Which they are hangs on the type of the jobs alone, so there is
/// code for one kind only: two kinds were too much to be inlined where jobs submit jobs.
///
/// A job that comes in is `forget`ten where the impossible happens: to be dropped there, it would have to be
/// copied to a place of its own first.
macro_rules! entries {
    (
        $entries:expr, jobs of $job:ty $(, forget $forgotten:ident)?;
        Inline($inline:pat) => $with_jobs:expr,
        Boxed($boxed:pat) => $with_boxes:expr,
    ) => {
        if const { size_of::<$job>() > LARGE } {
            match $entries {
                Boxed($boxed) => $with_boxes,
                Inline(_) => {
                    $(std::mem::forget($forgotten);)?
                    unreachable!("large jobs are boxed")
                }
            }
        } else {
            match $entries {
                Inline($inline) => $with_jobs,
                Boxed(_) => {
                    $(std::mem::forget($forgotten);)?
                    unreachable!("small jobs are not boxed")
                }
            }
        }
    };
}

impl<J> CrossbeamQueue<J> {
    /// An empty queue with [`LocalOrder::Lifo`].
    #[must_use]
    pub fn new() -> Self {
        Self::with_order(LocalOrder::default())
    }

    /// An empty queue.
    #[must_use]
    pub fn with_order(order: LocalOrder) -> Self {
        if size_of::<J>() > LARGE {
            return Self(Boxed(Stealing::new(order)));
        }
        Self(Inline(Stealing::new(order)))
    }

    fn order(&self) -> LocalOrder {
        match &self.0 {
            Inline(queue) => queue.order,
            Boxed(queue) => queue.order,
        }
    }
}

impl<J> Default for CrossbeamQueue<J> {
    fn default() -> Self {
        Self::new()
    }
}

impl<J: Send + 'static> WorkQueue<J> for CrossbeamQueue<J> {
    type Local = CrossbeamLocal<J>;

    fn local(&self, worker: usize) -> CrossbeamLocal<J> {
        CrossbeamLocal(match &self.0 {
            Inline(queue) => Inline(queue.local(worker)),
            Boxed(queue) => Boxed(queue.local(worker)),
        })
    }

    #[inline]
    fn push(&self, job: J) -> Result<(), PushError<J>> {
        entries! {
            &self.0, jobs of J, forget job;
            Inline(queue) => queue.push(job),
            Boxed(queue) => queue.push(Box::new(job)),
        }
        Ok(())
    }

    fn push_batch(&self, jobs: &mut impl Iterator<Item = J>) -> Result<(), PushError<J>> {
        match &self.0 {
            Inline(queue) => queue.push_batch(jobs),
            Boxed(queue) => queue.push_batch(jobs.map(Box::new)),
        }
        Ok(())
    }

    fn len(&self) -> usize {
        match &self.0 {
            Inline(queue) => queue.len(),
            Boxed(queue) => queue.len(),
        }
    }

    fn is_empty(&self) -> bool {
        match &self.0 {
            Inline(queue) => queue.is_empty(),
            Boxed(queue) => queue.is_empty(),
        }
    }

    /// What stays of the jobs in the workers' own deques goes where every worker looks before it takes some
    /// from outside, in the order in which its owner would have taken it: only that one could put it back
    /// into a deque. With several workers, what was one's comes as a whole before what was another's. It is
    /// out of sight on its way. One that is stolen meanwhile may be shown twice or not at all.
    fn retain(&self, mut keep: impl FnMut(&mut J) -> bool) {
        match &self.0 {
            Inline(queue) => queue.retain(keep),
            Boxed(queue) => queue.retain(|job| keep(job)),
        }
    }
}

impl<J> LocalQueue<J> for CrossbeamLocal<J> {
    #[inline]
    fn push(&mut self, job: J) {
        entries! {
            &mut self.0, jobs of J, forget job;
            Inline(local) => local.push(job),
            Boxed(local) => local.push(Box::new(job)),
        }
    }

    #[inline]
    fn pop(&mut self) -> Option<J> {
        entries! {
            &mut self.0, jobs of J;
            Inline(local) => local.pop(),
            Boxed(local) => local.pop().map(|job| *job),
        }
    }

    fn steal(&mut self) -> Option<J> {
        entries! {
            &mut self.0, jobs of J;
            Inline(local) => local.steal(),
            Boxed(local) => local.steal().map(|job| *job),
        }
    }
}

impl<J> fmt::Debug for CrossbeamQueue<J> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("CrossbeamQueue").field("order", &self.order()).finish_non_exhaustive()
    }
}

impl<J> fmt::Debug for CrossbeamLocal<J> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let worker = match &self.0 {
            Inline(local) => local.worker,
            Boxed(local) => local.worker,
        };
        f.debug_struct("CrossbeamLocal").field("worker", &worker).finish_non_exhaustive()
    }
}
