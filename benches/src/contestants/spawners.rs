//! Pools whose handles are futures.

use std::future::Future;
use std::pin::pin;
use std::sync::Arc;
use std::task::{Context, Poll, Wake, Waker};
use std::thread::{self, Thread};
use std::time::Duration;

use executors::FuturesExecutor;
use executors::crossbeam_workstealing_pool::{ThreadPool as Stealing, small_pool};
use executors::parker::{SmallThreadData, StaticParker};
use tokio::runtime::Runtime;
use tokio::task::JoinHandle;

use crate::contestants::{Contestant, Execute, Handles, Joined, RoundTrip};

/// tokio's `spawn_blocking`.
pub struct SpawnBlocking(Runtime);

impl Contestant for SpawnBlocking {
    const NAME: &'static str = "tokio spawn_blocking";

    /// Without other threads than those for blocking work, which stay while others are measured.
    fn start(workers: usize) -> Self {
        let mut builder = tokio::runtime::Builder::new_current_thread();
        builder.max_blocking_threads(workers).thread_keep_alive(Duration::from_secs(3600));
        Self(builder.build().expect("a runtime"))
    }
}

impl Execute for SpawnBlocking {
    fn execute(&self, job: impl FnOnce() + Send + 'static) {
        drop(self.0.spawn_blocking(job));
    }
}

impl Handles for SpawnBlocking {
    type Handle = JoinHandle<u64>;

    fn spawn(&self, job: impl FnOnce() -> u64 + Send + 'static) -> JoinHandle<u64> {
        self.0.spawn_blocking(job)
    }

    fn join_all(&self, handles: Vec<JoinHandle<u64>>) -> u64 {
        self.0.block_on(async {
            let mut sum = 0;
            for job in handles {
                sum += job.await.expect("no panic");
            }
            sum
        })
    }
}

impl RoundTrip for SpawnBlocking {
    fn round_trip(&'static self, number: u64) -> u64 {
        self.0.block_on(self.0.spawn_blocking(move || number + 1)).expect("no panic")
    }
}

/// A pool of `executors`.
pub struct Executors<E>(E);

/// `executors` over a crossbeam channel.
pub type ChannelExecutor = Executors<executors::crossbeam_channel_pool::ThreadPool>;
/// `executors` with work stealing, and the fastest of its parkers, which has room for 32 workers.
pub type StealingExecutor = Executors<Stealing<StaticParker<SmallThreadData>>>;

impl Contestant for ChannelExecutor {
    const NAME: &'static str = "executors channel";

    fn start(workers: usize) -> Self {
        Self(executors::crossbeam_channel_pool::ThreadPool::new(workers))
    }
}

impl Contestant for StealingExecutor {
    const NAME: &'static str = "executors stealing";

    fn start(workers: usize) -> Self {
        Self(small_pool(workers))
    }
}

impl<E: FuturesExecutor> Execute for Executors<E>
where
    Self: Contestant,
{
    fn execute(&self, job: impl FnOnce() + Send + 'static) {
        self.0.execute(job);
    }
}

impl<E: FuturesExecutor> Handles for Executors<E>
where
    Self: Contestant,
{
    type Handle = executors::JoinHandle<u64>;

    fn spawn(&self, job: impl FnOnce() -> u64 + Send + 'static) -> Self::Handle {
        self.0.spawn(async { job() })
    }

    fn join_all(&self, handles: Vec<Self::Handle>) -> u64 {
        block_on(async {
            let mut sum = 0;
            for job in handles {
                sum += job.await;
            }
            sum
        })
    }
}

impl<E: FuturesExecutor> RoundTrip for Executors<E>
where
    Self: Contestant,
{
    fn round_trip(&'static self, number: u64) -> u64 {
        block_on(self.0.spawn(async move { number + 1 }))
    }
}

/// affinitypool. It has no way to let go of a job, which is cancelled with its future, so it only takes
/// part where jobs are awaited.
pub struct Affinitypool(affinitypool::Threadpool);

impl Contestant for Affinitypool {
    const NAME: &'static str = "affinitypool";

    fn start(workers: usize) -> Self {
        Self(affinitypool::Threadpool::new(workers))
    }
}

impl Joined for Affinitypool {
    fn spawn_and_join_all<F>(&self, jobs: impl Iterator<Item = F>) -> u64
    where
        F: FnOnce() -> u64 + Send + 'static,
    {
        let handles: Vec<_> = jobs.map(|job| self.0.spawn(job)).collect();
        block_on(async {
            let mut sum = 0;
            for job in handles {
                sum += job.await;
            }
            sum
        })
    }
}

impl RoundTrip for Affinitypool {
    fn round_trip(&'static self, number: u64) -> u64 {
        block_on(self.0.spawn(move || number + 1))
    }
}

/// A waker that unparks a thread.
struct Unpark(Thread);

impl Wake for Unpark {
    fn wake(self: Arc<Self>) {
        self.0.unpark();
    }
}

/// Waits for a future on this thread. The pools leave that to others.
fn block_on<T>(future: impl Future<Output = T>) -> T {
    thread_local! {
        static WAKER: Waker = Arc::new(Unpark(thread::current())).into();
    }
    let mut future = pin!(future);
    WAKER.with(|waker| {
        let mut context = Context::from_waker(waker);
        loop {
            match future.as_mut().poll(&mut context) {
                Poll::Ready(value) => return value,
                Poll::Pending => thread::park(),
            }
        }
    })
}
