//! The checks that a waiting job is found (C7), and that `is_empty` and `len` are right.

use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::thread;

use pool_core::{LocalQueue, WorkQueue};

use super::calls::{assert_same, attached, drain, fill, push, sorted, take};
use crate::support::within_patience;

/// One worker finds every waiting job at once: a worker that gives up early would park over it.
///
/// # Panics
///
/// If the queue fails the check.
pub fn what_is_there_is_found<Q: WorkQueue<usize>>(make: impl Fn() -> Q) {
    let queue = attached(&make);
    within_patience(move || {
        let mut ends: Vec<_> = (0..3).map(|worker| queue.local(worker)).collect();
        for n in 0..3_000 {
            // From outside, then through each worker's own end.
            match n % 4 {
                3 => push(&queue, n),
                worker => ends[worker].push(n),
            }
            assert!(!queue.is_empty(), "a job waits, and the queue says that none does");
            let taken = take(&mut ends[n % 3]);
            assert_eq!(taken, Some(n), "a worker did not find the only job");
            assert_eq!(take(&mut ends[(n + 1) % 3]), None);
        }
    });
}

/// Jobs near one worker are within reach of every other, whether its index is 0 or 40.
///
/// # Panics
///
/// If the queue fails the check.
pub fn local_jobs_are_within_reach<Q: WorkQueue<usize>>(make: impl Fn() -> Q) {
    for worker in [0, 40] {
        let queue = attached(&make);
        within_patience(move || {
            let mut busy = queue.local(worker);
            let mut others = [queue.local(1), queue.local(2)];
            for n in 0..1_000 {
                busy.push(n);
            }
            let taken = sorted((0..1_000).map_while(|turn: usize| take(&mut others[turn % 2])));
            assert_same(&taken, 0..1_000, "jobs out of the others' reach");
        });
    }
}

/// `is_empty` is not true, however often it is called, while a job waits anywhere. It is true when none
/// waits and no thread uses the queue.
///
/// # Panics
///
/// If the queue fails the check.
pub fn is_empty_tells_the_truth<Q: WorkQueue<usize>>(make: impl Fn() -> Q) {
    const LOOKS: usize = 50_000;
    let queue = attached(&make);
    within_patience(move || {
        let mut ends: Vec<_> = (0..3).map(|worker| queue.local(worker)).collect();
        for place in 0..4 {
            let waiting = match place {
                3 => fill(&queue, 0..2),
                worker => {
                    (0..2).for_each(|n| ends[worker].push(n));
                    2
                }
            };
            for left in (0..waiting).rev() {
                let empty = (0..LOOKS).filter(|_| queue.is_empty()).count();
                assert_eq!(empty, 0, "jobs wait, and the queue says that none does");
                // Of two, one is taken elsewhere, which may move the other.
                assert!(take(&mut ends[(place + left) % 3]).is_some());
            }
            let full = (0..LOOKS).filter(|_| !queue.is_empty()).count();
            assert_eq!(full, 0, "no job waits, and the queue says that one does");
        }
    });
}

/// While workers pop, `is_empty` is true only if every job was popped: a pop leaves no job out of sight
/// on its way, and only a steal may.
///
/// # Panics
///
/// If the queue fails the check.
pub fn is_empty_overlooks_nothing_on_its_way<Q: WorkQueue<usize>>(make: impl Fn() -> Q) {
    const ROUNDS: usize = if cfg!(debug_assertions) { 1_000 } else { 20_000 };
    let queue = attached(&make);
    within_patience(move || {
        let (popped, over) = (AtomicUsize::new(0), AtomicBool::new(false));
        // Odd while that worker steals.
        let steals = [AtomicUsize::new(0), AtomicUsize::new(0)];
        thread::scope(|scope| {
            for (worker, steals) in steals.iter().enumerate() {
                let (queue, popped, over) = (&queue, &popped, &over);
                scope.spawn(move || {
                    let mut end = queue.local(worker);
                    while !over.load(Ordering::SeqCst) {
                        let found = end.pop().or_else(|| steal_openly(&mut end, steals));
                        popped.fetch_add(usize::from(found.is_some()), Ordering::SeqCst);
                    }
                });
            }
            let states = || steals.each_ref().map(|steals| steals.load(Ordering::SeqCst));
            let (mut pushed, mut mistakes) = (0, 0);
            for round in 0..ROUNDS {
                (0..2 + round % 40).for_each(|n| push(&queue, n));
                pushed += 2 + round % 40;
                loop {
                    let before = states();
                    let empty = queue.is_empty();
                    let unmoved = before == states() && before.iter().all(|n| n % 2 == 0);
                    // A worker may have popped a job, and not have counted it.
                    let waiting = pushed - popped.load(Ordering::SeqCst).min(pushed);
                    mistakes += usize::from(empty && unmoved && waiting > steals.len());
                    if empty && unmoved {
                        break;
                    }
                    thread::yield_now();
                }
            }
            over.store(true, Ordering::SeqCst);
            assert_eq!(mistakes, 0, "jobs were on their way, and the queue said that none waits");
        });
    });
}

/// Steals, and shows others that it does.
fn steal_openly<J>(end: &mut impl LocalQueue<J>, steals: &AtomicUsize) -> Option<J> {
    thread::yield_now();
    steals.fetch_add(1, Ordering::SeqCst);
    let found = end.steal();
    steals.fetch_add(1, Ordering::SeqCst);
    found
}

/// `len` is right to within a factor of two while no thread uses the queue, wherever the jobs lie.
///
/// # Panics
///
/// If the queue fails the check.
pub fn len_is_about_what_waits<Q: WorkQueue<usize>>(make: impl Fn() -> Q) {
    let queue = attached(&make);
    within_patience(move || {
        let about = |waiting: usize| {
            let len = queue.len();
            let right = waiting.div_ceil(2)..=2 * waiting;
            assert!(right.contains(&len), "len is {len}, and {waiting} jobs wait");
        };
        let (mut end, mut other) = (queue.local(0), queue.local(1));
        let mut waiting = fill(&queue, 0..1_000);
        about(waiting);
        (0..1_000).for_each(|n| end.push(n));
        about(waiting + 1_000);
        (0..1_000).for_each(|n| other.push(n));
        waiting += 2_000;
        about(waiting);
        while waiting > 10 {
            // Jobs move from place to place meanwhile.
            let taken = if waiting % 3 == 0 { take(&mut end) } else { other.steal() };
            waiting -= usize::from(taken.or_else(|| take(&mut other)).is_some());
            if waiting % 100 == 0 {
                about(waiting);
            }
        }
        assert_eq!(drain(&mut end).count(), waiting);
    });
}
