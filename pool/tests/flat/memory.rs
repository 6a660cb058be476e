//! Live memory stays flat: each operation, in each state of the workers.

use std::sync::atomic::{AtomicBool, Ordering::SeqCst};
use std::thread;
use std::time::Duration;

use drainpool::ManualClock;

use crate::level::{Levels, Measure, all_flat, alone, rounds};
use crate::operations::{OPERATIONS, Operation, Stage};
use crate::setup::held::occupy;
use crate::setup::{Backend, Latch, Pool, Setup};

/// Makes a named test of each of these states. A new one is a line here, and one in [`Scene::new`].
macro_rules! in_each_state {
    ($($name:ident $state:ident)*) => {
        #[derive(Debug, Clone, Copy, PartialEq, Eq)]
        enum State { $($state),* }
        $(
            mod $name {
                use super::*;
                each_backend!(|backend| all(backend, State::$state));
            }
        )*
    };
}

in_each_state! {
    // The workers have nothing else to do.
    free Free
    // All run a job that does not end.
    busy Busy
    paused Paused
    // Shut down.
    closed Closed
    // In a job, while the other worker runs one that does not end.
    inside Inside
}

const WORKERS: usize = 2;

struct Scene {
    pool: Pool,
    clock: ManualClock,
    state: State,
    free: Latch,
}

impl Scene {
    fn new(backend: Backend, state: State, capacity: Option<usize>) -> Self {
        let clock = ManualClock::new();
        let setup = Setup { backend, threads: WORKERS, capacity };
        let pool = setup.builder().clock(clock.clone()).build().unwrap();
        let scene = Self { pool, clock, state, free: Latch::default() };
        match state {
            State::Free => {}
            State::Busy => drop(occupy(&scene.pool, WORKERS, &scene.free)),
            State::Paused => scene.pool.pause(),
            State::Closed => assert_eq!(scene.pool.shutdown().accepted, 0),
            State::Inside => drop(occupy(&scene.pool, WORKERS - 1, &scene.free)),
        }
        scene
    }

    fn measure(&self, operation: Operation) -> Levels {
        let at = Stage { pool: self.pool.handle(), clock: self.clock.clone() };
        let measure = || {
            let round = || (operation.perform)(&at);
            let settle = || {
                if self.state == State::Free {
                    self.pool.wait_idle().unwrap();
                }
            };
            Levels::measure(rounds() / operation.costs, operation.bytes, round, settle)
        };
        let measure = || match self.state {
            State::Inside => self.pool.install(measure).unwrap(),
            _ => measure(),
        };
        if operation.ticks { self.while_time_passes(measure) } else { measure() }
    }

    fn while_time_passes(&self, measure: impl FnOnce() -> Levels) -> Levels {
        let over = AtomicBool::new(false);
        thread::scope(|scope| {
            scope.spawn(|| {
                while !over.load(SeqCst) {
                    self.clock.advance(Duration::from_millis(1));
                    thread::yield_now();
                }
            });
            let levels = measure();
            over.store(true, SeqCst);
            levels
        })
    }
}

impl Drop for Scene {
    fn drop(&mut self) {
        self.free.open();
    }
}

fn all(backend: Backend, state: State) {
    let can_be_done = |operation: &&Operation| {
        !operation.needs_a_worker || !matches!(state, State::Busy | State::Paused)
    };
    let measures = OPERATIONS.iter().filter(can_be_done).map(|&operation| {
        let measure = move || Scene::new(backend, state, operation.capacity).measure(operation);
        (operation.name, Box::new(measure) as Measure)
    });
    alone(|| all_flat(measures));
}
