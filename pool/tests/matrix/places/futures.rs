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
