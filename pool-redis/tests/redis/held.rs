//! Workers whose jobs wait until the test lets them go on.

use std::thread::{self, JoinHandle};

use drainpool::ThreadPoolBuilder;
use drainpool::redis::{Stopper, Worker, WorkerReport};
use pool_conformance::Latch;
use serde::Serialize;
use serde::de::DeserializeOwned;

pub(crate) fn threads(number: usize) -> ThreadPoolBuilder {
    ThreadPoolBuilder::new().num_threads(number)
}

/// A worker of one thread. Its jobs wait until they are to go on.
pub(crate) struct Held {
    begun: Latch,
    go_on: Latch,
    stopper: Stopper,
    at_work: JoinHandle<WorkerReport>,
}

impl Held {
    /// Runs the worker, whose jobs do this once they go on.
    pub(crate) fn start<R>(
        worker: Worker<u32, R>,
        then: impl Fn(u32) -> R + Clone + Send + Sync + 'static,
    ) -> Self
    where
        R: Serialize + DeserializeOwned + 'static,
    {
        let (begun, go_on, stopper) = (Latch::default(), Latch::default(), worker.stopper());
        let (opens, waits) = (begun.clone(), go_on.clone());
        let handler = move |n| {
            opens.open();
            waits.wait();
            then(n)
        };
        let run = move || worker.run(threads(1), move |_| handler.clone()).unwrap();
        Self { begun, go_on, stopper, at_work: thread::spawn(run) }
    }

    /// Waits until a job has begun.
    pub(crate) fn wait_for_a_job(&self) {
        self.begun.wait();
    }

    pub(crate) fn stop(&self) {
        self.stopper.stop();
    }

    pub(crate) fn go_on(&self) {
        self.go_on.open();
    }

    /// Lets the jobs go on, and waits for the end.
    pub(crate) fn end(self) -> WorkerReport {
        self.go_on();
        self.at_work.join().unwrap()
    }
}
