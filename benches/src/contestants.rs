//! Who is measured: our backends, and what one would use instead.

use std::thread;

use crossbeam_channel::{Receiver, Sender};
use pool::{
    Collect, Completed, CrossbeamCollect, CrossbeamQueue, FlumeQueue, Job, StdQueue, Task,
    ThreadPool, ThreadPoolBuilder, WorkQueue,
};

/// A pool that runs closures.
pub trait Contestant: Send + Sync + 'static {
    /// What it is called in reports.
    const NAME: &'static str;

    /// A pool with so many workers.
    fn start(workers: usize) -> Self;

    /// Submits a closure, from outside or from inside.
    fn execute(&self, job: impl FnOnce() + Send + 'static);
}

/// A pool that adds one to numbers, with the results collected.
pub trait Results: 'static {
    /// What it is called in reports.
    const NAME: &'static str;

    /// A pool with so many workers.
    fn start(workers: usize) -> Self;

    /// Submits a number.
    fn submit(&self, number: u64);

    /// The sum of the next so many results.
    fn sum_of(&self, count: u64) -> u64;
}

/// A queue of ours that is to be measured.
pub trait OurQueue<J>: WorkQueue<J> {
    /// The name of its backend.
    const NAME: &'static str;

    /// An empty queue.
    fn new() -> Self;
}

macro_rules! our_queue {
    ($queue:ident, $name:literal) => {
        impl<J: Send + 'static> OurQueue<J> for $queue<J> {
            const NAME: &'static str = $name;

            fn new() -> Self {
                $queue::new()
            }
        }
    };
}

our_queue!(CrossbeamQueue, "pool/crossbeam");
our_queue!(FlumeQueue, "pool/flume");
our_queue!(StdQueue, "pool/std");

/// One of our pools.
pub struct Ours<Q: WorkQueue<Job<Task>>>(ThreadPool<(), Q>);

/// Ours over `crossbeam-deque`.
pub type OursCrossbeam = Ours<CrossbeamQueue<Job<Task>>>;
/// Ours over flume.
pub type OursFlume = Ours<FlumeQueue<Job<Task>>>;
/// Ours over the standard library.
pub type OursStd = Ours<StdQueue<Job<Task>>>;

impl<Q: OurQueue<Job<Task>>> Contestant for Ours<Q> {
    const NAME: &'static str = Q::NAME;

    fn start(workers: usize) -> Self {
        let builder = ThreadPoolBuilder::new().queue(Q::new()).num_threads(workers);
        Self(builder.build().expect("threads to be had"))
    }

    fn execute(&self, job: impl FnOnce() + Send + 'static) {
        self.0.execute(job).expect("an open pool");
    }
}

/// One of our pools with the sink that suits it.
pub struct OurResults<Q: WorkQueue<Job<Task<u64>>>, S> {
    pool: ThreadPool<u64, Q>,
    sink: S,
}

/// Ours over `crossbeam-deque`, with the lock-free sink.
pub type OurResultsCrossbeam = OurResults<CrossbeamQueue<Job<Task<u64>>>, CrossbeamCollect<u64>>;
/// Ours over flume, with the collecting sink.
pub type OurResultsFlume = OurResults<FlumeQueue<Job<Task<u64>>>, Collect<u64>>;
/// Ours over the standard library, with the collecting sink.
pub type OurResultsStd = OurResults<StdQueue<Job<Task<u64>>>, Collect<u64>>;

/// A sink whose outcomes can be taken.
pub trait Take: pool::ResultSink<u64> + Default + Clone + Send + 'static {
    /// What is there.
    fn take(&self) -> Vec<Completed<u64>>;
}

impl Take for Collect<u64> {
    fn take(&self) -> Vec<Completed<u64>> {
        Collect::take(self)
    }
}

impl Take for CrossbeamCollect<u64> {
    fn take(&self) -> Vec<Completed<u64>> {
        CrossbeamCollect::take(self)
    }
}

impl<Q: OurQueue<Job<Task<u64>>>, S: Take> Results for OurResults<Q, S> {
    const NAME: &'static str = Q::NAME;

    fn start(workers: usize) -> Self {
        let sink = S::default();
        let builder = ThreadPoolBuilder::new().queue(Q::new()).num_threads(workers);
        let pool = builder.sink(sink.clone()).build().expect("threads to be had");
        Self { pool, sink }
    }

    fn submit(&self, number: u64) {
        self.pool.execute(move || number + 1).expect("an open pool");
    }

    fn sum_of(&self, count: u64) -> u64 {
        self.pool.wait_idle().expect("an idle pool");
        let results = self.sink.take();
        assert_eq!(results.len() as u64, count);
        results.into_iter().map(|done| done.outcome.expect("no panic")).sum()
    }
}

/// A crossbeam channel of boxed closures, and threads that loop over it.
pub struct Channel(Sender<Box<dyn FnOnce() + Send>>);

impl Contestant for Channel {
    const NAME: &'static str = "channel and loop";

    fn start(workers: usize) -> Self {
        let (sender, receiver) = crossbeam_channel::unbounded::<Box<dyn FnOnce() + Send>>();
        for _ in 0..workers {
            let receiver = receiver.clone();
            thread::spawn(move || receiver.iter().for_each(|job| job()));
        }
        Self(sender)
    }

    fn execute(&self, job: impl FnOnce() + Send + 'static) {
        self.0.send(Box::new(job)).expect("live workers");
    }
}

impl Contestant for rayon::ThreadPool {
    const NAME: &'static str = "rayon";

    fn start(workers: usize) -> Self {
        let builder = rayon::ThreadPoolBuilder::new().num_threads(workers);
        builder.build().expect("threads to be had")
    }

    fn execute(&self, job: impl FnOnce() + Send + 'static) {
        self.spawn(job);
    }
}

impl Contestant for threadpool::ThreadPool {
    const NAME: &'static str = "threadpool";

    fn start(workers: usize) -> Self {
        Self::new(workers)
    }

    fn execute(&self, job: impl FnOnce() + Send + 'static) {
        threadpool::ThreadPool::execute(self, job);
    }
}

/// A peer whose jobs send their results through a crossbeam channel.
pub struct PeerResults<C> {
    pool: C,
    sender: Sender<u64>,
    receiver: Receiver<u64>,
}

impl<C: Contestant> Results for PeerResults<C> {
    const NAME: &'static str = C::NAME;

    fn start(workers: usize) -> Self {
        let (sender, receiver) = crossbeam_channel::unbounded();
        Self { pool: C::start(workers), sender, receiver }
    }

    fn submit(&self, number: u64) {
        let sender = self.sender.clone();
        self.pool.execute(move || sender.send(number + 1).expect("a receiver"));
    }

    fn sum_of(&self, count: u64) -> u64 {
        self.receiver.iter().take(count as usize).sum()
    }
}
