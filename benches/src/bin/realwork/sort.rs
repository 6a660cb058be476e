//! A merge sort by `join`.

use std::thread;

use crate::random::Random;
use crate::rounds::{Run, Table, Way};
use crate::{Ours, Plan, rounds};

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
    let ways = [
        Way::new(plan.our_name(), |numbers| {
            let sorted = ours.install(|| sort(&ours, numbers, LEAF));
            Ok(sorted.map_err(|refused| refused.to_string())?)
        }),
        Way::new("rayon", |numbers| Ok(rayon.install(|| sort(&Rayon, numbers, LEAF)))),
        Way::new("threads", |numbers| Ok(sort(&Threads, numbers, piece))),
    ];
    let task = format!("merge sort of {} numbers", numbers.len());
    rounds::compare(plan, &task, || (numbers.clone(), numbers.clone()), &ways)
}

/// Somebody who can do two things at once.
trait Fork: Sync {
    fn fork(&self, one: impl FnOnce() + Send, other: impl FnOnce() + Send);
}

impl Fork for Ours {
    fn fork(&self, one: impl FnOnce() + Send, other: impl FnOnce() + Send) {
        self.join(one, other);
    }
}

/// The pool of rayon in which the sort runs.
struct Rayon;

impl Fork for Rayon {
    fn fork(&self, one: impl FnOnce() + Send, other: impl FnOnce() + Send) {
        rayon::join(one, other);
    }
}

/// A new thread each time.
struct Threads;

impl Fork for Threads {
    fn fork(&self, one: impl FnOnce() + Send, other: impl FnOnce() + Send) {
        thread::scope(|scope| {
            scope.spawn(other);
            one();
        });
    }
}

fn sort(fork: &impl Fork, (mut numbers, mut copy): Numbers, leaf: usize) -> Vec<u64> {
    sort_into(fork, &mut numbers, &mut copy, leaf);
    numbers
}

/// Sorts the numbers, of which both slices have a copy, into the first one.
fn sort_into(fork: &impl Fork, to: &mut [u64], from: &mut [u64], leaf: usize) {
    if to.len() <= leaf.max(1) {
        return to.sort_unstable();
    }
    let middle = to.len() / 2;
    let (to_left, to_right) = to.split_at_mut(middle);
    let (left, right) = from.split_at_mut(middle);
    fork.fork(|| sort_into(fork, left, to_left, leaf), || sort_into(fork, right, to_right, leaf));
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
            for leaf in [0, 1, 7, 300] {
                assert_eq!(sort(&Rayon, (numbers.clone(), numbers.clone()), leaf), expected);
            }
        }
    }
}
