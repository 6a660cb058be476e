//! The order in which jobs come back that a deque gives up.

use super::*;

const MANY: usize = 3 * PORTION + 7;

fn deque(order: LocalOrder, jobs: std::ops::Range<usize>) -> ChaseLev<usize> {
    let mut deque = ChaseLev::new(order, None);
    jobs.for_each(|n| deque.push(n));
    deque
}

/// Returns all jobs that were given back.
fn drain(injector: &ReturningInjector<usize>) -> Vec<usize> {
    let mut jobs = VecDeque::new();
    while !injector.is_empty() {
        injector.take(1, (&mut jobs).into());
    }
    jobs.into()
}

/// Returns these jobs in the order in which the owner of a deque pops them.
fn popped(order: LocalOrder, mut jobs: Vec<usize>) -> Vec<usize> {
    if order == LocalOrder::Lifo {
        jobs.reverse();
    }
    jobs
}

#[test]
fn what_is_kept_comes_as_its_owners_would_have_popped_it() {
    for order in [LocalOrder::Lifo, LocalOrder::Fifo] {
        let injector = ReturningInjector::new();
        let jobs = |from: usize| from..from + MANY;
        let (mut one, other) = (deque(order, jobs(0)), deque(order, jobs(MANY)));
        let retain = |keep: fn(usize) -> bool, deques: [&ChaseLev<usize>; 2]| {
            injector.retain(|n| keep(*n));
            for deque in deques {
                ChaseLev::retain(&deque.stealer(), &injector, &mut |n| keep(*n));
            }
        };
        retain(|n| n % 3 > 0, [&one, &other]);
        // Jobs that come later go first.
        jobs(2 * MANY).for_each(|n| one.push(n));
        retain(|_| true, [&one, &other]);
        let kept = |from| popped(order, jobs(from).filter(|n| n % 3 > 0).collect());
        let latest = popped(order, jobs(2 * MANY).collect());
        let expected = [latest, kept(MANY), kept(0)].concat();
        assert_eq!(injector.len(), expected.len());
        assert_eq!(drain(&injector), expected, "{order:?}");
    }
}

#[test]
fn what_a_worker_leaves_behind_keeps_its_order() {
    for order in [LocalOrder::Lifo, LocalOrder::Fifo] {
        let injector = ReturningInjector::new();
        assert!(deque(order, 0..MANY).leave(&injector));
        assert_eq!(drain(&injector), popped(order, (0..MANY).collect()), "{order:?}");
    }
}
