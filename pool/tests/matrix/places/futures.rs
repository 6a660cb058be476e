//! Wakers.

use std::pin::pin;
use std::sync::Arc;
use std::task::{Context, Wake, Waker};

use pool_conformance::Latch;

use crate::world::World;

struct Calls(Arc<World>);

impl Wake for Calls {
    fn wake(self: Arc<Self>) {
        self.0.fire();
    }
}

/// Told of a job's end by the worker that ran it.
pub(crate) fn waker_on_a_worker(world: &Arc<World>) {
    world.adopt(world.builder().build().unwrap());
    world.arm();
    let (go, waker) = (Latch::default(), Waker::from(Arc::new(Calls(Arc::clone(world)))));
    let wait = go.clone();
    let mut job = pin!(world.handle().spawn(move || wait.wait()).unwrap());
    let polled = job.as_mut().poll(&mut Context::from_waker(&waker));
    assert!(polled.is_pending());
    go.open();
    world.wait_called();
}

/// Told by the one who cancels the job.
pub(crate) fn waker_of_a_cancelled_job(world: &Arc<World>) {
    world.adopt(world.builder().build().unwrap());
    world.hold(world.threads());
    world.arm();
    let waker = Waker::from(Arc::new(Calls(Arc::clone(world))));
    let job = world.handle().spawn(|| ()).unwrap();
    let canceller = job.canceller();
    let mut job = pin!(job);
    let polled = job.as_mut().poll(&mut Context::from_waker(&waker));
    assert!(polled.is_pending());
    assert!(canceller.cancel());
    world.wait_called();
}

/// Has the room of a pool go to the jobs of `fill`, and then a submit wait that makes the call when it is woken.
/// `free` makes room; the place that the submit is then given stays with it.
fn waiting_submit<T>(world: &Arc<World>, fill: impl FnOnce() -> T, free: impl FnOnce(T)) {
    let (pool, filled) = (world.handle(), fill());
    let waker = Waker::from(Arc::new(Calls(Arc::clone(world))));
    let mut submit = pin!(pool.execute_async(|| ()));
    let polled = submit.as_mut().poll(&mut Context::from_waker(&waker));
    assert!(polled.is_pending());
    world.arm();
    free(filled);
    world.wait_called();
}

/// Told that there is room by the worker that takes a job.
pub(crate) fn waker_of_a_submit_by_a_worker(world: &Arc<World>) {
    // Room for one more than the submit is given.
    world.adopt(world.builder().capacity(2).paused().build().unwrap());
    let fill = || (0..2).for_each(|_| world.execute(|| ()));
    waiting_submit(world, fill, |()| world.handle().resume());
}

/// Told that there is room by the one who cancels a job.
pub(crate) fn waker_of_a_submit_by_a_canceller(world: &Arc<World>) {
    world.adopt(world.builder().capacity(2).build().unwrap());
    world.hold(world.threads());
    let fill = || {
        world.execute(|| ());
        world.handle().spawn(|| ()).unwrap()
    };
    waiting_submit(world, fill, |job| assert!(job.cancel()));
}

/// Told that there will be no room.
pub(crate) fn waker_of_a_submit_at_the_close(world: &Arc<World>) {
    world.adopt(world.builder().capacity(1).build().unwrap());
    world.hold(world.threads());
    waiting_submit(world, || world.execute(|| ()), |()| world.handle().close());
}
