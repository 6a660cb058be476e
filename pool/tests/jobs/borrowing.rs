//! Scopes, joins and installs, as far as no other pool's suite has them.

use std::sync::atomic::{AtomicUsize, Ordering};

use crate::setup::{Latch, Setup, Tally, balanced};

on_every_backend! {
    borrowed_work_needs_no_open_pool
    borrowed_work_goes_on_in_a_paused_pool
    a_scope_s_owner_runs_no_stranger
    a_join_runs_no_stranger
    a_join_s_closure_finds_a_free_worker
    a_join_that_comes_back_shows_the_next_closure
    a_scope_keeps_its_large_closures
    joins_of_two_pools_in_each_other
    two_pools_that_wait_for_each_other
    an_installed_job_is_counted
    a_closed_pool_gives_an_installed_closure_back
    borrowed_work_after_the_pool_s_end
}

fn borrowed_work_needs_no_open_pool(setup: Setup) {
    let pool = setup.pool();
    pool.shutdown();
    let mut numbers = [1, 2, 3];
    pool.scope(|scope| {
        for n in &mut numbers {
            scope.spawn(move || *n += 1);
        }
    });
    let [a, b, _] = &mut numbers;
    pool.join(|| *a += 1, || *b += 1);
    assert_eq!(numbers, [3, 4, 4]);
}

fn borrowed_work_goes_on_in_a_paused_pool(setup: Setup) {
    let pool = setup.builder().paused().build().unwrap();
    let ran = AtomicUsize::new(0);
    let count = || {
        ran.fetch_add(1, Ordering::Relaxed);
    };
    pool.scope(|scope| (0..100).for_each(|_| scope.spawn(count)));
    pool.join(count, count);
    assert_eq!(ran.load(Ordering::Relaxed), 102);
    pool.wait_idle().expect("what was borrowed is no job");
    assert_eq!(balanced(&pool).accepted, 0);
}

/// C11: a job that waits runs nothing on its stack but what it is made of. If it ran a stranger, the
/// stranger would find the lock held.
fn no_stranger(setup: Setup, wait: fn(&crate::setup::Handle)) {
    let pool = setup.pool();
    let lock = std::sync::Arc::new(std::sync::Mutex::new(()));
    let met = Tally::default();
    for _ in 0..20 {
        let (handle, lock, met) = (pool.handle(), lock.clone(), met.clone());
        pool.execute(move || {
            for _ in 0..5 {
                let (lock, met) = (lock.clone(), met.clone());
                handle.execute(move || drop(guarded(&lock, &met))).unwrap();
            }
            let _held = guarded(&lock, &met);
            wait(&handle);
        })
        .unwrap();
    }
    assert_eq!(balanced(&pool).panicked, 0);
    assert_eq!(met.get(), 0);
}

thread_local! {
    static HOLDS: std::cell::Cell<bool> = const { std::cell::Cell::new(false) };
}

/// Locks, and counts if the present thread holds the lock already, which would be the end.
fn guarded<'a>(lock: &'a std::sync::Mutex<()>, met: &Tally) -> Option<Held<'a>> {
    if HOLDS.get() {
        met.add();
        return None;
    }
    let guard = lock.lock().unwrap();
    HOLDS.set(true);
    Some(Held(guard))
}

struct Held<'a>(#[allow(dead_code)] std::sync::MutexGuard<'a, ()>);

impl Drop for Held<'_> {
    fn drop(&mut self) {
        HOLDS.set(false);
    }
}

fn a_scope_s_owner_runs_no_stranger(setup: Setup) {
    no_stranger(setup, |pool| {
        let ran = Tally::default();
        pool.scope(|scope| (0..10).for_each(|_| scope.spawn(|| ran.add())));
        assert_eq!(ran.get(), 10);
    });
}

fn a_join_runs_no_stranger(setup: Setup) {
    no_stranger(setup, |pool| {
        let ran = Tally::default();
        let wait = || pool.spawn(|| ()).unwrap().join().unwrap();
        pool.join(|| pool.join(|| ran.add(), || ran.add()), wait);
        assert_eq!(ran.get(), 2);
    });
}

fn a_join_s_closure_finds_a_free_worker(setup: Setup) {
    let pool = setup.pool();
    // From outside there is always a worker for the second closure while the first runs.
    let latch = Latch::default();
    pool.join(|| latch.wait(), || latch.open());
    if setup.threads > 1 {
        let handle = pool.handle();
        let inside = move || {
            let latch = Latch::default();
            handle.join(|| latch.wait(), || latch.open());
        };
        pool.spawn(inside).unwrap().join().unwrap();
    }
    balanced(&pool);
}

/// A thread that makes no more joins still shows all that it has, one after the other.
fn a_join_that_comes_back_shows_the_next_closure(setup: Setup) {
    let pool = setup.builder().paused().build().unwrap();
    let (first, second) = (Latch::default(), Latch::default());
    let begin = || {
        pool.resume();
        first.wait();
    };
    let innermost = || pool.join(begin, || second.wait());
    pool.join(|| pool.join(innermost, || second.open()), || first.open());
}

fn a_scope_keeps_its_large_closures(setup: Setup) {
    let pool = setup.pool();
    let sum = AtomicUsize::new(0);
    let large = [1_usize; 64];
    pool.scope(|scope| {
        for _ in 0..10 {
            let sum = &sum;
            scope.spawn(move || {
                sum.fetch_add(large.iter().sum(), Ordering::Relaxed);
            });
        }
    });
    assert_eq!(sum.into_inner(), 640);
}

fn joins_of_two_pools_in_each_other(setup: Setup) {
    fn both(one: &crate::setup::Handle, other: &crate::setup::Handle, depth: u32) -> u32 {
        if depth == 0 {
            return 1;
        }
        let (a, b) = one.join(|| both(other, one, depth - 1), || both(one, other, depth - 1));
        a + b
    }
    let (one, other) = (setup.pool(), setup.pool());
    assert_eq!(both(&one, &other, 8), 256);
    let (first, second) = (one.handle(), other.handle());
    assert_eq!(one.spawn(move || both(&first, &second, 8)).unwrap().join().unwrap(), 256);
}

fn two_pools_that_wait_for_each_other(setup: Setup) {
    let (one, other) = (setup.with_threads(1).pool(), setup.with_threads(1).pool());
    let answer = one.install(|| other.install(|| one.install(|| 42).unwrap()).unwrap()).unwrap();
    assert_eq!(answer, 42);
    // Again so that the only worker of each is taken for certain before it is waited for.
    let (first, second) = (one.handle(), other.handle());
    let job = one.spawn(move || {
        let begun = Latch::default();
        let begin = begun.clone();
        let back = second.spawn(move || {
            begin.open();
            first.spawn(|| 42).unwrap().join().unwrap()
        });
        begun.wait();
        back.unwrap().join().unwrap()
    });
    assert_eq!(job.unwrap().join().unwrap(), 42);
    balanced(&one);
    balanced(&other);
}

fn an_installed_job_is_counted(setup: Setup) {
    let pool = setup.pool();
    let text = String::from("borrowed");
    let length = pool.install(|| pool.install(|| text.len()).unwrap()).unwrap();
    assert_eq!(length, 8);
    let thrown = std::panic::catch_unwind(|| drop(pool.install(|| panic!("on purpose"))));
    let payload = *thrown.unwrap_err().downcast::<&str>().unwrap();
    assert_eq!(payload, "on purpose");
    let report = balanced(&pool);
    assert_eq!((report.done, report.panicked), (1, 1));
}

fn a_closed_pool_gives_an_installed_closure_back(setup: Setup) {
    let pool = setup.pool();
    pool.close();
    let text = String::from("borrowed");
    let closure = pool.install(|| text.len()).unwrap_err().into_inner();
    assert_eq!(closure(), 8);
    assert_eq!(balanced(&pool).accepted, 0);
}

/// A pool that is over keeps nobody inside: what borrowed work submits there comes back.
fn borrowed_work_after_the_pool_s_end(setup: Setup) {
    let pool = setup.pool();
    balanced(&pool);
    let refused = || assert!(pool.execute(|| ()).is_err_and(|refused| refused.is_closed()));
    let is_idle = || assert_eq!(pool.wait_idle(), Ok(()));
    pool.join(refused, is_idle);
    pool.scope(|scope| {
        scope.spawn(refused);
        scope.spawn(is_idle);
    });
    pool.for_each([1, 2, 3], |_| refused());
    assert_eq!(pool.shutdown().accepted, 0);
}
