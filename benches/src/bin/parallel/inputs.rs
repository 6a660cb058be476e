//! What the kernels work on, what they compute, and what they do with one item.

use crate::bodies::Body;

/// What the kernels work on.
pub(crate) struct Inputs {
    pub(crate) numbers: Vec<u64>,
    pub(crate) lines: Vec<String>,
    pub(crate) bodies: Vec<Body>,
}

impl Inputs {
    pub(crate) fn new(numbers: usize, lines: usize, bodies: usize) -> Self {
        let mut random = 7;
        let numbers: Vec<u64> = (0..numbers).map(|_| next(&mut random)).collect();
        let lines = (0..lines).map(|_| line(&mut random)).collect();
        let bodies = (0..bodies).map(|_| Body::new(|| next(&mut random) as f64 / 1e9)).collect();
        Self { numbers, lines, bodies }
    }
}

/// The next of some numbers in no order, below 2³¹: the upper half of Knuth's MMIX generator.
fn next(seed: &mut u64) -> u64 {
    *seed = seed.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
    *seed >> 33
}

/// A line of up to nineteen words.
fn line(random: &mut u64) -> String {
    let words = ["drain ", "then ", "exit ", "a ", "parallelism "];
    (0..next(random) % 20).map(|_| words[next(random) as usize % words.len()]).collect()
}

/// What a kernel computes.
#[derive(PartialEq)]
pub(crate) enum Output {
    Number(u64),
    Numbers(Vec<u64>),
    Pulls(Vec<[f64; 3]>),
}

/// The square of a number below 2³¹, cut so that the sum of some million of them is no overflow.
pub(crate) fn square(number: &u64) -> u64 {
    (number * number) >> 24
}

/// Whether the bits of a number are odd in number, as for half of them.
pub(crate) fn is_chosen(number: &u64) -> bool {
    number.count_ones() % 2 == 1
}

/// The number of words of a line.
pub(crate) fn words(line: &str) -> u64 {
    line.split_ascii_whitespace().count() as u64
}
