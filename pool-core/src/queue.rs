//! The traits of a queue, which stores jobs and does nothing else; and its duties.

use std::fmt;

use crate::job_context::{JobContext, NoContext};

/// A store of jobs that a pool's submitters fill and its workers empty.
///
/// A queue is a data structure. It never blocks, parks, counts what runs, closes or times out: the pool
/// does all that, once, for every queue. A queue has these duties, which the test kit in the crate
/// `pool-conformance` checks one by one:
///
/// * **Nothing lost, nothing doubled.** A job that went in comes out of exactly one `pop` or `steal`, on
///   any worker (C2, C3). That holds for jobs of any size, even zero, however many wait, with pushes at the
///   same time, and if the worker in whose end the job lies leaves and comes back.
/// * **Reachable.** A job that lies in one worker's [`Local`](Self::Local) can be stolen by every other
///   worker: its own may be busy for long. When a worker's `pop` and then its `steal` return `None`, every
///   job that was in the queue before was taken, or is being moved by another worker's `steal` (C7).
/// * **Honest.** [`is_empty`](Self::is_empty) and [`len`](Self::len) keep what they promise.
/// * **Refused is returned.** A `push` that does not take a job hands it back (C1). A
///   [batch](Self::push_batch) is taken whole, or up to the job that is handed back.
/// * **Order.** None is required. A queue that promises one says so, and keeps it in batches and
///   through [`retain`](Self::retain) as well. One by priority is that of [`Prioritized`](crate::Prioritized).
/// * **Fair.** A job waits for a bounded number of pops. A worker that keeps feeding itself through its
///   own end comes, within some thousand pops, to the oldest job from outside, to the oldest of its own,
///   and to the oldest in each other end, whose worker may be busy for long and go on submitting. With
///   eight workers the kit allows 2,000 pops. A queue by priority owes it to jobs of the same priority.
/// * **Cheap.** No call takes much longer the more jobs wait, except for `retain`, which looks at all of them.
/// * **Lean.** A drained queue gives back the memory of a burst, and a dropped one drops its jobs
///   (C9). The same goes for what `retain` has removed.
///
/// To a queue, all [`Job`](crate::Job)s are alike, though some may be stale when they come out: run by
/// another thread, or cancelled.
///
/// Calls from different threads run at the same time. None may panic; a pool whose queue panics is given
/// up.
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

    /// Learns the maximum number of workers of the pool that is being built over this queue, before any other call. A
    /// queue that promises the order of all jobs from outside to a pool of one worker has one stripe then.
    fn attach(&mut self, max_threads: usize) {
        let _ = max_threads;
    }

    /// The number of stripes into which the queue divides the jobs from outside: those of each thread go to the
    /// stripe of its [number](crate::thread_number), modulo this, so that threads that submit at the same time
    /// need not meet. Asked once, after [`attach`](Self::attach). The pool counts and numbers the jobs in as many stripes,
    /// rounded up to a power of two, at least 1 and at most 16; another number than the queue's own costs speed and
    /// nothing else. Jobs that a job submits go to its worker's [end](LocalQueue::push), whatever the stripe.
    ///
    /// The default is one: then the [ids](crate::JobId) of jobs from outside are 0, 1, 2….
    fn stripes(&self) -> usize {
        1
    }

    /// Makes the end of the worker with this index, on that worker's thread.
    ///
    /// Indices count from 0. A worker that left and came back asks again under its old index; by then its
    /// former end is dropped, and the jobs that were left in it still wait.
    fn local(&self, worker: usize) -> Self::Local;

    /// Adds a job from outside the pool, or one that borrowed work submits on a thread that is no worker.
    ///
    /// # Errors
    ///
    /// A queue of limited size gives the job back when it is full.
    fn push(&self, job: J) -> Result<(), PushError<J>>;

    /// Adds jobs from outside the pool, in this order. A queue that can take several at the price of one
    /// overrides this.
    ///
    /// The iterator's `size_hint` may be wrong both ways, so only speed may depend on it. A panic of the
    /// iterator goes on to the caller. The jobs that it yielded before are in the queue or dropped; all
    /// others are left alone, and the queue goes on.
    ///
    /// # Errors
    ///
    /// A queue of limited size returns the first job for which it has no room, and leaves those after it in
    /// the iterator.
    fn push_batch(&self, jobs: &mut impl Iterator<Item = J>) -> Result<(), PushError<J>> {
        jobs.try_for_each(|job| self.push(job))
    }

    /// The number of jobs that wait, approximately, those in the workers' own ends included. A hint, for
    /// statistics: right to within a factor of two while no other call is under way.
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

    /// Removes the jobs for which `keep` returns `false`, wherever they lie, the workers' own ends
    /// included. Each job that waits when this is called is shown to `keep`, once, unless a worker moves it
    /// meanwhile: then it may be shown twice, or not at all.
    ///
    /// The pool calls it when most of what waits is stale: jobs that were cancelled, have expired, or were
    /// run by the thread that waited for them; and to take back all jobs, for
    /// [`shutdown_now`](crate::Pool::shutdown_now) and [`take_queued`](crate::Handle::take_queued). `keep`
    /// is quick, never panics, never calls the queue and drops nothing of the user's, so it may be called
    /// under a lock. The jobs that stay keep their order as far as the queue promises one. Some of them may
    /// be out of other workers' sight meanwhile, so after each call the pool wakes a worker if one has
    /// parked over it.
    ///
    /// The default removes nothing. Over such a queue everything else works as well, but a stale job takes
    /// memory until a worker takes it, and jobs that are taken back end at their turn.
    fn retain(&self, keep: impl FnMut(&mut J) -> bool) {
        let _ = keep;
    }

    /// Captures the context that a job takes along from where it is submitted. Not for queues to override: the
    /// default is none, and costs nothing; a pool with a
    /// [context](crate::ThreadPoolBuilder::context) has its queue in an [`InContext`](crate::InContext), which
    /// does it.
    fn capture_context(&self) -> impl JobContext + use<Self, J> {
        NoContext
    }
}

/// One worker's own end of a [`WorkQueue`].
pub trait LocalQueue<J> {
    /// Adds a job that a running job of this worker submitted. It is always taken.
    fn push(&mut self, job: J);

    /// Takes the next job from this end, or from the shared part of a queue whose workers have no ends.
    fn pop(&mut self) -> Option<J>;

    /// Takes a job from elsewhere, after [`pop`](Self::pop) has found none: from the shared part,
    /// then from other workers' ends.
    ///
    /// It may move further jobs to this end. While they are on their way, other workers may miss them, so
    /// after each steal the pool wakes a worker if one has parked over it. Therefore only `steal` may do
    /// that, and not `pop`.
    fn steal(&mut self) -> Option<J> {
        None
    }
}

/// A maker of a pool's queue, for the type of jobs that the pool turns out to have: the argument of
/// [`ThreadPoolBuilder::backend`](crate::ThreadPoolBuilder::backend).
pub trait MakeQueue<J> {
    /// The queue that is made.
    type Queue: WorkQueue<J>;

    /// Makes the queue of one pool.
    fn make_queue(self) -> Self::Queue;
}

/// A queue that was made already; see [`ThreadPoolBuilder::queue`](crate::ThreadPoolBuilder::queue).
#[derive(Debug, Clone, Copy)]
pub struct Ready<Q>(pub Q);

impl<J, Q: WorkQueue<J>> MakeQueue<J> for Ready<Q> {
    type Queue = Q;

    fn make_queue(self) -> Q {
        self.0
    }
}

/// The error of a queue that refused a job, with the job.
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
