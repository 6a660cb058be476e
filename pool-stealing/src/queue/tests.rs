//! What a worker does when another one's deque is busy.

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
