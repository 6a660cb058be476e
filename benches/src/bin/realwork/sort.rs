//! A merge sort by `join`.

use std::thread;

use crate::random::Random;
use crate::rounds::{Run, Table, Way};
use crate::{Plan, rounds};

/// So few numbers are sorted without another `join`.
const LEAF: usize = 64 * 1024;

/// The numbers, and as many again to merge into.
type Numbers = (Vec<u64>, Vec<u64>);

/// Sorts numbers in all ways.
pub(crate) fn compare(plan: &Plan) -> Run<Table> {
    let mut random = Random(2);
    let numbers: Vec<u64> = (0..plan.args.numbers).map(|_| random.number()).collect();
    let (ours, rayon) = (plan.ours()?, plan.rayon()?);
    // By hand one makes as many pieces as there are workers.
    let piece = numbers.len().div_ceil(plan.workers);
    let ours_join = |one: Part, other: Part| _ = ours.join(one, other);
    let rayon_join = |one: Part, other: Part| _ = rayon::join(one, other);
    let ways = [
        Way::new(plan.our_name(), |numbers| {
            let sorted = ours.install(|| sort(&ours_join, numbers, LEAF));
            Ok(sorted.map_err(|refused| refused.to_string())?)
        }),
        Way::new("rayon", |numbers| Ok(rayon.install(|| sort(&rayon_join, numbers, LEAF)))),
        Way::new("threads", |numbers| Ok(sort(&by_hand, numbers, piece))),
    ];
    let task = format!("merge sort of {} numbers", numbers.len());
    rounds::compare(plan, &task, || (numbers.clone(), numbers.clone()), &ways)
}

/// One of two things to do at once.
type Part<'a> = &'a mut (dyn FnMut() + Send);
/// A way to do them. The parts are large, so a call through a pointer does not show.
type Join<'a> = &'a (dyn Fn(Part, Part) + Sync);

/// A new thread each time.
fn by_hand(one: Part, other: Part) {
    thread::scope(|scope| {
        scope.spawn(other);
        one();
    });
}

fn sort(join: Join, (mut numbers, mut copy): Numbers, leaf: usize) -> Vec<u64> {
    sort_into(join, &mut numbers, &mut copy, leaf);
    numbers
}

/// Sorts the numbers, of which both slices have a copy, into the first one.
fn sort_into(join: Join, to: &mut [u64], from: &mut [u64], leaf: usize) {
    if to.len() <= leaf.max(1) {
        return to.sort_unstable();
    }
    let middle = to.len() / 2;
    let (to_left, to_right) = to.split_at_mut(middle);
    let (left, right) = from.split_at_mut(middle);
    join(&mut || sort_into(join, left, to_left, leaf), &mut || {
        sort_into(join, right, to_right, leaf);
    });
    merge(left, right, to);
}

/// Merges two sorted slices.
fn merge(left: &[u64], right: &[u64], to: &mut [u64]) {
    let (mut l, mut r) = (0, 0);
    while l < left.len() && r < right.len() {
        // Without a branch on which is less, since no processor could foresee that.
        let from_left = left[l] <= right[r];
        to[l + r] = if from_left { left[l] } else { right[r] };
        l += usize::from(from_left);
        r += usize::from(!from_left);
    }
    let rest = if l < left.len() { &left[l..] } else { &right[r..] };
    to[l + r..].copy_from_slice(rest);
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn whatever_the_size_it_is_sorted() {
        let mut random = Random(3);
        for size in [0, 1, 2, 3, 10, 100, 1000] {
            let numbers: Vec<u64> = (0..size).map(|_| random.below(500)).collect();
            let mut expected = numbers.clone();
            expected.sort_unstable();
            for leaf in [7, 300] {
                assert_eq!(sort(&by_hand, (numbers.clone(), numbers.clone()), leaf), expected);
            }
        }
    }
}
