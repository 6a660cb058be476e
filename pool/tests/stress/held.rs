//! Jobs that are accepted before they may start.

use std::sync::Arc;
use std::thread;

use drainpool::{JobError, SubmitOptions, WhenFull};
use pool_core::HeldJob;

use crate::plan::Node;
use crate::spawns::{Spawned, urgency};
use crate::steps::{job, run};
use crate::world::{Place, World};

/// The jobs of a node, which a thread of their own releases, runs or drops, and how many nodes ran here
/// because their jobs were refused.
pub(crate) fn spawn_held(world: &Arc<World>, node: &Node, place: Place) -> (Vec<Spawned>, u64) {
    let (pool, mut spawned, mut jobs, mut rest) = (node.pool, vec![], vec![], vec![]);
    // There is no job yet, and so none of them waits for the room that another one has.
    drop(world.pools[pool].admit(WhenFull::Fail));
    for &at in &node.parts {
        let options = SubmitOptions::new().when_full(WhenFull::Fail).priority(urgency(at));
        match world.pools[pool].admit(options) {
            Ok(admission) => {
                let (held, job) = admission.spawn(job(world, at, pool));
                world.accepted(pool, at);
                jobs.push((at, held));
                spawned.push((at, job));
            }
            Err(reason) => {
                world.refused(pool, place, &reason, true);
                rest.push(at);
            }
        }
    }
    if !jobs.is_empty() {
        thread::spawn(move || jobs.into_iter().rev().for_each(|(at, job)| let_go(at, job)));
    }
    // Not before: they may wait for the room that is held.
    (spawned, rest.into_iter().map(|at| run(world, at, place)).sum())
}

fn let_go(at: usize, job: HeldJob) {
    let runner = job.runner();
    match at % 4 {
        0 => drop(job),
        1 => {
            runner.run();
            job.release();
        }
        2 => {
            job.release();
            runner.run();
        }
        _ => job.release(),
    }
}

pub(crate) fn join_held(world: &World, pool: usize, (at, job): Spawned) -> u64 {
    let outcome = job.join();
    if at % 4 == 0 && matches!(outcome, Err(JobError::Cancelled)) {
        world.cancelled(pool, at);
        return world.plan.nodes[at].total;
    }
    world.outcome(pool, at, &outcome)
}
