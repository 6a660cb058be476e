//! What comes out, how much at once, and in which order.

use super::*;

const PACK: usize = Packs::<usize>::SIZE;

fn share(injector: &LockedInjector<usize>, workers: usize) -> Vec<usize> {
    let mut own = VecDeque::new();
    injector.move_share(workers, || &mut own);
    own.into()
}

#[test]
fn what_came_alone_is_shared_out() {
    let injector = LockedInjector::new();
    (0..10).for_each(|n| injector.push_back(n));
    assert_eq!(share(&injector, 4), [0, 1]);
    assert_eq!(share(&injector, 100), [2]);
    assert_eq!(share(&injector, 1), [3, 4, 5, 6, 7, 8, 9]);
    injector.move_share(1, || unreachable!("there is nothing to move"));
    (0..PACK / 2).for_each(|n| injector.push_back(n));
    assert_eq!(share(&injector, 4).len(), PACK / 2);
    (0..1_000).for_each(|n| injector.push_back(n));
    assert_eq!(share(&injector, 2).len(), PACK);
}

#[test]
fn what_came_together_moves_in_packs_and_in_turn() {
    let injector = LockedInjector::new();
    injector.push_batch(&mut std::iter::empty()).unwrap();
    (0..3).for_each(|n| injector.push_back(n));
    injector.push_batch(&mut (3..3 + PACK + 1)).unwrap();
    injector.push_back(4 + PACK);
    assert_eq!(injector.count(), 5 + PACK);
    assert_eq!(injector.pop(), Some(0));
    assert_eq!(share(&injector, 2), [1, 2]);
    assert_eq!(share(&injector, 2).len(), PACK);
    assert_eq!(share(&injector, 2), [3 + PACK]);
    assert_eq!((injector.pop(), injector.pop(), injector.count()), (Some(4 + PACK), None, 0));
}

#[test]
fn what_is_retained_keeps_its_turn_however_it_came() {
    let injector = LockedInjector::new();
    injector.push_batch(&mut (0..1_000)).unwrap();
    (1_000..3_000).for_each(|n| injector.push_back(n));
    injector.push_batch(&mut (3_000..3_001)).unwrap();
    injector.push_back(3_001);
    let mut seen = Vec::new();
    injector.retain(|n: &mut usize| {
        seen.push(*n);
        n.is_multiple_of(7)
    });
    assert!(seen.into_iter().eq(0..3_002));
    assert_eq!(injector.len(), 429);
    injector.push_back(3_003);
    let mut taken = Vec::new();
    while injector.count() > 0 {
        taken.extend(injector.pop());
        taken.extend(share(&injector, 2));
    }
    assert!(taken.into_iter().eq((0..=3_003).step_by(7)));
}

#[test]
fn a_full_ring_is_set_aside_and_its_jobs_keep_their_turn() {
    let injector = LockedInjector::new();
    let all = 5 * Waiting::<usize>::RING + 7;
    (0..all).for_each(|n| injector.push_back(n));
    let mut taken = Vec::new();
    while injector.count() > 0 {
        taken.extend(injector.pop());
        taken.extend(share(&injector, 3));
    }
    assert!(taken.into_iter().eq(0..all));
}
