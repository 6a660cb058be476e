//! Workers that leave, and whose thread-locals then do something with the pool.

use std::cell::RefCell;
use std::env;
use std::process::Command;
use std::sync::mpsc::channel;
use std::thread::yield_now;
use std::time::Duration;

use drainpool::ManualClock;

use crate::setup::held::occupy;
use crate::setup::{Backend, Handle, Latch, Pool, Setup, Tally, balanced, on};

on_every_backend! {
    a_thread_s_end_holds_up_no_submit
    a_thread_s_end_may_wait_for_a_job_that_submits
}

/// What a thread does at its very end.
struct LastWords(Option<Box<dyn FnOnce()>>);

impl Drop for LastWords {
    fn drop(&mut self) {
        if let Some(say) = self.0.take() {
            say();
        }
    }
}

thread_local! {
    static LAST_WORDS: RefCell<LastWords> = const { RefCell::new(LastWords(None)) };
}

const KEEP_ALIVE: Duration = Duration::from_millis(50);

/// A pool of some workers that stay, and one more that leaves when it has nothing to do.
struct Crew {
    pool: Pool,
    clock: ManualClock,
    free: Latch,
}

impl Crew {
    fn new(setup: Setup) -> Self {
        let clock = ManualClock::new();
        let builder = setup.with_threads(setup.threads + 1).builder();
        let builder = builder.core_threads(setup.threads).thread_keep_alive(KEEP_ALIVE);
        let pool = builder.clock(clock.clone()).build().unwrap();
        Self { pool, clock, free: Latch::default() }
    }

    /// Has the one worker that is left do this at the end of its thread.
    fn at_the_end(&self, say: impl FnOnce() + Send + 'static) {
        let say = move || LAST_WORDS.set(LastWords(Some(Box::new(say))));
        self.pool.spawn(say).unwrap().join().unwrap();
    }

    /// Lets the time pass until something has happened.
    fn pass_time<T>(&self, mut look: impl FnMut() -> Option<T>) -> T {
        loop {
            self.clock.advance(KEEP_ALIVE);
            match look() {
                Some(seen) => return seen,
                None => yield_now(),
            }
        }
    }

    fn wait_for(&self, latch: &Latch) {
        self.pass_time(|| latch.is_open().then_some(()));
    }
}

impl Drop for Crew {
    fn drop(&mut self) {
        // Also where a check has failed, so that it is this that is reported.
        self.free.open();
    }
}

mod a_thread_submits_at_its_end {
    each_backend!(super::submits_at_its_end);
}

/// In a process of its own, which may abort.
fn submits_at_its_end(backend: Backend) {
    const ALONE: &str = "POOL_STRESS_ALONE";
    if env::var_os(ALONE).is_some() {
        return on(backend, a_thread_submits_at_its_end);
    }
    let name = match backend {
        Backend::Std => "std_only",
        Backend::Channel => "plain_channel",
        Backend::Priority => "by_priority",
        backend => backend.name(),
    };
    let test = format!("leaving::a_thread_submits_at_its_end::{name}");
    let mut command = Command::new(env::current_exe().unwrap());
    let output = command.args([&*test, "--exact", "--nocapture"]).env(ALONE, "1").output().unwrap();
    let (said, warned) = (output.stdout, output.stderr);
    let (said, warned) = (String::from_utf8_lossy(&said), String::from_utf8_lossy(&warned));
    assert!(said.contains("running 1 test"), "{test} is not found: {said}");
    assert!(output.status.success(), "{}: {said}\n{warned}", output.status);
}

fn a_thread_submits_at_its_end(setup: Setup) {
    let crew = Crew::new(setup);
    occupy(&crew.pool, setup.threads, &crew.free);
    let ran = Tally::default();
    for round in 1..=5 {
        let (handle, runs) = (crew.pool.handle(), ran.clone());
        let (answer, answered) = channel();
        // Not checked there: a panic would end the process.
        crew.at_the_end(move || {
            let executed = handle.execute(move || runs.add()).is_ok();
            let joined = handle.spawn(|| 7).is_ok_and(|job| job.join().is_ok());
            let _ = answer.send((executed, joined));
        });
        assert_eq!(crew.pass_time(|| answered.try_recv().ok()), (true, true));
        crew.pass_time(|| (ran.get() == round).then_some(()));
    }
    crew.free.open();
    assert_eq!(balanced(&crew.pool).done, setup.threads as u64 + 5 * 3);
}

/// Submits in all ways; how many jobs that were.
fn submit(pool: &Handle) -> u64 {
    for _ in 0..100 {
        pool.execute(|| ()).unwrap();
        pool.spawn(|| 7).unwrap().join().unwrap();
    }
    pool.execute_batch((0..100).map(|_| || ())).unwrap();
    pool.scope(|scope| scope.spawn(|| ()));
    assert_eq!(pool.install(|| 7).unwrap(), 7);
    301
}

fn a_thread_s_end_holds_up_no_submit(setup: Setup) {
    let crew = Crew::new(setup);
    occupy(&crew.pool, setup.threads, &crew.free);
    let (ends, end) = (Latch::default(), Latch::default());
    let (begins, wait) = (ends.clone(), end.clone());
    crew.at_the_end(move || {
        begins.open();
        wait.wait();
    });
    crew.wait_for(&ends);
    // The one thread is still there, and would be until the watchdog barks.
    let jobs = submit(&crew.pool);
    end.open();
    crew.free.open();
    assert_eq!(balanced(&crew.pool).done, setup.threads as u64 + 1 + jobs);
}

fn a_thread_s_end_may_wait_for_a_job_that_submits(setup: Setup) {
    let crew = Crew::new(setup);
    occupy(&crew.pool, setup.threads - 1, &crew.free);
    let (ends, handle) = (Latch::default(), crew.pool.handle());
    let awaited = ends.clone();
    let begun = Latch::default();
    let begins = begun.clone();
    let job = crew.pool.spawn(move || {
        begins.open();
        awaited.wait();
        handle.execute(|| ()).unwrap();
    });
    let job = job.unwrap();
    begun.wait();
    let (joined, join) = channel();
    let begins = ends.clone();
    crew.at_the_end(move || {
        begins.open();
        let _ = joined.send(job.join().is_ok());
    });
    assert!(crew.pass_time(|| join.try_recv().ok()));
    crew.free.open();
    assert_eq!(balanced(&crew.pool).done, setup.threads as u64 - 1 + 3);
}
