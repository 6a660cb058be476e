//! Pools that run closures, without handles to them or with handles of their own, and those that
//! fork and join.

use std::num::NonZero;
use std::time::Duration;

use crate::contestants::{Batch, Contestant, Execute, ForkJoin, Handles, RoundTrip};

/// rayon.
pub struct Rayon(rayon::ThreadPool);

impl Contestant for Rayon {
    const NAME: &'static str = "rayon";

    fn start(workers: usize) -> Self {
        let builder = rayon::ThreadPoolBuilder::new().num_threads(workers);
        Self(builder.build().expect("threads to be had"))
    }
}

impl Execute for Rayon {
    fn execute(&self, job: impl FnOnce() + Send + 'static) {
        self.0.spawn(job);
    }
}

impl Batch for Rayon {
    /// All of them from the caller's thread into one scope, which is rayon's way to many closures at
    /// once. Its parallel iterators do not queue jobs.
    fn execute_all<F: FnOnce() + Send + 'static>(&self, jobs: impl ExactSizeIterator<Item = F>) {
        self.0.in_place_scope(|scope| {
            for job in jobs {
                scope.spawn(|_| job());
            }
        });
    }
}

impl RoundTrip for Rayon {
    fn round_trip(&'static self, number: u64) -> u64 {
        self.0.install(move || number + 1)
    }
}

impl ForkJoin for Rayon {
    type Scope<'a> = ();

    fn enter(&self, f: impl FnOnce(&mut ()) -> u64 + Send) -> u64 {
        self.0.install(|| f(&mut ()))
    }

    #[inline]
    fn join(
        (): &mut (),
        a: impl FnOnce(&mut ()) -> u64 + Send,
        b: impl FnOnce(&mut ()) -> u64 + Send,
    ) -> (u64, u64) {
        rayon::join(|| a(&mut ()), || b(&mut ()))
    }
}

/// chili, which only forks and joins. The caller is one of its workers.
pub struct Chili(chili::ThreadPool);

impl Contestant for Chili {
    const NAME: &'static str = "chili";

    fn start(workers: usize) -> Self {
        let thread_count = NonZero::new(workers);
        Self(chili::ThreadPool::with_config(chili::Config { thread_count, ..Default::default() }))
    }
}

impl ForkJoin for Chili {
    type Scope<'a> = chili::Scope<'a>;

    fn enter(&self, f: impl FnOnce(&mut chili::Scope<'_>) -> u64 + Send) -> u64 {
        f(&mut self.0.scope())
    }

    #[inline]
    fn join(
        scope: &mut chili::Scope<'_>,
        a: impl FnOnce(&mut chili::Scope<'_>) -> u64 + Send,
        b: impl FnOnce(&mut chili::Scope<'_>) -> u64 + Send,
    ) -> (u64, u64) {
        scope.join(a, b)
    }
}

/// parkring's work-stealing pool.
pub struct Parkring(parkring::ThreadPool);

impl Contestant for Parkring {
    const NAME: &'static str = "parkring";

    fn start(workers: usize) -> Self {
        Self(parkring::ThreadPool::new(workers))
    }
}

impl Execute for Parkring {
    fn execute(&self, job: impl FnOnce() + Send + 'static) {
        self.0.spawn(job);
    }
}

impl RoundTrip for Parkring {
    fn round_trip(&'static self, number: u64) -> u64 {
        self.0.install(move || number + 1)
    }
}

impl ForkJoin for Parkring {
    type Scope<'a> = ();

    fn enter(&self, f: impl FnOnce(&mut ()) -> u64 + Send) -> u64 {
        self.0.install(|| f(&mut ()))
    }

    #[inline]
    fn join(
        (): &mut (),
        a: impl FnOnce(&mut ()) -> u64 + Send,
        b: impl FnOnce(&mut ()) -> u64 + Send,
    ) -> (u64, u64) {
        parkring::join(|| a(&mut ()), || b(&mut ()))
    }
}

/// threadpool.
pub struct Threadpool(threadpool::ThreadPool);

impl Contestant for Threadpool {
    const NAME: &'static str = "threadpool";

    fn start(workers: usize) -> Self {
        Self(threadpool::ThreadPool::new(workers))
    }
}

impl Execute for Threadpool {
    fn execute(&self, job: impl FnOnce() + Send + 'static) {
        self.0.execute(job);
    }
}

/// rusty_pool, with as many core threads as it may have threads.
pub struct RustyPool(rusty_pool::ThreadPool);

impl Contestant for RustyPool {
    const NAME: &'static str = "rusty_pool";

    fn start(workers: usize) -> Self {
        let pool = rusty_pool::ThreadPool::new(workers, workers, Duration::from_secs(60));
        pool.start_core_threads();
        Self(pool)
    }
}

impl Execute for RustyPool {
    fn execute(&self, job: impl FnOnce() + Send + 'static) {
        self.0.execute(job);
    }
}

impl Handles for RustyPool {
    type Handle = rusty_pool::JoinHandle<u64>;

    fn spawn(&self, job: impl FnOnce() -> u64 + Send + 'static) -> Self::Handle {
        self.0.evaluate(job)
    }

    fn join_all(&self, handles: Vec<Self::Handle>) -> u64 {
        handles.into_iter().map(rusty_pool::JoinHandle::await_complete).sum()
    }
}

impl RoundTrip for RustyPool {
    fn round_trip(&'static self, number: u64) -> u64 {
        self.0.evaluate(move || number + 1).await_complete()
    }
}
