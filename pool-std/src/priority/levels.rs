//! The levels of a priority queue: a deque for each priority, and whose turn it is.

use std::collections::VecDeque;
use std::mem;
use std::num::NonZeroU32;

use pool_core::Priority;

/// The number of priorities.
const LEVELS: usize = 256;

/// The maximum number of jobs for which a drained level leaves room.
const IDLE_ROOM: usize = 32;

/// The maximum number of buffers that are kept for levels to come. Not one for each level: the room of 256
/// would be much, and few are in use.
const SPARES: usize = 4;

/// The jobs of a priority queue.
pub(super) struct Levels<J> {
    /// The jobs of each priority, from the lowest, the oldest first.
    levels: Box<[VecDeque<Entry<J>>]>,
    filled: Filled,
    /// The buffers of drained levels. A level without jobs has none.
    spares: Vec<VecDeque<Entry<J>>>,
    len: usize,
    /// The number of pushes.
    pushes: u64,
    /// Of this many pops in a row, one does not pass over the oldest job.
    aging: Option<NonZeroU32>,
    /// The number of pops in a row that have passed over a job of lower priority.
    passes: u32,
}

struct Entry<J> {
    /// The number of the push.
    push: u64,
    job: J,
}

impl<J> Levels<J> {
    pub(super) fn new(aging: Option<NonZeroU32>) -> Self {
        let levels = (0..LEVELS).map(|_| VecDeque::new()).collect();
        let (filled, spares) = (Filled::default(), Vec::with_capacity(SPARES));
        Self { levels, filled, spares, len: 0, pushes: 0, aging, passes: 0 }
    }

    pub(super) fn len(&self) -> usize {
        self.len
    }

    pub(super) fn push(&mut self, priority: Priority, job: J) {
        let level = level_of(priority);
        let jobs = &mut self.levels[level];
        if jobs.is_empty() {
            self.filled.insert(level);
            *jobs = self.spares.pop().unwrap_or_default();
        }
        jobs.push_back(Entry { push: self.pushes, job });
        self.len += 1;
        self.pushes += 1;
    }

    pub(super) fn pop(&mut self) -> Option<J> {
        let level = self.next_level()?;
        let entry = self.levels[level].pop_front()?;
        self.len -= 1;
        self.tidy(level);
        Some(entry.job)
    }

    /// Returns the level of the next job: the highest, or at the turn of the oldest job its level.
    fn next_level(&mut self) -> Option<usize> {
        let highest = self.filled.highest()?;
        let Some(aging) = self.aging else { return Some(highest) };
        if self.levels[highest].len() == self.len {
            self.passes = 0;
            return Some(highest);
        }
        self.passes += 1;
        if self.passes < aging.get() {
            return Some(highest);
        }
        self.passes = 0;
        self.filled.iter().min_by_key(|&level| self.levels[level].front().map(|entry| entry.push))
    }

    /// Removes the jobs that are not to be kept, and returns them. Each job leaves its level at the front
    /// and, if it is kept, comes in at the back again.
    pub(super) fn retain(&mut self, mut keep: impl FnMut(&mut J) -> bool) -> Vec<J> {
        let mut removed = Vec::with_capacity(self.len);
        for level in self.filled.iter() {
            for _ in 0..self.levels[level].len() {
                let Some(mut entry) = self.levels[level].pop_front() else { break };
                if keep(&mut entry.job) {
                    self.levels[level].push_back(entry);
                } else {
                    self.len -= 1;
                    removed.push(entry.job);
                }
            }
            self.levels[level].shrink_to(IDLE_ROOM);
            self.tidy(level);
        }
        removed
    }

    /// Notes that this level is empty, if it is, and gives back the memory of a burst.
    fn tidy(&mut self, level: usize) {
        if !self.levels[level].is_empty() {
            return;
        }
        self.filled.remove(level);
        let mut spare = mem::take(&mut self.levels[level]);
        if self.spares.len() < SPARES {
            spare.shrink_to(IDLE_ROOM);
            self.spares.push(spare);
        }
    }
}

/// Returns the number of a priority's level.
fn level_of(priority: Priority) -> usize {
    // The sign bit the other way round: from −128 upwards.
    usize::from(priority.as_i8().cast_unsigned() ^ 0x80)
}

/// The set of the levels with jobs: a bit for each.
#[derive(Clone, Copy, Default)]
struct Filled([u64; LEVELS / 64]);

impl Filled {
    fn insert(&mut self, level: usize) {
        self.0[level / 64] |= 1 << (level % 64);
    }

    fn remove(&mut self, level: usize) {
        self.0[level / 64] &= !(1 << (level % 64));
    }

    fn highest(self) -> Option<usize> {
        let (word, bits) = self.0.iter().enumerate().rev().find(|(_, bits)| **bits != 0)?;
        Some(64 * word + bits.ilog2() as usize)
    }

    /// The levels with jobs, the highest first. What changes meanwhile is not seen.
    fn iter(mut self) -> impl Iterator<Item = usize> {
        std::iter::from_fn(move || {
            let level = self.highest()?;
            self.remove(level);
            Some(level)
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const fn nth(n: u32) -> Option<NonZeroU32> {
        NonZeroU32::new(n)
    }

    fn drain(levels: &mut Levels<usize>) -> Vec<usize> {
        std::iter::from_fn(|| levels.pop()).collect()
    }

    #[test]
    fn the_highest_level_comes_first_and_in_it_the_oldest() {
        let mut levels = Levels::new(None);
        let all = || (i8::MIN..=i8::MAX).map(Priority::new);
        for priority in all().chain(all().rev()).chain(all()) {
            levels.push(priority, 3 * level_of(priority));
        }
        assert_eq!(levels.len(), 3 * LEVELS);
        let order = drain(&mut levels);
        assert!(order.iter().rev().is_sorted() && order.len() == 3 * LEVELS, "{order:?}");
        for n in 0..100 {
            levels.push(Priority::new(i8::from(n % 2 == 0)), n);
        }
        let (even, odd) = ((0..100).step_by(2), (1..100).step_by(2));
        assert!(drain(&mut levels).into_iter().eq(even.chain(odd)));
        assert_eq!((levels.pop(), levels.len()), (None, 0));
    }

    #[test]
    fn the_oldest_has_its_turn_at_every_nth_pop() {
        let mut levels = Levels::new(nth(4));
        levels.push(Priority::NORMAL, 0);
        levels.push(Priority::LOW, 1);
        (2..12).for_each(|n| levels.push(Priority::HIGH, n));
        assert_eq!(drain(&mut levels), [2, 3, 4, 0, 5, 6, 7, 1, 8, 9, 10, 11]);
    }

    #[test]
    fn jobs_that_pass_over_no_other_do_not_count() {
        let mut levels = Levels::new(nth(3));
        (0..10).for_each(|n| levels.push(Priority::HIGH, n));
        assert!((0..8).all(|n| levels.pop() == Some(n)));
        levels.push(Priority::LOW, 10);
        levels.push(Priority::MAX, 11);
        assert_eq!(drain(&mut levels), [11, 8, 9, 10]);
    }

    #[test]
    fn with_aging_at_every_pop_the_oldest_comes_first() {
        let mut levels = Levels::new(nth(1));
        for n in 0..100 {
            levels.push(Priority::new((n % 7) as i8 - 3), n);
        }
        assert!(drain(&mut levels).into_iter().eq(0..100));
    }

    #[test]
    fn drained_levels_keep_room_for_few_jobs() {
        let mut levels = Levels::new(None);
        for n in 0..100 * LEVELS {
            levels.push(Priority::new(n as u8 as i8), n);
        }
        let mut half = 0..50 * LEVELS;
        assert!(half.all(|_| levels.pop().is_some()));
        levels.retain(|_| false);
        let buffers = levels.levels.iter().chain(&levels.spares);
        let room: usize = buffers.map(VecDeque::capacity).sum();
        assert!((1..=SPARES * IDLE_ROOM).contains(&room), "room for {room} jobs");
    }

    #[test]
    fn what_is_removed_is_returned_and_the_rest_stays_in_order() {
        let mut levels = Levels::new(None);
        for n in 0..100 {
            levels.push(if n < 50 { Priority::LOW } else { Priority::HIGH }, n);
        }
        let removed = levels.retain(|n: &mut usize| n.is_multiple_of(10) || *n < 20);
        assert_eq!((removed.len(), levels.len()), (72, 28));
        let expected = [50, 60, 70, 80, 90].into_iter().chain(0..20).chain([20, 30, 40]);
        assert!(drain(&mut levels).into_iter().eq(expected));
        levels.push(Priority::MIN, 1);
        assert_eq!(levels.retain(|_| false), [1]);
        assert_eq!((levels.len(), levels.pop()), (0, None));
    }
}
