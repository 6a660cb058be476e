//! What a worker does when another one's deque is busy, and how many jobs it takes in.

use super::*;
use crate::locked_injector::LockedInjector;

#[test]
fn a_peer_whose_deque_is_busy_is_relieved_a_little_later() {
    let queue = StealingQueue::with_injector(LockedInjector::new());
    let (mut greedy, mut busy) = (queue.local(0), queue.local(1));
    busy.push(7);
    (0..1_000).for_each(|_| greedy.push(0));
    let held = busy.own.hold();
    let pops = FAIRNESS * TURNS - 1 + PATIENCE;
    assert!((0..pops).all(|_| greedy.pop() == Some(0)), "it does not wait");
    drop(held);
    assert_eq!(greedy.pop(), Some(7));
    assert_eq!(greedy.pop(), Some(0));
}

#[test]
fn a_deque_does_not_grow_with_the_number_of_jobs_outside() {
    for batch in [false, true] {
        let queue = StealingQueue::with_injector(LockedInjector::new());
        if batch {
            queue.push_batch(&mut (0..100_000)).unwrap();
        } else {
            (0..100_000).for_each(|n| queue.push(n).unwrap());
        }
        let mut end = queue.local(0);
        let mut most = 0;
        for n in 0..100_000 {
            assert_eq!(end.pop().or_else(|| end.steal()), Some(n));
            most = most.max(Stealer::<usize>::len(
                &OwnDeque::<usize, LockedInjector<usize>>::stealer(&end.own),
            ));
        }
        assert!(most <= 512, "{most} of its own");
    }
}
