//! The channel's counts, what a worker finds, and when the channel is empty.

use std::sync::Barrier;
use std::thread;

use pool_core::{LocalQueue, WorkQueue};
use pool_stealing::StealingQueue;

use super::*;

const FEW: usize = few::<usize>();

#[test]
fn counts_jobs_and_not_parcels() {
    let channel = Channel::new();
    assert!(channel.is_empty());
    channel.push_batch(&mut std::iter::empty()).unwrap();
    assert!(channel.is_empty());
    channel.push_batch(&mut (0..10)).unwrap();
    channel.push(10).unwrap();
    assert_eq!((channel.len(), channel.is_empty()), (11, false));
}

#[test]
fn no_worker_overlooks_what_another_has_in_hand() {
    let queue = StealingQueue::with_injector(Channel::new());
    let mut ends = [queue.local(0), queue.local(1)];
    for _ in 0..1_000 {
        // The first batch is a single job, which does not stay in a deque where it would be seen.
        queue.push(0).unwrap();
        queue.push_batch(&mut (1..1_000)).unwrap();
        (0..FEW).for_each(|n| queue.push(n).unwrap());
        let start = Barrier::new(2);
        let found = thread::scope(|scope| {
            let thieves = ends.each_mut().map(|end| {
                scope.spawn(|| {
                    start.wait();
                    end.steal()
                })
            });
            thieves.map(|thief| thief.join().unwrap())
        });
        assert!(found.iter().all(Option::is_some), "there was enough for both: {found:?}");
        let [one, other] = &mut ends;
        while one.pop().or_else(|| one.steal()).or_else(|| other.pop()).is_some() {}
    }
}

#[test]
fn knows_whether_it_is_empty_after_few_jobs_and_after_many() {
    let queue = StealingQueue::with_injector(Channel::new());
    let mut end = queue.local(0);
    for count in [0, 1, FEW, FEW + 1, 100 * FEW] {
        (0..count).for_each(|n| queue.push(n).unwrap());
        assert_eq!((queue.len(), queue.is_empty()), (count, count == 0));
        let taken = std::iter::from_fn(|| end.pop().or_else(|| end.steal()));
        assert!(taken.eq(0..count));
        assert_eq!((queue.len(), queue.is_empty()), (0, true));
    }
}
