//! Jobs that are cancelled.

use std::sync::Arc;
use std::thread::yield_now;

use drainpool::{CancellationToken, JobError, JobSet};

use crate::ops::How;
use crate::plan::Node;
use crate::spawns::Spawned;
use crate::steps::{leave, run};
use crate::world::{Place, World};

pub(crate) fn cancel(world: &World, pool: usize, (at, job): Spawned, how: How) {
    let in_time = if how == How::Canceller {
        let canceller = job.canceller();
        let in_time = canceller.cancel();
        assert!(!canceller.cancel(), "cancelled twice");
        in_time
    } else {
        job.cancel()
    };
    if in_time {
        world.cancelled(pool, at);
        assert!(job.is_finished());
        assert!(matches!(job.join(), Err(JobError::Cancelled)));
    } else {
        world.outcome(pool, at, &job.join());
    }
}

pub(crate) fn cancel_all(world: &World, pool: usize, spawned: Vec<Spawned>) {
    let (nodes, jobs): (Vec<usize>, Vec<_>) = spawned.into_iter().unzip();
    let mut set: JobSet<u64> = jobs.into_iter().collect();
    let mut left = set.cancel_all();
    while let Some((nth, outcome)) = set.join_next() {
        if matches!(outcome, Err(JobError::Cancelled)) {
            left -= 1;
            world.cancelled(pool, nodes[nth]);
        } else {
            world.outcome(pool, nodes[nth], &outcome);
        }
    }
    assert_eq!(left, 0, "cancelled, and no outcome says so");
}

/// Makes handles that cancel on drop. Nobody learns whether they did so in time.
pub(crate) fn cancel_dropped(world: &World, pool: usize, (at, job): Spawned) {
    let job = job.cancel_on_drop();
    if is_dropped(at) {
        world.linger(at);
        let canceller = job.canceller();
        drop(job);
        assert!(!canceller.cancel(), "the drop has not cancelled it");
    } else {
        world.outcome(pool, at, &job.disarm().join());
    }
}

/// Whether the handle to this job, which would cancel it, is dropped.
pub(crate) fn is_dropped(at: usize) -> bool {
    !at.is_multiple_of(3)
}

/// Spawns jobs that run until they are cancelled, one after the other.
pub(crate) fn spawn_cancellable(world: &Arc<World>, node: &Node, place: Place) {
    let pool = node.pool;
    for &at in &node.parts {
        let inner = Arc::clone(world);
        let work = move |token: &CancellationToken| {
            let total = run(&inner, at, Place::job_of(pool));
            while !token.is_cancelled() {
                yield_now();
            }
            leave(&inner, at, total)
        };
        match world.pools[pool].spawn_cancellable(work) {
            Ok(job) => {
                world.accepted(pool, at);
                world.linger(at);
                cancel(world, pool, (at, job), How::Cancel);
            }
            Err(error) => {
                world.refused(pool, place, error.reason(), false);
                run(world, at, place);
            }
        }
    }
}
