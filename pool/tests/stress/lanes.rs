//! Jobs in lanes, and what a lane owes them.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering::SeqCst};

use drainpool::{AnyQueue, Job, LanesExt, Task};

use crate::plan::Node;
use crate::setup::Handle;
use crate::spawns::{Spawned, urgency};
use crate::steps::{job, run, unit};
use crate::world::{Place, World};

type Lanes = drainpool::Lanes<usize, Task, (), AnyQueue<Job<Task>>>;

/// How many keys of lanes there are.
pub(crate) const KEYS: usize = 2;

/// The jobs that run in lanes, by their keys.
#[derive(Default)]
struct Traffic([Lane; KEYS]);

#[derive(Default)]
struct Lane {
    running: AtomicUsize,
    /// One more than the number of the last one that has begun.
    begun: AtomicUsize,
}

impl Traffic {
    /// Checks that no more than these run at a time, while a job does.
    fn pass<T>(&self, key: usize, limit: usize, job: impl FnOnce() -> T) -> T {
        let lane = &self.0[key];
        let others = lane.running.fetch_add(1, SeqCst);
        let _leaves = Leaves(lane);
        assert!(others < limit, "a job runs beside {others} others in a lane with limit {limit}");
        job()
    }

    /// Checks that jobs begin in the order of their numbers if the limit is 1.
    fn come(&self, key: usize, limit: usize, nth: usize) {
        let begun = self.0[key].begun.swap(nth + 1, SeqCst);
        assert!(limit > 1 || begun <= nth, "number {nth} of a lane begins late, at {begun}");
    }
}

struct Leaves<'a>(&'a Lane);

impl Drop for Leaves<'_> {
    fn drop(&mut self) {
        self.0.running.fetch_sub(1, SeqCst);
    }
}

/// The jobs of a node, in one lane or in several by key, and how many nodes ran here because their jobs
/// were refused.
pub(crate) fn spawn_in_lanes(
    world: &Arc<World>,
    node: &Node,
    (keys, limit): (usize, usize),
    place: Place,
) -> (Vec<Spawned>, u64) {
    let (pool, mut spawned, mut here) = (node.pool, Vec::new(), 0);
    let single = world.pools[pool].lane(limit);
    let lanes = world.pools[pool].lanes::<usize>().with_limit(limit);
    let traffic = Arc::new(Traffic::default());
    for (nth, &at) in node.parts.iter().enumerate() {
        let (key, traffic, work) = (at % keys, Arc::clone(&traffic), job(world, at, pool));
        let work = move || {
            traffic.pass(key, limit, || {
                traffic.come(key, limit, nth);
                work()
            })
        };
        let lane = if keys == 1 { single.clone() } else { lanes.lane(&key) };
        match lane.with(urgency(at)).spawn(work) {
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

/// The lanes of one pool that all nodes share.
pub(crate) struct SharedLanes {
    lanes: Lanes,
    traffic: Traffic,
}

impl SharedLanes {
    pub(crate) fn new(pool: &Handle, limit: usize) -> Self {
        Self { lanes: pool.lanes().with_limit(limit), traffic: Traffic::default() }
    }

    /// Whether there is nothing left of them.
    pub(crate) fn is_empty(&self) -> bool {
        self.lanes.is_empty()
    }
}

/// Executes the parts of a node in the lanes that all nodes share.
pub(crate) fn execute_in_lanes(world: &Arc<World>, node: &Node, place: Place) {
    let pool = node.pool;
    for &at in &node.parts {
        let (key, inner, work) = (at % KEYS, Arc::clone(world), job(world, at, pool));
        let work = move || {
            let SharedLanes { lanes, traffic } = &inner.lanes[pool];
            traffic.pass(key, lanes.limit(), work)
        };
        match world.lanes[pool].lanes.lane(&key).execute(unit(work)) {
            Ok(_) => world.accepted(pool, at),
            Err(error) => {
                world.refused(pool, place, error.reason(), false);
                run(world, at, place);
            }
        }
    }
}
