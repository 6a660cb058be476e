//! Lanes: jobs that run in order, or at most a few at a time, on the workers of a pool of `drainpool`.
//!
//! A [`Lane`] with the limit 1 is what others call a *strand*, a *serial executor* or a *serial queue*; with a
//! larger one, a *concurrency limit* for one kind of work. [`Lanes`] has one lane for each key: per-key order,
//! per-host limits. No worker waits for a lane: a job is not handed to one before its turn has come.
//!
//! Most users enable the feature `lanes` of the facade crate `drainpool`, which re-exports all of this.
//!
//! # Example
//!
//! A program that downloads pages, at most two at a time from one host, and appends what it gets to a few
//! files, to each in order:
//!
//! ```
//! # use std::collections::HashMap;
//! # use std::sync::{Arc, Mutex};
//! # type Files = Arc<Mutex<HashMap<String, String>>>;
//! # fn download(host: &str, page: u32) -> String { format!("{host}/{page}\n") }
//! # fn append(files: &Files, name: &str, text: &str) {
//! #     files.lock().unwrap().entry(name.to_owned()).or_default().push_str(text);
//! # }
//! use drainpool::{LanesExt, ThreadPoolBuilder};
//!
//! let pool = ThreadPoolBuilder::new().num_threads(8).build()?;
//! let hosts = pool.lanes::<str>().with_limit(2);
//! let writers = pool.lanes::<String>();
//! # let files = Files::default();
//!
//! for page in 0..30 {
//!     let host = ["docs.example", "www.example", "files.example"][page as usize % 3];
//!     let (writers, files) = (writers.clone(), files.clone());
//!     hosts.lane(host).execute(move || {
//!         let text = download(host, page);
//!         let name = format!("{host}.txt");
//!         // A job of one lane may submit to another, and to its own.
//!         writers.lane(&name).execute({
//!             let name = name.clone();
//!             move || append(&files, &name, &text)
//!         }).unwrap();
//!     })?;
//! }
//! assert_eq!(pool.shutdown().done, 60);
//! # assert!(files.lock().unwrap().values().all(|text| text.lines().count() == 10));
//! # Ok::<(), Box<dyn std::error::Error + Send + Sync>>(())
//! ```
//!
//! # Over a pool with a handler
//!
//! A lane runs closures, on any pool. On a pool for one type of jobs they do not reach the workers' handlers;
//! what each worker has for them is its [state](pool_core::ThreadPoolBuilder::worker_state):
//!
//! ```
//! use std::cell::Cell;
//! use drainpool::{LanesExt, ThreadPoolBuilder, with_worker_state};
//!
//! /// Stands for what a worker has for itself.
//! struct Connection { queries: Cell<u32> }
//!
//! let builder = ThreadPoolBuilder::new().num_threads(1);
//! let pool = builder.worker_state(|_worker| Connection { queries: Cell::new(0) }).build()?;
//! let customers = pool.lanes::<str>();
//! let order = |customer| customers.lane(customer).spawn(|| {
//!     with_worker_state(|connection: &Connection| {
//!         connection.queries.set(connection.queries.get() + 1);
//!         connection.queries.get()
//!     })
//! });
//! assert_eq!((order("Ada")?.join()?, order("Grace")?.join()?), (Some(1), Some(2)));
//! # Ok::<(), Box<dyn std::error::Error + Send + Sync>>(())
//! ```
//!
//! A handler that [`build_with`](pool_core::ThreadPoolBuilder::build_with) makes is not within reach of a lane, and a
//! [call](pool_core::Handle::call) from a job of a lane does not lead there: a wait for it inside of the pool ends
//! as [`InsideJob`](pool_core::JobError::InsideJob).
//!
//! # Two limits
//!
//! A job is in one lane. A limit for each customer and another over all of them do not combine without a worker
//! that waits: a job that submits to a second lane has left the first one when it returns. Where the second limit
//! is over all jobs of a kind, give that kind a pool of so many threads, and have the lanes on that.
//!
//! # Jobs of a lane
//!
//! A job of a lane is a job of the pool from its submit on: accepted or refused like any other, counted,
//! numbered, cancelled or expired by the same means, with its outcome in the sink or in its handle. Only when it
//! starts is decided by its lane. So:
//!
//! * **Order.** With the limit 1 jobs run one at a time, each after the end of the one before, in the order of
//!   their submits: for the submits of one thread, and whenever one submit has returned before another
//!   begins. What one job wrote, the next one reads. With a larger limit they start in about this order.
//! * **A job ends** by returning, by a panic, cancelled, expired or given back by a pool that has failed; in
//!   every case the next one has its turn. [`shutdown_now`](pool_core::Pool::shutdown_now) ends those that have
//!   not started as [returned](pool_core::JobError::Returned); it does not give them back.
//! * **Bounded pools.** A job that waits in its lane has a place in the pool's queue, like any other. A submit
//!   to a full pool waits, or does [what it was told to](Lane::with); a lane whose jobs are slow can so take
//!   all places. `try_execute` and `try_spawn` then fail, and give the closure back.
//! * **The end.** A pool that is closed still runs what its lanes have accepted, and what those jobs submit;
//!   the pool is not idle before. A paused pool starts no job of a lane either.
//! * **Priority.** A job has that of [its submit](Lane::with). It is not inherited by what the job submits.
//! * **Fairness.** Each job of a lane goes through the pool's queue by itself, when its turn has come. A long
//!   lane takes no more of the workers' time than its limit of jobs would.
//! * **Nothing lingers.** An empty lane is some hundred bytes, a lane of [`Lanes`] nothing.
//!
//! # Waiting for a job of a lane
//!
//! A thread that waits for a job inside of a job runs it, if it has not started (C11). If it is a job of a
//! lane, that thread first brings it to its turn: it runs the jobs of the lane that come before and have not
//! started, in their order, and waits for those that run elsewhere. They lie above the waiting job on its stack, one
//! after the other. So that needs no free worker. The same goes for
//! [`join_or_run`](pool_core::JobHandle::join_or_run), on any thread.
//!
//! [`join_timeout`](pool_core::JobHandle::join_timeout) and a poll inside of a job do the same, and so may take
//! as long as those jobs do.
//!
//! A job that waits for a later one of its own lane keeps the turn that the later one needs. If every turn is
//! kept in this way, by one job or by several on other threads, none of them would ever end. That is found
//! out: the later job does not run, and its outcome is a [panic](pool_core::JobError::Panicked) that says so.
//! Other circles over several threads wait for ever, as
//! [elsewhere](pool_core::JobHandle#waiting-inside-of-a-job).

mod keyed;
mod lane;
mod registry;
mod sync;
mod turns;

use std::hash::Hash;
use std::sync::Arc;

use pool_core::{Handle, Job, WorkQueue};

pub use keyed::Lanes;
pub use lane::{Lane, LaneSubmitter};

use crate::turns::Turns;

/// Lanes for pools: implemented for every handle, and so there on every pool.
///
/// # Examples
///
/// ```
/// use drainpool::{LanesExt, ThreadPool};
///
/// let pool: ThreadPool = ThreadPool::new(4)?;
/// let log = pool.lane(1);
/// let users = pool.lanes::<u64>();
/// users.lane(&17).execute(move || {
///     log.execute(|| println!("17 was here")).unwrap();
/// })?;
/// # Ok::<(), Box<dyn std::error::Error + Send + Sync>>(())
/// ```
pub trait LanesExt<J, R, Q> {
    /// Returns a new lane, of which at most `limit` jobs run at a time: at least 1, which also keeps the order.
    fn lane(&self, limit: usize) -> Lane<J, R, Q>;

    /// Returns one lane for each key, with the limit 1, unless [another](Lanes::with_limit) is set. Each call
    /// has lanes of its own: clone what it returns.
    fn lanes<K: Hash + ?Sized>(&self) -> Lanes<K, J, R, Q>;
}

impl<J: Send + 'static, R: 'static, Q: WorkQueue<Job<J>>> LanesExt<J, R, Q> for Handle<J, R, Q> {
    fn lane(&self, limit: usize) -> Lane<J, R, Q> {
        Lane::new(self.clone(), Arc::new(Turns::new(limit, None)))
    }

    fn lanes<K: Hash + ?Sized>(&self) -> Lanes<K, J, R, Q> {
        Lanes::new(self.clone())
    }
}
