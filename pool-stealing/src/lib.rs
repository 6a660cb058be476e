//! Work stealing over any injector: the parts from which queues for `pool-core` are built.
//!
//! A [`StealingQueue`] has a deque for each worker, with the jobs that the worker's own jobs submit and
//! those that it took in from outside. A worker takes, in this order, from its own deque, from outside, and
//! from other workers' deques. Two parts can be exchanged:
//!
//! * the [`Injector`], where the jobs from outside wait until a worker takes them in. Here is
//!   [`LockedInjector`]; `pool-flume` has a channel in front of one.
//!   [`Striped`] has several of one kind, for threads that submit at the same time;
//! * the deque, an [`OwnDeque`]. Here is [`LockedDeque`], from the standard library; `pool-crossbeam` has a
//!   lock-free one.
//!
//! # No job is overlooked
//!
//! A worker that looks for jobs looks into the injector and then into the workers' deques. A worker that
//! moves jobs the same way, from the injector to its [`LockedDeque`], [declares](DequeGuard::open) its
//! deque not empty *before* they leave the injector, and holds the deque's lock until they have arrived. So
//! a job that is missed in the injector shows in a deque, and a thread that tries to take it there waits
//! until it has arrived (C7). This holds for [`pop`](pool_core::LocalQueue::pop) and
//! [`steal`](pool_core::LocalQueue::steal) alike.
//!
//! Only between the deques of two workers jobs are out of sight for a moment, since no thread ever holds
//! two workers' locks at once. A lock-free deque has no lock to hold, so there jobs from outside are out of
//! sight on their way as well. The pool allows for both: `steal` may do that, `pop` may not.
//!
//! # No job is starved
//!
//! Every few dozen pops a worker looks elsewhere before it takes the next of its own jobs: for the oldest
//! job of another worker, which may be busy for long; for the oldest of its own, if its deque would keep
//! that for the end; or for one from outside. Each worker, and each of these sources, has its turn. So each
//! job is taken after a number of pops that depends only on the numbers of jobs and workers before it.
//!
//! # Examples
//!
//! An injector of one deque behind one lock, and a queue over it:
//!
//! ```
#![doc = include_str!("../docs/injector.rs")]
//! ```

mod chunks;
mod deque;
mod fifo;
mod injector;
mod locked_deque;
mod locked_injector;
mod memory;
mod queue;
mod random;
mod stealers;
mod striped;

pub use chunks::Chunks;
pub use deque::{Busy, OwnDeque, Stealer};
pub use injector::{DequeGuard, Injector};
pub use locked_deque::{LockedDeque, LockedJobs};
pub use locked_injector::LockedInjector;
pub use queue::{StealingLocal, StealingQueue};
pub use striped::Striped;
