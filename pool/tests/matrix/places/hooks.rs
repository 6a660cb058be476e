//! What a pool calls when its threads start and end: hooks, the makers of handler and state, the factory.

use std::sync::Arc;

use drainpool::{StdThreads, Task, ThreadFactory, WorkerContext, WorkerThread};

use super::{OnDrop, close, dormant, leave, start_another, start_first};
use crate::world::{Builder, Pool, World};

fn with_start_hook(world: &Arc<World>) -> Pool {
    let hook = Arc::clone(world);
    dormant(world.hooked(move |_| hook.fire(), |_| ())).build().unwrap()
}

pub(crate) fn first_start_hook(world: &Arc<World>) {
    start_first(world, with_start_hook(world));
}

pub(crate) fn another_start_hook(world: &Arc<World>) {
    start_another(world, with_start_hook(world));
}

fn with_stop_hook(world: &Arc<World>) -> Builder {
    let hook = Arc::clone(world);
    world.hooked(|_| (), move |_| hook.fire())
}

pub(crate) fn stop_hook_leaving(world: &Arc<World>) {
    leave(world, with_stop_hook(world), |builder| builder.build().unwrap(), || ());
}

pub(crate) fn stop_hook_closed(world: &Arc<World>) {
    close(world, with_stop_hook(world).build().unwrap(), || ());
}

fn with_maker(world: &Arc<World>) -> Pool {
    let maker = Arc::clone(world);
    let make = move |_: &_| {
        maker.fire();
        Task::run
    };
    dormant(world.builder()).build_with(make).unwrap()
}

pub(crate) fn first_maker(world: &Arc<World>) {
    start_first(world, with_maker(world));
}

pub(crate) fn another_maker(world: &Arc<World>) {
    start_another(world, with_maker(world));
}

/// Builds a pool whose first worker makes the call in the maker: the only one that can get at the pool before
/// the build has returned it.
fn build_calling(world: &Arc<World>, builder: Builder) {
    let maker = Arc::clone(world);
    let built = builder.build_with(move |context: &WorkerContext<_, _, _>| {
        if context.index() == 0 {
            maker.adopt_handle(context.handle());
            maker.arm();
            maker.fire();
        }
        Task::run
    });
    world.wait_called();
    // One that was closed meanwhile may be built or not.
    match built {
        Ok(pool) => world.adopt(pool),
        Err(error) => assert!(world.handle().is_closed(), "{error}"),
    }
}

pub(crate) fn maker_at_the_build(world: &Arc<World>) {
    build_calling(world, world.builder());
}

/// The build comes to the second worker after the first has made the call, and has left if that has closed
/// the pool.
pub(crate) fn maker_at_a_slow_build(world: &Arc<World>) {
    let factory = Arc::clone(world);
    let start = move |worker: WorkerThread| {
        let is_first = worker.index() == 0;
        let thread = StdThreads.start(worker);
        if is_first {
            factory.wait_called();
            let pool = factory.handle();
            factory.eventually(|| !pool.is_closed() || pool.stats().threads == 0);
        }
        thread
    };
    build_calling(world, world.builder().thread_factory(start));
}

fn with_state_maker(world: &Arc<World>) -> Pool {
    let maker = Arc::clone(world);
    dormant(world.builder()).worker_state(move |_| maker.fire()).build().unwrap()
}

pub(crate) fn first_state_maker(world: &Arc<World>) {
    start_first(world, with_state_maker(world));
}

pub(crate) fn another_state_maker(world: &Arc<World>) {
    start_another(world, with_state_maker(world));
}

fn with_worker_state(world: &Arc<World>) -> Builder {
    let state = Arc::clone(world);
    world.builder().worker_state(move |_| OnDrop(Arc::clone(&state)))
}

pub(crate) fn states_drop_leaving(world: &Arc<World>) {
    leave(world, with_worker_state(world), |builder| builder.build().unwrap(), || ());
}

pub(crate) fn states_drop_closed(world: &Arc<World>) {
    close(world, with_worker_state(world).build().unwrap(), || ());
}

fn build_with_state(world: &Arc<World>, builder: Builder) -> Pool {
    let world = Arc::clone(world);
    let make = move |_: &_| {
        let state = OnDrop(Arc::clone(&world));
        move |task: Task| {
            let _state = &state;
            task.run();
        }
    };
    builder.build_with(make).unwrap()
}

pub(crate) fn handlers_drop_leaving(world: &Arc<World>) {
    leave(world, world.builder(), |builder| build_with_state(world, builder), || ());
}

pub(crate) fn handlers_drop_closed(world: &Arc<World>) {
    close(world, build_with_state(world, world.builder()), || ());
}

fn with_factory(world: &Arc<World>) -> Pool {
    let factory = Arc::clone(world);
    let start = move |worker: WorkerThread| {
        factory.fire();
        StdThreads.start(worker)
    };
    dormant(world.builder()).thread_factory(start).build().unwrap()
}

pub(crate) fn first_factory(world: &Arc<World>) {
    start_first(world, with_factory(world));
}

pub(crate) fn another_factory(world: &Arc<World>) {
    start_another(world, with_factory(world));
}

/// A job wants a worker for the jobs that it submits.
pub(crate) fn factory_in_a_job(world: &Arc<World>) {
    world.adopt(with_factory(world));
    let job = Arc::clone(world);
    world.execute(move || {
        job.arm();
        job.execute(|| ());
    });
    world.wait_called();
}
