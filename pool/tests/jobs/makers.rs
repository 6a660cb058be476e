//! What is made for each worker: its handler, by a maker that may fail, and its state.

use std::cell::Cell;
use std::error::Error;
use std::fmt;
use std::rc::Rc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Barrier, Mutex};
use std::thread::{self, ThreadId};
use std::time::Duration;

use drainpool::{
    AnyQueue, BuildError, Job, ManualClock, PanicPolicy, Refusal, StartCause, StartError, Task,
    WaitError, WhenFull, current_worker, with_worker_state,
};

use crate::setup::held::{hold, panic_behind};
use crate::setup::tools::{one_for_each, results};
use crate::setup::{Builder, Latch, Pool, Setup, Tally, balanced, eventually};

on_every_backend! {
    a_maker_that_fails_undoes_the_build
    a_maker_that_fails_on_demand_gives_the_job_back
    a_maker_that_fails_for_a_job_of_the_pool
    those_whose_handler_was_made_do_the_work
    a_worker_that_left_is_made_anew_or_not
    an_error_that_panics_when_dropped
    an_error_that_panics_when_a_waiting_thread_drops_it
    each_worker_has_a_state_of_its_own
    a_state_ends_with_its_worker
    a_state_that_is_not_made
    a_maker_of_states_that_fails
    whose_state_a_job_sees
    a_state_is_there_until_it_is_dropped
}

const MINUTE: Duration = Duration::from_secs(60);

/// Why no handler was made.
#[derive(Debug, Clone, PartialEq, Eq)]
struct NotMade(usize);

impl fmt::Display for NotMade {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "worker {} has no handler, on purpose", self.0)
    }
}

impl Error for NotMade {}

/// The maker's error, as it was.
fn not_made(error: &StartError) -> &NotMade {
    assert!(matches!(error.cause(), StartCause::Handler(_)), "{error:?}");
    error.source().and_then(|source| source.downcast_ref()).expect("the maker's error")
}

/// What is dropped is counted.
struct Counted(Tally);

impl Drop for Counted {
    fn drop(&mut self) {
        self.0.add();
    }
}

type Built = Result<Pool, BuildError>;

/// A pool of closures whose handlers are made unless this says no.
fn picky(builder: Builder, may: impl Fn(usize) -> bool + Send + Sync + 'static) -> Built {
    builder.try_build_with(move |worker| {
        if may(worker.index()) { Ok(Task::run) } else { Err(NotMade(worker.index())) }
    })
}

/// Counts the starts and the ends of workers.
fn counted(builder: Builder) -> (Builder, Tally, Tally) {
    let (started, stopped) = (Tally::default(), Tally::default());
    let (starts, stops) = (started.clone(), stopped.clone());
    let builder = builder.on_thread_start(move |_| starts.add());
    (builder.on_thread_stop(move |_| stops.add()), started, stopped)
}

fn a_maker_that_fails_undoes_the_build(setup: Setup) {
    for failing in [0, setup.threads - 1] {
        let (builder, started, stopped) = counted(setup.builder());
        let (made, dropped) = (Tally::default(), Tally::default());
        let (makes, drops) = (made.clone(), dropped.clone());
        let built: Result<drainpool::Pool<u32, (), AnyQueue<Job<u32>>>, _> = builder
            .try_build_with(move |worker| {
                if worker.index() == failing {
                    return Err(NotMade(failing));
                }
                makes.add();
                let state = Counted(drops.clone());
                Ok(move |_: u32| {
                    let _state = &state;
                })
            });
        let Err(BuildError::Start(error)) = built else { panic!("it has no handler") };
        assert_eq!((error.worker(), not_made(&error)), (failing, &NotMade(failing)));
        assert!(error.to_string().contains("on purpose"), "{error}");
        // After a failure that is quick, the others are not started.
        assert!((1..=setup.threads as u64).contains(&started.get()));
        assert_eq!((stopped.get(), made.get()), (started.get(), started.get() - 1));
        assert_eq!(dropped.get(), made.get());
    }
}

fn a_maker_that_fails_on_demand_gives_the_job_back(setup: Setup) {
    let calls = Tally::default();
    let count = calls.clone();
    let may = move |_| {
        count.add();
        count.get() > 3
    };
    let pool = picky(setup.builder().thread_keep_alive(Duration::MAX), may).unwrap();
    for _ in 0..3 {
        match pool.spawn(|| 7).unwrap_err().into_parts() {
            (Refusal::NoThread(error), closure) => {
                assert_eq!(not_made(&error), &NotMade(error.worker()));
                assert_eq!(closure(), 7);
            }
            (other, _) => panic!("{other:?}"),
        }
    }
    assert_eq!((pool.wait_idle(), pool.stats().failed_starts), (Ok(()), 3));
    assert_eq!(pool.spawn(|| 7).unwrap().join().unwrap(), 7, "the fourth is made");
    assert_eq!((balanced(&pool).accepted, pool.stats().failed_starts), (1, 3));
}

fn a_maker_that_fails_for_a_job_of_the_pool(setup: Setup) {
    let pool = picky(setup.builder().thread_keep_alive(Duration::MAX), |n| n == 0).unwrap();
    // Which index comes first is not promised; those that fail are not tried twice in a row.
    let children = loop {
        let handle = pool.handle();
        let parent = move || (0..20).map(|n| handle.spawn(move || n).unwrap()).collect::<Vec<_>>();
        match pool.spawn(parent) {
            Ok(parent) => break parent.join().unwrap(),
            Err(refused) => assert!(matches!(refused.reason(), Refusal::NoThread(_))),
        }
    };
    assert!(results(children).into_iter().eq(0..20));
    assert_eq!(balanced(&pool).done, 21);
}

fn those_whose_handler_was_made_do_the_work(setup: Setup) {
    let one_is_made = AtomicBool::new(false);
    let may = move |_| !one_is_made.swap(true, Ordering::Relaxed);
    let pool = picky(setup.builder().thread_keep_alive(Duration::MAX), may).unwrap();
    let held = hold(&pool, 1);
    let waiting: Vec<_> =
        (0..setup.room().min(20)).map(|n| pool.spawn(move || n).unwrap()).collect();
    let fails = setup.threads > 1;
    eventually(|| (pool.stats().failed_starts > 0) == fails && pool.stats().threads == 1);
    held.release();
    assert!(results(waiting).into_iter().eq(0..setup.room().min(20)));
    balanced(&pool);
}

fn a_worker_that_left_is_made_anew_or_not(setup: Setup) {
    let (clock, broken) = (ManualClock::new(), Latch::default());
    let builder = setup.builder().thread_keep_alive(MINUTE).clock(clock.clone());
    let breaks = broken.clone();
    let pool = picky(builder, move |_| !breaks.is_open()).unwrap();
    hold(&pool, setup.threads).release();
    pool.wait_idle().unwrap();
    eventually(|| pool.stats().idle_threads == setup.threads);
    clock.advance(MINUTE);
    eventually(|| pool.stats().threads == 0);

    broken.open();
    let refused = pool.execute(|| ()).unwrap_err();
    let Refusal::NoThread(error) = refused.reason() else { panic!("{refused:?}") };
    not_made(error);
    assert_eq!((pool.wait_idle(), pool.stats().failed_starts), (Ok(()), 1));
    assert_eq!(balanced(&pool).accepted, setup.threads as u64);
}

/// An error that nobody gets to see, unless it is dropped in the wrong place.
#[derive(Debug)]
struct Fragile(Tally);

impl fmt::Display for Fragile {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("no handler, on purpose")
    }
}

impl Error for Fragile {}

impl Drop for Fragile {
    fn drop(&mut self) {
        self.0.add();
        panic!("on purpose, at the drop");
    }
}

fn an_error_that_panics_when_dropped(setup: Setup) {
    let (one_is_made, dropped) = (AtomicBool::new(false), Tally::default());
    let drops = dropped.clone();
    let builder = setup.builder().thread_keep_alive(Duration::MAX);
    let pool = builder.try_build_with(move |_| match one_is_made.swap(true, Ordering::Relaxed) {
        false => Ok(Task::run),
        true => Err(Fragile(drops.clone())),
    });
    let pool: Pool = pool.unwrap();
    for round in 1..=20 {
        let handle = pool.handle();
        let parent = move || (0..5).map(|n| handle.spawn(move || n).unwrap()).collect::<Vec<_>>();
        let children = pool.spawn(parent).unwrap().join().unwrap();
        assert!(results(children).into_iter().eq(0..5));
        pool.wait_idle().unwrap();
        assert_eq!(pool.stats().done, 6 * round);
    }
    balanced(&pool);
    assert_eq!(dropped.get(), pool.stats().failed_starts);
}

fn an_error_that_panics_when_a_waiting_thread_drops_it(setup: Setup) {
    let (made, dropped) = (Tally::default(), Tally::default());
    let (makes, drops) = (made.clone(), dropped.clone());
    let builder = setup.with_threads(1).builder().panic_policy(PanicPolicy::ReplaceWorker);
    let pool = builder.try_build_with(move |_| {
        makes.add();
        if makes.get() == 1 { Ok(Task::run) } else { Err(Fragile(drops.clone())) }
    });
    let pool: Pool = pool.unwrap();
    let gate = Latch::default();
    panic_behind(&gate, &pool);
    let job = pool.spawn(|| thread::current().id()).unwrap();
    pool.execute(|| ()).unwrap();
    gate.open();
    eventually(|| pool.stats().threads == 0);
    assert_eq!(job.join().unwrap(), thread::current().id());
    assert_eq!(pool.wait_idle(), Err(WaitError::NoThread));
    let report = pool.shutdown();
    assert_eq!((report.done, report.panicked, report.unfinished), (1, 1, 1));
    assert_eq!(dropped.get(), made.get() - 1);
    assert!(made.get() >= 4, "at the replacement, by join, by wait_idle, and by the shutdown");
}

/// Which worker's state was dropped, after how many jobs.
type Ended = Arc<Mutex<Vec<(usize, u64)>>>;

/// A state that stays on its thread, and tells where it was dropped.
struct State {
    worker: usize,
    jobs: Rc<Cell<u64>>,
    made_on: ThreadId,
    ended: Ended,
}

impl Drop for State {
    fn drop(&mut self) {
        assert_eq!(self.made_on, thread::current().id());
        self.ended.lock().unwrap().push((self.worker, self.jobs.get()));
        panic!("on purpose, at the drop");
    }
}

fn with_state(builder: Builder) -> (Builder, Ended) {
    let ended = Ended::default();
    let ends = ended.clone();
    let make = move |worker| State {
        worker,
        jobs: Rc::default(),
        made_on: thread::current().id(),
        ended: ends.clone(),
    };
    (builder.worker_state(make), ended)
}

/// Counts a job in its worker's state, and returns the worker.
fn count() -> Option<usize> {
    with_worker_state(|state: &State| {
        state.jobs.set(state.jobs.get() + 1);
        state.worker
    })
}

fn each_worker_has_a_state_of_its_own(setup: Setup) {
    let (builder, ended) = with_state(setup.builder());
    let pool: Pool = builder.build().unwrap();
    for _ in 0..3 {
        let job = |_| (count(), current_worker().map(|worker| worker.index()));
        let mut workers = results(one_for_each(&pool, job));
        workers.sort_unstable();
        assert!(workers.into_iter().eq((0..setup.threads).map(|n| (Some(n), Some(n)))));
    }
    for _ in 0..setup.threads {
        pool.spawn(|| panic!("on purpose, {:?}", count())).unwrap().join().unwrap_err();
    }
    assert_eq!(ended.lock().unwrap().len(), 0);
    balanced(&pool);
    let mut ended = std::mem::take(&mut *ended.lock().unwrap());
    ended.sort_unstable();
    assert!(ended.iter().map(|(worker, _)| *worker).eq(0..setup.threads), "{ended:?}");
    assert!(ended.iter().all(|(_, jobs)| *jobs >= 3), "{ended:?}");
    assert_eq!(ended.iter().map(|(_, jobs)| jobs).sum::<u64>(), 4 * setup.threads as u64);
}

fn a_state_ends_with_its_worker(setup: Setup) {
    let clock = ManualClock::new();
    let builder = setup.builder().thread_keep_alive(MINUTE).clock(clock.clone());
    let (builder, ended) = with_state(builder);
    let before = ended.clone();
    let stopped = Tally::default();
    let stops = stopped.clone();
    let stop = move |worker: usize| {
        let ended = before.lock().unwrap();
        assert!(ended.iter().any(|(ended, _)| *ended == worker), "the state ends before");
        assert_eq!(with_worker_state(|_: &State| ()), None);
        stops.add();
    };
    let pool: Pool = builder.on_thread_stop(stop).build().unwrap();
    for round in 1..=3 {
        results(one_for_each(&pool, |_| count().unwrap()));
        pool.wait_idle().unwrap();
        eventually(|| pool.stats().idle_threads == setup.threads);
        clock.advance(MINUTE);
        eventually(|| pool.stats().threads == 0);
        let ended = ended.lock().unwrap();
        assert_eq!(ended.len(), round * setup.threads);
        assert!(ended.iter().all(|(_, jobs)| *jobs == 1), "made anew each time: {ended:?}");
    }
    balanced(&pool);
    assert_eq!(stopped.get(), 3 * setup.threads as u64);
}

fn a_state_that_is_not_made(setup: Setup) {
    let (builder, started, stopped) = counted(setup.builder());
    let last = setup.threads - 1;
    let builder = builder.worker_state(move |worker| {
        assert!(worker != last, "no state, on purpose");
    });
    let Err(BuildError::Start(error)) = builder.build() else { panic!("it has no state") };
    let StartCause::Panicked(panic) = error.cause() else { panic!("{error:?}") };
    assert_eq!((error.worker(), panic.message()), (last, Some("no state, on purpose")));
    assert_eq!((started.get(), stopped.get()), (setup.threads as u64, started.get()));

    let builder = setup.builder().thread_keep_alive(Duration::MAX);
    let pool: Pool = builder.worker_state(|_| panic!("no state, on purpose")).build().unwrap();
    let refused = pool.execute(|| ()).unwrap_err();
    assert!(matches!(refused.reason(), Refusal::NoThread(_)), "{refused:?}");
    assert_eq!(balanced(&pool).accepted, 0);

    // A handler that is not made leaves no state behind.
    let (builder, started, _) = counted(setup.builder());
    let (builder, ended) = with_state(builder);
    assert!(picky(builder, |_| false).is_err());
    assert_eq!(ended.lock().unwrap().len() as u64, started.get());
}

fn a_maker_of_states_that_fails(setup: Setup) {
    let cause = |error: &StartError| {
        assert!(matches!(error.cause(), StartCause::State(_)), "{error:?}");
        assert!(error.to_string().contains("state was not made"), "{error}");
        error.source().and_then(|source| source.downcast_ref()).cloned()
    };
    let (builder, started, stopped) = counted(setup.builder());
    let built: Built = builder.try_worker_state(|n| Err::<(), _>(NotMade(n))).build();
    let Err(BuildError::Start(error)) = built else { panic!("it has no state") };
    assert_eq!(cause(&error), Some(NotMade(error.worker())));
    assert_eq!(stopped.get(), started.get());

    // Made anew at each start, on demand and after a panic that replaces the worker.
    let fails = Latch::default();
    let failing = fails.clone();
    let builder = setup.with_threads(1).builder().thread_keep_alive(Duration::MAX);
    let builder = builder.try_worker_state(move |n| match failing.is_open() {
        false => Ok(Cell::new(0_u32)),
        true => Err(NotMade(n)),
    });
    let pool: Pool = builder.panic_policy(PanicPolicy::ReplaceWorker).build().unwrap();
    let count = || with_worker_state(|n: &Cell<u32>| n.replace(n.get() + 1));
    assert_eq!(pool.spawn(count).unwrap().join().unwrap(), Some(0));
    assert_eq!(pool.spawn(count).unwrap().join().unwrap(), Some(1));
    pool.execute(|| panic!("on purpose")).unwrap();
    pool.wait_idle().unwrap();
    assert_eq!(pool.spawn(count).unwrap().join().unwrap(), Some(0), "another thread's state");
    fails.open();
    pool.execute(|| panic!("on purpose")).unwrap();
    eventually(|| pool.stats().threads == 0);
    let refused = pool.execute(|| ()).unwrap_err();
    let Refusal::NoThread(error) = refused.reason() else { panic!("{refused:?}") };
    assert_eq!(cause(error), Some(NotMade(0)));
    balanced(&pool);
}

fn whose_state_a_job_sees(setup: Setup) {
    let number = || with_worker_state(|n: &u32| *n);
    let one = setup.with_threads(1);
    let pool: Pool = one.builder().capacity(1).worker_state(|_| 7_u32).build().unwrap();
    assert_eq!(pool.spawn(number).unwrap().join().unwrap(), Some(7));
    let other = || with_worker_state(|n: &u64| *n);
    assert_eq!(pool.spawn(other).unwrap().join().unwrap(), None, "of another type");
    assert_eq!(number(), None, "on a thread outside");
    assert_eq!(setup.pool().spawn(number).unwrap().join().unwrap(), None, "without a maker");

    let held = hold(&pool, 1);
    let waiting = pool.spawn(number).unwrap();
    let here = pool.with(WhenFull::RunHere).spawn(number).unwrap();
    assert_eq!(here.join().unwrap(), None, "on a thread outside");
    let visited: Pool = one.builder().worker_state(|_| 8_u32).build().unwrap();
    let visitor = visited.spawn(move || waiting.join().unwrap()).unwrap();
    assert_eq!(visitor.join().unwrap(), Some(8), "on the other pool's thread");
    held.release();

    // What a job waits for may run within its call, on the same state.
    let handle = pool.handle();
    let nested = move || {
        with_worker_state(|outer: &u32| {
            let inner = handle.spawn(number).unwrap().join().unwrap();
            inner.map(|inner| outer + inner)
        })
    };
    assert_eq!(pool.spawn(nested).unwrap().join().unwrap(), Some(Some(14)));
    balanced(&pool);
}

/// Looks for the state when it is dropped.
struct Looks(Arc<Mutex<Vec<Option<bool>>>>);

impl Drop for Looks {
    fn drop(&mut self) {
        let seen = with_worker_state(|_: &Looks| true);
        self.0.lock().unwrap().push(seen);
    }
}

fn a_state_is_there_until_it_is_dropped(setup: Setup) {
    let seen: Arc<Mutex<Vec<Option<bool>>>> = Arc::default();
    let (state, handler) = (seen.clone(), seen.clone());
    let builder = setup.with_threads(1).builder().worker_state(move |_| Looks(state.clone()));
    let pool = builder
        .build_with(move |_| {
            handler.lock().unwrap().push(with_worker_state(|_: &Looks| true));
            let looks = Looks(handler.clone());
            move |all: Arc<Barrier>| {
                let _looks = &looks;
                all.wait();
            }
        })
        .unwrap();
    pool.submit(Arc::new(Barrier::new(1))).unwrap();
    assert_eq!(pool.shutdown().done, 1);
    // At the maker, at the handler's drop, at its own.
    assert_eq!(*seen.lock().unwrap(), [Some(true), Some(true), None]);
}
