//! What a pool does after a job's panic, by its policy.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread::{self, ThreadId};

use drainpool::{Collect, Completed, PanicPolicy, sink_fn};

use crate::setup::held::{hold, panic_behind};
use crate::setup::tools::{one_for_each, results, threads_while};
use crate::setup::{Builder, Latch, Pool, Setup, Tally, balanced, eventually, pause_at_rest};

on_every_backend! {
    a_replaced_worker_has_a_fresh_handler
    what_lies_in_the_end_of_a_replaced_worker_runs
    all_panic_at_once
    a_panic_that_has_a_receiver_replaces_nothing
    a_worker_is_replaced_while_the_pool_drains
    a_worker_is_replaced_while_the_pool_is_paused
    the_others_go_on_if_no_replacement_starts
    the_last_worker_s_end_may_submit
    a_policy_to_abort_captures_what_has_a_receiver
    a_call_that_panics_has_its_worker_replaced
}

pub(super) fn replacing(setup: Setup) -> Builder {
    setup.builder().panic_policy(PanicPolicy::ReplaceWorker)
}

fn a_replaced_worker_has_a_fresh_handler(setup: Setup) {
    let (started, made, dropped, stopped) =
        (Tally::default(), Tally::default(), Tally::default(), Tally::default());
    let (starts, stops) = (started.clone(), stopped.clone());
    struct Handler(Tally);
    impl Drop for Handler {
        fn drop(&mut self) {
            self.0.add();
        }
    }
    let (makes, drops) = (made.clone(), dropped.clone());
    let results = Collect::new();
    let pool = replacing(setup)
        .num_threads(1)
        .sink(results.clone())
        .on_thread_start(move |_| starts.add())
        .on_thread_stop(move |_| stops.add())
        .build_with(move |_| {
            makes.add();
            let (state, mut calls) = (Handler(drops.clone()), 0);
            move |panics: bool| {
                let _state = &state;
                calls += 1;
                assert!(!panics, "on purpose");
                (calls, thread::current().id())
            }
        })
        .unwrap();
    for panics in [false, false, true, false, true, true, false] {
        pool.submit(panics).unwrap();
    }
    pool.wait_idle().unwrap();
    let counts = [&started, &made, &dropped, &stopped].map(Tally::get);
    assert_eq!(counts, [4, 4, 3, 3], "as many as panicked, and the last is there");
    let outcomes = results.take().into_iter().map(|done| {
        assert_eq!(done.worker, Some(0));
        done.outcome.ok()
    });
    let outcomes: Vec<Option<(u32, ThreadId)>> = outcomes.collect();
    let calls: Vec<_> = outcomes.iter().map(|done| done.map(|(calls, _)| calls)).collect();
    assert_eq!(calls, [Some(1), Some(2), None, Some(1), None, None, Some(1)]);
    assert_ne!(outcomes[1].unwrap().1, outcomes[3].unwrap().1, "on another thread");
    let report = pool.shutdown();
    assert_eq!((report.done, report.panicked, report.unfinished), (4, 3, 0));
    assert_eq!((dropped.get(), stopped.get()), (4, 4));
}

fn what_lies_in_the_end_of_a_replaced_worker_runs(setup: Setup) {
    const JOBS: u64 = 500;
    let pool: Pool = replacing(setup).build().unwrap();
    let ran = Tally::default();
    for _ in 0..3 {
        let (handle, count) = (pool.handle(), ran.clone());
        let parent = move || {
            for _ in 0..JOBS {
                let count = count.clone();
                handle.execute(move || count.add()).unwrap();
            }
            panic!("on purpose");
        };
        pool.execute(parent).unwrap();
    }
    pool.wait_idle().unwrap();
    assert_eq!(ran.get(), 3 * JOBS);
    let report = balanced(&pool);
    assert_eq!((report.done, report.panicked), (3 * JOBS, 3));
}

fn all_panic_at_once(setup: Setup) {
    let pool: Pool = replacing(setup).build().unwrap();
    for _ in 0..5 {
        let meeting = Arc::new(std::sync::Barrier::new(setup.threads));
        for _ in 0..setup.threads {
            let meeting = Arc::clone(&meeting);
            let job = move || {
                meeting.wait();
                panic!("on purpose");
            };
            pool.execute(job).unwrap();
        }
        pool.wait_idle().unwrap();
    }
    assert_eq!(pool.stats().threads, setup.threads);
    hold(&pool, setup.threads).release();
    assert_eq!(balanced(&pool).panicked, 5 * setup.threads as u64);
}

fn threads(pool: &Pool) -> Vec<ThreadId> {
    let mut threads = results(one_for_each(pool, |_| thread::current().id()));
    threads.sort_unstable_by_key(|id| format!("{id:?}"));
    threads
}

/// Panics wherever a thread waits for the outcome.
fn panics_with_receivers(pool: &Pool) {
    pool.spawn(|| panic!("on purpose")).unwrap().join().unwrap_err();
    let caught = |code: &dyn Fn()| {
        std::panic::catch_unwind(std::panic::AssertUnwindSafe(code)).unwrap_err();
    };
    caught(&|| pool.scope(|scope| scope.spawn(|| panic!("on purpose"))));
    caught(&|| _ = pool.join(|| (), || panic!("on purpose")));
    caught(&|| pool.install(|| panic!("on purpose")).unwrap());
}

fn a_panic_that_has_a_receiver_replaces_nothing(setup: Setup) {
    let pool: Pool = replacing(setup).build().unwrap();
    let before = threads(&pool);
    panics_with_receivers(&pool);
    assert_eq!(threads(&pool), before);
    balanced(&pool);
}

fn a_worker_is_replaced_while_the_pool_drains(setup: Setup) {
    let stops = Tally::default();
    let count = stops.clone();
    let pool: Pool = replacing(setup).on_thread_stop(move |_| count.add()).build().unwrap();
    let held = hold(&pool, setup.threads);
    let panics =
        (0..3).filter(|_| pool.try_execute(|| panic!("on purpose")).is_ok()).count() as u64;
    pool.close();
    held.release();
    assert_eq!(balanced(&pool).panicked, panics);
    assert!(stops.get() >= panics);
}

fn a_worker_is_replaced_while_the_pool_is_paused(setup: Setup) {
    let pool: Pool = replacing(setup).build().unwrap();
    let go = Latch::default();
    panic_behind(&go, &pool);
    pause_at_rest(&pool, 1);
    pool.execute(|| ()).unwrap();
    go.open();
    eventually(|| pool.stats().idle_threads == setup.threads);
    assert_eq!((pool.stats().panicked, pool.stats().queued), (1, 1));
    pool.resume();
    pool.wait_idle().unwrap();
    let report = balanced(&pool);
    assert_eq!((report.done, report.panicked), (1, 1));
}

fn the_others_go_on_if_no_replacement_starts(setup: Setup) {
    let allowed = Arc::new(AtomicBool::new(true));
    let threads = setup.threads + 1;
    let builder = replacing(setup.with_threads(threads)).thread_factory(threads_while(&allowed));
    let pool: Pool = builder.build().unwrap();
    allowed.store(false, Ordering::SeqCst);
    for _ in 0..setup.threads {
        pool.execute(|| panic!("on purpose")).unwrap();
        pool.wait_idle().unwrap();
    }
    eventually(|| pool.stats().threads == 1);
    for _ in 0..100 {
        pool.execute(|| ()).unwrap();
    }
    pool.wait_idle().unwrap();
    allowed.store(true, Ordering::SeqCst);
    hold(&pool, threads).release();
    let report = balanced(&pool);
    assert_eq!(report.panicked, setup.threads as u64);
}

fn the_last_worker_s_end_may_submit(setup: Setup) {
    struct Submits {
        pool: crate::setup::Handle,
        accepted: Tally,
        refused: Tally,
    }
    impl Drop for Submits {
        fn drop(&mut self) {
            match self.pool.execute(|| ()) {
                Ok(_) => self.accepted.add(),
                Err(refused) if refused.is_full() => self.refused.add(),
                Err(error) => panic!("{error}"),
            }
        }
    }
    thread_local! {
        static LAST: std::cell::RefCell<Option<Submits>> = const { std::cell::RefCell::new(None) };
    }
    let pool: Pool = replacing(setup).num_threads(1).build().unwrap();
    let (accepted, refused) = (Tally::default(), Tally::default());
    for _ in 0..20 {
        let last =
            Submits { pool: pool.handle(), accepted: accepted.clone(), refused: refused.clone() };
        let job = move || {
            LAST.with(|slot| slot.replace(Some(last)));
            panic!("on purpose");
        };
        pool.execute(job).unwrap();
    }
    // Each thread's own destructors come after its last job.
    eventually(|| accepted.get() + refused.get() == 20);
    assert!(setup.capacity.is_some() || refused.get() == 0);
    assert_eq!(balanced(&pool).done, accepted.get());
}

fn a_policy_to_abort_captures_what_has_a_receiver(setup: Setup) {
    let pool: Pool = setup.builder().panic_policy(PanicPolicy::Abort).build().unwrap();
    panics_with_receivers(&pool);
    balanced(&pool);
}

fn a_call_that_panics_has_its_worker_replaced(setup: Setup) {
    let made = Tally::default();
    let makes = made.clone();
    let pool = replacing(setup)
        .num_threads(1)
        .sink(sink_fn(|_: Completed<u32>| ()))
        .build_with(move |_| {
            makes.add();
            let mut calls = 0;
            move |panics: bool| {
                calls += 1;
                assert!(!panics, "on purpose");
                calls
            }
        })
        .unwrap();
    let outcome = |panics| pool.call(panics).unwrap().join().ok();
    let outcomes = [false, true, false, true, true, false, false].map(outcome);
    assert_eq!(outcomes, [Some(1), None, Some(1), None, None, Some(1), Some(2)]);
    let report = pool.shutdown();
    assert_eq!((report.done, report.panicked), (4, 3));
    assert_eq!(made.get(), 4);
}
