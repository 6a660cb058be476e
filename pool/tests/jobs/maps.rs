//! One function over many inputs.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use drainpool::JobError;

use crate::setup::{CAPACITY, Latch, Setup, Tally, balanced};

on_every_backend! {
    map_keeps_the_order
    map_unordered_yields_all
    maps_are_lazy
    maps_take_endless_inputs
    no_more_are_in_flight_than_asked_for
    inputs_that_have_ended_are_not_asked_again
    once_begun_the_buffer_fills_by_itself
    nobody_keeps_what_was_yielded
    a_dropped_map_cancels_what_has_not_started
    a_map_dropped_in_a_job_of_another_pool
    a_panic_is_one_outcome
    maps_inside_of_a_job_need_no_worker
    maps_go_on_when_the_pool_is_closed
    for_each_borrows
    for_each_inside_of_a_job
    for_each_throws_the_panic_on
}

fn map_keeps_the_order(setup: Setup) {
    let pool = setup.pool();
    let words: Vec<String> = pool.map(0..500, |n| n.to_string()).map(Result::unwrap).collect();
    assert!((0..500).map(|n| n.to_string()).eq(words));
    assert_eq!(balanced(&pool).done, 500);
}

fn map_unordered_yields_all(setup: Setup) {
    let pool = setup.pool();
    let squares = pool.map_unordered(0..500_u64, |n| n * n);
    assert_eq!(squares.size_hint(), (500, Some(500)));
    let mut squares: Vec<u64> = squares.map(Result::unwrap).collect();
    squares.sort();
    assert!((0..500).map(|n| n * n).eq(squares));
}

fn maps_are_lazy(setup: Setup) {
    let (pool, pulled) = (setup.pool(), Tally::default());
    let inputs = || {
        let pulled = pulled.clone();
        (0..100).inspect(move |_| pulled.add())
    };
    let ordered = pool.map(inputs(), |n| n);
    let unordered = pool.map_unordered(inputs(), |n| n);
    drop((ordered, unordered));
    assert_eq!((pulled.get(), pool.stats().accepted), (0, 0));
}

fn maps_take_endless_inputs(setup: Setup) {
    let pool = setup.pool();
    let firsts: Vec<u64> = pool.map(0.., |n| n).take(50).map(Result::unwrap).collect();
    assert!(firsts.into_iter().eq(0..50));
    assert_eq!(pool.map_unordered(0.., |n| n).take(50).count(), 50);
    balanced(&pool);
}

/// Inputs that count how many were pulled and not yielded yet.
fn watched(in_flight: &Arc<AtomicUsize>, most: &Arc<AtomicUsize>) -> impl Iterator<Item = u32> {
    let (in_flight, most) = (in_flight.clone(), most.clone());
    (0..200).inspect(move |_| {
        most.fetch_max(in_flight.fetch_add(1, Ordering::SeqCst) + 1, Ordering::SeqCst);
    })
}

fn no_more_are_in_flight_than_asked_for(setup: Setup) {
    let pool = setup.pool();
    for buffer in [0, 1, 5] {
        let (in_flight, most) = (Arc::new(AtomicUsize::new(0)), Arc::new(AtomicUsize::new(0)));
        let yielded = |_| {
            in_flight.fetch_sub(1, Ordering::SeqCst);
        };
        pool.map(watched(&in_flight, &most), |n| n).buffer(buffer).for_each(yielded);
        let unordered = pool.map_unordered(watched(&in_flight, &most), |n| n).buffer(buffer);
        unordered.for_each(yielded);
        assert_eq!(in_flight.load(Ordering::SeqCst), 0);
        assert_eq!(most.load(Ordering::SeqCst), buffer.max(1), "no more, and no fewer");
    }
}

fn inputs_that_have_ended_are_not_asked_again(setup: Setup) {
    let pool = setup.pool();
    // Every fourth call says that this is the end.
    let inputs = || {
        let mut calls = 0;
        std::iter::from_fn(move || {
            calls += 1;
            (calls % 4 != 0).then_some(calls)
        })
    };
    assert!(pool.map(inputs(), |n| n).map(Result::unwrap).eq([1, 2, 3]));
    assert_eq!(pool.map_unordered(inputs(), |n| n).map(Result::unwrap).sum::<i32>(), 6);
}

fn a_dropped_map_cancels_what_has_not_started(setup: Setup) {
    let pool = setup.with_threads(1).pool();
    let (begun, end) = (Latch::default(), Latch::default());
    let (first, hold) = (begun.clone(), end.clone());
    // The second input holds the only worker while the map is dropped.
    let mut map = pool
        .map(0.., move |n| {
            if n == 1 {
                first.open();
                hold.wait();
            }
            n
        })
        .buffer(5.min(setup.room()));
    assert_eq!(map.next().unwrap().unwrap(), 0);
    begun.wait();
    drop(map);
    let cancelled = pool.stats().cancelled;
    end.open();
    let report = balanced(&pool);
    assert!(report.cancelled == cancelled && cancelled >= 1, "{report:?}");
    assert_eq!(report.done, 2);
}

fn once_begun_the_buffer_fills_by_itself(setup: Setup) {
    let (pool, ran) = (setup.pool(), Tally::default());
    let count = ran.clone();
    let job = move |n| {
        count.add();
        n
    };
    let mut map = pool.map(0.., job).buffer(5);
    assert_eq!(map.next().unwrap().unwrap(), 0);
    pool.wait_idle().unwrap();
    assert_eq!((ran.get(), pool.stats().accepted), (5, 5));
    assert!(map.by_ref().take(4).map(Result::unwrap).eq(1..5));
    drop(map);
    balanced(&pool);
}

fn nobody_keeps_what_was_yielded(setup: Setup) {
    let pool = setup.pool();
    let alone = |result: Result<_, JobError>| Arc::strong_count(&result.unwrap()) == 1;
    assert!(pool.map(0..10, Arc::new).all(alone));
    assert!(pool.map_unordered(0..10, Arc::new).all(alone));
    assert_eq!(balanced(&pool).done, 20);
}

fn a_map_dropped_in_a_job_of_another_pool(setup: Setup) {
    let (paused, other) = (setup.builder().paused().build().unwrap(), setup.pool());
    let (handle, ran) = (paused.handle(), Tally::default());
    let count = ran.clone();
    // Inside of a job, a wait for the first outcome runs the first: no worker does, here.
    let job = move || {
        let mut map = handle.map(0..CAPACITY, move |n| {
            count.add();
            n
        });
        map = map.buffer(CAPACITY);
        map.next().unwrap().unwrap()
    };
    assert_eq!(other.spawn(job).unwrap().join().unwrap(), 0);
    let report = balanced(&paused);
    assert_eq!((report.done, report.cancelled), (1, CAPACITY as u64 - 1));
    assert_eq!((ran.get(), balanced(&other).done), (1, 1), "nor did the others run later");
}

fn a_panic_is_one_outcome(setup: Setup) {
    let pool = setup.pool();
    let outcomes: Vec<_> = pool
        .map(0..10, |n| if n == 3 { panic!("on purpose") } else { n })
        .map(|outcome| outcome.is_ok())
        .collect();
    assert!(outcomes.iter().enumerate().all(|(n, ok)| *ok == (n != 3)));
    let unordered = pool.map_unordered(0..10, |n| assert!(n != 3, "on purpose"));
    let errors: Vec<_> = unordered.filter_map(Result::err).collect();
    assert!(matches!(errors[..], [JobError::Panicked(_)]));
    assert_eq!(balanced(&pool).panicked, 2);
}

fn maps_inside_of_a_job_need_no_worker(setup: Setup) {
    let pool = setup.pool();
    let handle = pool.handle();
    let job = pool.spawn(move || {
        let ordered: u32 = handle.map(0..100, |n| n).map(Result::unwrap).sum();
        let unordered: u32 = handle.map_unordered(0..100, |n| n).map(Result::unwrap).sum();
        (ordered, unordered)
    });
    assert_eq!(job.unwrap().join().unwrap(), (4_950, 4_950));
}

fn maps_go_on_when_the_pool_is_closed(setup: Setup) {
    let pool = setup.pool();
    let mut map = pool.map(0..20, |n| n).buffer(2);
    assert_eq!(map.next().unwrap().unwrap(), 0);
    pool.shutdown();
    assert!(map.map(Result::unwrap).eq(1..20));
    assert_eq!(pool.map_unordered(0..20, |n| n).map(Result::unwrap).sum::<i32>(), 190);
    let here = std::thread::current().id();
    pool.for_each(0..20, |_| assert_eq!(std::thread::current().id(), here));
    assert!(balanced(&pool).accepted <= 3);
}

fn for_each_borrows(setup: Setup) {
    let pool = setup.pool();
    let mut numbers: Vec<u64> = (0..1_000).collect();
    let sum = AtomicUsize::new(0);
    pool.for_each(&mut numbers, |n| {
        sum.fetch_add(*n as usize, Ordering::Relaxed);
        *n *= 2;
    });
    assert_eq!(sum.into_inner(), 499_500);
    assert!(numbers.into_iter().eq((0..1_000).map(|n| n * 2)));
}

fn for_each_inside_of_a_job(setup: Setup) {
    let pool = setup.pool();
    let (handle, ran) = (pool.handle(), Tally::default());
    let count = ran.clone();
    pool.spawn(move || handle.for_each(0..100, |_| count.add())).unwrap().join().unwrap();
    assert_eq!(ran.get(), 100);
}

fn for_each_throws_the_panic_on(setup: Setup) {
    let pool = setup.pool();
    let ran = Tally::default();
    let thrown = std::panic::catch_unwind(std::panic::AssertUnwindSafe(|| {
        pool.for_each(0.., |n| {
            ran.add();
            assert!(n != 50, "on purpose");
        });
    }));
    assert!(thrown.is_err());
    assert!(ran.get() >= 51, "the inputs are endless, and it has ended");
}
