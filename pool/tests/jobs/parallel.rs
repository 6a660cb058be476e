//! Parallel iterators: what they yield, on which threads, and what becomes of panics.

use std::iter::from_fn;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::sync::{Arc, Barrier};
use std::thread;
use std::time::Duration;

use drainpool::orx_parallel::*;
use drainpool::{ParallelExt, current_worker};

use crate::setup::held::hold;
use crate::setup::tools::{outside_and_inside, scrambled, threads_while, thrown};
use crate::setup::{Handle, Pool, Setup, Tally, balanced, eventually, pause_at_rest};

on_every_backend! {
    results_are_those_of_an_iterator
    every_kind_of_input
    closures_borrow_and_change_what_is_borrowed
    all_threads_are_at_it_together_and_no_more
    computations_within_computations
    when_all_workers_compute_at_once
    jobs_in_a_computation_are_nested
    without_a_free_worker_the_caller_does_all
    without_any_worker_the_caller_does_all
    paused_closed_and_ended
    the_number_of_threads_is_that_of_now
    panics_are_thrown_on
    panics_on_all_threads_at_once
    what_a_panic_leaves_is_dropped_once
}

/// A few thousand numbers, so that there is more than one chunk for each of eight threads.
const NUMBERS: usize = 3_000;

fn sum_of_squares(pool: &Handle, numbers: &[u32]) -> u64 {
    numbers.par().runner(pool.par_runner()).map(|n| u64::from(*n) * u64::from(n % 7)).sum()
}

fn sum_of_squares_alone(numbers: &[u32]) -> u64 {
    numbers.iter().map(|n| u64::from(*n) * u64::from(n % 7)).sum()
}

fn results_are_those_of_an_iterator(setup: Setup) {
    let numbers = scrambled(NUMBERS);
    outside_and_inside(setup, |pool| {
        let par = || numbers.par().runner(pool.par_runner());
        assert_eq!(sum_of_squares(pool, &numbers), sum_of_squares_alone(&numbers));
        assert_eq!(par().max(), numbers.iter().max());
        assert_eq!(
            par().filter(|n| *n % 3 == 0).count(),
            numbers.iter().filter(|n| *n % 3 == 0).count()
        );
        assert_eq!(par().find(|n| *n % 101 == 1), numbers.iter().find(|n| *n % 101 == 1));
        let even: Vec<u32> = par().copied().filter(|n| n % 2 == 0).collect();
        let expected: Vec<u32> = numbers.iter().copied().filter(|n| n % 2 == 0).collect();
        assert_eq!(even, expected, "in the order of the input");
        let any = par().copied().iteration_order(IterationOrder::Arbitrary);
        let (mut any, mut all): (Vec<u32>, _) = (any.collect(), numbers.clone());
        any.sort_unstable();
        all.sort_unstable();
        assert_eq!(any, all);
    });
}

fn every_kind_of_input(setup: Setup) {
    outside_and_inside(setup, |pool| {
        let runner = || pool.par_runner();
        assert_eq!((0..NUMBERS).into_par().runner(runner()).sum(), NUMBERS * (NUMBERS - 1) / 2);
        let texts: Vec<String> = (0..NUMBERS).map(|n| n.to_string()).collect();
        let lengths: usize = texts.par().runner(runner()).map(String::len).sum();
        assert_eq!(texts.into_par().runner(runner()).map(|text| text.len()).sum(), lengths);
        let counted = (0..NUMBERS).filter(|n| n % 2 == 0).iter_into_par().runner(runner());
        assert_eq!(counted.num_threads(3).count(), NUMBERS / 2);
        let none: Vec<u8> = Vec::new();
        assert_eq!(none.par().runner(runner()).count(), 0);
        assert_eq!(vec![7].par().runner(runner()).copied().reduce(|a, b| a + b), Some(7));
    });
}

fn closures_borrow_and_change_what_is_borrowed(setup: Setup) {
    outside_and_inside(setup, |pool| {
        let mut numbers = scrambled(NUMBERS);
        let (before, least) = (numbers.clone(), 1_000_u32);
        numbers.par_mut().runner(pool.par_runner()).for_each(|n| *n = (*n).max(least));
        assert!(numbers.iter().eq(before.iter().map(|n| n.max(&least))));
        let (mut left, mut right) = (0, 0);
        pool.parallel().run_all(tasks![|| left = before.len(), || right = numbers.len()]);
        assert_eq!((left, right), (NUMBERS, NUMBERS));
    });
}

fn all_threads_are_at_it_together_and_no_more(setup: Setup) {
    outside_and_inside(setup, |pool| {
        let all = Barrier::new(setup.threads);
        // Nobody goes on before all threads have an item.
        let items = (0..setup.threads).into_par().runner(pool.par_runner());
        items.chunk_size(1).for_each(|_| _ = all.wait());
        let (now, most) = (AtomicUsize::new(0), AtomicUsize::new(0));
        let items = (0..NUMBERS).into_par().runner(pool.par_runner());
        items.chunk_size(1).for_each(|_| {
            most.fetch_max(now.fetch_add(1, Ordering::SeqCst) + 1, Ordering::SeqCst);
            now.fetch_sub(1, Ordering::SeqCst);
        });
        assert!(most.into_inner() <= setup.threads);
    });
}

fn computations_within_computations(setup: Setup) {
    let numbers = scrambled(300);
    outside_and_inside(setup, |pool| {
        let inner = |n: usize| sum_of_squares(pool, &numbers[n..]);
        let middle = |n: usize| (n..n + 4).into_par().runner(pool.par_runner()).map(inner).sum();
        let outer = (0..40).into_par().runner(pool.par_runner()).chunk_size(1);
        let sums: Vec<u64> = outer.map(middle).collect();
        let alone = |n: usize| sum_of_squares_alone(&numbers[n..]);
        let expected: Vec<u64> = (0..40).map(|n| (n..n + 4).map(alone).sum()).collect();
        assert_eq!(sums, expected);
    });
}

fn when_all_workers_compute_at_once(setup: Setup) {
    let pool = setup.pool();
    let all = Arc::new(Barrier::new(setup.threads));
    let numbers = Arc::new(scrambled(NUMBERS));
    let compute = |_| {
        let (handle, all, numbers) = (pool.handle(), all.clone(), numbers.clone());
        let job = move || {
            all.wait();
            sum_of_squares(&handle, &numbers)
        };
        pool.spawn(job).unwrap()
    };
    let jobs: Vec<_> = (0..setup.threads).map(compute).collect();
    let expected = sum_of_squares_alone(&numbers);
    assert_eq!(sum_of_squares(&pool, &numbers), expected);
    for job in jobs {
        assert_eq!(job.join().unwrap(), expected);
    }
    assert_eq!(balanced(&pool).done, setup.threads as u64);
}

fn jobs_in_a_computation_are_nested(setup: Setup) {
    let (pool, ran) = (setup.pool(), Tally::default());
    (0..40).into_par().runner(pool.par_runner()).chunk_size(1).for_each(|_| {
        let ran = ran.clone();
        // Nested, so it waits for no room.
        pool.execute(move || ran.add()).unwrap();
        let (a, b) = pool.join(|| 1, || 2);
        assert_eq!(a + b, 3);
    });
    assert_eq!((balanced(&pool).done, ran.get()), (40, 40));
}

/// Checks that this thread does all of a computation.
fn is_done_here(pool: &Handle) {
    let here = thread::current().id();
    let numbers = scrambled(NUMBERS);
    let checked = numbers.par().runner(pool.par_runner()).inspect(|_| {
        assert_eq!(thread::current().id(), here);
        assert!(current_worker().is_none());
    });
    assert_eq!(
        checked.copied().map(u64::from).sum(),
        numbers.iter().copied().map(u64::from).sum::<u64>()
    );
}

fn without_a_free_worker_the_caller_does_all(setup: Setup) {
    let pool = setup.pool();
    let held = hold(&pool, setup.threads);
    is_done_here(&pool);
    held.release();
    assert_eq!(balanced(&pool).done, setup.threads as u64);
}

fn without_any_worker_the_caller_does_all(setup: Setup) {
    let allowed = Arc::new(AtomicBool::new(true));
    let builder = setup.builder().core_threads(0).thread_keep_alive(Duration::ZERO);
    let pool: Pool = builder.thread_factory(threads_while(&allowed)).build().unwrap();
    eventually(|| pool.stats().threads == 0);
    allowed.store(false, Ordering::SeqCst);
    is_done_here(&pool);
    assert_eq!(pool.stats().threads, 0);
}

fn paused_closed_and_ended(setup: Setup) {
    let pool = setup.pool();
    pause_at_rest(&pool, 0);
    is_done_here(&pool);
    pool.resume();
    pool.close();
    let numbers = scrambled(NUMBERS);
    assert_eq!(sum_of_squares(&pool, &numbers), sum_of_squares_alone(&numbers));
    assert_eq!(balanced(&pool).accepted, 0);
    is_done_here(&pool);
}

fn the_number_of_threads_is_that_of_now(setup: Setup) {
    let pool: Pool = setup.builder().max_threads(setup.threads + 1).build().unwrap();
    assert_eq!(pool.parallel().max_num_threads().get(), setup.threads);
    pool.set_num_threads(setup.threads + 1).unwrap();
    assert_eq!(pool.parallel().max_num_threads().get(), setup.threads + 1);
    let all = Barrier::new(setup.threads + 1);
    let items = (0..=setup.threads).into_par().runner(pool.par_runner());
    items.chunk_size(1).for_each(|_| _ = all.wait());
}

fn panics_are_thrown_on(setup: Setup) {
    let numbers = scrambled(NUMBERS);
    outside_and_inside(setup, |pool| {
        let par = || (0..NUMBERS).into_par().runner(pool.par_runner());
        let panics = |n: usize| if n == NUMBERS / 2 { panic!("a map, on purpose") } else { n };
        assert_eq!(thrown(|| par().map(panics).sum::<usize>()), "a map, on purpose");
        assert_eq!(thrown(|| par().map(panics).collect::<Vec<_>>()), "a map, on purpose");
        let within = || par().chunk_size(100).map(|_| par().map(panics).count()).count();
        assert_eq!(thrown(within), "a map, on purpose");
        let reduce = || par().reduce(|_, _| panic!("a reduce, on purpose"));
        assert_eq!(thrown(reduce), "a reduce, on purpose");
        // What panics is the iterator below the parallel one, on whatever thread asks it.
        let mut left = NUMBERS;
        let items = from_fn(move || {
            left = left.checked_sub(1).expect("it is asked again after the panic");
            assert!(left != 100, "an iterator, on purpose");
            (left > 0).then_some(left)
        });
        let by_items = || items.iter_into_par().runner(pool.par_runner()).count();
        assert_eq!(thrown(by_items), "an iterator, on purpose");
        assert_eq!(sum_of_squares(pool, &numbers), sum_of_squares_alone(&numbers));
    });
}

fn panics_on_all_threads_at_once(setup: Setup) {
    outside_and_inside(setup, |pool| {
        let all = Barrier::new(setup.threads);
        let items = (0..setup.threads).into_par().runner(pool.par_runner()).chunk_size(1);
        let panic_together = || {
            items.for_each(|_| {
                all.wait();
                panic!("all of them, on purpose");
            });
        };
        assert_eq!(thrown(panic_together), "all of them, on purpose");
    });
}

/// Counts itself from its making to its drop.
struct Counted<'a>(&'a AtomicUsize);

impl<'a> Counted<'a> {
    fn new(live: &'a AtomicUsize) -> Self {
        live.fetch_add(1, Ordering::SeqCst);
        Self(live)
    }
}

impl Drop for Counted<'_> {
    fn drop(&mut self) {
        self.0.fetch_sub(1, Ordering::SeqCst);
    }
}

fn what_a_panic_leaves_is_dropped_once(setup: Setup) {
    outside_and_inside(setup, |pool| {
        let (inputs, outputs) = (AtomicUsize::new(0), AtomicUsize::new(0));
        let made: Vec<_> = (0..NUMBERS).map(|n| (n, Counted::new(&inputs))).collect();
        let panics = || -> Vec<Counted> {
            let par = made.into_par().runner(pool.par_runner());
            let (live, at) = (&outputs, NUMBERS / 3);
            par.map(move |(n, _input)| {
                assert!(n != at, "one of many, on purpose");
                Counted::new(live)
            })
            .collect()
        };
        assert_eq!(thrown(panics), "one of many, on purpose");
        assert_eq!((inputs.into_inner(), outputs.into_inner()), (0, 0));
    });
}
