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

macro_rules! channel {
    ($about:literal $contestant:ident($sender:ty), $name:literal: $channel:expr, $next:expr) => {
        #[doc = $about]
        pub struct $contestant($sender);

        impl Contestant for $contestant {
            const NAME: &'static str = $name;

            fn start(workers: usize) -> Self {
                let (sender, receiver) = $channel;
                start_loops(workers, &receiver, $next);
                Self(sender)
            }
        }

        impl Execute for $contestant {
            fn execute(&self, job: impl FnOnce() + Send + 'static) {
                self.0.send(Box::new(job)).expect("live workers");
            }
        }
    };
}

channel! {
    "A crossbeam channel and a loop."
    CrossbeamChannel(crossbeam_channel::Sender<Boxed>), "crossbeam channel":
    crossbeam_channel::unbounded(), |receiver| receiver.recv().ok()
}

channel! {
    "A flume channel and a loop."
    FlumeChannel(flume::Sender<Boxed>), "flume channel":
    flume::unbounded(), |receiver| receiver.recv().ok()
}

channel! {
    "The standard library's channel, whose receiver the workers share behind a mutex, and a loop."
    StdChannel(mpsc::Sender<Boxed>), "std channel":
    {
        let (sender, receiver) = mpsc::channel();
        (sender, Arc::new(Mutex::new(receiver)))
    },
    |receiver| receiver.lock().unwrap_or_else(PoisonError::into_inner).recv().ok()
}

channel! {
    "A crossfire channel and a loop."
    CrossfireChannel(crossfire::MTx<crossfire::mpmc::List<Boxed>>), "crossfire channel":
    crossfire::mpmc::unbounded_blocking(), |receiver| receiver.recv().ok()
}

channel! {
    "A kanal channel and a loop."
    KanalChannel(kanal::Sender<Boxed>), "kanal channel":
    kanal::unbounded(), |receiver| receiver.recv().ok()
}

/// The room of a channel that has a limit. It takes the jobs of any round by default: if it were full,
/// jobs that submit jobs would wait for each other.
const ROOM: usize = 1 << 20;

channel! {
    "A parkring channel, which is bounded, and a loop. Its room is there from the start, so its memory under a \
     burst says nothing."
    ParkringChannel(parkring::channel::Sender<Boxed>), "parkring channel":
    parkring::channel::bounded(ROOM), |receiver| receiver.recv().ok()
}
