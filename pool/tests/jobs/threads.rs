//! A pool's threads: how many there are, what they are called, and what runs when they start and end.

use std::cell::Cell;
use std::error::Error;
use std::sync::{Arc, Barrier, Mutex};
use std::thread;
use std::time::Duration;

use drainpool::{
    BuildError, Collect, JobError, ManualClock, Refusal, StartCause, SubmitError, Task, WaitError,
    WorkerThread,
};

use crate::setup::held::hold;
use crate::setup::tools::{one_for_each, results};
use crate::setup::{Builder, Handle, Pool, Setup, Tally, balanced, eventually};

on_every_backend! {
    as_many_as_there_are_processors
    threads_come_on_demand_and_leave_again
    those_with_nothing_to_do_leave_while_others_are_busy
    names_stay_with_their_workers
    names_come_before_threads
    a_start_hook_that_panics_on_demand_gives_the_job_back
    each_worker_knows_its_index
    hooks_run_on_the_worker_s_thread
    large_stacks_are_large
    threads_of_the_user_s_own_making
    errors_travel_between_threads
    what_a_pool_shows_of_itself
}

const MINUTE: Duration = Duration::from_secs(60);

/// Workers come on demand, and leave after a minute of that clock.
fn elastic(setup: Setup, core: usize) -> (Builder, ManualClock) {
    let clock = ManualClock::new();
    let builder = setup.builder().thread_keep_alive(MINUTE).core_threads(core);
    (builder.clock(clock.clone()), clock)
}

fn as_many_as_there_are_processors(setup: Setup) {
    let pool: Pool = Builder::with_backend(setup.backend).build().unwrap();
    let processors = thread::available_parallelism().unwrap().get();
    assert_eq!((pool.num_threads(), pool.stats().threads), (processors, processors));
    hold(&pool, processors).release();
    assert_eq!(balanced(&pool).done, processors as u64);
}

fn threads_come_on_demand_and_leave_again(setup: Setup) {
    let (builder, clock) = elastic(setup, 1);
    let started = Tally::default();
    let count = started.clone();
    let pool: Pool = builder.on_thread_start(move |_worker| count.add()).build().unwrap();
    for _ in 0..3 {
        pool.spawn(|| ()).unwrap().join().unwrap();
        pool.wait_idle().unwrap();
        assert_eq!(pool.stats().threads, 1, "one job at a time needs no more");
    }
    let first = hold(&pool, 1);
    assert_eq!(pool.stats().threads, 1);
    let others = hold(&pool, setup.threads - 1);
    let waiting = (0..3 * setup.threads).filter(|_| pool.try_execute(|| ()).is_ok()).count();
    assert_eq!(waiting, (3 * setup.threads).min(setup.room()));
    let stats = pool.stats();
    assert_eq!((stats.threads, started.get()), (setup.threads, setup.threads as u64));
    assert_eq!((stats.running, stats.queued), (setup.threads as u64, waiting as u64));
    first.release();
    others.release();
    pool.wait_idle().unwrap();
    let stats = pool.stats();
    assert_eq!((stats.running, stats.queued, stats.threads), (0, 0, setup.threads));

    clock.advance(MINUTE);
    eventually(|| pool.stats().threads == 1);
    clock.advance(MINUTE);
    assert_eq!(pool.spawn(|| 7).unwrap().join().unwrap(), 7);
    assert_eq!(pool.stats().threads, 1, "the core stays");
    balanced(&pool);
}

fn those_with_nothing_to_do_leave_while_others_are_busy(setup: Setup) {
    let (builder, clock) = elastic(setup, 0);
    let pool: Pool = builder.build().unwrap();
    let busy = setup.threads.div_ceil(2);
    let long = hold(&pool, busy);
    hold(&pool, setup.threads - busy).release();
    eventually(|| pool.stats().idle_threads == setup.threads - busy);

    clock.advance(MINUTE);
    eventually(|| pool.stats().threads == busy);
    assert_eq!(pool.stats().running, busy as u64);
    long.release();
    pool.wait_idle().unwrap();

    clock.advance(MINUTE);
    eventually(|| pool.stats().threads == 0);
    assert_eq!(pool.spawn(|| 7).unwrap().join().unwrap(), 7, "somebody comes back");
    balanced(&pool);
}

/// The names of all workers, each at work.
fn names_at_work(pool: &Handle) -> Vec<String> {
    let mut names =
        results(one_for_each(pool, |_| thread::current().name().unwrap_or_default().to_owned()));
    names.sort_unstable();
    names
}

fn names_stay_with_their_workers(setup: Setup) {
    let default = setup.pool();
    let names = |prefix: &str| (0..setup.threads).map(|n| format!("{prefix}{n}")).collect();
    let expected: Vec<String> = names("pool-worker-");
    assert_eq!(names_at_work(&default), expected);
    assert_eq!(default.thread_name(setup.threads - 1), expected.last().map(String::as_str));
    assert_eq!(default.thread_name(setup.threads), None);

    let (builder, clock) = elastic(setup, 0);
    let pool: Pool = builder.thread_name(|worker| format!("test-{worker}")).build().unwrap();
    let expected: Vec<String> = names("test-");
    assert_eq!(names_at_work(&pool), expected);
    for _ in 0..setup.threads {
        pool.execute(|| panic!("on purpose")).unwrap();
    }
    pool.wait_idle().unwrap();
    assert_eq!(names_at_work(&pool), expected, "after panics");
    pool.wait_idle().unwrap();
    clock.advance(MINUTE);
    eventually(|| pool.stats().threads == 0);
    assert_eq!(names_at_work(&pool), expected, "of threads that came anew");
    balanced(&pool);
}

fn names_come_before_threads(setup: Setup) {
    let started = Tally::default();
    let starts = started.clone();
    let last = setup.threads - 1;
    let name = move |worker| {
        assert!(worker != last, "no name, on purpose");
        format!("named-{worker}")
    };
    let builder = setup.builder().on_thread_start(move |_| starts.add()).thread_name(name);
    let Err(BuildError::Start(error)) = builder.build() else { panic!("it has no name") };
    let StartCause::Panicked(panic) = error.cause() else { panic!("{error:?}") };
    assert_eq!((error.worker(), panic.message()), (last, Some("no name, on purpose")));
    assert_eq!(started.get(), 0);
}

fn a_start_hook_that_panics_on_demand_gives_the_job_back(setup: Setup) {
    let builder = setup.builder().thread_keep_alive(Duration::MAX);
    let builder = builder.on_thread_start(|_worker| panic!("no start, on purpose"));
    let pool: Pool = builder.build().unwrap();
    for _ in 0..3 {
        match pool.spawn(|| 7).unwrap_err().into_parts() {
            (Refusal::NoThread(error), closure) => {
                assert!(matches!(error.cause(), StartCause::Panicked(_)), "{error}");
                assert_eq!(closure(), 7);
            }
            (other, _) => panic!("{other:?}"),
        }
    }
    assert_eq!(pool.wait_idle(), Ok(()));
    assert_eq!((balanced(&pool).accepted, pool.stats().threads), (0, 0));
}

fn each_worker_knows_its_index(setup: Setup) {
    let done = Collect::new();
    let builder = setup.builder().sink(done.clone());
    let pool = builder
        .build_with(|worker| {
            let index = worker.index();
            move |all: Arc<Barrier>| {
                all.wait();
                (index, thread::current().name().map(str::to_owned))
            }
        })
        .unwrap();
    let all = Arc::new(Barrier::new(setup.threads));
    for _ in 0..setup.threads {
        pool.submit(all.clone()).unwrap();
    }
    assert_eq!(pool.shutdown().done, setup.threads as u64);
    let mut workers = Vec::new();
    for done in done.take() {
        let (index, name) = done.outcome.unwrap();
        assert_eq!(done.worker, Some(index));
        assert_eq!(pool.thread_name(index), name.as_deref());
        workers.push(index);
    }
    workers.sort_unstable();
    assert!(workers.into_iter().eq(0..setup.threads));
}

thread_local! {
    /// Something that only some threads have.
    static MARK: Cell<Option<usize>> = const { Cell::new(None) };
}

fn marks(pool: &Handle) -> Vec<Option<usize>> {
    let mut marks = results(one_for_each(pool, |_| MARK.get()));
    marks.sort_unstable();
    marks
}

fn hooks_run_on_the_worker_s_thread(setup: Setup) {
    let left = Arc::new(Mutex::new(Vec::new()));
    let leaving = left.clone();
    let builder = setup.builder().on_thread_start(|worker| MARK.set(Some(worker)));
    let on_stop = move |worker| {
        assert_eq!(MARK.get(), Some(worker));
        leaving.lock().unwrap().push(MARK.get());
    };
    let pool: Pool = builder.on_thread_stop(on_stop).build().unwrap();
    let every_worker: Vec<_> = (0..setup.threads).map(Some).collect();
    assert_eq!(marks(&pool), every_worker);
    assert!(left.lock().unwrap().is_empty());
    drop(pool);
    left.lock().unwrap().sort_unstable();
    assert_eq!(*left.lock().unwrap(), every_worker);
}

fn large_stacks_are_large(setup: Setup) {
    let pool: Pool = setup.builder().stack_size(16 << 20).build().unwrap();
    let deep = |nth| {
        // More than the default of two mebibytes holds.
        let room = std::hint::black_box([nth; (3 << 20) / size_of::<usize>()]);
        assert_eq!(room[room.len() / 2], nth);
    };
    results(one_for_each(&pool, deep));
}

/// Starts workers with something of the user's around them.
fn marked(worker: WorkerThread, after: Tally) -> std::io::Result<thread::JoinHandle<()>> {
    thread::Builder::new().name(worker.name().to_owned()).spawn(move || {
        MARK.set(Some(1_000 + worker.index()));
        worker.run();
        MARK.set(None);
        after.add();
    })
}

fn threads_of_the_user_s_own_making(setup: Setup) {
    let after = Tally::default();
    let behind = after.clone();
    let factory = move |worker| marked(worker, behind.clone());
    let pool: Pool = setup.builder().thread_factory(factory).build().unwrap();
    assert!(marks(&pool).into_iter().eq((0..setup.threads).map(|n| Some(1_000 + n))));
    assert_eq!(after.get(), 0);
    balanced(&pool);
    assert_eq!(after.get(), setup.threads as u64, "the shutdown waits for the threads");
}

fn errors_travel_between_threads(setup: Setup) {
    fn checked<E: Error + Send + Sync + 'static>(error: E) -> Box<dyn Error + Send + Sync> {
        Box::new(error)
    }
    let pool = setup.pool();
    let panicked: JobError = pool.spawn(|| panic!("on purpose")).unwrap().join().unwrap_err();
    pool.close();
    let errors = [
        checked::<BuildError>(setup.with_threads(0).builder().build().unwrap_err()),
        checked::<JobError>(panicked),
        checked::<WaitError>(WaitError::TimedOut),
        checked(pool.spawn(|| ()).unwrap_err()),
        checked(pool.spawn_batch([|| ()]).unwrap_err()),
    ];
    let texts = thread::spawn(move || errors.map(|error| error.to_string())).join().unwrap();
    assert!(texts.iter().all(|text| !text.is_empty()), "{texts:?}");
    // A task need not be `Sync`, so these are not either.
    let refused: SubmitError<Task<()>> = pool.execute(|| ()).unwrap_err();
    let refused = thread::spawn(move || refused.into_inner().run());
    refused.join().unwrap();
}

/// The text is not promised, but it shows the figures.
fn what_a_pool_shows_of_itself(setup: Setup) {
    let pool = setup.pool();
    pool.execute(|| ()).unwrap();
    pool.execute(|| panic!("on purpose")).unwrap();
    pool.wait_idle().unwrap();
    let figures = format!("{:?}", pool.stats());
    for part in ["accepted: 2", "done: 1", "panicked: 1"] {
        assert!(figures.contains(part), "{figures}");
    }
    for text in [format!("{pool:?}"), format!("{:?}", pool.handle())] {
        assert!(text.contains(&figures), "{text}");
    }
}
