//! Models of borrowed work, scopes and joins, explored by loom over the code that ships.
//!
//! Run with `RUSTFLAGS="--cfg loom" cargo test -p pool-core --release --test loom_borrowed`.
#![cfg(loom)]

#[path = "support/models.rs"]
mod models;
#[path = "support/slots.rs"]
mod slots;

use loom::sync::atomic::{AtomicUsize, Ordering};
use loom::sync::{Arc, Condvar, Mutex};
use loom::thread;
use models::{Ran, end, model, pool};
use slots::Plain;

/// A scope ends after its last child, wherever that runs.
#[test]
fn last_child_of_a_scope() {
    model(|| {
        let pool = pool(1, Plain::new(4));
        let ran = AtomicUsize::new(0);
        pool.scope(|scope| {
            scope.spawn(|| {
                ran.fetch_add(1, Ordering::Relaxed);
                scope.spawn(|| {
                    ran.fetch_add(1, Ordering::Relaxed);
                });
            });
        });
        assert_eq!(ran.load(Ordering::Relaxed), 2);
        end(pool);
    });
}

/// A join's second closure runs once, here or there, and the join ends after it.
#[test]
fn fork_and_join() {
    model(|| {
        let pool = pool(1, Plain::new(4));
        let (mut a, mut b) = (0, 0);
        pool.join(|| a += 1, || b += 1);
        assert_eq!((a, b), (1, 1));
        end(pool);
    });
}

/// The same again with a share slot in which another closure was before.
#[test]
fn fork_and_fork() {
    model(|| {
        let pool = pool(1, Plain::new(6));
        let (mut a, mut b, mut c) = (0, 0, 0);
        pool.join(|| pool.join(|| a += 1, || b += 1), || c += 1);
        assert_eq!((a, b, c), (1, 1, 1));
        end(pool);
    });
}

/// Who waits for a closure that was taken helps with what its taker shows.
#[test]
fn fork_and_help() {
    model(|| {
        let pool = pool(1, Plain::new(6));
        let (mut a, mut b, mut c) = (0, 0, 0);
        pool.join(|| a += 1, || pool.join(|| b += 1, || c += 1));
        assert_eq!((a, b, c), (1, 1, 1));
        end(pool);
    });
}

/// Opens once, for whoever waits.
#[derive(Clone)]
struct Gate(Arc<(Mutex<bool>, Condvar)>);

impl Gate {
    fn new() -> Self {
        Self(Arc::new((Mutex::new(false), Condvar::new())))
    }

    fn open(&self) {
        *self.0.0.lock().unwrap() = true;
        self.0.1.notify_all();
    }

    fn wait(&self) {
        let mut open = self.0.0.lock().unwrap();
        while !*open {
            open = self.0.1.wait(open).unwrap();
        }
    }
}

/// C11: who helps from outside waits in there for a job, which only that thread can run: the worker
/// waits for the help.
#[test]
fn fork_and_help_and_wait() {
    model(|| {
        let pool = pool(1, Plain::new(6));
        let (taken, helped) = (Gate::new(), Gate::new());
        let wait_for_job = || {
            helped.open();
            pool.spawn(|| 7).unwrap().join().unwrap()
        };
        let taken_half = || {
            taken.open();
            pool.join(|| helped.wait(), wait_for_job).1
        };
        assert_eq!(pool.join(|| taken.wait(), taken_half).1, 7);
        assert_eq!(end(pool).done, 1);
    });
}

/// C3, C4: what a half on an outside thread submits, while the pool is closed, runs or comes back.
#[test]
fn submit_in_a_half_and_close() {
    model(|| {
        let pool = pool(1, Plain::new(4));
        let handle = pool.handle();
        let closer = thread::spawn(move || handle.close());
        let ran = Ran::new();
        let (submitted, ()) = pool.join(|| pool.execute(ran.job()).is_ok(), || ());
        closer.join().unwrap();
        let report = end(pool);
        assert_eq!((report.accepted, report.unfinished), (u64::from(submitted), 0));
        assert_eq!(ran.count(), usize::from(submitted));
    });
}
