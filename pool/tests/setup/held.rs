//! Workers that are busy for as long as a test wants.

use std::ops::Deref;

use pool::JobHandle;

use super::{Handle, Latch, Tally, eventually};

/// A latch that opens when it is dropped: a test that fails then ends, since the drop of its pool waits
/// for nobody. To be made after the pool.
#[derive(Default)]
pub(crate) struct Gate(Latch);

impl Deref for Gate {
    type Target = Latch;

    fn deref(&self) -> &Latch {
        &self.0
    }
}

impl Drop for Gate {
    fn drop(&mut self) {
        self.0.open();
    }
}

/// A job that waits for a latch, and then returns this.
pub(crate) fn behind<T: Send + 'static>(gate: &Latch, pool: &Handle, result: T) -> JobHandle<T> {
    let gate = gate.clone();
    let job = move || {
        gate.wait();
        result
    };
    pool.spawn(job).unwrap()
}

/// Jobs that run until they are released.
pub(crate) struct Held {
    gate: Gate,
    jobs: Vec<JobHandle<()>>,
}

/// Keeps so many workers busy. When it returns, each of them has begun its job.
pub(crate) fn hold<R: 'static>(pool: &Handle<R>, workers: usize) -> Held {
    let started = Tally::default();
    let mut held = Held { gate: Gate::default(), jobs: Vec::new() };
    for _ in 0..workers {
        let (gate, started) = (Latch::clone(&held.gate), started.clone());
        let job = move || {
            started.add();
            gate.wait();
        };
        held.jobs.push(pool.spawn(job).unwrap());
    }
    eventually(|| started.get() == workers as u64);
    held
}

impl Held {
    /// Lets them go, and waits until they have ended.
    pub(crate) fn release(self) {
        self.gate.open();
        for job in self.jobs {
            job.join().unwrap();
        }
    }
}
