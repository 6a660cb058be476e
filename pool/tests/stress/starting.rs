//! Threads that are asked for while others leave, and factories with a will of their own.

use std::cell::Cell;
use std::io;
use std::sync::atomic::{AtomicUsize, Ordering::SeqCst};
use std::sync::{Arc, Mutex, OnceLock};
use std::thread;
use std::time::Duration;

use drainpool::{
    JoinHandle, ManualClock, Refusal, StdThreads, SubmitError, Task, ThreadFactory, WhenFull,
    WorkerThread,
};

use crate::setup::held::hold;
use crate::setup::{Handle, Latch, Setup, Tally, balanced};

on_every_backend! {
    a_start_that_fails_is_nobody_else_s_error
    a_start_that_fails_is_no_error_while_a_worker_runs
    a_factory_may_submit_to_its_pool
}

thread_local! {
    /// Whether the present thread has asked for a worker in vain, while no job ran.
    static REFUSED: Cell<bool> = const { Cell::new(false) };
}

const SUBMITTERS: usize = 8;
const ROUNDS: usize = if cfg!(debug_assertions) { 250 } else { 1_250 };

/// Lets one thread live at a time.
#[derive(Clone, Default)]
struct OneThread {
    live: Arc<AtomicUsize>,
    /// Jobs that run.
    running: Arc<AtomicUsize>,
}

impl OneThread {
    fn work(&self) {
        self.running.fetch_add(1, SeqCst);
        thread::yield_now();
        self.running.fetch_sub(1, SeqCst);
    }
}

impl ThreadFactory for OneThread {
    fn start(&self, worker: WorkerThread) -> io::Result<JoinHandle<()>> {
        if self.live.compare_exchange(0, 1, SeqCst, SeqCst).is_err() {
            if self.running.load(SeqCst) == 0 {
                REFUSED.set(true);
            }
            return Err(io::Error::new(io::ErrorKind::WouldBlock, "one is enough, on purpose"));
        }
        let live = Arc::clone(&self.live);
        thread::Builder::new().spawn(move || {
            worker.run();
            live.store(0, SeqCst);
        })
    }
}

fn a_start_that_fails_is_nobody_else_s_error(setup: Setup) {
    let one = OneThread::default();
    let builder = setup.builder().thread_keep_alive(Duration::ZERO).thread_factory(one.clone());
    let pool = builder.build().unwrap();
    let submit = || {
        let inner = one.clone();
        REFUSED.set(false);
        match pool.execute(move || inner.work()) {
            Ok(_) => true,
            // A thread that has left may not have ended yet, and then there is no worker.
            Err(refused) if matches!(refused.reason(), Refusal::NoThread(_)) && REFUSED.get() => {
                false
            }
            Err(error) => panic!("nobody has refused this submit a thread: {error}"),
        }
    };
    thread::scope(|scope| {
        for _ in 0..SUBMITTERS {
            scope.spawn(|| {
                for _ in 0..ROUNDS {
                    while !submit() {
                        thread::yield_now();
                    }
                }
            });
        }
    });
    assert_eq!(balanced(&pool).done, (SUBMITTERS * ROUNDS) as u64);
}

fn a_start_that_fails_is_no_error_while_a_worker_runs(setup: Setup) {
    if setup.capacity.is_some() {
        // Its one worker is held, and so they would wait for room.
        return;
    }
    let one = OneThread::default();
    let builder = setup.builder().thread_keep_alive(Duration::ZERO).thread_factory(one);
    let pool = builder.build().unwrap();
    let (begun, free, ran) = (Latch::default(), Latch::default(), Tally::default());
    let (begins, wait) = (begun.clone(), free.clone());
    let held = move || {
        begins.open();
        wait.wait();
    };
    let mut task = Task::new(held);
    // The worker that came for it may have left again, and its thread may not have ended.
    while let Err(refused) = pool.submit(task) {
        task = refused.into_inner();
        thread::yield_now();
    }
    begun.wait();
    thread::scope(|scope| {
        for _ in 0..SUBMITTERS {
            scope.spawn(|| {
                for _ in 0..ROUNDS {
                    let ran = ran.clone();
                    pool.execute(move || ran.add()).unwrap();
                }
            });
        }
    });
    free.open();
    let submitted = (SUBMITTERS * ROUNDS) as u64;
    assert_eq!((balanced(&pool).done, ran.get()), (submitted + 1, submitted));
}

/// What a factory is told when it submits to its pool: whether its jobs were accepted.
type Answers = Arc<Mutex<Vec<bool>>>;

fn is_accepted<T, J>(submitted: Result<T, SubmitError<J>>) -> bool {
    match submitted {
        Ok(_) => true,
        Err(refused) if matches!(refused.reason(), Refusal::NoThread(_)) => false,
        Err(error) => panic!("{error}"),
    }
}

/// Submits, in several ways, to the pool that has asked for a thread, and then starts it.
fn submits(pool: &Arc<OnceLock<Handle>>, answers: &Answers) -> impl ThreadFactory + use<> {
    let (pool, answers) = (Arc::clone(pool), Arc::clone(answers));
    move |worker: WorkerThread| {
        let pool = pool.get().expect("it is built before it starts a thread");
        let answer = [
            is_accepted(pool.try_execute(|| ())),
            is_accepted(pool.execute(|| ())),
            is_accepted(pool.with(WhenFull::WaitFor(Duration::from_secs(1))).execute(|| ())),
            is_accepted(pool.spawn(|| 7)),
            is_accepted(pool.with(WhenFull::RunHere).execute(|| ())),
        ];
        answers.lock().unwrap().extend(answer);
        StdThreads.start(worker)
    }
}

fn a_factory_may_submit_to_its_pool(setup: Setup) {
    // All that it submits finds room.
    let capacity = setup.capacity.map(|_| 16);
    let setup = Setup { capacity, ..setup };
    let (own_pool, answers) = (Arc::new(OnceLock::new()), Answers::default());
    // With a clock that stands still no wait comes to an end by itself.
    let builder = setup.builder().thread_keep_alive(Duration::MAX).clock(ManualClock::new());
    let pool = builder.thread_factory(submits(&own_pool, &answers)).build().unwrap();
    assert!(own_pool.set(pool.handle()).is_ok());

    let held = hold(&pool, 1);
    let without_a_worker = std::mem::take(&mut *answers.lock().unwrap());
    pool.execute(|| ()).unwrap();
    held.release();
    let done = balanced(&pool).done;
    // There was no worker, nor would one have come while the factory waited.
    assert_eq!(without_a_worker, [false; 5]);
    // The second time there was one.
    let answers = answers.lock().unwrap();
    assert!(answers.iter().all(|accepted| *accepted), "{answers:?}");
    assert_eq!(done, 2 + answers.len() as u64);
}
