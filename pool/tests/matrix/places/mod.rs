//! How to get to each place. Each function builds a pool, has the world's call made in the place, and returns
//! after that.

pub(crate) mod borrowing;
pub(crate) mod clocks;
pub(crate) mod drops;
pub(crate) mod futures;
pub(crate) mod hooks;
pub(crate) mod iterators;
pub(crate) mod jobs;
pub(crate) mod observers;
pub(crate) mod sinks;
pub(crate) mod thread_locals;

use std::sync::Arc;
use std::time::Duration;

use drainpool::ManualClock;
use pool_conformance::Latch;

use crate::world::{Builder, Pool, World};

/// Makes the call when it is dropped.
pub(crate) struct OnDrop(pub(crate) Arc<World>);

impl Drop for OnDrop {
    fn drop(&mut self) {
        self.0.fire();
    }
}

/// How long a worker without work stays; no cell takes that long.
const KEEP_ALIVE: Duration = Duration::from_secs(3_600);

/// A pool whose threads start when they are wanted.
fn dormant<S>(builder: Builder<S>) -> Builder<S> {
    builder.core_threads(0).thread_keep_alive(KEEP_ALIVE)
}

/// Has a worker run this, and arms the world when it has.
fn run_and_arm(world: &World, last: impl FnOnce() + Send + 'static) {
    let ran = Latch::default();
    let end = ran.clone();
    world.execute(move || {
        last();
        end.open();
    });
    ran.wait();
    world.arm();
}

/// Builds a pool whose last worker runs `last` and then leaves, for want of work, while the others are
/// busy; armed from the moment when `last` has run.
fn leave(
    world: &Arc<World>,
    builder: Builder,
    build: impl FnOnce(Builder) -> Pool,
    last: impl FnOnce() + Send + 'static,
) {
    let (clock, core) = (ManualClock::new(), world.threads() - 1);
    let builder = builder.core_threads(core).thread_keep_alive(KEEP_ALIVE).clock(clock.clone());
    world.adopt(build(builder));
    world.hold(core);
    run_and_arm(world, last);
    world.eventually(|| {
        clock.advance(2 * KEEP_ALIVE);
        world.has_begun()
    });
    world.wait_called();
}

/// Has a pool run `last` and closes it; armed from the moment in between.
fn close(world: &Arc<World>, pool: Pool, last: impl FnOnce() + Send + 'static) {
    world.adopt(pool);
    run_and_arm(world, last);
    world.handle().close();
    world.wait_called();
}

/// Builds a dormant pool, and wants a worker: the first.
fn start_first(world: &Arc<World>, pool: Pool) {
    world.adopt(pool);
    world.arm();
    world.execute(|| ());
    world.wait_called();
}

/// Builds a dormant pool, and wants a worker while another is busy.
fn start_another(world: &Arc<World>, pool: Pool) {
    world.adopt(pool);
    let (pool, threads) = (world.handle(), world.handle().num_threads());
    // A submit may start a worker more than its job needs in the end. Not before the world is armed.
    pool.set_num_threads(1).unwrap();
    world.hold(1);
    world.arm();
    pool.set_num_threads(threads).unwrap();
    world.execute(|| ());
    world.wait_called();
}
