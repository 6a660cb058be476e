//! What a queue must do to serve a pool: store jobs, and nothing else.

use std::fmt;

/// A store of jobs that a pool's submitters fill and its workers empty.
///
/// A queue is a data structure. It never blocks, parks, counts what runs, closes or times out: the
/// pool does all that, once, for every queue. What is left are these duties, which the test kit
/// in the crate `pool-conformance` checks one by one:
///
/// * **Nothing lost, nothing doubled.** A job that went in comes out of exactly one `pop` or `steal`,
///   on any worker (C2, C3): however large it is, even of size zero, however many wait, whoever pushes
///   at the same time, and though the worker leaves in whose end it lies, and comes back.
/// * **Reachable.** A job that lies in one worker's [`Local`](Self::Local) can be stolen by every
///   other worker: its own may be busy for long. When a worker's `pop` and then its `steal` return
///   `None`, every job that was in the queue before was taken, or is being moved by another
///   worker's `steal` (C7).
/// * **Honest.** [`is_empty`](Self::is_empty) and [`len`](Self::len) tell the truth, as far as they
///   promise.
/// * **Refused is returned.** A `push` that does not take a job hands it back (C1). A
///   [batch](Self::push_batch) is taken whole, or up to the job that is handed back.
/// * **Order.** None is required. A queue that promises one says so, and keeps it in batches and
///   through [`retain`](Self::retain) as well.
/// * **Fair.** A job waits for a bounded number of pops. A worker that keeps feeding itself through its
///   own end comes, within some thousand pops, to the oldest job from outside, to the oldest of its own,
///   and to the oldest in each other end, whose worker may be busy for long and go on submitting. With
///   eight workers the kit allows 2,000 pops.
/// * **Cheap.** No call takes longer the more jobs wait, or hardly so; but for `retain`, which looks at
///   all of them.
/// * **Lean.** A drained queue gives back the memory of a burst, and a dropped one drops its jobs
///   (C9). The same goes for what `retain` has removed.
///
/// To a queue, one [`Job`](crate::Job) is like another, though for some of them nothing may be left to
/// do when they come out: somebody was quicker, or has cancelled them.
///
/// Calls from different threads run at the same time. None may panic; a pool whose queue panics
/// gives up.
///
/// # Examples
///
/// A first-in, first-out queue, complete:
///
/// ```
#[doc = include_str!("../docs/queue.rs")]
/// ```
pub trait WorkQueue<J>: Send + Sync + 'static {
    /// One worker's own end. It stays on that worker's thread and may keep jobs close by.
    type Local: LocalQueue<J> + 'static;

    /// Makes the end of the worker with this index, on that worker's thread.
    ///
    /// Indices count from 0. A worker that left and came back asks again under its old index; its
    /// former end is dropped by then, and what was left in it still waits.
    fn local(&self, worker: usize) -> Self::Local;

    /// Adds a job from outside the pool, or one that borrowed work submits on a thread that is no worker.
    ///
    /// # Errors
    ///
    /// A queue of limited size gives the job back when it is full.
    fn push(&self, job: J) -> Result<(), PushError<J>>;

    /// Adds jobs from outside the pool, in this order. A queue that can take several at the price of
    /// one overrides this.
    ///
    /// The iterator's `size_hint` may be wrong both ways, so nothing but speed may depend on it. A panic
    /// of the iterator goes on to the caller. The jobs that it brought before are in the queue or
    /// dropped; all others are left alone, and the queue goes on.
    ///
    /// # Errors
    ///
    /// A queue of limited size gives the first back for which it has no room, and leaves those after
    /// it in the iterator.
    fn push_batch(&self, jobs: &mut impl Iterator<Item = J>) -> Result<(), PushError<J>> {
        jobs.try_for_each(|job| self.push(job))
    }

    /// About how many jobs wait, those in the workers' own ends included. A hint, for statistics: right
    /// to within a factor of two while no other call is under way.
    fn len(&self) -> usize;

    /// Whether no job waits.
    ///
    /// `true` is a promise: every push that returned before this call began was popped since, or is
    /// being moved by a worker's `steal`, after which the pool looks again.
    /// `false` may be wrong while other calls are under way, and then costs a needless wake-up. The
    /// default relies on [`len`](Self::len) being as exact; a queue whose `len` may err on the low side
    /// overrides this.
    fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// Removes the jobs that `keep` does not want to keep, wherever they lie, the workers' own ends
    /// included. Each job that waits when this is called is shown to `keep`, once, unless a worker moves
    /// it meanwhile: then it may be shown twice, or not at all.
    ///
    /// The pool calls it when most of what waits is stale: jobs that were cancelled, have expired, or
    /// were run by the thread that waited for them. `keep` is quick, never panics, never calls the
    /// queue and drops nothing of the user's, so it may be called under a lock. The jobs that stay keep
    /// their order as far as the queue promises one. Some of them may be out of other workers' sight
    /// meanwhile: after each call the pool looks whether somebody fell asleep over it.
    ///
    /// The default removes nothing. Over such a queue everything else works as well, but a stale job
    /// takes memory until a worker comes to it.
    fn retain(&self, keep: impl FnMut(&mut J) -> bool) {
        let _ = keep;
    }
}

/// One worker's own end of a [`WorkQueue`].
pub trait LocalQueue<J> {
    /// Adds a job that a running job of this worker submitted. It is always taken.
    fn push(&mut self, job: J);

    /// Takes the next job from this end, or from the shared part of a queue that has no ends worth
    /// the name.
    fn pop(&mut self) -> Option<J>;

    /// Takes a job from elsewhere, after [`pop`](Self::pop) has found none: from the shared part,
    /// then from other workers' ends.
    ///
    /// It may move further jobs to this end. While they are on their way, other workers may miss
    /// them: after each steal the pool looks whether somebody fell asleep over it. So only `steal`
    /// may do that, and not `pop`.
    fn steal(&mut self) -> Option<J> {
        None
    }
}

/// Makes the queue of a pool, for the type of jobs that the pool turns out to have: the argument of
/// [`ThreadPoolBuilder::backend`](crate::ThreadPoolBuilder::backend).
pub trait MakeQueue<J> {
    /// The queue that is made.
    type Queue: WorkQueue<J>;

    /// Makes the queue of one pool.
    fn make_queue(self) -> Self::Queue;
}

/// A queue that was made already; see
/// [`ThreadPoolBuilder::queue`](crate::ThreadPoolBuilder::queue).
#[derive(Debug, Clone, Copy)]
pub struct Ready<Q>(pub Q);

impl<J, Q: WorkQueue<J>> MakeQueue<J> for Ready<Q> {
    type Queue = Q;

    fn make_queue(self) -> Q {
        self.0
    }
}

/// A queue refused a job; here it is.
#[derive(Clone, Copy, PartialEq, Eq)]
pub struct PushError<J>(pub J);

impl<J> PushError<J> {
    /// The job that was refused.
    #[must_use]
    pub fn into_inner(self) -> J {
        self.0
    }
}

impl<J> fmt::Debug for PushError<J> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("PushError(..)")
    }
}

impl<J> fmt::Display for PushError<J> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("the queue is full")
    }
}

impl<J> std::error::Error for PushError<J> {}
