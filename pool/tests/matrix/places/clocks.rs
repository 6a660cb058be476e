//! A clock, asked by workers and by threads that wait.

use std::sync::Arc;
use std::time::{Duration, Instant};

use drainpool::{Clock, SubmitOptions, SystemClock, WhenFull};

use super::dormant;
use crate::arrange::jobs::full;
use crate::world::World;

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum At {
    Now,
    SleepFor,
}

/// The system's, and it makes the call at one point.
struct CallingClock {
    world: Arc<World>,
    at: At,
    by_caller: bool,
}

impl CallingClock {
    fn reach(&self, at: At) {
        if at == self.at && self.by_caller == self.world.is_caller() {
            self.world.fire();
        }
    }
}

impl Clock for CallingClock {
    fn now(&self) -> Instant {
        self.reach(At::Now);
        SystemClock.now()
    }

    fn sleep_for(&self, deadline: Instant) -> Option<Duration> {
        self.reach(At::SleepFor);
        SystemClock.sleep_for(deadline)
    }
}

fn by_a_worker(world: &Arc<World>, at: At) -> CallingClock {
    CallingClock { world: Arc::clone(world), at, by_caller: false }
}

fn by_the_caller(world: &Arc<World>, at: At) -> CallingClock {
    CallingClock { by_caller: true, ..by_a_worker(world, at) }
}

/// A worker falls asleep, and is to leave in a while.
fn falling_asleep(world: &Arc<World>, at: At) {
    world.adopt(dormant(world.builder()).clock(by_a_worker(world, at)).build().unwrap());
    world.arm();
    world.execute(|| ());
    world.wait_called();
}

pub(crate) fn now_falling_asleep(world: &Arc<World>) {
    falling_asleep(world, At::Now);
}

pub(crate) fn sleep_for_falling_asleep(world: &Arc<World>) {
    falling_asleep(world, At::SleepFor);
}

/// A worker looks whether the time of a job is over.
pub(crate) fn now_for_a_job(world: &Arc<World>) {
    world.adopt(world.builder().clock(by_a_worker(world, At::Now)).build().unwrap());
    world.arm();
    drop(world.handle().with(SubmitOptions::new().start_within(LONG)).spawn(|| ()).unwrap());
    world.wait_called();
}

const LONG: Duration = Duration::from_secs(3_600);

/// The caller waits for something that comes when the workers are let go.
fn waiting(world: &Arc<World>, at: At, wait: impl FnOnce()) {
    let clock = by_the_caller(world, at);
    world.adopt(world.builder().clock(clock).build().unwrap());
    world.hold(world.threads());
    world.arm();
    wait();
    world.wait_called();
}

fn for_rest(world: &Arc<World>, at: At) {
    waiting(world, at, || {
        let _ = world.handle().wait_idle_timeout(LONG);
    });
}

pub(crate) fn now_waiting_for_rest(world: &Arc<World>) {
    for_rest(world, At::Now);
}

pub(crate) fn sleep_for_waiting_for_rest(world: &Arc<World>) {
    for_rest(world, At::SleepFor);
}

fn for_a_job(world: &Arc<World>, at: At) {
    waiting(world, at, || drop(world.handle().spawn(|| ()).unwrap().join_timeout(LONG)));
}

pub(crate) fn now_waiting_for_a_job(world: &Arc<World>) {
    for_a_job(world, At::Now);
}

pub(crate) fn sleep_for_waiting_for_a_job(world: &Arc<World>) {
    for_a_job(world, At::SleepFor);
}

pub(crate) fn now_waiting_for_room(world: &Arc<World>) {
    let clock = by_the_caller(world, At::Now);
    full(world, |builder| builder.clock(clock).build().unwrap());
    world.arm();
    let _ = world.handle().with(WhenFull::WaitFor(LONG)).execute(|| ());
    world.wait_called();
}
