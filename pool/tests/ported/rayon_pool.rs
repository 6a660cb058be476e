//! After rayon-core's tests of a pool as a whole: its threads, its end, and pools that call each
//! other.

use std::sync::mpsc;
use std::sync::{Arc, Barrier};
use std::thread;

use pool::{BuildError, StartCause, StdThreads, ThreadFactory, WorkerThread};

use crate::held::hold;
use crate::rayon_tools::{fall_asleep, one_for_each, results, thrown};
use crate::setup::{Builder, Handle, Pool, Setup, Tally, balanced, eventually};

on_every_backend! {
    panic_propagate
    workers_stop
    sleeper_stop
    failed_thread_stack
    failed_thread
    panic_thread_name
    self_install
    mutual_install
    mutual_install_sleepy
    mutual_spawn
    mutual_spawn_sleepy
    mutual_scope
    check_thread_pool_new
    nested_scopes
    in_place_scope_no_deadlock
    install_waits_its_turn
}

/// A builder whose hooks count.
fn counting(setup: Setup) -> (Builder, Tally, Tally) {
    let (started, stopped) = (Tally::default(), Tally::default());
    let (starts, stops) = (started.clone(), stopped.clone());
    let builder = setup.builder().on_thread_start(move |_| starts.add());
    (builder.on_thread_stop(move |_| stops.add()), started, stopped)
}

fn panic_propagate(setup: Setup) {
    let pool = setup.pool();
    let text = thrown(|| pool.install(|| -> u32 { panic!("in the pool, on purpose") }));
    assert_eq!(text, "in the pool, on purpose");
    assert_eq!(pool.install(|| 7).unwrap(), 7, "the pool goes on");
    let report = balanced(&pool);
    assert_eq!((report.accepted, report.done, report.panicked), (2, 1, 1));
}

fn workers_stop(setup: Setup) {
    let (builder, started, stopped) = counting(setup);
    let pool: Pool = builder.build().unwrap();
    results(one_for_each(&pool, |_| ()));
    assert_eq!((started.get(), stopped.get()), (setup.threads as u64, 0));
    let handle = pool.handle();
    drop(pool);
    assert_eq!(stopped.get(), setup.threads as u64);
    assert_eq!(handle.stats().threads, 0);
}

fn sleeper_stop(setup: Setup) {
    let (builder, _, stopped) = counting(setup);
    let pool: Pool = builder.build().unwrap();
    fall_asleep(&pool);
    drop(pool);
    assert_eq!(stopped.get(), setup.threads as u64);
}

fn failed_thread_stack(setup: Setup) {
    let (builder, started, stopped) = counting(setup);
    // The most that may be asked for, and more than there is.
    let error = builder.stack_size(isize::MAX as usize).build::<()>().unwrap_err();
    let BuildError::Start(error) = error else { panic!("{error:?}") };
    assert_eq!(error.worker(), 0);
    assert!(matches!(error.cause(), StartCause::Thread(_)), "{error:?}");
    assert_eq!((started.get(), stopped.get()), (0, 0));
}

fn failed_thread(setup: Setup) {
    let (builder, started, stopped) = counting(setup);
    let last = setup.threads - 1;
    let all_but_the_last = move |worker: WorkerThread| {
        if worker.index() == last {
            return Err(std::io::Error::other("no thread, on purpose"));
        }
        StdThreads.start(worker)
    };
    let error = builder.thread_factory(all_but_the_last).build::<()>().unwrap_err();
    let BuildError::Start(error) = error else { panic!("{error:?}") };
    assert_eq!(error.worker(), last);
    assert_eq!((started.get(), stopped.get()), (last as u64, last as u64), "all that began ended");
}

fn panic_thread_name(setup: Setup) {
    let (builder, started, stopped) = counting(setup);
    let last = setup.threads - 1;
    let name = move |worker| {
        assert!(worker != last, "no name, on purpose");
        format!("named-{worker}")
    };
    let error = builder.thread_name(name).build::<()>().unwrap_err();
    let BuildError::Start(error) = error else { panic!("{error:?}") };
    let StartCause::Panicked(panic) = error.cause() else { panic!("{error:?}") };
    assert!(panic.message().unwrap().ends_with("on purpose"));
    assert_eq!(error.worker(), last);
    assert_eq!((started.get(), stopped.get()), (0, 0), "names come before threads");
}

fn self_install(setup: Setup) {
    let pool = setup.pool();
    let here = || thread::current().id();
    let (outer, inner) = pool.install(|| (here(), pool.install(here).unwrap())).unwrap();
    assert_eq!(outer, inner);
    assert_ne!(outer, here());
    assert_eq!(balanced(&pool).accepted, 1, "the inner one is a call and no job");
}

fn mutual_install(setup: Setup) {
    let one = setup.with_threads(1);
    let (a, b) = (one.pool(), one.pool());
    let install = || b.install(|| a.install(|| b.install(|| 22).unwrap()).unwrap()).unwrap();
    assert_eq!(a.install(install).unwrap(), 22);
    // Who runs the second is inside of both pools already, if it is the worker that waits for it.
    let jobs = balanced(&a).done + balanced(&b).done;
    assert!((2..=3).contains(&jobs), "{jobs}");
}

fn mutual_install_sleepy(setup: Setup) {
    let one = setup.with_threads(1);
    let (a, b) = (one.pool(), one.pool());
    fall_asleep(&a);
    let there_and_back = |here: &Pool, there: &Pool| {
        let job = || {
            fall_asleep(there);
            there.install(|| here.install(|| 22).unwrap()).unwrap()
        };
        here.install(job).unwrap()
    };
    assert_eq!(there_and_back(&a, &b), 22);
    fall_asleep(&b);
    assert_eq!(there_and_back(&b, &a), 22);
    assert_eq!((balanced(&a).panicked, balanced(&b).panicked), (0, 0));
}

/// Spawns to and fro between two pools, each job waiting for the next.
fn to_and_fro(here: &Handle, there: &Handle, depth: u32) -> u32 {
    if depth == 0 {
        return 0;
    }
    let (back, on) = (here.clone(), there.clone());
    let job = there.spawn(move || to_and_fro(&on, &back, depth - 1)).unwrap();
    1 + job.join().unwrap()
}

fn mutual_spawn(setup: Setup) {
    let one = setup.with_threads(1);
    let (a, b) = (one.pool(), one.pool());
    // Neither worker is free when the other waits for it.
    let both = Arc::new(Barrier::new(2));
    let start = |from: &Pool, to: &Pool| {
        let (both, here, there) = (both.clone(), from.handle(), to.handle());
        let job = from.spawn(move || {
            both.wait();
            to_and_fro(&here, &there, 50)
        });
        job.unwrap()
    };
    let jobs = [start(&a, &b), start(&b, &a)];
    assert_eq!(results(jobs), [50, 50]);
    assert_eq!(balanced(&a).done + balanced(&b).done, 102);
}

fn mutual_spawn_sleepy(setup: Setup) {
    let one = setup.with_threads(1);
    let (a, b) = (one.pool(), one.pool());
    for round in 1..=5 {
        fall_asleep(&a);
        fall_asleep(&b);
        let (here, there) = (a.handle(), b.handle());
        let job = a.spawn(move || {
            fall_asleep(&there);
            to_and_fro(&here, &there, round)
        });
        assert_eq!(job.unwrap().join().unwrap(), round);
    }
    assert_eq!(balanced(&a).done + balanced(&b).done, 5 + (1..=5).sum::<u64>());
}

fn mutual_scope(setup: Setup) {
    fn nest(here: &Handle, there: &Handle, ran: &Tally, depth: u32) {
        if depth > 0 {
            here.scope(|scope| {
                scope.spawn(|| nest(there, here, ran, depth - 1));
                scope.spawn(|| ran.add());
            });
        }
    }
    let (a, b, ran) = (setup.pool(), setup.pool(), Tally::default());
    nest(&a, &b, &ran, 20);
    a.install(|| nest(&a, &b, &ran, 20)).unwrap();
    assert_eq!(ran.get(), 40);
    assert_eq!(balanced(&a).done + balanced(&b).done, 1);
}

fn check_thread_pool_new(setup: Setup) {
    let pool = setup.with_threads(22).pool();
    assert_eq!((pool.num_threads(), pool.stats().threads), (22, 22));
    assert_eq!(pool.thread_name(21), Some("pool-worker-21"));
    assert_eq!(pool.thread_name(22), None);
    assert_eq!(results(one_for_each(&pool, |nth| nth)).len(), 22);
    assert_eq!(balanced(&pool).done, 22);
}

fn nested_scopes(setup: Setup) {
    /// Opens a scope of each pool inside of the former's; the innermost spawns in all of them.
    fn nest(pools: &[Pool], spawn_in_all: &dyn Fn(), ran: &Tally) {
        let Some((pool, others)) = pools.split_first() else { return spawn_in_all() };
        pool.scope(|scope| {
            let spawn = || {
                spawn_in_all();
                scope.spawn(|| ran.add());
            };
            nest(others, &spawn, ran);
        });
    }
    let pools: Vec<Pool> = (0..5).map(|_| setup.pool()).collect();
    let ran = Tally::default();
    nest(&pools, &|| (), &ran);
    assert_eq!(ran.get(), 5);
    pools[2].install(|| nest(&pools, &|| (), &ran)).unwrap();
    assert_eq!(ran.get(), 10);
}

fn in_place_scope_no_deadlock(setup: Setup) {
    let pool = setup.pool();
    let (sender, receiver) = mpsc::channel();
    // The body waits on the caller's thread, so a worker must have come for the child.
    let (child, body) = pool.scope(|scope| {
        scope.spawn(move || sender.send(thread::current().id()).unwrap());
        (receiver.recv().unwrap(), thread::current().id())
    });
    assert_ne!(child, body);
    assert_eq!(body, thread::current().id());
}

fn install_waits_its_turn(setup: Setup) {
    let pool = setup.pool();
    let held = hold(&pool, setup.threads);
    thread::scope(|threads| {
        let installed = threads.spawn(|| pool.install(|| thread::current().id()).unwrap());
        eventually(|| pool.stats().queued == 1);
        drop(held);
        let installer = installed.thread().id();
        assert_ne!(installed.join().unwrap(), installer, "it ran on a worker");
    });
    assert_eq!(balanced(&pool).done, setup.threads as u64 + 1);
}
