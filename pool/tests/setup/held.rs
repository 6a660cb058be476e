//! Workers that are busy for as long as a test wants.

use std::ops::Deref;

use drainpool::{AnyQueue, Job, JobHandle};

use super::{Handle, Latch};

/// A handle to a pool of jobs of any type.
type AnyHandle<J, R> = drainpool::Handle<J, R, AnyQueue<Job<J>>>;

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

/// Has a worker run a job that waits for a latch, and then panics. When it returns, the job has begun.
pub(crate) fn panic_behind(gate: &Latch, pool: &Handle) {
    let (begun, gate) = (Latch::default(), gate.clone());
    let begins = begun.clone();
    let job = move || {
        begins.open();
        gate.wait();
        panic!("on purpose");
    };
    pool.execute(job).unwrap();
    begun.wait();
}

/// Jobs that run until they are released.
pub(crate) struct Held {
    gate: Gate,
    jobs: Vec<JobHandle<()>>,
}

/// Has workers run a job each until the latch opens. When it returns, each of them has begun.
pub(crate) fn occupy<J: Send + 'static, R: 'static>(
    pool: &AnyHandle<J, R>,
    workers: usize,
    free: &Latch,
) -> Vec<JobHandle<()>> {
    let occupy = |_| {
        let (begun, free) = (Latch::default(), free.clone());
        let begins = begun.clone();
        let job = pool.spawn(move || {
            begins.open();
            free.wait();
        });
        begun.wait();
        job.unwrap()
    };
    (0..workers).map(occupy).collect()
}

/// The same until they are released.
pub(crate) fn hold<J: Send + 'static, R: 'static>(pool: &AnyHandle<J, R>, workers: usize) -> Held {
    let gate = Gate::default();
    Held { jobs: occupy(pool, workers, &gate), gate }
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
