//! What calls of other thread pools look like here, and what differs.
//!
//! Each page has their calls beside ours, an example that runs as a test, and a table of what differs: panics,
//! drops, waiting inside of a job, order, bounds, cancelling, and where results go. What they have and this
//! crate has not is named at the end.
//!
//! | from | page |
//! |---|---|
//! | `threadpool` | [`threadpool`] |
//! | `workerpool` | [`workerpool`] |
//! | `scoped_threadpool` | [`scoped_threadpool`] |
//! | `rusty_pool` | [`rusty_pool`] |
//! | `rayon` | [`rayon`] |
//! | `beekeeper` | [`beekeeper`] |
//! | tokio's `spawn_blocking`, and `unblock` of `blocking` | [`spawn_blocking`] |
//! | the pool of `futures`, and `async-executor` | [`futures`] |
//! | Python: `concurrent.futures`, `multiprocessing.pool.ThreadPool` | [`python`] |
//! | Python: threads around a `Queue` | [`python_by_hand`] |
//! | Java: `ExecutorService`, `CompletableFuture`, `ForkJoinPool` | [`java`] |
//! | Java: `ScheduledThreadPoolExecutor` | `java_scheduled`, with the feature `timer` |
//! | Go: workers around a channel, `errgroup` | [`go`] |
//!
//! # Wherever you come from
//!
//! * A submit can be refused, so it returns a `Result`. The error [gives the job back](crate::SubmitError).
//! * An accepted job has one outcome, a panic included. It goes to its [handle](crate::JobHandle), or to the
//!   pool's [sink](crate::ResultSink) if the job was executed or submitted without one.
//! * The pool has one owner, whose drop waits until everything has run, or does what [`OnDrop`](crate::OnDrop)
//!   says. A [`Handle`](pool_core::Handle) submits from elsewhere, and keeps nothing open.
//! * Jobs from outside start about in their order. A worker takes several from the front at a time, so of a backlog
//!   of long jobs one may start well after later ones. The backend `channel` keeps the order strictly.
//! * A job may wait for another one, with a single worker: it runs what it waits for.
//! * The bound, if there is one, is for submitters from outside; a job's own jobs are not held up.
//!
//! [`pitfalls`](crate::pitfalls) tells more of what may surprise.

#[doc = include_str!("../docs/coming_from/threadpool.md")]
pub mod threadpool {}

#[doc = include_str!("../docs/coming_from/workerpool.md")]
pub mod workerpool {}

#[doc = include_str!("../docs/coming_from/scoped_threadpool.md")]
pub mod scoped_threadpool {}

#[doc = include_str!("../docs/coming_from/rusty_pool.md")]
pub mod rusty_pool {}

#[doc = include_str!("../docs/coming_from/rayon.md")]
pub mod rayon {}

#[doc = include_str!("../docs/coming_from/beekeeper.md")]
pub mod beekeeper {}

#[doc = include_str!("../docs/coming_from/spawn_blocking.md")]
pub mod spawn_blocking {}

#[doc = include_str!("../docs/coming_from/futures.md")]
pub mod futures {}

#[doc = include_str!("../docs/coming_from/python.md")]
pub mod python {}

#[doc = include_str!("../docs/coming_from/python_by_hand.md")]
pub mod python_by_hand {}

#[doc = include_str!("../docs/coming_from/java.md")]
pub mod java {}

#[cfg(feature = "timer")]
#[cfg_attr(docsrs, doc(cfg(feature = "timer")))]
#[doc = include_str!("../docs/coming_from/java_scheduled.md")]
pub mod java_scheduled {}

#[doc = include_str!("../docs/coming_from/go.md")]
pub mod go {}
