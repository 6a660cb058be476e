//! The jobs that come out, how many at once, and in which order.

use super::*;

const CHUNK: usize = Chunks::<usize>::SIZE;

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
    (0..CHUNK / 2).for_each(|n| injector.push_back(n));
    assert_eq!(share(&injector, 4).len(), CHUNK / 2);
    (0..1_000).for_each(|n| injector.push_back(n));
    assert_eq!(share(&injector, 2).len(), CHUNK);
}

#[test]
fn what_came_together_moves_in_chunks_and_in_turn() {
    let injector = LockedInjector::new();
    injector.push_batch(&mut std::iter::empty()).unwrap();
    (0..3).for_each(|n| injector.push_back(n));
    injector.push_batch(&mut (3..3 + CHUNK + 1)).unwrap();
    injector.push_back(4 + CHUNK);
    assert_eq!(injector.count(), 5 + CHUNK);
    assert_eq!(injector.pop(), Some(0));
    assert_eq!(share(&injector, 2), [1, 2]);
    assert_eq!(share(&injector, 2).len(), CHUNK);
    assert_eq!(share(&injector, 2), [3 + CHUNK]);
    assert_eq!((injector.pop(), injector.pop(), injector.count()), (Some(4 + CHUNK), None, 0));
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
    let all = 5 * ChunkedFifo::<usize>::RING + 7;
    (0..all).for_each(|n| injector.push_back(n));
    let mut taken = Vec::new();
    while injector.count() > 0 {
        taken.extend(injector.pop());
        taken.extend(share(&injector, 3));
    }
    assert!(taken.into_iter().eq(0..all));
}

#[test]
fn what_comes_back_goes_to_the_front() {
    let injector = LockedInjector::new();
    injector.push_front(vec![]);
    assert_eq!(injector.len(), 0);
    injector.push_batch(&mut (2_000..2_100)).unwrap();
    injector.push_back(2_100);
    // From a single one to more than a chunk, with joints within chunks and between them.
    let mut first = 2_000;
    for count in [1, 1, CHUNK - 1, CHUNK, 1, CHUNK + 1, 5, 10 * CHUNK + 3] {
        injector.push_front((first - count..first).collect());
        first -= count;
    }
    assert_eq!(injector.len(), 2_101 - first);
    let mut taken = Vec::new();
    while injector.len() > 0 {
        taken.extend(injector.pop());
        taken.extend(share(&injector, 2));
    }
    assert!(taken.into_iter().eq(first..2_101));
}

#[test]
fn the_last_job_comes_from_wherever_it_lies() {
    let injector = LockedInjector::new();
    assert_eq!(injector.pop_back(), None);
    injector.push_batch(&mut (0..3 * CHUNK)).unwrap();
    (3 * CHUNK..4 * CHUNK).for_each(|n| injector.push_back(n));
    for n in (1..4 * CHUNK).rev() {
        assert_eq!((injector.pop_back(), injector.len()), (Some(n), n));
    }
    assert_eq!((injector.pop(), injector.pop_back(), injector.len()), (Some(0), None, 0));
}
