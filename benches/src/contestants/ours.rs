//! Our backends.

use std::ops::Range;

use drainpool::{
    ChannelQueue, Collect, Completed, CrossbeamCollect, CrossbeamQueue, FlumeQueue, Job, JobHandle,
    Pool, Prioritized, PriorityQueue, ResultSink, StdQueue, Task, ThreadPoolBuilder, WorkQueue,
};

use crate::contestants::{
    Batch, Contestant, Execute, ForkJoin, Handles, Results, RoundTrip, TypedBatch,
};
use crate::scenarios::count_down;

/// A queue of ours that is to be measured.
pub trait OurQueue<J>: WorkQueue<J> {
    /// The name of its backend.
    const NAME: &'static str;

    /// The same, where the pool takes part twice: with whoever joins a job running it.
    const RUN_BY_JOIN: &'static str;

    /// An empty queue.
    fn new() -> Self;
}

macro_rules! our_queue {
    ($queue:ident, $name:literal) => {
        impl<J: Prioritized + Send + 'static> OurQueue<J> for $queue<J> {
            const NAME: &'static str = $name;
            const RUN_BY_JOIN: &'static str = concat!($name, " join_or_run");

            fn new() -> Self {
                $queue::new()
            }
        }
    };
}

our_queue!(CrossbeamQueue, "pool/crossbeam");
our_queue!(FlumeQueue, "pool/flume");
our_queue!(StdQueue, "pool/std");
our_queue!(ChannelQueue, "pool/channel");
our_queue!(PriorityQueue, "pool/priority");

/// A pool of ours that runs closures.
pub struct OurPool<Q: WorkQueue<Job<Task>>>(Pool<Task, (), Q>);

/// Ours over `crossbeam-deque`.
pub type OursCrossbeam = OurPool<CrossbeamQueue<Job<Task>>>;
/// Ours over flume.
pub type OursFlume = OurPool<FlumeQueue<Job<Task>>>;
/// Ours over the standard library.
pub type OursStd = OurPool<StdQueue<Job<Task>>>;
/// Ours over a plain channel: the control.
pub type OursChannel = OurPool<ChannelQueue<Job<Task>>>;
/// Ours over a priority queue, with jobs that are all of normal priority.
pub type OursPriority = OurPool<PriorityQueue<Job<Task>>>;

impl<Q: OurQueue<Job<Task>>> Contestant for OurPool<Q> {
    const NAME: &'static str = Q::NAME;

    fn start(workers: usize) -> Self {
        let builder = ThreadPoolBuilder::new().queue(Q::new()).num_threads(workers);
        Self(builder.build().expect("threads to be had"))
    }
}

impl<Q: OurQueue<Job<Task>>> Execute for OurPool<Q> {
    fn execute(&self, job: impl FnOnce() + Send + 'static) {
        self.0.execute(job).expect("an open pool");
    }
}

impl<Q: OurQueue<Job<Task>>> Batch for OurPool<Q> {
    fn execute_all<F: FnOnce() + Send + 'static>(&self, jobs: impl ExactSizeIterator<Item = F>) {
        self.0.execute_batch(jobs).expect("an open pool");
    }
}

impl<Q: OurQueue<Job<Task>>> Handles for OurPool<Q> {
    type Handle = JobHandle<u64>;

    fn spawn(&self, job: impl FnOnce() -> u64 + Send + 'static) -> JobHandle<u64> {
        self.0.spawn(job).expect("an open pool")
    }

    fn join_all(&self, handles: Vec<JobHandle<u64>>) -> u64 {
        handles.into_iter().map(|job| job.join().expect("no panic")).sum()
    }
}

impl<Q: OurQueue<Job<Task>>> RoundTrip for OurPool<Q> {
    fn round_trip(&'static self, number: u64) -> u64 {
        self.0.spawn(move || number + 1).expect("an open pool").join().expect("no panic")
    }
}

impl<Q: OurQueue<Job<Task>>> ForkJoin for OurPool<Q> {
    type Scope<'a> = &'a Pool<Task, (), Q>;

    fn enter(&self, f: impl FnOnce(&mut Self::Scope<'_>) -> u64 + Send) -> u64 {
        self.0.install(|| f(&mut &self.0)).expect("an open pool")
    }

    #[inline]
    fn join(
        scope: &mut Self::Scope<'_>,
        a: impl FnOnce(&mut Self::Scope<'_>) -> u64 + Send,
        b: impl FnOnce(&mut Self::Scope<'_>) -> u64 + Send,
    ) -> (u64, u64) {
        let pool = *scope;
        pool.join(|| a(&mut { pool }), || b(&mut { pool }))
    }
}

/// A pool of ours where whoever waits for a job that has not started runs it.
pub struct RunByJoin<Q: WorkQueue<Job<Task>>>(Pool<Task, (), Q>);

/// Ours over `crossbeam-deque`, run by whoever waits.
pub type OursCrossbeamByJoin = RunByJoin<CrossbeamQueue<Job<Task>>>;
/// Ours over flume, run by whoever waits.
pub type OursFlumeByJoin = RunByJoin<FlumeQueue<Job<Task>>>;
/// Ours over the standard library, run by whoever waits.
pub type OursStdByJoin = RunByJoin<StdQueue<Job<Task>>>;
/// Ours over a plain channel, run by whoever waits.
pub type OursChannelByJoin = RunByJoin<ChannelQueue<Job<Task>>>;

impl<Q: OurQueue<Job<Task>>> Contestant for RunByJoin<Q> {
    const NAME: &'static str = Q::RUN_BY_JOIN;

    fn start(workers: usize) -> Self {
        Self(OurPool::start(workers).0)
    }
}

impl<Q: OurQueue<Job<Task>>> RoundTrip for RunByJoin<Q> {
    fn round_trip(&'static self, number: u64) -> u64 {
        self.0.spawn(move || number + 1).expect("an open pool").join_or_run().expect("no panic")
    }
}

/// A pool of ours whose jobs are numbers.
pub struct OurTyped<Q: WorkQueue<Job<u64>>>(Pool<u64, (), Q>);

/// Numbers over `crossbeam-deque`.
pub type TypedCrossbeam = OurTyped<CrossbeamQueue<Job<u64>>>;
/// Numbers over flume.
pub type TypedFlume = OurTyped<FlumeQueue<Job<u64>>>;
/// Numbers over the standard library.
pub type TypedStd = OurTyped<StdQueue<Job<u64>>>;
/// Numbers over a plain channel.
pub type TypedChannel = OurTyped<ChannelQueue<Job<u64>>>;

impl<Q: OurQueue<Job<u64>>> Contestant for OurTyped<Q> {
    const NAME: &'static str = Q::NAME;

    fn start(workers: usize) -> Self {
        let builder = ThreadPoolBuilder::new().queue(Q::new()).num_threads(workers);
        Self(builder.build_with(|_worker| count_down).expect("threads to be had"))
    }
}

impl<Q: OurQueue<Job<u64>>> TypedBatch for OurTyped<Q> {
    fn submit_all(&self, numbers: Range<u64>) {
        self.0.submit_batch(numbers).expect("an open pool");
    }
}

/// A pool of ours with a sink that collects the results.
pub struct OurResults<Q: OurQueue<Job<Task<u64>>>, S = Collect<u64>> {
    pool: Pool<Task<u64>, u64, Q>,
    sink: S,
}

/// Ours over `crossbeam-deque`, with the pool's own sink.
pub type OurResultsCrossbeam = OurResults<CrossbeamQueue<Job<Task<u64>>>>;
/// Ours over `crossbeam-deque`, with the lock-free sink.
pub type OurResultsLockFree = OurResults<CrossbeamQueue<Job<Task<u64>>>, CrossbeamCollect<u64>>;
/// Ours over flume, with the pool's own sink.
pub type OurResultsFlume = OurResults<FlumeQueue<Job<Task<u64>>>>;
/// Ours over the standard library, with the pool's own sink.
pub type OurResultsStd = OurResults<StdQueue<Job<Task<u64>>>>;
/// Ours over a plain channel, with the pool's own sink.
pub type OurResultsChannel = OurResults<ChannelQueue<Job<Task<u64>>>>;

/// A sink whose outcomes can be taken, for pools with a queue `Q`.
pub trait Take<Q>: ResultSink<Result = u64> + Default + Clone + Send + Sync + 'static {
    /// What the two are called.
    const NAME: &'static str;

    /// What is there.
    fn take(&self) -> Vec<Completed<u64>>;
}

impl<Q: OurQueue<Job<Task<u64>>>> Take<Q> for Collect<u64> {
    const NAME: &'static str = Q::NAME;

    fn take(&self) -> Vec<Completed<u64>> {
        Collect::take(self)
    }
}

impl Take<CrossbeamQueue<Job<Task<u64>>>> for CrossbeamCollect<u64> {
    const NAME: &'static str = "pool/crossbeam CrossbeamCollect";

    fn take(&self) -> Vec<Completed<u64>> {
        CrossbeamCollect::take(self)
    }
}

impl<Q: OurQueue<Job<Task<u64>>>, S: Take<Q>> Contestant for OurResults<Q, S> {
    const NAME: &'static str = S::NAME;

    fn start(workers: usize) -> Self {
        let sink = S::default();
        let builder = ThreadPoolBuilder::new().queue(Q::new()).num_threads(workers);
        let pool = builder.sink(sink.clone()).build().expect("threads to be had");
        Self { pool, sink }
    }
}

impl<Q: OurQueue<Job<Task<u64>>>, S: Take<Q>> Results for OurResults<Q, S> {
    fn submit(&'static self, number: u64) {
        self.pool.execute(move || number + 1).expect("an open pool");
    }

    fn sum_of(&self, count: usize) -> u64 {
        self.pool.wait_idle().expect("an idle pool");
        let results = self.sink.take();
        assert_eq!(results.len(), count, "each job has one result");
        results.into_iter().map(|done| done.outcome.expect("no panic")).sum()
    }
}
