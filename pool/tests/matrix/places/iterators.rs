//! Iterators that are given to the pool.

use std::sync::Arc;

use crate::world::World;

fn free(world: &Arc<World>) {
    world.adopt(world.builder().build().unwrap());
    world.arm();
}

/// So many inputs, the second of which makes the call.
fn inputs(world: &Arc<World>) -> impl Iterator<Item = u32> + Send + use<> {
    let world = Arc::clone(world);
    (0..3).inspect(move |n| {
        if *n == 1 {
            world.fire();
        }
    })
}

fn map_over(world: &Arc<World>) {
    let outcomes = world.handle().map(inputs(world), |n| n);
    assert_eq!(outcomes.filter_map(Result::ok).sum::<u32>(), 3);
}

pub(crate) fn map(world: &Arc<World>) {
    free(world);
    map_over(world);
}

pub(crate) fn map_in_a_job(world: &Arc<World>) {
    free(world);
    let job = Arc::clone(world);
    world.execute(move || map_over(&job));
    world.wait_called();
}

pub(crate) fn map_unordered(world: &Arc<World>) {
    free(world);
    let outcomes = world.handle().map_unordered(inputs(world), |n| n);
    assert_eq!(outcomes.filter_map(Result::ok).sum::<u32>(), 3);
}

fn batch_of(world: &Arc<World>) {
    let jobs = inputs(world).map(|_| world.job());
    let accepted = match world.handle().execute_batch(jobs) {
        Ok(ids) => ids.len(),
        Err(error) => error.accepted().len(),
    };
    (0..accepted).for_each(|_| world.accepted.add());
}

pub(crate) fn batch(world: &Arc<World>) {
    free(world);
    batch_of(world);
}

pub(crate) fn batch_in_a_job(world: &Arc<World>) {
    free(world);
    let job = Arc::clone(world);
    world.execute(move || batch_of(&job));
    world.wait_called();
}

pub(crate) fn for_each_by_the_caller(world: &Arc<World>) {
    world.adopt(world.builder().build().unwrap());
    world.hold(world.threads());
    world.arm();
    world.handle().for_each(inputs(world), |_| ());
}

pub(crate) fn for_each_by_a_worker(world: &Arc<World>) {
    free(world);
    let on_a_worker = Arc::clone(world);
    let inputs = (0..).take_while(move |_| {
        if !on_a_worker.is_caller() {
            on_a_worker.fire();
        }
        !on_a_worker.has_begun()
    });
    // The caller waits outside of the iterator, so that a worker comes to it.
    world.handle().for_each(inputs, |_| {
        if world.is_caller() {
            world.wait_called();
        }
    });
}
