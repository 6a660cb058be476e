//! Sinks, on workers and on the threads that run jobs in their place.

use std::cell::Cell;
use std::sync::Arc;

use drainpool::{Completed, JobId, ResultSink, SinkClosed, Task, WhenFull};

use super::{close, dormant, leave, start_another, start_first};
use crate::arrange::jobs::full;
use crate::world::{Builder, Pool, World};

/// Where a sink makes the call.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum At {
    Put,
    Skip,
    Flush,
    /// After the handler is gone.
    LastFlush,
    Clone,
    Drop,
    /// The sink that the pool was built with.
    OriginalsDrop,
}

/// A sink that makes the call at one point, if it is where that is wanted.
struct Sink {
    world: Arc<World>,
    at: At,
    on_caller: bool,
    original: bool,
}

impl Sink {
    fn new(world: &Arc<World>, at: At) -> Self {
        Self { world: Arc::clone(world), at, on_caller: false, original: true }
    }

    /// Only on the thread that arranges the cell, which runs a job for want of room.
    fn on_the_caller(mut self) -> Self {
        self.on_caller = true;
        self
    }

    fn reach(&self, at: At) {
        if at == self.at && self.on_caller == self.world.is_caller() {
            self.world.fire();
        }
    }
}

impl ResultSink for Sink {
    type Result = ();

    fn put(&mut self, _done: Completed<()>) -> Result<(), SinkClosed<()>> {
        self.reach(At::Put);
        Ok(())
    }

    fn skip(&mut self, _id: JobId) {
        self.reach(At::Skip);
    }

    fn flush(&mut self) -> u64 {
        self.reach(At::Flush);
        if IS_LAST.get() {
            self.reach(At::LastFlush);
        }
        0
    }
}

impl Clone for Sink {
    fn clone(&self) -> Self {
        self.reach(At::Clone);
        Self { world: Arc::clone(&self.world), original: false, ..*self }
    }
}

impl Drop for Sink {
    fn drop(&mut self) {
        self.reach(if self.original { At::OriginalsDrop } else { At::Drop });
    }
}

thread_local! {
    /// Whether this worker's handler is gone.
    static IS_LAST: Cell<bool> = const { Cell::new(false) };
}

struct SetsLast;

impl Drop for SetsLast {
    fn drop(&mut self) {
        IS_LAST.set(true);
    }
}

fn build(builder: Builder, sink: Sink) -> Pool {
    let make = |_: &_| {
        let end = SetsLast;
        move |task: Task| {
            let _end = &end;
            task.run();
        }
    };
    builder.sink(sink).build_with(make).unwrap()
}

fn after_a_job(world: &Arc<World>, at: At) {
    world.adopt(build(world.builder(), Sink::new(world, at)));
    world.arm();
    world.execute(|| ());
    world.wait_called();
}

pub(crate) fn put(world: &Arc<World>) {
    after_a_job(world, At::Put);
}

pub(crate) fn flush(world: &Arc<World>) {
    after_a_job(world, At::Flush);
}

pub(crate) fn skip(world: &Arc<World>) {
    world.adopt(build(world.builder(), Sink::new(world, At::Skip)));
    world.arm();
    drop(world.handle().spawn(|| ()).unwrap());
    world.wait_called();
}

pub(crate) fn first_clone(world: &Arc<World>) {
    start_first(world, build(dormant(world.builder()), Sink::new(world, At::Clone)));
}

pub(crate) fn another_clone(world: &Arc<World>) {
    start_another(world, build(dormant(world.builder()), Sink::new(world, At::Clone)));
}

fn leaving(world: &Arc<World>, at: At) {
    leave(world, world.builder(), |builder| build(builder, Sink::new(world, at)), || ());
}

fn closed(world: &Arc<World>, at: At) {
    close(world, build(world.builder(), Sink::new(world, at)), || ());
}

pub(crate) fn last_flush_leaving(world: &Arc<World>) {
    leaving(world, At::LastFlush);
}

pub(crate) fn last_flush_closed(world: &Arc<World>) {
    closed(world, At::LastFlush);
}

pub(crate) fn drop_leaving(world: &Arc<World>) {
    leaving(world, At::Drop);
}

pub(crate) fn drop_closed(world: &Arc<World>) {
    closed(world, At::Drop);
}

pub(crate) fn originals_drop(world: &Arc<World>) {
    closed(world, At::OriginalsDrop);
}

fn by_run_here(world: &Arc<World>, at: At) {
    full(world, |builder| build(builder, Sink::new(world, at).on_the_caller()));
    world.arm();
    world.handle().with(WhenFull::RunHere).execute(|| ()).unwrap();
    world.wait_called();
}

pub(crate) fn put_outside(world: &Arc<World>) {
    by_run_here(world, At::Put);
}

pub(crate) fn flush_outside(world: &Arc<World>) {
    by_run_here(world, At::Flush);
}

pub(crate) fn clone_outside(world: &Arc<World>) {
    by_run_here(world, At::Clone);
}

pub(crate) fn skip_outside(world: &Arc<World>) {
    full(world, |builder| build(builder, Sink::new(world, At::Skip).on_the_caller()));
    world.arm();
    drop(world.handle().with(WhenFull::RunHere).spawn(|| ()).unwrap());
    world.wait_called();
}
