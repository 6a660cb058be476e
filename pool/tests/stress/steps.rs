//! Running a plan's nodes.

use std::panic::resume_unwind;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering::SeqCst};

use drainpool::{Scope, WaitError, WhenFull};

use crate::lanes::execute_in_lanes;
use crate::ops::Op;
use crate::plan::Node;
use crate::spawns::{spawn, urgency};
use crate::timers::set;
use crate::world::{Place, World};

/// Runs a node, at this place. How many nodes have run by its end, of those that it waits for.
pub(crate) fn run(world: &Arc<World>, at: usize, place: Place) -> u64 {
    world.begin(at, place);
    let node = &world.plan.nodes[at];
    let total = 1 + run_parts(world, node, place);
    assert_eq!(total, node.total, "parts of node {at}");
    world.end(at);
    total
}

/// A node as the body of a job.
pub(crate) fn job(
    world: &Arc<World>,
    at: usize,
    pool: usize,
) -> impl FnOnce() -> u64 + Send + 'static {
    let world = Arc::clone(world);
    move || {
        let total = run(&world, at, Place::job_of(pool));
        leave(&world, at, total)
    }
}

/// Ends a job whose node has run.
pub(crate) fn leave(world: &World, at: usize, total: u64) -> u64 {
    if world.plan.nodes[at].panics {
        // Without a word on the standard error output.
        resume_unwind(Box::new("on purpose"));
    }
    total
}

/// The same for a pool whose jobs return nothing.
pub(crate) fn unit<T>(job: impl FnOnce() -> T) -> impl FnOnce() {
    move || {
        job();
    }
}

fn run_parts(world: &Arc<World>, node: &Node, place: Place) -> u64 {
    let (pool, parts) = (&world.pools[node.pool], &*node.parts);
    let part = |part, place| run(world, part, place);
    let shared = place.or_on(node.pool);
    match node.op {
        Op::Leaf => 0,
        Op::WaitIdle => {
            if place.is_in(node.pool) {
                assert_eq!(pool.wait_idle(), Err(WaitError::InsideJob));
            }
            0
        }
        Op::Sequence => parts.iter().map(|&at| part(at, place)).sum(),
        Op::Blocking => pool.blocking(|| parts.iter().map(|&at| part(at, place)).sum()),
        Op::Join => {
            let (a, b) = pool.join(|| part(parts[0], place), || part(parts[1], shared));
            a + b
        }
        Op::Scope => counted(|count| {
            pool.scope(|scope| {
                for &at in parts {
                    scope.spawn(move || count(part(at, shared)));
                }
            });
        }),
        Op::Chain => counted(|count| {
            let part = |at| count(part(at, shared));
            pool.scope(|scope| chain(scope, parts, &part));
        }),
        Op::ForEach => counted(|count| pool.for_each(parts, |&at| count(part(at, shared)))),
        Op::Spawn(how) => spawn(world, node, how, place),
        Op::Execute | Op::ExecuteOrRun | Op::ExecuteUrgent => execute(world, node, place),
        Op::ExecuteBatch => execute_batch(world, node, place),
        Op::ExecuteInLanes => {
            execute_in_lanes(world, node, place);
            0
        }
        Op::Timed(timing) => {
            set(world, node, timing, place);
            0
        }
        Op::Install => install(world, node, place),
        Op::Map | Op::MapUnordered => map(world, node, place),
    }
}

/// What is counted in several threads.
fn counted(work: impl FnOnce(&(dyn Fn(u64) + Sync))) -> u64 {
    let sum = AtomicU64::new(0);
    work(&|ran| {
        sum.fetch_add(ran, SeqCst);
    });
    sum.into_inner()
}

fn chain<'scope>(
    scope: &'scope Scope<'scope, '_>,
    parts: &'scope [usize],
    part: &'scope (dyn Fn(usize) + Sync),
) {
    if let Some((&first, rest)) = parts.split_first() {
        scope.spawn(move || {
            chain(scope, rest, part);
            part(first);
        });
    }
}

fn execute(world: &Arc<World>, node: &Node, place: Place) -> u64 {
    let (pool, at) = (node.pool, node.parts[0]);
    let work = unit(job(world, at, pool));
    let handle = &world.pools[pool];
    let submitted = match node.op {
        Op::ExecuteOrRun => handle.with(WhenFull::RunHere).execute(work),
        Op::ExecuteUrgent => handle.with(urgency(at)).execute(work),
        _ => handle.execute(work),
    };
    match submitted {
        Ok(_) => world.accepted(pool, at),
        Err(error) => {
            world.refused(pool, place, error.reason(), false);
            run(world, at, place);
        }
    }
    0
}

fn execute_batch(world: &Arc<World>, node: &Node, place: Place) -> u64 {
    let (pool, parts) = (node.pool, &node.parts);
    let jobs = parts.iter().map(|&at| unit(job(world, at, pool)));
    let accepted = match world.pools[pool].execute_batch(jobs.collect::<Vec<_>>()) {
        Ok(ids) => ids.len(),
        Err(error) => {
            world.refused(pool, place, error.reason(), false);
            let accepted = error.accepted().len();
            let (read, rest) = error.into_inner();
            assert_eq!(accepted + read.len() + rest.count(), parts.len());
            accepted
        }
    };
    parts[..accepted].iter().for_each(|&at| world.accepted(pool, at));
    for &at in &parts[accepted..] {
        run(world, at, place);
    }
    0
}

fn install(world: &Arc<World>, node: &Node, place: Place) -> u64 {
    let (pool, at) = (node.pool, node.parts[0]);
    if place.is_in(pool) {
        return world.pools[pool].install(|| run(world, at, place)).unwrap();
    }
    world.books[pool].perhaps.fetch_add(1, SeqCst);
    match world.pools[pool].install(|| run(world, at, Place::job_of(pool))) {
        Ok(total) => total,
        Err(error) => {
            world.refused(pool, place, error.reason(), false);
            world.books[pool].calls_back.fetch_add(1, SeqCst);
            run(world, at, place)
        }
    }
}

fn map(world: &Arc<World>, node: &Node, place: Place) -> u64 {
    let pool = node.pool;
    // On a closed pool the inputs are mapped by the caller.
    let there = if place.is_in(pool) { Place::job_of(pool) } else { Place::default() };
    let books = &world.books[pool];
    let jobs = if place.is_in(pool) { &books.accepted } else { &books.perhaps };
    jobs.fetch_add(node.parts.len() as u64, SeqCst);
    let inner = Arc::clone(world);
    let work = move |at| (at, run(&inner, at, there));
    let inputs = node.parts.clone();
    let check = |mapped: Result<(usize, u64), _>| match mapped {
        Ok((at, total)) => _ = world.outcome(pool, at, &Ok(total)),
        Err(error) => assert!(world.is_given_back(pool, &error), "an outcome of a map: {error}"),
    };
    if node.op == Op::Map {
        world.pools[pool].map(inputs, work).for_each(check);
    } else {
        world.pools[pool].map_unordered(inputs, work).buffer(2).for_each(check);
    }
    node.parts.iter().map(|&at| world.plan.nodes[at].total).sum()
}
