//! What is dropped: captures, results, payloads of panics.

use std::panic::resume_unwind;
use std::sync::Arc;

use drainpool::{SubmitOptions, WhenFull};
use pool_conformance::Latch;

use super::OnDrop;
use crate::arrange::jobs::full;
use crate::world::World;

fn free(world: &Arc<World>) {
    world.adopt(world.builder().build().unwrap());
    world.arm();
}

fn held(world: &Arc<World>) {
    world.adopt(world.builder().build().unwrap());
    world.hold(world.threads());
    world.arm();
}

pub(crate) fn captures_of_a_job(world: &Arc<World>) {
    free(world);
    let captured = OnDrop(Arc::clone(world));
    world.execute(move || drop(captured));
    world.wait_called();
}

pub(crate) fn captures_of_an_unwinding_job(world: &Arc<World>) {
    free(world);
    let captured = OnDrop(Arc::clone(world));
    world.execute(move || {
        let _captured = captured;
        resume_unwind(Box::new(()));
    });
    world.wait_called();
}

pub(crate) fn captures_of_a_cancelled_job(world: &Arc<World>) {
    held(world);
    let captured = OnDrop(Arc::clone(world));
    let job = world.handle().spawn(move || drop(captured)).unwrap();
    assert!(job.cancel());
    world.wait_called();
}

pub(crate) fn captures_of_an_expired_job(world: &Arc<World>) {
    let clock = drainpool::ManualClock::new();
    world.adopt(world.builder().clock(clock.clone()).paused().build().unwrap());
    world.arm();
    let captured = OnDrop(Arc::clone(world));
    let second = std::time::Duration::from_secs(1);
    let job = world
        .handle()
        .with(SubmitOptions::new().start_within(second))
        .spawn(move || drop(captured))
        .unwrap();
    clock.advance(2 * second);
    world.handle().resume();
    world.wait_called();
    drop(job);
}

/// Its handle is gone before the job has ended: the pool drops the result.
pub(crate) fn result_without_a_handle(world: &Arc<World>) {
    free(world);
    let (result, go) = (OnDrop(Arc::clone(world)), Latch::default());
    let wait = go.clone();
    let job = world.handle().spawn(move || {
        wait.wait();
        result
    });
    drop(job.unwrap());
    go.open();
    world.wait_called();
}

/// The handle goes after the job has ended, and takes the result with it.
pub(crate) fn result_with_its_handle(world: &Arc<World>) {
    world.adopt(world.builder().build().unwrap());
    let result = OnDrop(Arc::clone(world));
    let job = world.handle().spawn(move || result).unwrap();
    world.eventually(|| job.is_finished());
    world.arm();
    drop(job);
}

pub(crate) fn payload_of_a_panic(world: &Arc<World>) {
    free(world);
    let payload = OnDrop(Arc::clone(world));
    world.execute(move || resume_unwind(Box::new(payload)));
    world.wait_called();
}

pub(crate) fn payload_of_a_job_without_a_handle(world: &Arc<World>) {
    free(world);
    let (payload, go) = (OnDrop(Arc::clone(world)), Latch::default());
    let wait = go.clone();
    let job = world.handle().spawn(move || {
        wait.wait();
        resume_unwind(Box::new(payload))
    });
    drop::<drainpool::JobHandle<()>>(job.unwrap());
    go.open();
    world.wait_called();
}

pub(crate) fn payload_outside(world: &Arc<World>) {
    full(world, |builder| builder.build().unwrap());
    world.arm();
    let payload = OnDrop(Arc::clone(world));
    world
        .handle()
        .with(WhenFull::RunHere)
        .execute(move || resume_unwind(Box::new(payload)))
        .unwrap();
    world.wait_called();
}

/// Of two children of a scope that panic, one's payload goes to the caller; the other's is dropped where it
/// came from.
pub(crate) fn payload_of_a_second_child(world: &Arc<World>) {
    held(world);
    let payload = OnDrop(Arc::clone(world));
    let scope = std::panic::AssertUnwindSafe(|| {
        world.handle().scope(|scope| {
            scope.spawn(|| resume_unwind(Box::new(payload)));
            scope.spawn(|| resume_unwind(Box::new(())));
        });
    });
    assert!(std::panic::catch_unwind(scope).is_err());
    world.wait_called();
}
