//! What code knows of the worker and of the job that it runs in.

use std::cell::RefCell;
use std::sync::{Arc, Mutex};

use drainpool::{CurrentWorker, WhenFull, current_worker};

use crate::setup::held::hold;
use crate::setup::{Setup, balanced};

on_every_backend! {
    a_job_knows_its_worker
    hooks_and_the_handlers_maker_know_the_worker
    a_worker_that_has_left_is_none
    a_job_run_elsewhere_knows_whose_thread_it_is_on
}

type Seen = Arc<Mutex<Vec<Option<CurrentWorker>>>>;

fn look(seen: &Seen) -> impl Fn() + Send + Sync + 'static {
    let seen = seen.clone();
    move || seen.lock().unwrap().push(current_worker())
}

fn a_job_knows_its_worker(setup: Setup) {
    assert_eq!(current_worker(), None);
    let pool = setup.pool();
    let jobs: Vec<_> = (0..20).map(|_| pool.spawn(current_worker).unwrap()).collect();
    for job in jobs {
        let worker = job.join().unwrap().unwrap();
        assert_eq!(pool.thread_name(worker.index()), Some(worker.name()));
        assert_eq!(worker.pool(), pool.id());
    }
    balanced(&pool);
}

fn hooks_and_the_handlers_maker_know_the_worker(setup: Setup) {
    let (seen, made) = (Seen::default(), Seen::default());
    let (start, stop, make) = (look(&seen), look(&seen), look(&made));
    let builder = setup.builder().on_thread_start(move |_| start()).on_thread_stop(move |_| stop());
    let pool = builder
        .build_with(move |worker| {
            make();
            let name = worker.name().to_owned();
            let (index, pool) = (worker.index(), worker.pool());
            move |_: ()| {
                let current = current_worker().unwrap();
                assert_eq!((current.index(), current.name()), (index, &*name));
                assert_eq!(current.pool(), pool);
            }
        })
        .unwrap();
    pool.submit_batch([(); 10]).unwrap();
    assert_eq!(pool.shutdown().done, 10);
    let seen = [&seen, &made].map(|seen| std::mem::take(&mut *seen.lock().unwrap()));
    assert_eq!(seen.each_ref().map(Vec::len), [2 * setup.threads, setup.threads]);
    for worker in seen.iter().flatten() {
        let worker = worker.as_ref().unwrap();
        assert_eq!(pool.thread_name(worker.index()), Some(worker.name()));
        assert_eq!(worker.pool(), pool.id());
    }
}

/// What it captured, called at the end of the thread.
struct AtEnd(Box<dyn Fn()>);

impl Drop for AtEnd {
    fn drop(&mut self) {
        (self.0)();
    }
}

thread_local! {
    static AT_END: RefCell<Option<AtEnd>> = const { RefCell::new(None) };
}

fn a_worker_that_has_left_is_none(setup: Setup) {
    let (pool, seen) = (setup.pool(), Seen::default());
    let look = look(&seen);
    let at_end = move || AT_END.set(Some(AtEnd(Box::new(look))));
    pool.spawn(at_end).unwrap().join().unwrap();
    balanced(&pool);
    assert_eq!(*seen.lock().unwrap(), [None]);
}

fn a_job_run_elsewhere_knows_whose_thread_it_is_on(setup: Setup) {
    let pool = setup.with_threads(1).builder().capacity(1).build().unwrap();
    let held = hold(&pool, 1);
    let waiting = pool.spawn(current_worker).unwrap();
    let here = pool.with(WhenFull::RunHere).spawn(current_worker).unwrap();
    assert_eq!(here.join().unwrap(), None, "on a thread outside");

    let other = setup.pool();
    let visitor = other.spawn(move || waiting.join().unwrap()).unwrap().join().unwrap();
    assert_eq!(visitor.unwrap().pool(), other.id(), "on the other pool's thread");
    held.release();
    balanced(&pool);
}
