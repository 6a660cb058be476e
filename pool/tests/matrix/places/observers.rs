//! An observer, told on workers and on the threads of submitters.

use std::sync::Arc;

use drainpool::{Ended, ObservedJob, Observer, Priority};

use super::{close, dormant, leave, start_another, start_first};
use crate::world::{Builder, World};

/// Of what the observer is told when it makes the call.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum At {
    Submitted,
    Started,
    Ended,
    Came,
    Left,
    Sleeps,
    Wakes,
}

/// An observer that makes the call at one point, on a worker or on the thread that arranges the cell.
struct Calls {
    world: Arc<World>,
    at: At,
}

impl Calls {
    fn reach(&self, at: At) {
        if at == self.at && (at == At::Submitted) == self.world.is_caller() {
            self.world.fire();
        }
    }
}

impl Observer for Calls {
    fn submitted(&self, _: ObservedJob, _: Priority) {
        self.reach(At::Submitted);
    }

    fn started(&self, _: ObservedJob, _: Option<usize>) {
        self.reach(At::Started);
    }

    fn ended(&self, _: ObservedJob, _: Option<usize>, _: Ended) {
        self.reach(At::Ended);
    }

    fn worker_came(&self, _: usize) {
        self.reach(At::Came);
    }

    fn worker_left(&self, _: usize) {
        self.reach(At::Left);
    }

    fn worker_sleeps(&self, _: usize) {
        self.reach(At::Sleeps);
    }

    fn worker_wakes(&self, _: usize) {
        self.reach(At::Wakes);
    }
}

fn observed(world: &Arc<World>, at: At) -> Builder {
    world.builder().observer(Calls { world: Arc::clone(world), at })
}

fn about_a_job(world: &Arc<World>, at: At) {
    world.adopt(observed(world, at).build().unwrap());
    world.arm();
    world.execute(|| ());
    world.wait_called();
}

pub(crate) fn submitted(world: &Arc<World>) {
    about_a_job(world, At::Submitted);
}

pub(crate) fn started(world: &Arc<World>) {
    about_a_job(world, At::Started);
}

pub(crate) fn ended(world: &Arc<World>) {
    about_a_job(world, At::Ended);
}

/// Of a job with a handle.
pub(crate) fn ended_with_a_handle(world: &Arc<World>) {
    world.adopt(observed(world, At::Ended).build().unwrap());
    world.arm();
    drop(world.handle().spawn(|| ()).unwrap());
    world.wait_called();
}

pub(crate) fn sleeps(world: &Arc<World>) {
    about_a_job(world, At::Sleeps);
}

pub(crate) fn wakes(world: &Arc<World>) {
    let pool = observed(world, At::Wakes).build().unwrap();
    world.eventually(|| pool.stats().idle_threads == pool.num_threads());
    world.adopt(pool);
    world.arm();
    world.execute(|| ());
    world.wait_called();
}

pub(crate) fn first_came(world: &Arc<World>) {
    start_first(world, dormant(observed(world, At::Came)).build().unwrap());
}

pub(crate) fn another_came(world: &Arc<World>) {
    start_another(world, dormant(observed(world, At::Came)).build().unwrap());
}

pub(crate) fn left_leaving(world: &Arc<World>) {
    leave(world, observed(world, At::Left), |builder| builder.build().unwrap(), || ());
}

pub(crate) fn left_closed(world: &Arc<World>) {
    close(world, observed(world, At::Left).build().unwrap(), || ());
}
