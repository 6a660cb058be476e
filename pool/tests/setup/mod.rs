//! The pools on which tests run, on every backend, and what these tests share.
#![allow(dead_code)]

pub(crate) mod block_on;
pub(crate) mod held;
pub(crate) mod recorder;
pub(crate) mod request;
pub(crate) mod tools;

use std::sync::Once;

pub(crate) use drainpool::Backend;
use drainpool::{AnyQueue, Job, ShutdownReport, Task};
pub(crate) use pool_conformance::{Latch, Tally};

/// A pool of closures over a backend that is picked at run time.
pub(crate) type Pool<R = ()> = drainpool::Pool<Task<R>, R, AnyQueue<Job<Task<R>>>>;
/// A handle to one.
pub(crate) type Handle<R = ()> = drainpool::Handle<Task<R>, R, AnyQueue<Job<Task<R>>>>;
/// What builds one.
pub(crate) type Builder = pool_core::ThreadPoolBuilder<Backend>;

/// Room for so many jobs in the queue of a bounded pool.
pub(crate) const CAPACITY: usize = 3;

/// What pools a test is to use.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Setup {
    pub(crate) backend: Backend,
    pub(crate) threads: usize,
    pub(crate) capacity: Option<usize>,
}

impl Setup {
    pub(crate) fn builder(self) -> Builder {
        let builder = pool_core::ThreadPoolBuilder::with_backend(self.backend);
        let builder = builder.num_threads(self.threads);
        match self.capacity {
            Some(capacity) => builder.capacity(capacity),
            None => builder,
        }
    }

    pub(crate) fn pool(self) -> Pool {
        self.builder().build().unwrap()
    }

    /// The same with another number of workers.
    pub(crate) fn with_threads(self, threads: usize) -> Self {
        Self { threads, ..self }
    }

    /// So many jobs can be submitted, from outside, to workers that take none.
    pub(crate) fn room(self) -> usize {
        self.capacity.unwrap_or(usize::MAX)
    }
}

/// Runs a test on each of the pools of one backend, each with a watchdog.
pub(crate) fn on(backend: Backend, test: fn(Setup)) {
    hush_intended_panics();
    for threads in [1, 2, 8] {
        for capacity in [None, Some(CAPACITY)] {
            let setup = Setup { backend, threads, capacity };
            pool_conformance::within_patience(move || test(setup));
        }
    }
}

/// Makes a test of this function for each backend.
#[allow(unused_macros)]
macro_rules! each_backend {
    ($function:expr) => {
        #[test]
        fn crossbeam() {
            $function(drainpool::Backend::Crossbeam);
        }
        #[test]
        fn flume() {
            $function(drainpool::Backend::Flume);
        }
        #[test]
        fn std_only() {
            $function(drainpool::Backend::Std);
        }
        #[test]
        fn plain_channel() {
            $function(drainpool::Backend::Channel);
        }
        #[test]
        fn by_priority() {
            $function(drainpool::Backend::Priority);
        }
    };
}

/// Makes a named test of each of these functions, for each backend, on the pools of [`on`] or as the
/// runner does that is named first.
#[allow(unused_macros)]
macro_rules! on_every_backend {
    ($($test:ident)*) => { on_every_backend! { crate::setup::on => $($test)* } };
    ($on:path => $($test:ident)*) => {
        mod crossbeam {
            $(#[test] fn $test() { $on(drainpool::Backend::Crossbeam, super::$test); })*
        }
        mod flume {
            $(#[test] fn $test() { $on(drainpool::Backend::Flume, super::$test); })*
        }
        mod std_only {
            $(#[test] fn $test() { $on(drainpool::Backend::Std, super::$test); })*
        }
        mod plain_channel {
            $(#[test] fn $test() { $on(drainpool::Backend::Channel, super::$test); })*
        }
        mod by_priority {
            $(#[test] fn $test() { $on(drainpool::Backend::Priority, super::$test); })*
        }
    };
}

/// Shuts a pool down and checks its books.
#[track_caller]
pub(crate) fn balanced<R: 'static>(pool: &Pool<R>) -> ShutdownReport {
    let report = pool.shutdown();
    let ended = report.done + report.panicked + report.cancelled + report.expired + report.returned;
    assert_eq!(report.accepted, ended, "{report:?}");
    assert_eq!((report.unfinished, pool.stats().threads), (0, 0));
    report
}

/// Runs `check` again and again until it holds. For states that are reached by themselves and that
/// nothing announces, under the watchdog.
pub(crate) fn eventually(check: impl Fn() -> bool) {
    while !check() {
        std::thread::yield_now();
    }
}

/// Waits until all workers but this many, which run a job, are parked: one that searches when the pool is
/// paused or shut down now may start one more job.
pub(crate) fn at_rest<J, R, Q>(pool: &pool_core::Handle<J, R, Q>, busy: usize)
where
    J: Send + 'static,
    R: 'static,
    Q: pool_core::WorkQueue<Job<J>>,
{
    eventually(|| pool.stats().idle_threads + busy == pool.stats().threads);
}

/// Pauses a pool that is [at rest](at_rest).
pub(crate) fn pause_at_rest<J, R, Q>(pool: &pool_core::Handle<J, R, Q>, busy: usize)
where
    J: Send + 'static,
    R: 'static,
    Q: pool_core::WorkQueue<Job<J>>,
{
    at_rest(pool, busy);
    pool.pause();
}

/// Keeps panics that end in "on purpose" out of the tests' output.
fn hush_intended_panics() {
    static ONCE: Once = Once::new();
    ONCE.call_once(|| {
        let report = std::panic::take_hook();
        std::panic::set_hook(Box::new(move |panic| {
            let payload = panic.payload();
            let text = payload.downcast_ref::<String>().map(String::as_str);
            let text = text.or_else(|| payload.downcast_ref::<&str>().copied());
            if !text.is_some_and(|text| text.ends_with("on purpose")) {
                report(panic);
            }
        }));
    });
}
