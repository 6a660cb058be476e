//! What is measured.
//!
//! Jobs count down one static counter; nothing is reference-counted or allocated for the sake of
//! the measurement. So only one scenario runs at a time. Each job captures a number, as closures
//! do: one without captures is boxed for nothing, which would flatter pools that box.

use std::hint;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::sync::mpsc::{self, Sender};
use std::sync::{LazyLock, Mutex, PoisonError};
use std::thread::{self, Thread};
use std::time::Duration;

use crate::contestants::{Batch, Execute, ForkJoin, Joined, Results, RoundTrip, TypedBatch};
use crate::work;

/// How many threads submit in [`multi`].
pub const SUBMITTERS: usize = 4;

/// The jobs of the present round that have not run.
static LEFT: AtomicUsize = AtomicUsize::new(0);

/// Who waits for them.
static WAITER: Mutex<Option<Thread>> = Mutex::new(None);

/// What a job does: with its number, next to nothing.
#[inline]
pub fn count_down(number: u64) {
    hint::black_box(number);
    if LEFT.fetch_sub(1, Ordering::AcqRel) == 1 {
        wake_waiter();
    }
}

fn job(number: usize) -> impl FnOnce() + Send + 'static {
    move || count_down(number as u64)
}

/// To be called before the first job is submitted, by the thread that will wait.
fn expect(jobs: usize) {
    *WAITER.lock().unwrap_or_else(PoisonError::into_inner) = Some(thread::current());
    LEFT.store(jobs, Ordering::Release);
}

/// Sleeps until all jobs have run. A thread that watched them would take a core from the workers.
fn wait_for_all() {
    while LEFT.load(Ordering::Acquire) > 0 {
        thread::park();
    }
}

#[cold]
fn wake_waiter() {
    if let Some(waiter) = &*WAITER.lock().unwrap_or_else(PoisonError::into_inner) {
        waiter.unpark();
    }
}

/// One outside thread submits `jobs` no-ops, then waits for them.
pub fn ext<C: Execute>(pool: &'static C, jobs: usize) {
    expect(jobs);
    for n in 0..jobs {
        pool.execute(job(n));
    }
    wait_for_all();
}

/// As [`ext`], in one call.
pub fn batch<C: Batch>(pool: &'static C, jobs: usize) {
    expect(jobs);
    pool.execute_all((0..jobs).map(job));
    wait_for_all();
}

/// As [`batch`], with numbers instead of closures.
pub fn batch_typed<C: TypedBatch>(pool: &'static C, jobs: usize) {
    expect(jobs);
    pool.submit_all(0..jobs as u64);
    wait_for_all();
}

/// One outside thread submits `jobs` jobs and collects the result of each.
///
/// # Panics
///
/// If a result is wrong or missing.
pub fn results<C: Results>(pool: &'static C, jobs: usize) {
    for n in 0..jobs as u64 {
        pool.submit(n);
    }
    assert_eq!(pool.sum_of(jobs), sum_of_successors(jobs));
}

/// The sum of `1..=count`.
fn sum_of_successors(count: usize) -> u64 {
    (1..=count as u64).sum()
}

/// [`SUBMITTERS`] outside threads submit `jobs` no-ops between them. The threads are there before:
/// nobody starts one for a few jobs.
///
/// # Panics
///
/// If a submitter has died.
pub fn multi<C: Execute>(pool: &'static C, jobs: usize) {
    type Order = Box<dyn FnOnce() + Send>;
    static CREW: LazyLock<[Sender<Order>; SUBMITTERS]> = LazyLock::new(|| {
        [(); SUBMITTERS].map(|()| {
            let (sender, orders) = mpsc::channel::<Order>();
            thread::spawn(move || orders.iter().for_each(|order| order()));
            sender
        })
    });

    let share = jobs / SUBMITTERS;
    expect(share * SUBMITTERS);
    for sender in &*CREW {
        let order = Box::new(move || (0..share).for_each(|n| pool.execute(job(n))));
        sender.send(order).expect("a live submitter");
    }
    wait_for_all();
}

/// A binary tree of jobs: each submits two more, until there are `2^(depth + 1) - 1`.
pub fn tree<C: Execute>(pool: &'static C, depth: u32) {
    fn node<C: Execute>(pool: &'static C, depth: u32) {
        count_down(depth.into());
        if depth > 0 {
            pool.execute(move || node(pool, depth - 1));
            pool.execute(move || node(pool, depth - 1));
        }
    }
    expect((2 << depth) - 1);
    pool.execute(move || node(pool, depth));
    wait_for_all();
}

/// One outside thread spawns `jobs` jobs, then joins each.
///
/// # Panics
///
/// If a result is wrong or missing.
pub fn handles<C: Joined>(pool: &'static C, jobs: usize) {
    let numbers = (0..jobs as u64).map(|n| move || n + 1);
    assert_eq!(pool.spawn_and_join_all(numbers), sum_of_successors(jobs));
}

/// Submits one job and watches for its end, `times` times.
pub fn latency<C: Execute>(pool: &'static C, times: usize) {
    static DONE: AtomicBool = AtomicBool::new(false);

    for n in 0..times {
        DONE.store(false, Ordering::Release);
        pool.execute(move || {
            hint::black_box(n);
            DONE.store(true, Ordering::Release);
        });
        while !DONE.load(Ordering::Acquire) {
            hint::spin_loop();
        }
    }
}

/// Submits one job and waits for its result as the pool does, `times` times.
///
/// # Panics
///
/// If a result is wrong.
pub fn round_trip<C: RoundTrip>(pool: &'static C, times: usize) {
    for n in 0..times as u64 {
        assert_eq!(pool.round_trip(hint::black_box(n)), n + 1);
    }
}

/// As [`ext`], with about a microsecond of [work](work::microsecond) in each job.
pub fn work<C: Execute>(pool: &'static C, jobs: usize) {
    expect(jobs);
    for n in 0..jobs as u64 {
        pool.execute(move || count_down(work::microsecond(n)));
    }
    wait_for_all();
}

/// Fibonacci's number by two calls that are joined, down to one: `joins(n)` joins. Measured from
/// inside of the pool: all of them are made on its workers, of which the caller may be one.
///
/// # Panics
///
/// If the number is wrong.
pub fn fork_join<C: ForkJoin>(pool: &'static C, n: u32) {
    fn fib<C: ForkJoin>(scope: &mut C::Scope<'_>, n: u32) -> u64 {
        if n < 2 {
            return n.into();
        }
        let (a, b) = C::join(scope, |scope| fib::<C>(scope, n - 1), |scope| fib::<C>(scope, n - 2));
        a + b
    }
    let n = hint::black_box(n);
    let found = pool.enter(|scope| fib::<C>(scope, n));
    assert_eq!(found, fibonacci(n));
}

/// Fibonacci's number.
fn fibonacci(n: u32) -> u64 {
    (0..n).fold((0, 1), |(a, b), _| (b, a + b)).0
}

/// How many joins [`fork_join`] makes: one for each number from two on.
#[must_use]
pub fn joins(n: u32) -> usize {
    fibonacci(n + 1) as usize - 1
}

/// The sum of a series, by `joins` joins of its halves down to single terms. The closures capture four words, as those of
/// real work do: where the series begins and ends, and how to reckon a term. With most contestants the pool comes on top.
///
/// # Panics
///
/// If the sum is wrong.
pub fn fork_sum<C: ForkJoin>(pool: &'static C, joins: usize) {
    fn sum<C: ForkJoin>(
        scope: &mut C::Scope<'_>,
        (start, end): (u64, u64),
        first: u64,
        step: u64,
    ) -> u64 {
        if end - start < 2 {
            return first + start * step;
        }
        let middle = start.midpoint(end);
        let (a, b) = C::join(
            scope,
            move |scope| sum::<C>(scope, (start, middle), first, step),
            move |scope| sum::<C>(scope, (middle, end), first, step),
        );
        a + b
    }
    let terms = joins as u64 + 1;
    let (first, step) = hint::black_box((3, 7));
    let found = pool.enter(|scope| sum::<C>(scope, (0, terms), first, step));
    assert_eq!(found, first * terms + step * (terms * (terms - 1) / 2));
}

/// So many jobs are one piece of work in [`fork_list`].
pub const PIECE: usize = 16;

/// A list of `jobs / PIECE` pieces of about 16 microseconds of [work](work::microsecond), by joins of
/// the first piece and the rest of the list: a tree that leans to one side as far as it can. Which of
/// the two is the first closure of a join changes from join to join, as some pools offer the first to
/// others and some the second.
///
/// # Panics
///
/// If a piece was left out.
pub fn fork_list<C: ForkJoin>(pool: &'static C, jobs: usize) {
    fn piece(number: u64) -> u64 {
        (0..PIECE as u64).for_each(|n| _ = hint::black_box(work::microsecond(number + n)));
        1
    }
    fn list<C: ForkJoin>(scope: &mut C::Scope<'_>, pieces: u64) -> u64 {
        if pieces < 2 {
            return piece(pieces);
        }
        let (a, b) = if pieces.is_multiple_of(2) {
            C::join(scope, |_| piece(pieces), |scope| list::<C>(scope, pieces - 1))
        } else {
            C::join(scope, |scope| list::<C>(scope, pieces - 1), |_| piece(pieces))
        };
        a + b
    }
    let pieces = (jobs / PIECE) as u64;
    assert_eq!(pool.enter(|scope| list::<C>(scope, pieces)), pieces);
}

/// As [`ext`], but no job starts before the last one is queued: every one of the `workers` is held
/// by a job of its own.
pub fn burst<C: Execute>(pool: &'static C, jobs: usize, workers: usize) {
    static HELD: AtomicUsize = AtomicUsize::new(0);
    static OPEN: AtomicBool = AtomicBool::new(false);

    HELD.store(0, Ordering::Release);
    OPEN.store(false, Ordering::Release);
    expect(jobs + workers);
    // One after the other, lest a worker takes two.
    for held in 1..=workers {
        pool.execute(move || {
            HELD.fetch_add(1, Ordering::AcqRel);
            while !OPEN.load(Ordering::Acquire) {
                thread::sleep(Duration::from_millis(1));
            }
            count_down(held as u64);
        });
        while HELD.load(Ordering::Acquire) < held {
            thread::yield_now();
        }
    }
    for n in 0..jobs {
        pool.execute(job(n));
    }
    OPEN.store(true, Ordering::Release);
    wait_for_all();
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn joins_of_small_numbers() {
        assert_eq!([1, 2, 3, 4, 5].map(joins), [0, 1, 2, 4, 7]);
        assert_eq!(fibonacci(32), 2_178_309);
    }
}
