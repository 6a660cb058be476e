//! After rayon-core's tests of what a pool can be told when it is built: hooks, names, stacks, threads
//! of the user's own making.

use std::cell::{Cell, RefCell};
use std::error::Error;
use std::sync::{Arc, Barrier, Mutex};
use std::thread;

use pool::{
    BuildError, Collect, JobError, MAX_THREADS, StartCause, SubmitError, Task, WaitError,
    WorkerThread, sink_fn,
};
use pool_core::ThreadPoolBuilder;

use crate::rayon_tools::{one_for_each, results};
use crate::setup::{Handle, Pool, Setup, Tally, balanced};

on_every_backend! {
    worker_thread_index
    start_callback_called
    exit_callback_called
    handler_panics_handled_correctly
    start_handler_panics
    exit_callback_called_after_a_failed_start
    check_config_build
    check_error_send_sync
    configuration
    default_pool
    cleared_current_thread
    init_zero_threads
    use_current_thread_basic
    missing_scoped_tls
    spawn_scoped_tls_threadpool
    build_scoped_tls_threadpool
}

thread_local! {
    /// Something that only some threads have.
    static MARK: Cell<Option<usize>> = const { Cell::new(None) };
    /// Something that goes with the thread.
    static LIFE: RefCell<Option<Life>> = const { RefCell::new(None) };
}

struct Life(Tally);

impl Drop for Life {
    fn drop(&mut self) {
        self.0.add();
    }
}

/// Every worker's index, once.
fn every_worker(setup: Setup) -> Vec<Option<usize>> {
    (0..setup.threads).map(Some).collect()
}

fn worker_thread_index(setup: Setup) {
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
        workers.push(done.worker);
    }
    workers.sort_unstable();
    assert_eq!(workers, every_worker(setup));
}

fn start_callback_called(setup: Setup) {
    let pool: Pool =
        setup.builder().on_thread_start(|worker| MARK.set(Some(worker))).build().unwrap();
    let mut marks = results(one_for_each(&pool, |_| MARK.get()));
    marks.sort_unstable();
    assert_eq!(marks, every_worker(setup));
}

fn exit_callback_called(setup: Setup) {
    let left = Arc::new(Mutex::new(Vec::new()));
    let leaving = left.clone();
    let builder = setup.builder().on_thread_start(|worker| MARK.set(Some(worker)));
    // On the worker's own thread, and with its own index.
    let on_stop = move |worker| {
        assert_eq!(MARK.get(), Some(worker));
        leaving.lock().unwrap().push(MARK.get());
    };
    let pool: Pool = builder.on_thread_stop(on_stop).build().unwrap();
    results(one_for_each(&pool, |_| ()));
    assert!(left.lock().unwrap().is_empty());
    drop(pool);
    left.lock().unwrap().sort_unstable();
    assert_eq!(*left.lock().unwrap(), every_worker(setup));
}

fn handler_panics_handled_correctly(setup: Setup) {
    let (stopped, ran) = (Tally::default(), Tally::default());
    let stops = stopped.clone();
    let on_stop = move |_| {
        stops.add();
        panic!("in the stop hook, on purpose");
    };
    let sink = sink_fn(|_| panic!("in the sink, on purpose"));
    let pool: Pool = setup.builder().on_thread_stop(on_stop).sink(sink).build().unwrap();
    for nth in 0..10 {
        let ran = ran.clone();
        let job = move || {
            ran.add();
            assert!(nth % 2 != 0, "in the job, on purpose");
        };
        pool.execute(job).unwrap();
    }
    let report = balanced(&pool);
    assert_eq!((report.done, report.panicked, report.undelivered), (5, 5, 10));
    assert_eq!((ran.get(), stopped.get()), (10, setup.threads as u64));
    assert_eq!(pool.stats().threads, 0);
}

fn start_handler_panics(setup: Setup) {
    let (started, stopped) = (Tally::default(), Tally::default());
    let (starts, stops) = (started.clone(), stopped.clone());
    let last = setup.threads - 1;
    let on_start = move |worker| {
        assert!(worker != last, "in the start hook, on purpose");
        starts.add();
    };
    let builder = setup.builder().on_thread_start(on_start).on_thread_stop(move |_| stops.add());
    let error = builder.build::<()>().unwrap_err();
    let BuildError::Start(error) = error else { panic!("{error:?}") };
    assert_eq!(error.worker(), last);
    assert!(matches!(error.cause(), StartCause::Panicked(_)), "{error:?}");
    assert_eq!((started.get(), stopped.get()), (last as u64, last as u64));
}

fn exit_callback_called_after_a_failed_start(setup: Setup) {
    let (started, stopped) = (Tally::default(), Tally::default());
    let (starts, stops) = (started.clone(), stopped.clone());
    let last = setup.threads - 1;
    let builder = setup.builder().on_thread_start(move |_| starts.add());
    let builder = builder.on_thread_stop(move |_| stops.add());
    let built = builder.build_with(move |worker| {
        assert!(worker.index() != last, "in the maker of the handler, on purpose");
        |_: u8| ()
    });
    assert!(matches!(built.unwrap_err(), BuildError::Start(error) if error.worker() == last));
    assert_eq!((started.get(), stopped.get()), (setup.threads as u64, setup.threads as u64));
}

fn check_config_build(setup: Setup) {
    let build = |builder: crate::setup::Builder| builder.build::<()>().unwrap_err();
    let more = MAX_THREADS + 1;
    let error = build(setup.with_threads(more).builder());
    assert!(matches!(error, BuildError::TooManyThreads { requested, .. } if requested == more));
    let error = build(setup.builder().core_threads(setup.threads + 1));
    assert!(matches!(error, BuildError::CoreThreads { core, .. } if core == setup.threads + 1));
    let error = build(setup.builder().capacity(0));
    assert!(matches!(error, BuildError::ZeroCapacity));
    let error = build(setup.builder().thread_name(|worker| format!("{worker}\0")));
    assert!(matches!(error, BuildError::ThreadName { worker: 0, .. }));
    let error = build(setup.builder().stack_size(usize::MAX));
    assert!(matches!(error, BuildError::StackSize { bytes: usize::MAX }));
}

fn check_error_send_sync(setup: Setup) {
    fn checked<E: Error + Send + Sync + 'static>(error: E) -> Box<dyn Error + Send + Sync> {
        Box::new(error)
    }
    let pool = setup.pool();
    let panicked: JobError = pool.spawn(|| panic!("on purpose")).unwrap().join().unwrap_err();
    pool.close();
    let errors = [
        checked::<BuildError>(setup.with_threads(0).builder().build::<()>().unwrap_err()),
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

fn configuration(setup: Setup) {
    let (started, stopped) = (Tally::default(), Tally::default());
    let (starts, stops) = (started.clone(), stopped.clone());
    let builder = setup.builder().thread_name(|worker| format!("configured-{worker}"));
    let builder = builder.stack_size(16 << 20).core_threads(setup.threads);
    let builder = builder.on_thread_start(move |_| starts.add());
    let pool: Pool = builder.on_thread_stop(move |_| stops.add()).build().unwrap();
    let deep = |nth| {
        // More than the default of two mebibytes holds.
        let room = std::hint::black_box([nth; (3 << 20) / size_of::<usize>()]);
        assert_eq!(room[room.len() / 2], nth);
        thread::current().name().unwrap().to_owned()
    };
    let mut names = results(one_for_each(&pool, deep));
    names.sort_unstable();
    assert_eq!(names, (0..setup.threads).map(|n| format!("configured-{n}")).collect::<Vec<_>>());
    balanced(&pool);
    assert_eq!((started.get(), stopped.get()), (setup.threads as u64, setup.threads as u64));
}

fn default_pool(setup: Setup) {
    let pool: Pool = ThreadPoolBuilder::with_backend(setup.backend).build().unwrap();
    let processors = thread::available_parallelism().unwrap().get();
    assert_eq!((pool.num_threads(), pool.stats().threads), (processors, processors));
    assert_eq!(results(one_for_each(&pool, |nth| nth)).len(), processors);
    assert_eq!(balanced(&pool).done, processors as u64);
}

fn cleared_current_thread(setup: Setup) {
    let own: Arc<Mutex<Option<Handle>>> = Arc::default();
    let (late, refused) = (own.clone(), Tally::default());
    let refusals = refused.clone();
    let on_stop = move |_| {
        let pool = late.lock().unwrap().clone().unwrap();
        // Nothing runs here any more, so this comes from outside; but the thread still is the pool's.
        let job = pool.execute(|| ());
        assert!(matches!(job, Err(SubmitError::Closed(_))), "{job:?}");
        assert_eq!(pool.wait_idle(), Err(WaitError::InsideJob));
        refusals.add();
    };
    let pool: Pool = setup.builder().on_thread_stop(on_stop).build().unwrap();
    *own.lock().unwrap() = Some(pool.handle());
    pool.execute(|| ()).unwrap();
    let report = balanced(&pool);
    own.lock().unwrap().take();
    assert_eq!((report.accepted, refused.get()), (1, setup.threads as u64));
}

fn init_zero_threads(setup: Setup) {
    let started = Tally::default();
    let starts = started.clone();
    let builder = setup.with_threads(0).builder().on_thread_start(move |_| starts.add());
    assert!(matches!(builder.build::<()>().unwrap_err(), BuildError::ZeroThreads));
    assert_eq!(started.get(), 0);
}

fn use_current_thread_basic(setup: Setup) {
    let pool: Pool = setup.builder().paused().build().unwrap();
    let here = || thread::current().id();
    // With no worker at work, whoever waits is the one that works.
    let handle = pool.handle();
    let nested = move || (here(), handle.spawn(here).unwrap().join().unwrap());
    let job = pool.spawn(nested).unwrap();
    assert_eq!(job.join_or_run().unwrap(), (here(), here()));
    let left = pool.spawn(here).unwrap();
    pool.resume();
    assert_ne!(left.join().unwrap(), here());
    assert_eq!(balanced(&pool).done, 3);
}

fn missing_scoped_tls(setup: Setup) {
    MARK.set(Some(1_000));
    let pool = setup.pool();
    let marks = results(one_for_each(&pool, |_| MARK.get()));
    assert_eq!(marks, vec![None; setup.threads], "a worker has its own");
    assert_eq!(pool.install(|| MARK.get()).unwrap(), None);
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

fn spawn_scoped_tls_threadpool(setup: Setup) {
    let after = Tally::default();
    let behind = after.clone();
    let factory = move |worker| marked(worker, behind.clone());
    let pool: Pool = setup.builder().thread_factory(factory).build().unwrap();
    let mut marks = results(one_for_each(&pool, |_| MARK.get()));
    marks.sort_unstable();
    assert_eq!(marks, (0..setup.threads).map(|n| Some(1_000 + n)).collect::<Vec<_>>());
    assert_eq!(after.get(), 0);
    balanced(&pool);
    assert_eq!(after.get(), setup.threads as u64, "the shutdown waits for the threads");
}

fn build_scoped_tls_threadpool(setup: Setup) {
    let (pool, ended) = (setup.pool(), Tally::default());
    let end = ended.clone();
    results(one_for_each(&pool, move |_| LIFE.set(Some(Life(end.clone())))));
    assert_eq!(ended.get(), 0);
    drop(pool);
    assert_eq!(ended.get(), setup.threads as u64, "the threads' own things are gone with the pool");
}
