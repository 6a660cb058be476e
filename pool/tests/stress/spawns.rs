//! Jobs with handles, in all the ways in which one can make, await and abandon them.

use std::sync::Arc;
use std::time::Duration;

use drainpool::{JobHandle, JobSet, Priority, SubmitOptions, WhenFull};

use crate::cancelling::{cancel, cancel_all, cancel_dropped, spawn_cancellable};
use crate::held::{join_held, spawn_held};
use crate::lanes::{KEYS, spawn_in_lanes};
use crate::ops::How;
use crate::plan::Node;
use crate::setup::block_on::block_on;
use crate::steps::{job, run};
use crate::world::{Place, World};

/// So long that it only passes when something hangs.
const LONG: Duration = Duration::from_secs(3_600_000);

pub(crate) type Spawned = (usize, JobHandle<u64>);

/// A priority that says nothing, but is not the same for all.
pub(crate) fn urgency(at: usize) -> Priority {
    Priority::new(at as u8 as i8)
}

/// Spawns a node's parts and does with their handles what it says. How many nodes have run, of those
/// that it waits for.
pub(crate) fn spawn(world: &Arc<World>, node: &Node, how: How, place: Place) -> u64 {
    let pool = node.pool;
    let (spawned, here) = match how {
        How::Batch => spawn_batch(world, node, place),
        How::Cancellable => {
            spawn_cancellable(world, node, place);
            return 0;
        }
        How::Held => spawn_held(world, node, place),
        How::Lane(limit) => spawn_in_lanes(world, node, (1, limit), place),
        How::Lanes(limit) => spawn_in_lanes(world, node, (KEYS, limit), place),
        _ => spawn_each(world, node, how, place),
    };
    match how {
        How::Drop => 0,
        How::CancelOnDrop => {
            spawned.into_iter().for_each(|spawned| cancel_dropped(world, pool, spawned));
            0
        }
        How::Cancel | How::Canceller => {
            spawned.into_iter().for_each(|spawned| cancel(world, pool, spawned, how));
            0
        }
        How::CancelAll => {
            cancel_all(world, pool, spawned);
            0
        }
        How::SetNext | How::SetTimeout | How::SetAll => here + join_set(world, pool, spawned, how),
        How::Held => {
            here + spawned.into_iter().map(|spawned| join_held(world, pool, spawned)).sum::<u64>()
        }
        // The last one first, for a change.
        _ => {
            let joined = spawned.into_iter().rev().map(|spawned| join(world, pool, spawned, how));
            here + joined.sum::<u64>()
        }
    }
}

fn spawn_each(world: &Arc<World>, node: &Node, how: How, place: Place) -> (Vec<Spawned>, u64) {
    let (mut spawned, mut here) = (Vec::new(), 0);
    for &at in &node.parts {
        match spawn_one(world, node.pool, at, how, place) {
            Some(job) => spawned.push((at, job)),
            None => here += run(world, at, place),
        }
    }
    (spawned, here)
}

/// `None` if the job was refused, and may be.
fn spawn_one(
    world: &Arc<World>,
    pool: usize,
    at: usize,
    how: How,
    place: Place,
) -> Option<JobHandle<u64>> {
    let (handle, work) = (&world.pools[pool], job(world, at, pool));
    let spawned = match how {
        How::Expiring => handle.with(SubmitOptions::new().start_within(LONG)).spawn(work),
        How::Try => handle.try_spawn(work),
        How::OrRun => handle.with(WhenFull::RunHere).spawn(work),
        How::Poll => block_on(handle.spawn_async(work)),
        How::Cancel => handle.with(urgency(at)).spawn(work),
        How::JoinTimeout => handle.with(WhenFull::WaitFor(LONG)).spawn(work),
        _ => handle.spawn(work),
    };
    match spawned {
        Ok(job) => {
            world.accepted(pool, at);
            Some(job)
        }
        Err(error) => {
            world.refused(pool, place, error.reason(), how == How::Try);
            None
        }
    }
}

/// The jobs, and how many nodes ran here because their jobs were refused.
fn spawn_batch(world: &Arc<World>, node: &Node, place: Place) -> (Vec<Spawned>, u64) {
    let (pool, parts) = (node.pool, &node.parts);
    let jobs: Vec<_> = parts.iter().map(|&at| job(world, at, pool)).collect();
    match world.pools[pool].spawn_batch(jobs) {
        Ok(jobs) => {
            parts.iter().for_each(|&at| world.accepted(pool, at));
            (parts.iter().copied().zip(jobs).collect(), 0)
        }
        Err(error) => {
            world.refused(pool, place, error.reason(), false);
            let accepted = error.accepted().len();
            let (read, rest) = error.into_inner();
            assert_eq!(accepted + read.len() + rest.count(), parts.len());
            let (jobs, rest) = parts.split_at(accepted);
            jobs.iter().for_each(|&at| world.accepted(pool, at));
            // Their handles went with the error, so nothing waits for them.
            let lost: u64 = jobs.iter().map(|&at| world.plan.nodes[at].total).sum();
            (Vec::new(), lost + rest.iter().map(|&at| run(world, at, place)).sum::<u64>())
        }
    }
}

fn join(world: &World, pool: usize, (at, mut job): Spawned, how: How) -> u64 {
    let outcome = match how {
        How::JoinTimeout => job.join_timeout(LONG).expect("it is long"),
        How::JoinOrRun => job.join_or_run(),
        How::Poll => block_on(job),
        _ => job.join(),
    };
    world.outcome(pool, at, &outcome)
}

fn join_set(world: &World, pool: usize, spawned: Vec<Spawned>, how: How) -> u64 {
    let (nodes, jobs): (Vec<usize>, Vec<_>) = spawned.into_iter().unzip();
    let mut set: JobSet<u64> = jobs.into_iter().collect();
    if how == How::SetAll {
        let outcomes = set.join_all();
        assert_eq!(outcomes.len(), nodes.len());
        let outcomes = nodes.iter().zip(&outcomes);
        return outcomes.map(|(&at, outcome)| world.outcome(pool, at, outcome)).sum();
    }
    let mut next = || match how {
        How::SetTimeout => set.join_next_timeout(LONG).expect("it is long"),
        _ => set.join_next(),
    };
    let mut total = 0;
    while let Some((nth, outcome)) = next() {
        total += world.outcome(pool, nodes[nth], &outcome);
    }
    total
}
