//! Jobs with handles, in all the ways in which one can make, await and abandon them.

use std::sync::Arc;
use std::time::Duration;

#[cfg(feature = "lanes")]
use drainpool::LanesExt;
use drainpool::{JobError, JobHandle, JobSet, Priority, SubmitOptions, WhenFull};

use crate::plan::{How, Node};
use crate::setup::block_on::block_on;
use crate::steps::{job, run};
use crate::world::{Place, World};

/// So long that it only passes when something hangs.
const LONG: Duration = Duration::from_secs(3_600);

type Spawned = (usize, JobHandle<u64>);

/// Spawns a node's parts and does with their handles what it says. How many nodes have run, of those
/// that it waits for.
pub(crate) fn spawn(world: &Arc<World>, node: &Node, how: How, place: Place) -> u64 {
    let pool = node.pool;
    let mut here = 0;
    let spawned: Vec<Spawned> = match how {
        How::Batch => {
            let (spawned, rest) = spawn_batch(world, node, place);
            here += rest;
            spawned
        }
        #[cfg(feature = "lanes")]
        How::Lane => {
            let (spawned, rest) = spawn_in_lane(world, node, place);
            here += rest;
            spawned
        }
        _ => {
            let one = |&at: &usize| match spawn_one(world, pool, at, how, place) {
                Some(job) => Some((at, job)),
                None => {
                    here += run(world, at, place);
                    None
                }
            };
            node.parts.iter().filter_map(one).collect()
        }
    };
    match how {
        How::Drop => 0,
        How::Cancel | How::Canceller => {
            spawned.into_iter().for_each(|spawned| cancel(world, pool, spawned, how));
            0
        }
        How::CancelAll => {
            cancel_all(world, pool, spawned);
            0
        }
        How::SetNext | How::SetTimeout | How::SetAll => here + join_set(world, pool, spawned, how),
        // The last one first, for a change.
        _ => {
            let joined = spawned.into_iter().rev().map(|spawned| join(world, pool, spawned, how));
            here + joined.sum::<u64>()
        }
    }
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
        How::Cancel => handle.with(Priority::new(at as u8 as i8)).spawn(work),
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

/// The jobs of a lane of their own, and how many nodes ran here because their jobs were refused.
#[cfg(feature = "lanes")]
fn spawn_in_lane(world: &Arc<World>, node: &Node, place: Place) -> (Vec<Spawned>, u64) {
    let (pool, mut spawned, mut here) = (node.pool, Vec::new(), 0);
    let lane = world.pools[pool].lane(1 + node.parts.len() % 2);
    for &at in &node.parts {
        match lane.spawn(job(world, at, pool)) {
            Ok(job) => {
                world.accepted(pool, at);
                spawned.push((at, job));
            }
            Err(error) => {
                world.refused(pool, place, error.reason(), false);
                here += run(world, at, place);
            }
        }
    }
    (spawned, here)
}

fn join(world: &World, pool: usize, (at, mut job): Spawned, how: How) -> u64 {
    let outcome = match how {
        How::JoinTimeout => job.join_timeout(LONG).expect("an hour is long"),
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
        How::SetTimeout => set.join_next_timeout(LONG).expect("an hour is long"),
        _ => set.join_next(),
    };
    let mut total = 0;
    while let Some((nth, outcome)) = next() {
        total += world.outcome(pool, nodes[nth], &outcome);
    }
    total
}

fn cancel(world: &World, pool: usize, (at, job): Spawned, how: How) {
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

fn cancel_all(world: &World, pool: usize, spawned: Vec<Spawned>) {
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
