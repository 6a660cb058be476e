//! Live memory stays flat: what takes pools of its own. A new case is a line of [`CASES`].

use std::sync::mpsc;
use std::thread;
use std::time::Duration;

use drainpool::{Collect, CrossbeamCollect, FlumeSink, InOrder, ManualClock, ResultSink, WhenFull};

use crate::level::{Levels, Measure, all_flat, alone, rounds};
use crate::setup::held::occupy;
use crate::setup::{Backend, Builder, Latch, Pool, Setup};

each_backend!(all);

type Case = (&'static str, fn(Backend) -> Levels);

const CASES: &[Case] = &[
    ("pools on one clock", pools_on_one_clock),
    ("workers that come and go", workers_that_come_and_go),
    ("threads that submit once", |on| threads_that_end(on, |pool| drop(pool.execute(|| ())))),
    ("threads that wait once", |on| {
        threads_that_end(on, |pool| drop(pool.spawn(|| 7).map(drainpool::JobHandle::join)))
    }),
    ("submits that find no room", submits_that_find_no_room),
    ("Collect", |on| collect(on, false)),
    ("Collect, busy", |on| collect(on, true)),
    ("mpsc", |on| over_a_channel(on, false)),
    ("mpsc, busy", |on| over_a_channel(on, true)),
    // It keeps what comes after a job that is not done, so there is no case of a busy worker.
    ("InOrder", in_order),
    ("CrossbeamCollect", |on| crossbeam_collect(on, false)),
    ("CrossbeamCollect, busy", |on| crossbeam_collect(on, true)),
    ("FlumeSink", |on| flume_sink(on, false)),
    ("FlumeSink, busy", |on| flume_sink(on, true)),
];

fn all(backend: Backend) {
    let measures = CASES.iter().map(|&(name, measure)| {
        let measure = move || measure(backend);
        (name, Box::new(measure) as Measure)
    });
    alone(|| all_flat(measures));
}

fn builder(backend: Backend) -> Builder {
    Setup { backend, threads: 1, capacity: None }.builder()
}

fn pools_on_one_clock(backend: Backend) -> Levels {
    let clock = ManualClock::new();
    let round = || {
        let pool = builder(backend).clock(clock.clone()).build().unwrap();
        pool.execute(|| ()).unwrap();
    };
    Levels::measure(rounds() / 2, 0, round, || ())
}

fn workers_that_come_and_go(backend: Backend) -> Levels {
    let builder = builder(backend).num_threads(2).thread_keep_alive(Duration::ZERO);
    let pool = builder.build().unwrap();
    let round = || {
        pool.execute(|| ()).unwrap();
        pool.wait_idle().unwrap();
    };
    Levels::measure(rounds(), 0, round, || ())
}

/// In an optimised build of a million threads.
fn threads_that_end(backend: Backend, submit: fn(&Pool)) -> Levels {
    let pool = builder(backend).build().unwrap();
    let round = || {
        thread::scope(|scope| {
            scope.spawn(|| submit(&pool));
        });
    };
    let rounds = if cfg!(debug_assertions) { rounds() } else { 10 * rounds() };
    Levels::measure(rounds, 0, round, || pool.wait_idle().unwrap())
}

fn submits_that_find_no_room(backend: Backend) -> Levels {
    let pool = builder(backend).capacity(1).paused().build().unwrap();
    pool.execute(|| ()).unwrap();
    let is_full = |refused: bool| assert!(refused, "there is room");
    let round = || {
        is_full(pool.try_execute(|| ()).is_err_and(|refused| refused.is_full()));
        is_full(pool.try_spawn(|| ()).is_err_and(|refused| refused.is_full()));
        let spawned = pool.with(WhenFull::WaitFor(Duration::ZERO)).spawn(|| ());
        is_full(spawned.is_err_and(|refused| refused.is_full()));
        let executed = pool.with(WhenFull::WaitFor(Duration::from_nanos(1))).execute(|| ());
        is_full(executed.is_err_and(|refused| refused.is_full()));
    };
    Levels::measure(rounds(), 0, round, || ())
}

/// Jobs that run in the caller whenever their queue, which has room for one, is full: now and then, or
/// if the worker is busy, always. What the sink got is taken after each.
fn outcomes<S>(backend: Backend, busy: bool, sink: S, take: impl Fn()) -> Levels
where
    S: ResultSink<Result = u64> + Clone + Send + 'static,
{
    let pool = builder(backend).capacity(1).sink(sink).build().unwrap();
    let free = Latch::default();
    if busy {
        occupy(&pool, 1, &free);
        pool.execute(|| 1).unwrap();
    }
    let round = || {
        pool.with(WhenFull::RunHere).execute(|| 1).unwrap();
        take();
    };
    let settle = || {
        if !busy {
            pool.wait_idle().unwrap();
        }
        take();
    };
    let levels = Levels::measure(rounds(), 0, round, settle);
    free.open();
    levels
}

fn collect(backend: Backend, busy: bool) -> Levels {
    let results = Collect::new();
    outcomes(backend, busy, results.clone(), || drop(results.take()))
}

fn over_a_channel(backend: Backend, busy: bool) -> Levels {
    let (results, received) = mpsc::channel();
    outcomes(backend, busy, results, || received.try_iter().for_each(drop))
}

fn in_order(backend: Backend) -> Levels {
    let (results, received) = mpsc::channel();
    outcomes(backend, false, InOrder::new(results), || received.try_iter().for_each(drop))
}

fn crossbeam_collect(backend: Backend, busy: bool) -> Levels {
    let results = CrossbeamCollect::new();
    outcomes(backend, busy, results.clone(), || while results.pop().is_some() {})
}

fn flume_sink(backend: Backend, busy: bool) -> Levels {
    let (results, received) = flume::unbounded();
    outcomes(backend, busy, FlumeSink::new(results), || received.try_iter().for_each(drop))
}
