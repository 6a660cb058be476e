//! The observer: what a pool tells of its jobs and its workers, for metrics, timelines and logs.

use std::sync::Arc;

use crate::error::{Refusal, StartError};
use crate::id::JobId;
use crate::priority::Priority;

/// Is told what happens in a pool; set by
/// [`ThreadPoolBuilder::observer`](crate::ThreadPoolBuilder::observer).
///
/// Every method does nothing unless it is implemented. They are called on the thread on which it happens, one
/// after the other for each job and for each worker, and at the same time for different ones.
///
/// # What is told
///
/// A *job* is what the pool counts in its [report](crate::ShutdownReport) (C5). The halves of a
/// [join](crate::Handle::join) and the children of a [scope](crate::Handle::scope) are parts of a job, and not
/// told. What is told agrees with the report of a pool that was shut down:
///
/// * [`submitted`](Self::submitted) without [`withdrawn`](Self::withdrawn) is `accepted`;
/// * [`ended`](Self::ended) in each of its ways is `done`, `panicked`, `cancelled`, `expired` and `returned`,
///   exactly once for each job (C3), but for those that are `unfinished`;
/// * [`started`](Self::started) is told at most once for each job (C2), after its submit and before its end; not
///   for one that is cancelled, expired or returned.
///
/// An end is told before its outcome can be seen: a thread that has the outcome, from a handle or a sink, finds
/// the observer told.
///
/// # What an observer may do
///
/// It is called in the middle of a submit or between two jobs, and holds them up: it should be quick. It is called
/// without a lock of the pool, and may call the pool. What it submits is observed like all else, so it must not
/// submit a job for each that is submitted. Like other code that the pool calls, it cannot wait for the pool: such
/// a wait is refused, and a submit that finds no room fails. It must not block on what another job of the pool
/// is to do: the job that it is told of is in its hands, and does not go on before it returns.
///
/// The pool holds it for as long as there are handles: one that holds a handle of its pool in turn keeps itself and the
/// pool's memory for ever, and should hold a [`Weak`](std::sync::Weak) reference to that.
///
/// A panic of it is caught and dropped (C8); the panic hook has told of it.
///
/// # Cost
///
/// A pool without an observer pays nothing for this. In one that has some, each event is one dynamic call for each
/// of them.
///
/// # Examples
///
/// ```
/// use std::sync::Arc;
/// use std::sync::atomic::{AtomicU64, Ordering::Relaxed};
/// use drainpool::{Ended, ObservedJob, Observer, ThreadPoolBuilder};
///
/// #[derive(Default)]
/// struct Failures(AtomicU64);
///
/// impl Observer for Failures {
///     fn ended(&self, job: ObservedJob, worker: Option<usize>, how: Ended) {
///         if how == Ended::Panicked {
///             self.0.fetch_add(1, Relaxed);
///             eprintln!("job {} has panicked on worker {worker:?}", job.id);
///         }
///     }
/// }
///
/// let failures = Arc::new(Failures::default());
/// let pool = ThreadPoolBuilder::new().observer(failures.clone()).build()?;
/// pool.execute(|| panic!("no luck"))?;
/// assert_eq!(pool.shutdown().panicked, failures.0.load(Relaxed));
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
pub trait Observer: Send + Sync + 'static {
    /// A job was accepted (C1), with this priority. Told before any thread can start it.
    fn submitted(&self, job: ObservedJob, priority: Priority) {
        let _ = (job, priority);
    }

    /// The acceptance of a job was undone: the queue refused it, or its [`Admission`](crate::Admission) was
    /// dropped. It was told as submitted; there was no job.
    fn withdrawn(&self, job: JobId) {
        let _ = job;
    }

    /// A submit failed for this reason, and gave back this many jobs: one, or those of a batch that were read.
    fn refused(&self, reason: &Refusal, jobs: usize) {
        let _ = (reason, jobs);
    }

    /// A job starts: on the worker with this index, or on a thread that is none, such as one that waits for the
    /// job or has submitted it.
    fn started(&self, job: ObservedJob, worker: Option<usize>) {
        let _ = (job, worker);
    }

    /// A job has ended in this way. If it was started, that was on the same thread, with the same `worker`; if not,
    /// `worker` is the one that ended it, if one has.
    fn ended(&self, job: ObservedJob, worker: Option<usize>, how: Ended) {
        let _ = (job, worker, how);
    }

    /// The worker with this index has been set up, and comes to work.
    fn worker_came(&self, worker: usize) {
        let _ = worker;
    }

    /// A worker did not start, or not anew, for this reason. A pool that has others goes on without it.
    fn start_failed(&self, error: &StartError) {
        let _ = error;
    }

    /// The worker with this index has left. Told once for each that came, before another comes by this index.
    fn worker_left(&self, worker: usize) {
        let _ = worker;
    }

    /// The worker with this index has found no job and sleeps until there is one, or until it leaves. What this submits
    /// to the pool, a [`join`](crate::Handle::join) included, wakes it again, so that the pool never comes to rest.
    fn worker_sleeps(&self, worker: usize) {
        let _ = worker;
    }

    /// The worker with this index was asleep and has found a job.
    fn worker_wakes(&self, worker: usize) {
        let _ = worker;
    }
}

/// An observer that is shared: with the code that reads what it has seen, or among pools.
impl<O: Observer + ?Sized> Observer for Arc<O> {
    fn submitted(&self, job: ObservedJob, priority: Priority) {
        (**self).submitted(job, priority);
    }

    fn withdrawn(&self, job: JobId) {
        (**self).withdrawn(job);
    }

    fn refused(&self, reason: &Refusal, jobs: usize) {
        (**self).refused(reason, jobs);
    }

    fn started(&self, job: ObservedJob, worker: Option<usize>) {
        (**self).started(job, worker);
    }

    fn ended(&self, job: ObservedJob, worker: Option<usize>, how: Ended) {
        (**self).ended(job, worker, how);
    }

    fn worker_came(&self, worker: usize) {
        (**self).worker_came(worker);
    }

    fn start_failed(&self, error: &StartError) {
        (**self).start_failed(error);
    }

    fn worker_left(&self, worker: usize) {
        (**self).worker_left(worker);
    }

    fn worker_sleeps(&self, worker: usize) {
        (**self).worker_sleeps(worker);
    }

    fn worker_wakes(&self, worker: usize) {
        (**self).worker_wakes(worker);
    }
}

/// A job of which an [`Observer`] is told.
///
/// # Examples
///
/// See [`Observer`].
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub struct ObservedJob {
    /// The id of the job, as its submit returns it.
    pub id: JobId,
    /// What the job was called [at its submit](crate::SubmitOptions::label).
    pub label: Option<&'static str>,
}

/// The way in which a job has ended (C3), for an [`Observer`].
///
/// # Examples
///
/// See [`Observer`].
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum Ended {
    /// It has returned.
    Done,
    /// It has panicked.
    Panicked,
    /// It was cancelled before it started.
    Cancelled,
    /// Its time was over before it started.
    Expired,
    /// It was given back unrun.
    Returned,
}
