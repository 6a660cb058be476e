//! Work stealing over any store of the jobs from outside.
//!
//! Each worker has a deque of its own, behind a lock of its own. There lie the jobs that its jobs
//! submit, and those that it took in from outside. A worker takes, in this order, from its own
//! deque, from outside, and from other workers' deques. Where the jobs from outside wait meanwhile
//! is for an [`Injector`] to say: [`StdQueue`](crate::StdQueue) has a [`LockedInjector`] for it, the
//! crate `pool-flume` a channel in front of one.
//!
//! # No job is overlooked
//!
//! Whoever looks for jobs looks into the injector and then into the workers' deques. A worker that
//! moves jobs the same way, from the injector to its deque, [says](Intake::open) that its deque is
//! not empty *before* they leave the injector, and holds its deque's lock until they are there. So
//! a job that is missed in the injector shows in a deque, and who tries to take it there waits
//! until it has come (C7). This holds for [`pop`](pool_core::LocalQueue::pop) and
//! [`steal`](pool_core::LocalQueue::steal) alike.
//!
//! Only between the deques of two workers jobs are out of sight for a moment, since no two workers'
//! locks are ever held at once; that is what `steal` may do and `pop` may not.
//!
//! # Nobody is starved
//!
//! Every so many pops a worker that has jobs of its own takes in some from outside, and now and then
//! the oldest job of another worker instead, of one after the other: the owner may be busy for long, and
//! the others may never run out of jobs closer to them. Its own come in the order in which they came to
//! it. So each job is taken after a number of pops that depends on nothing but how many jobs, and how
//! many workers, were there before it.
//!
//! # Examples
//!
//! A queue whose jobs from outside lie in one deque behind one lock:
//!
//! ```
#![doc = include_str!("../docs/injector.rs")]
//! ```

mod injector;
mod local;
mod locked;
mod packs;
mod queue;
mod waiting;

pub use injector::{Injector, Intake};
pub use local::StealingLocal;
pub use locked::LockedInjector;
pub use packs::Packs;
pub use queue::StealingQueue;
