//! Who is measured: our backends, and what one would use instead.
//!
//! A contestant implements the traits of the workloads that it has a way of its own for, in the way
//! that its documentation recommends for speed. What it cannot do is not made up for it.

mod channels;
mod hives;
mod ours;
mod peers;
mod slots;
mod spawners;

use std::any::{Any, TypeId};
use std::collections::HashMap;
use std::ops::Range;
use std::sync::{Mutex, PoisonError};

pub use channels::{
    CrossbeamChannel, CrossfireChannel, FlumeChannel, KanalChannel, ParkringChannel, StdChannel,
};
pub use hives::{
    ChannelCounts, ChannelSums, ChannelThunks, StealingCounts, StealingSums, StealingThunks,
};
pub use ours::{
    OurResultsChannel, OurResultsCrossbeam, OurResultsFlume, OurResultsLockFree, OurResultsStd,
    OursChannel, OursChannelByJoin, OursCrossbeam, OursCrossbeamByJoin, OursFlume, OursFlumeByJoin,
    OursPriority, OursStd, OursStdByJoin, TypedChannel, TypedCrossbeam, TypedFlume, TypedStd,
};
pub use peers::{Chili, Parkring, Rayon, RustyPool, Threadpool};
pub use slots::{ByChannel, Slotted};
pub use spawners::{Affinitypool, ChannelExecutor, SpawnBlocking, StealingExecutor};

/// A pool that takes part.
pub trait Contestant: Send + Sync + 'static {
    /// What it is called in reports: see [`names`](crate::names) for what is in a name.
    const NAME: &'static str;

    /// A pool with so many workers.
    fn start(workers: usize) -> Self;

    /// Called before a round, outside of the time that is taken.
    fn wake(&self) {}

    /// Called after a round, outside of the time that is taken. From here to
    /// [`wake`](Self::wake) the pool takes no processor time, since others are measured.
    fn rest(&self) {}
}

/// A pool that runs closures.
pub trait Execute: Contestant {
    /// Submits a closure, from outside or from inside.
    fn execute(&self, job: impl FnOnce() + Send + 'static);
}

/// A pool that takes many closures in one call.
pub trait Batch: Contestant {
    /// Submits them all.
    fn execute_all<F: FnOnce() + Send + 'static>(&self, jobs: impl ExactSizeIterator<Item = F>);
}

/// A pool that takes many numbers in one call. Its workers count each of them down, see
/// [`count_down`](crate::scenarios::count_down).
pub trait TypedBatch: Contestant {
    /// Submits them all.
    fn submit_all(&self, numbers: Range<u64>);
}

/// A pool that adds one to numbers, with the results collected.
pub trait Results: Contestant {
    /// Submits a number.
    fn submit(&'static self, number: u64);

    /// The sum of the next so many results.
    fn sum_of(&self, count: usize) -> u64;
}

/// A pool whose jobs have handles, of a type that has a name: see [`Joined`] for others.
pub trait Handles: Contestant {
    /// What stands for a job.
    type Handle;

    /// Submits a closure.
    fn spawn(&self, job: impl FnOnce() -> u64 + Send + 'static) -> Self::Handle;

    /// Waits for all of these jobs. The sum of what they returned.
    fn join_all(&self, handles: Vec<Self::Handle>) -> u64;
}

/// A pool that runs jobs with handles, all of which are waited for.
pub trait Joined: Contestant {
    /// Submits these closures one by one, then waits for each. The sum of what they returned.
    fn spawn_and_join_all<F>(&self, jobs: impl Iterator<Item = F>) -> u64
    where
        F: FnOnce() -> u64 + Send + 'static;
}

impl<C: Handles> Joined for C {
    fn spawn_and_join_all<F>(&self, jobs: impl Iterator<Item = F>) -> u64
    where
        F: FnOnce() -> u64 + Send + 'static,
    {
        let handles = jobs.map(|job| self.spawn(job)).collect();
        self.join_all(handles)
    }
}

/// A pool that adds one to a number while the caller waits for it.
pub trait RoundTrip: Contestant {
    /// Submits the number and waits for the result, as one does who has nothing else to do.
    fn round_trip(&'static self, number: u64) -> u64;
}

/// A pool for divide and conquer.
pub trait ForkJoin: Contestant {
    /// What joins go through.
    type Scope<'a>;

    /// Calls a closure inside of the pool: on one of its workers.
    fn enter(&self, f: impl FnOnce(&mut Self::Scope<'_>) -> u64 + Send) -> u64;

    /// Calls two closures, perhaps on two threads.
    fn join(
        scope: &mut Self::Scope<'_>,
        a: impl FnOnce(&mut Self::Scope<'_>) -> u64 + Send,
        b: impl FnOnce(&mut Self::Scope<'_>) -> u64 + Send,
    ) -> (u64, u64);
}

/// The pool of this type with so many workers: the same at each call. Its threads stay until the
/// process ends, since the jobs of some workloads hold a reference to their pool, and a count of
/// references for each job would be measured with the job.
pub(crate) fn shared<C: Contestant>(workers: usize) -> &'static C {
    type Shared = Mutex<Option<HashMap<(TypeId, usize), &'static (dyn Any + Send + Sync)>>>;
    static POOLS: Shared = Mutex::new(None);

    let mut pools = POOLS.lock().unwrap_or_else(PoisonError::into_inner);
    let pool =
        pools.get_or_insert_default().entry((TypeId::of::<C>(), workers)).or_insert_with(|| {
            let pool: &'static C = Box::leak(Box::new(C::start(workers)));
            // Until its first round.
            pool.rest();
            pool
        });
    pool.downcast_ref().expect("the type is in the key")
}
