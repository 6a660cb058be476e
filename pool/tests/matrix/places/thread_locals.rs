//! Destructors of thread-locals, of workers and of others.

use std::cell::RefCell;
use std::sync::Arc;
use std::thread;

use super::{close, leave};
use crate::arrange::jobs::run_here;
use crate::world::World;

/// Runs these when its thread ends.
#[derive(Default)]
struct AtExit(Vec<Box<dyn FnOnce()>>);

impl Drop for AtExit {
    fn drop(&mut self) {
        std::mem::take(&mut self.0).into_iter().for_each(|run| run());
    }
}

thread_local! {
    static AT_EXIT: RefCell<AtExit> = RefCell::default();
}

/// Has this run when the present thread ends: after what was touched later, before what was touched
/// earlier.
fn at_exit(run: impl FnOnce() + 'static) {
    AT_EXIT.with(|at_exit| at_exit.borrow_mut().0.push(Box::new(run)));
}

fn fire_at_exit(world: &Arc<World>) {
    let world = Arc::clone(world);
    at_exit(move || world.fire());
}

/// Registered by a job: it runs while the pool's own thread-locals are there.
pub(crate) fn early_leaving(world: &Arc<World>) {
    let job = Arc::clone(world);
    let last = move || fire_at_exit(&job);
    leave(world, world.builder(), |builder| builder.build().unwrap(), last);
}

pub(crate) fn early_closed(world: &Arc<World>) {
    let job = Arc::clone(world);
    close(world, world.builder().build().unwrap(), move || fire_at_exit(&job));
}

/// Registered before the worker works: it runs when the pool's own thread-locals are gone.
pub(crate) fn late_leaving(world: &Arc<World>) {
    let hook = Arc::clone(world);
    let builder = world.hooked(move |_| fire_at_exit(&hook), |_| ());
    leave(world, builder, |builder| builder.build().unwrap(), || ());
}

pub(crate) fn late_closed(world: &Arc<World>) {
    let hook = Arc::clone(world);
    let builder = world.hooked(move |_| fire_at_exit(&hook), |_| ());
    close(world, builder.build().unwrap(), || ());
}

/// Uses the pool in each way that leaves something behind in the thread.
fn use_pool(world: &World) {
    let pool = world.handle();
    pool.scope(|scope| scope.spawn(|| ()));
    pool.join(|| (), || ());
    pool.spawn(|| ()).unwrap().join_or_run().unwrap();
    pool.spawn(|| ()).unwrap().join().unwrap();
}

fn on_a_thread(world: &Arc<World>, run: impl FnOnce(&Arc<World>) + Send + 'static) {
    let other = Arc::clone(world);
    thread::spawn(move || run(&other)).join().unwrap();
    world.wait_called();
}

/// Registered after the first use of the pool.
pub(crate) fn early_outside(world: &Arc<World>) {
    world.adopt(world.builder().build().unwrap());
    world.arm();
    on_a_thread(world, |world| {
        use_pool(world);
        fire_at_exit(world);
    });
}

/// Registered before the first use of the pool.
pub(crate) fn late_outside(world: &Arc<World>) {
    world.adopt(world.builder().build().unwrap());
    world.arm();
    on_a_thread(world, |world| {
        fire_at_exit(world);
        use_pool(world);
    });
}

/// A job that such a destructor runs.
pub(crate) fn job_in_a_late_one(world: &Arc<World>) {
    world.adopt(world.builder().build().unwrap());
    on_a_thread(world, |world| {
        let late = Arc::clone(world);
        at_exit(move || {
            late.arm();
            run_here(&late);
        });
        use_pool(world);
        world.hold(world.threads());
    });
}

/// A child of a scope that such a destructor runs.
pub(crate) fn child_in_a_late_one(world: &Arc<World>) {
    world.adopt(world.builder().build().unwrap());
    on_a_thread(world, |world| {
        let late = Arc::clone(world);
        at_exit(move || {
            late.arm();
            late.handle().scope(|scope| scope.spawn(|| late.fire()));
        });
        use_pool(world);
        world.hold(world.threads());
    });
}
