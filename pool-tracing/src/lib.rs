//! Spans of [`tracing`] for the jobs of a pool: a job runs in a span of its own, a child of the span in which it was
//! submitted.
//!
//! So the events of a job lie under the request that sent it, on whatever thread it runs, and however deep jobs
//! submit jobs. A [`JobSpan`] is a [`JobContext`]: the pool takes it along with closures and values, with the children
//! of a [`scope`](pool_core::Handle::scope) and the halves of a [`join`](pool_core::Handle::join).
//!
//! [`TraceEvents`] is an [observer](pool_core::Observer) that tells what happens in a pool as events.
//!
//! Most users enable the feature `tracing` of the facade crate `drainpool`, which re-exports it.
//!
//! # Examples
//!
//! ```
//! use drainpool::{JobSpan, ThreadPoolBuilder};
//!
//! let pool = ThreadPoolBuilder::new().context::<JobSpan>().build()?;
//! let request = tracing::info_span!("request", id = 17);
//! let job = request.in_scope(|| {
//!     pool.spawn(|| {
//!         // In the span `job`, within `request`.
//!         tracing::info!("resizing");
//!         (1..=3).product::<u32>()
//!     })
//! })?;
//! assert_eq!(job.join()?, 6);
//! # Ok::<(), Box<dyn std::error::Error + Send + Sync>>(())
//! ```
//!
//! # Cost
//!
//! Without a subscriber, or if the span is filtered out, a job costs some thirty nanoseconds more than one without a
//! context, and one for a [handler](pool_core::ThreadPoolBuilder::build_with) two allocations. With one it costs what the
//! subscriber takes for a span, for each half of a `join` as well: with that of `tracing-subscriber` nearly a microsecond
//! for a job. Divide such work into larger pieces, or use a pool without a context for it.
//! `cargo run --release -p pool-benches --bin contexts` measures it.

mod events;

pub use events::TraceEvents;
use pool_core::{JobContext, JobId, current_job, current_label, current_worker};
use tracing::{Level, Span};

/// The span of a job: named `job`, of the level `INFO`, with the field `worker`, the index of the worker that runs it,
/// if one does; and in a pool that [tracks its jobs](pool_core::ThreadPoolBuilder::track_jobs) with `job` and `label`, as
/// [`TraceEvents`] tells them. Its parent is the span in which the job was submitted; if there is none, it has none.
///
/// It is made and entered when the job starts, and is exited when the job has ended. So a thread that runs a job
/// while it waits for it does not lend the job its own span.
///
/// Where a filter leaves the span out, the job runs in its submitter's span itself. A thread that waits may then lend
/// a job its own: that happens if the job has no other, or one that the thread is in already.
///
/// # Examples
///
/// See [the crate](crate).
#[derive(Debug, Clone)]
pub struct JobSpan {
    submitter: Span,
}

impl JobContext for JobSpan {
    fn capture() -> Self {
        Self { submitter: Span::current() }
    }

    fn enter(self) -> impl Sized {
        let worker = current_worker().map(|worker| worker.index());
        let span = tracing::span!(
            parent: self.submitter.id(), Level::INFO, "job",
            worker, job = current_job().map(JobId::as_u64), label = current_label().as_deref(),
        );
        if span.is_disabled() { self.submitter.entered() } else { span.entered() }
    }
}
