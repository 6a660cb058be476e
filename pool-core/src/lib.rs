//! The core of a thread pool with an exchangeable queue: the contract, the worker loop and the wake-up
//! protocol. It depends on the standard library alone.
//!
//! Most users take the facade crate `drainpool`, which picks a queue. This crate is for authors of a queue
//! ([`WorkQueue`]) or a sink ([`ResultSink`]).
//!
//! # The contract
//!
//! Whatever the queue and whatever the sink, a pool keeps these clauses. Tests, comments and this
//! documentation cite them by number.
//!
//! | | clause |
//! |---|---|
//! | C1 | **Accepted or returned.** A submit is accepted, or hands the job back inside its error. Which of the two is decided at one atomic point together with close. |
//! | C2 | **Once.** An accepted job starts at most once, on one worker. |
//! | C3 | **One outcome.** An accepted job has exactly one outcome: done, panicked, cancelled, expired, or returned: taken back, or left when the pool ended without it. It reaches the sink, or the handle if it has one; nothing is dropped in silence. |
//! | C4 | **Nested.** A running job may submit more, also while the pool drains; those are drained too, or returned like all others after a `shutdown_now`. |
//! | C5 | **Drain, then exit.** After close the workers leave when nothing is queued and nothing runs, and not before. The books balance: each accepted job is counted with its outcome. |
//! | C6 | **Closed is closed.** After close nothing is accepted from outside; a forgotten handle cannot keep the pool open. |
//! | C7 | **No lost wake-up.** If a job waits and a worker is free, the job starts. Nothing polls, and an idle pool uses no CPU. |
//! | C8 | **A panic is one job's affair.** In its body, in a drop, in a sink or in a hook: the worker, the counts and every other job go on. |
//! | C9 | **Nothing lingers.** A job's captures are dropped before its outcome is visible; no idle worker keeps anything alive; a drained burst's memory is given back. |
//! | C10 | **Threads are accounted for.** A thread that fails to start is an error with everything undone. After shutdown or drop no thread of the pool is left. |
//! | C11 | **Waiting in a job is safe.** Waiting for a job inside of a job needs no free worker, and runs nothing on the waiter's stack but that job or what it is made of. |
//!
//! No pool can survive what Rust itself makes the end of a process: a drop that panics while its own thread unwinds from
//! another panic aborts the process, and so does every panic under `panic = "abort"`.
//!
//! # Inside
//!
//! A queue only stores jobs. Accepting and closing are one atomic word. Sleeping, waking and the notice
//! that the pool is quiescent are one protocol, which is model-checked.
//!
//! Besides the jobs for the pool's handler, a queue holds *job refs*: to a job that lies in a cell with its
//! handle, to the jobs of a scope, to the second closure of a join. The first thread to take the work runs
//! it, be it a worker or the thread that waits. After that the job ref is stale, and no job. So all of that
//! is the same over every queue.
//!
//! # Example
//!
//! ```
//! use drainpool::{Collect, ThreadPoolBuilder};
//!
//! let results = Collect::new();
//! let pool = ThreadPoolBuilder::new()
//!     .num_threads(4)
//!     .sink(results.clone())
//!     .build()?;
//! for n in 1..=100_u64 {
//!     pool.execute(move || n * n)?;
//! }
//! let report = pool.shutdown();
//! assert_eq!(report.accepted, report.done + report.panicked);
//!
//! let sum: u64 = results.take().into_iter().map(|done| done.outcome.unwrap()).sum();
//! assert_eq!(sum, 338_350);
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```

mod api;
mod cancellation;
mod clock;
mod error;
mod id;
mod in_context;
mod job_context;
mod observer;
mod panics;
mod parts;
mod priority;
mod queue;
mod report;
mod runtime;
mod sink;
mod sync;
mod task;
mod thread_factory;

pub use api::batch::{BatchError, SpawnedBatch};
pub use api::builder::ThreadPoolBuilder;
pub use api::cancel_on_drop::CancelOnDrop;
pub use api::current::{CurrentWorker, current_worker, with_worker_state};
pub use api::handle::Handle;
pub use api::held_job::{Admission, HeldJob, Runner};
pub use api::job_handle::{Canceller, JobHandle};
pub use api::job_set::{AsCompleted, Finished, JobSet, as_completed};
pub use api::map::{Map, MapUnordered};
pub use api::pool::{Pool, ThreadPool};
pub use api::reserve::{Place, Reserve};
pub use api::running::{RunningJob, current_job, current_label, label_job};
pub use api::scope::Scope;
pub use api::settings::{MAX_CAPACITY, MAX_THREADS};
pub use api::shutdown_future::ShutdownFuture;
pub use api::submit_async::SubmitFuture;
pub use api::submit_options::{SubmitOptions, WhenFull};
pub use api::submitter::Submitter;
pub use api::worker_context::WorkerContext;
pub use cancellation::CancellationToken;
pub use clock::{Clock, ManualClock, SystemClock};
pub use error::{
    BuildError, Cancelled, JobError, Refusal, ResizeError, StartCause, StartError, SubmitError,
    WaitError,
};
pub use id::{JobId, JobIds, PoolId};
pub use in_context::InContext;
pub use job_context::{JobContext, NoContext};
pub use observer::{Ended, ObservedJob, Observer};
pub use panics::{Panic, PanicPolicy, keep_input};
pub use parts::thread_number::{set_thread_number, thread_number};
pub use parts::watchers::Notice;
pub use priority::{Prioritized, Priority};
pub use queue::{LocalQueue, MakeQueue, PushError, Ready, WorkQueue};
pub use report::{ShutdownReport, Stats};
pub use runtime::config::OnDrop;
pub use runtime::job::Job;
pub use sink::{Collect, Completed, FnSink, InOrder, NoSink, ResultSink, SinkClosed, sink_fn};
pub use task::Task;
pub use thread_factory::{JoinHandle, StdThreads, ThreadFactory, WorkerThread};
