//! The lock-free collector: nothing is lost and the order of each worker is kept, whoever comes and goes.

use std::iter;
use std::panic::{AssertUnwindSafe, catch_unwind, resume_unwind};
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, mpsc};
use std::thread;
use std::time::Duration;

use pool_conformance::within_patience;
use pool_core::{Completed, ResultSink, ThreadPoolBuilder, WhenFull};
use pool_crossbeam::{CrossbeamCollect, CrossbeamQueue};

/// The number of an outcome, and of the producer that put it.
type Tag = (usize, usize);

/// Outcomes to put by hand, in the order of their values.
fn outcomes<R: Send + 'static>(values: impl IntoIterator<Item = R>) -> Vec<Completed<R>> {
    let (sink, received) = mpsc::channel();
    let pool = ThreadPoolBuilder::with_queue(CrossbeamQueue::new())
        .num_threads(1)
        .sink(sink)
        .build()
        .unwrap();
    for value in values {
        pool.execute(move || value).unwrap();
    }
    pool.shutdown();
    drop(pool);
    // The queue promises no order.
    let mut outcomes: Vec<_> = received.iter().collect();
    outcomes.sort_by_key(|done| done.id);
    outcomes
}

fn value<R>(done: Completed<R>) -> R {
    done.outcome.unwrap()
}

/// Checks that what arrives is, for each producer, 0, 1, 2 and so on.
struct Order {
    next: Vec<usize>,
}

impl Order {
    fn of(producers: usize) -> Self {
        Self { next: vec![0; producers] }
    }

    fn see(&mut self, done: Completed<Tag>) {
        let (producer, number) = value(done);
        assert_eq!(number, self.next[producer], "out of order, lost or twice: {producer}");
        self.next[producer] += 1;
    }

    fn assert_complete(&self, each: usize) {
        assert!(self.next.iter().all(|&next| next == each), "lost: {:?} of {each}", self.next);
    }
}

/// Each producer puts its outcomes through one clone after the other, each of which has as many as
/// `lifetimes` says in turn, while `consume` takes what is there until all producers have ended.
fn produce_and_consume(
    lifetimes: &'static [usize],
    consume: impl Fn(&CrossbeamCollect<Tag>, &mut Order) + Send + 'static,
) {
    const PRODUCERS: usize = 4;
    let each = 40_000;
    within_patience(move || {
        let results = CrossbeamCollect::new();
        let busy = Arc::new(AtomicUsize::new(PRODUCERS));
        let producers: Vec<_> = (0..PRODUCERS)
            .map(|producer| {
                let (results, busy) = (results.clone(), Arc::clone(&busy));
                let mut left = outcomes((0..each).map(|number| (producer, number))).into_iter();
                thread::spawn(move || {
                    let mut lifetimes = lifetimes.iter().cycle();
                    while left.len() > 0 {
                        let mut clone = results.clone();
                        for done in left.by_ref().take(*lifetimes.next().unwrap()) {
                            clone.put(done).unwrap();
                        }
                    }
                    busy.fetch_sub(1, Ordering::Release);
                })
            })
            .collect();
        let mut order = Order::of(PRODUCERS);
        while busy.load(Ordering::Acquire) > 0 {
            consume(&results, &mut order);
            thread::yield_now();
        }
        // What was put before is there now, and at once.
        consume(&results, &mut order);
        order.assert_complete(each);
        producers.into_iter().for_each(|producer| producer.join().unwrap());
        assert!(results.pop().is_none());
    });
}

const LIFETIMES: &[usize] = &[1, 2, 3, 1, 0, 64, 65, 66, 67, 5, 200, 1, 1];

#[test]
fn popping_finds_all_outcomes_of_clones_that_come_and_go_in_order() {
    produce_and_consume(LIFETIMES, |results, order| {
        iter::from_fn(|| results.pop()).for_each(|done| order.see(done));
    });
}

#[test]
fn taking_finds_all_outcomes_of_clones_that_come_and_go_in_order() {
    produce_and_consume(LIFETIMES, |results, order| {
        results.take().into_iter().for_each(|done| order.see(done));
    });
}

#[test]
fn clones_of_a_single_outcome_lose_nothing() {
    produce_and_consume(&[1], |results, order| {
        results.take().into_iter().for_each(|done| order.see(done));
        iter::from_fn(|| results.pop()).for_each(|done| order.see(done));
    });
}

/// The contract of sinks: the outcomes of one worker arrive in the order in which its jobs ended.
/// Also if it left in between, and others took its place.
#[test]
fn a_worker_that_comes_back_continues_its_order() {
    for lifetimes in [[1, 1, 1], [3, 100, 1], [100, 1, 100], [2, 70, 70], [70, 2, 1]] {
        let results = CrossbeamCollect::new();
        let mut outcomes = outcomes((0..300).flat_map(|number| [(0, number), (1, number)]));
        let mut take = |count| -> Vec<_> { outcomes.drain(..2 * count).collect() };
        let mut total = 0;
        // Both alternate, and each ends before the other begins anew.
        let mut clones = [results.clone(), results.clone()];
        for count in lifetimes {
            for done in take(count) {
                clones[done.outcome.as_ref().unwrap().0].put(done).unwrap();
            }
            for clone in &mut clones {
                *clone = results.clone();
            }
            total += count;
        }
        for done in take(5) {
            clones[done.outcome.as_ref().unwrap().0].put(done).unwrap();
        }
        let mut order = Order::of(2);
        for _ in 0..total {
            order.see(results.pop().unwrap());
        }
        results.take().into_iter().for_each(|done| order.see(done));
        order.assert_complete(total + 5);
    }
}

#[test]
fn outcomes_outlive_the_clone_that_put_them_and_count_once() {
    for count in [0, 1, 2, 64, 65, 66, 1000] {
        let results = CrossbeamCollect::new();
        let mut clone = results.clone();
        outcomes(0..count).into_iter().for_each(|done| clone.put(done).unwrap());
        let shown = format!("CrossbeamCollect {{ len: {count} }}");
        assert_eq!(format!("{results:?}"), shown);
        drop(clone);
        assert_eq!(format!("{results:?}"), shown);
        assert!(results.take().into_iter().map(value).eq(0..count));
        assert_eq!(format!("{results:?}"), "CrossbeamCollect { len: 0 }");
    }
}

/// What the pool knows as delivered is there, whoever ran it.
#[test]
fn pools_whose_workers_come_and_go_deliver_everything() {
    within_patience(|| {
        let results = CrossbeamCollect::new();
        let pool = ThreadPoolBuilder::with_queue(CrossbeamQueue::new())
            .num_threads(3)
            .thread_keep_alive(Duration::ZERO)
            .capacity(2)
            .sink(results.clone())
            .build()
            .unwrap();
        let mut received = 0;
        for round in 0..4_000 {
            for _ in 0..=round % 8 {
                assert!(pool.with(WhenFull::RunHere).execute(|| 1).is_ok());
            }
            if round % 3 == 0 {
                pool.wait_idle().unwrap();
                received += iter::from_fn(|| results.pop()).count();
                assert_eq!(received as u64, pool.stats().accepted);
            }
        }
        let report = pool.shutdown();
        received += results.take().into_iter().map(value).sum::<usize>();
        assert_eq!((received as u64, report.undelivered), (report.accepted, 0));
    });
}

/// An outcome that counts its drop, and then may panic.
struct Fragile {
    dropped: Arc<AtomicUsize>,
    panics: bool,
}

impl Drop for Fragile {
    fn drop(&mut self) {
        self.dropped.fetch_add(1, Ordering::SeqCst);
        if self.panics {
            // Without the message.
            resume_unwind(Box::new("a drop"));
        }
    }
}

/// A collection that is dropped drops each outcome, though some of them panic, and tells.
#[test]
fn outcomes_that_panic_when_they_are_dropped_leave_the_others_alone() {
    // In no clone's lane, in a few lanes, and in the lane of one that goes last.
    for (each, clones) in [(1, 200), (100, 3), (1_000, 1)] {
        let results = CrossbeamCollect::new();
        let dropped = Arc::new(AtomicUsize::new(0));
        let all = each * clones;
        for _ in 0..clones {
            let of = Arc::clone(&dropped);
            let values = (0..each).map(move |n| Fragile {
                dropped: Arc::clone(&of),
                panics: n % 100 == each / 2 % 100,
            });
            let mut clone = results.clone();
            outcomes(values).into_iter().for_each(|done| clone.put(done).unwrap());
        }
        assert_eq!(dropped.load(Ordering::SeqCst), 0);
        let told = catch_unwind(AssertUnwindSafe(|| drop(results)));
        assert_eq!(dropped.load(Ordering::SeqCst), all, "leaked");
        assert_eq!(told.unwrap_err().downcast_ref(), Some(&"a drop"));
    }
}

/// An outcome whose drop uses the collection that it was taken from.
struct Curious(CrossbeamCollect<Curious>);

impl Drop for Curious {
    fn drop(&mut self) {
        assert!(self.0.pop().is_none());
        assert!(self.0.take().is_empty());
        let _ = format!("{:?}", self.0);
    }
}

#[test]
fn an_outcome_may_use_the_collection_when_it_is_dropped() {
    within_patience(|| {
        let results = CrossbeamCollect::new();
        for by_pop in [true, false] {
            let of = results.clone();
            let mut clone = results.clone();
            for done in outcomes((0..1).map(move |_| Curious(of.clone()))) {
                clone.put(done).unwrap();
            }
            if by_pop { drop(results.pop()) } else { drop(results.take()) }
        }
    });
}
