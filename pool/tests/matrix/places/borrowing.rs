//! Halves of a join, children of a scope, the function of a `for_each`.

use std::sync::Arc;

use pool_conformance::Latch;

use crate::world::World;

/// A pool whose workers are busy, so that whatever the caller shares stays with the caller.
fn held(world: &Arc<World>) {
    world.adopt(world.builder().build().unwrap());
    world.hold(world.threads());
    world.arm();
}

fn free(world: &Arc<World>) {
    world.adopt(world.builder().build().unwrap());
    world.arm();
}

pub(crate) fn first_half(world: &Arc<World>) {
    held(world);
    world.handle().join(|| world.fire(), || ());
}

pub(crate) fn second_half_by_the_caller(world: &Arc<World>) {
    held(world);
    world.handle().join(|| (), || world.fire());
}

pub(crate) fn second_half_by_a_worker(world: &Arc<World>) {
    free(world);
    world.handle().join(|| world.wait_called(), || world.fire());
}

/// The second half of a join is on a worker, which shares a second half again: the caller comes to
/// help with that.
pub(crate) fn half_by_a_helper(world: &Arc<World>) {
    world.adopt(world.builder().build().unwrap());
    world.hold(world.threads() - 1);
    world.arm();
    let (pool, taken) = (world.handle(), Latch::default());
    pool.join(
        || taken.wait(),
        || {
            taken.open();
            pool.join(|| world.wait_called(), || world.fire());
        },
    );
}

pub(crate) fn half_in_a_job(world: &Arc<World>) {
    world.adopt(world.builder().build().unwrap());
    world.hold(world.threads() - 1);
    world.arm();
    let job = Arc::clone(world);
    world.execute(move || {
        job.handle().join(|| (), || job.fire());
    });
    world.wait_called();
}

pub(crate) fn child_by_the_caller(world: &Arc<World>) {
    held(world);
    world.handle().scope(|scope| scope.spawn(|| world.fire()));
}

pub(crate) fn child_by_a_worker(world: &Arc<World>) {
    free(world);
    world.handle().scope(|scope| {
        scope.spawn(|| world.fire());
        world.wait_called();
    });
}

/// By the caller, on its own account.
pub(crate) fn scope_body(world: &Arc<World>) {
    held(world);
    world.handle().scope(|_| world.fire());
}

pub(crate) fn for_each_by_the_caller(world: &Arc<World>) {
    held(world);
    world.handle().for_each([()], |()| world.fire());
}

pub(crate) fn for_each_by_a_worker(world: &Arc<World>) {
    free(world);
    world.handle().for_each([(), ()], |()| {
        if world.is_caller() {
            world.wait_called();
        } else {
            world.fire();
        }
    });
}

pub(crate) fn installed(world: &Arc<World>) {
    free(world);
    let _ = world.handle().install(|| world.fire());
}
