//! Jobs, on whatever thread they run.

use std::sync::{Arc, Mutex};

use drainpool::{JobHandle, Task, WhenFull};

use super::{dormant, leave};
use crate::world::{Builder, World, lock};

pub(crate) fn body(world: &Arc<World>) {
    world.adopt(world.builder().build().unwrap());
    world.arm();
    let job = Arc::clone(world);
    world.execute(move || job.fire());
    world.wait_called();
}

pub(crate) fn join_or_run(world: &Arc<World>) {
    let job = held_and_spawned(world);
    let _ = job.join_or_run();
    world.wait_called();
}

/// A pool whose workers are busy, and a job of it that makes the call.
fn held_and_spawned(world: &Arc<World>) -> JobHandle<()> {
    world.adopt(world.builder().build().unwrap());
    world.hold(world.threads());
    world.arm();
    let job = Arc::clone(world);
    world.handle().spawn(move || job.fire()).unwrap()
}

/// A pool whose workers are busy and whose queue is full.
pub(super) fn full(world: &Arc<World>, build: impl FnOnce(Builder) -> crate::world::Pool) {
    world.adopt(build(world.builder().capacity(1)));
    world.hold(world.threads());
    world.execute(|| ());
}

pub(crate) fn executed_here(world: &Arc<World>) {
    full(world, |builder| builder.build().unwrap());
    world.arm();
    let job = Arc::clone(world);
    world.handle().with(WhenFull::RunHere).execute(move || job.fire()).unwrap();
    world.wait_called();
}

pub(crate) fn spawned_here(world: &Arc<World>) {
    full(world, |builder| builder.build().unwrap());
    world.arm();
    let job = Arc::clone(world);
    world.handle().with(WhenFull::RunHere).spawn(move || job.fire()).unwrap().join().unwrap();
    world.wait_called();
}

/// A job of another pool waits for it, and so runs it.
pub(crate) fn visited(world: &Arc<World>) {
    let other = Builder::with_backend(world.setup.backend).num_threads(1).build().unwrap();
    let job = held_and_spawned(world);
    other.execute(move || drop(job.join())).unwrap();
    world.wait_called();
}

/// Submits a job that makes the call and runs it in place, unless it is refused.
pub(super) fn run_here(world: &Arc<World>) {
    let job = Arc::clone(world);
    if let Ok(job) = world.handle().spawn(move || job.fire()) {
        let _ = job.join_or_run();
    }
}

/// The start hook of a worker runs the very job for which the worker was started.
pub(crate) fn run_by_start_hook(world: &Arc<World>) {
    let wanted = Arc::new(Mutex::new(None::<JobHandle<()>>));
    let (hook, slot) = (Arc::clone(world), Arc::clone(&wanted));
    let start = move |worker| {
        if worker == 0 {
            return;
        }
        hook.eventually(|| lock(&slot).is_some() || hook.has_begun());
        let job = lock(&slot).take();
        drop(job.map(JobHandle::join));
    };
    world.adopt(dormant(world.hooked(start, |_| ())).build().unwrap());
    world.hold(1);
    world.arm();
    let job = Arc::clone(world);
    let spawned = world.handle().spawn(move || job.fire()).unwrap();
    *lock(&wanted) = Some(spawned);
    world.wait_called();
}

pub(crate) fn run_by_stop_hook(world: &Arc<World>) {
    let hook = Arc::clone(world);
    let stop = move |_| {
        if hook.is_due() {
            run_here(&hook);
        }
    };
    let builder = world.hooked(|_| (), stop);
    leave(world, builder, |builder| builder.build().unwrap(), || ());
}

/// Runs a job that makes the call when it is dropped.
struct RunOnDrop(Arc<World>);

impl Drop for RunOnDrop {
    fn drop(&mut self) {
        if self.0.is_due() {
            run_here(&self.0);
        }
    }
}

pub(crate) fn run_by_handlers_drop(world: &Arc<World>) {
    let builder = world.builder();
    let state = Arc::clone(world);
    let build = |builder: Builder| {
        builder
            .build_with(move |_| {
                let state = RunOnDrop(Arc::clone(&state));
                move |task: Task| {
                    let _state = &state;
                    task.run();
                }
            })
            .unwrap()
    };
    leave(world, builder, build, || ());
}
