//! How long a line of cache takes from core to core.

use std::sync::atomic::{AtomicU64, Ordering};
use std::thread;
use std::time::{Duration, Instant};

use core_affinity::CoreId;

use crate::report::LineTime;
use crate::statistics::Summary;

/// So many times the word is handed to and fro between two looks at the clock.
const EXCHANGES: u64 = 1_000;

/// The looks at the clock. The median of what they tell is taken, so threads that others disturb for a
/// while do no harm.
const SAMPLES: usize = 100;

/// No pair of cores is measured for longer, lest two threads on one core take minutes.
const LONGEST: Duration = Duration::from_millis(500);

/// What the word says when the other thread is to stop.
const STOP: u64 = u64::MAX;

/// Alone on its line, and on the neighbour that some processors fetch with it.
#[repr(align(128))]
struct Word(AtomicU64);

/// The time from the first core that this process may use to the next one, and to the last. Threads
/// of one core, which have its caches in common, are not measured against each other if there are
/// several cores. Where the system does not pin threads, or does not tell the cores, two threads are
/// measured wherever they are. Empty where only one thread runs at once.
#[must_use]
pub fn times(same_core: impl Fn(usize, usize) -> bool) -> Vec<LineTime> {
    if thread::available_parallelism().map_or(1, usize::from) < 2 {
        return Vec::new();
    }
    let cores = core_affinity::get_core_ids().unwrap_or_default();
    let Some((&first, others)) = cores.split_first().filter(|(_, others)| !others.is_empty())
    else {
        return one_way(None).into_iter().collect();
    };
    let mut apart: Vec<CoreId> =
        others.iter().copied().filter(|other| !same_core(first.id, other.id)).collect();
    if apart.is_empty() {
        apart = others.to_vec();
    }
    apart.drain(1..apart.len().saturating_sub(1).max(1));
    apart.into_iter().filter_map(|other| one_way(Some([first, other]))).collect()
}

/// Hands a word to and fro between two threads, on two cores if they are told.
fn one_way(cores: Option<[CoreId; 2]>) -> Option<LineTime> {
    let word = Word(AtomicU64::new(0));
    let pin = |which: usize| cores.is_none_or(|cores| core_affinity::set_for_current(cores[which]));
    // Both are threads of their own, since who calls this is not to stay where it was pinned.
    let (pinned, samples) = thread::scope(|scope| {
        let answers = scope.spawn(|| {
            let pinned = pin(1);
            answer(&word.0);
            pinned
        });
        let asks = scope.spawn(|| (pin(0), ask(&word.0)));
        let (pinned, samples) = asks.join().expect("no panic");
        (pinned & answers.join().expect("no panic"), samples)
    });
    let Summary { low, median, high } = Summary::of(&samples);
    let cores = cores.filter(|_| pinned).map(|cores| cores.map(|core| core.id));
    (!samples.is_empty()).then_some(LineTime { cores, nanoseconds: median, low, high })
}

/// Hands odd numbers over and waits for the even ones. The nanoseconds of one way, look by look at
/// the clock, but for the first.
fn ask(word: &AtomicU64) -> Vec<f64> {
    let begin = Instant::now();
    let (mut number, mut samples) = (0, Vec::new());
    while samples.len() <= SAMPLES && begin.elapsed() < LONGEST {
        let start = Instant::now();
        for _ in 0..EXCHANGES {
            word.store(number + 1, Ordering::Release);
            number += 2;
            // Without a hint that this spins: on some processors it takes longer than the line.
            while word.load(Ordering::Acquire) != number {}
        }
        samples.push(start.elapsed().as_nanos() as f64 / (2 * EXCHANGES) as f64);
    }
    word.store(STOP, Ordering::Release);
    samples.split_off(1.min(samples.len() - 1))
}

/// Hands each odd number back, greater by one.
fn answer(word: &AtomicU64) {
    loop {
        match word.load(Ordering::Acquire) {
            STOP => return,
            number if number % 2 == 1 => word.store(number + 1, Ordering::Release),
            _ => {}
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_line_takes_some_time() {
        let parallelism = thread::available_parallelism().map_or(1, usize::from);
        let times = times(|_, _| false);
        assert_eq!(times.is_empty(), parallelism < 2);
        assert!(times.iter().all(|time| time.nanoseconds > 0.0 && time.low <= time.high));
    }

    #[test]
    fn nobody_is_left_who_answers() {
        let word = AtomicU64::new(0);
        thread::scope(|scope| {
            scope.spawn(|| answer(&word));
            assert!(!ask(&word).is_empty());
        });
    }
}
