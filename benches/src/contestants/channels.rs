//! The least that one can do: a channel of boxed closures, and threads that loop over it. They stop
//! at nothing: a panic would end a worker.

use std::sync::{Arc, Mutex, PoisonError, mpsc};
use std::thread;

use crate::contestants::{Contestant, Execute};

type Boxed = Box<dyn FnOnce() + Send>;

/// Starts the threads, each with a clone of what jobs come out of.
fn start_loops<R: Clone + Send + 'static>(
    workers: usize,
    receiver: &R,
    next: fn(&R) -> Option<Boxed>,
) {
    for _ in 0..workers {
        let receiver = receiver.clone();
        thread::spawn(move || {
            while let Some(job) = next(&receiver) {
                job();
            }
        });
    }
}

/// A crossbeam channel and a loop.
pub struct CrossbeamChannel(crossbeam_channel::Sender<Boxed>);

impl Contestant for CrossbeamChannel {
    const NAME: &'static str = "crossbeam channel";

    fn start(workers: usize) -> Self {
        let (sender, receiver) = crossbeam_channel::unbounded();
        start_loops(workers, &receiver, |receiver| receiver.recv().ok());
        Self(sender)
    }
}

impl Execute for CrossbeamChannel {
    fn execute(&self, job: impl FnOnce() + Send + 'static) {
        self.0.send(Box::new(job)).expect("live workers");
    }
}

/// A flume channel and a loop.
pub struct FlumeChannel(flume::Sender<Boxed>);

impl Contestant for FlumeChannel {
    const NAME: &'static str = "flume channel";

    fn start(workers: usize) -> Self {
        let (sender, receiver) = flume::unbounded();
        start_loops(workers, &receiver, |receiver| receiver.recv().ok());
        Self(sender)
    }
}

impl Execute for FlumeChannel {
    fn execute(&self, job: impl FnOnce() + Send + 'static) {
        self.0.send(Box::new(job)).expect("live workers");
    }
}

/// The standard library's channel, whose receiver the workers share behind a mutex, and a loop.
pub struct StdChannel(mpsc::Sender<Boxed>);

impl Contestant for StdChannel {
    const NAME: &'static str = "std channel";

    fn start(workers: usize) -> Self {
        let (sender, receiver) = mpsc::channel();
        start_loops(workers, &Arc::new(Mutex::new(receiver)), |receiver| {
            receiver.lock().unwrap_or_else(PoisonError::into_inner).recv().ok()
        });
        Self(sender)
    }
}

impl Execute for StdChannel {
    fn execute(&self, job: impl FnOnce() + Send + 'static) {
        self.0.send(Box::new(job)).expect("live workers");
    }
}
