//! Chunks: jobs that come together.

use std::collections::VecDeque;
use std::fmt;
use std::mem;

/// Jobs on their way into a [`LockedInjector`](crate::LockedInjector), gathered before its lock is
/// taken: in chunks that workers then take as they are.
///
/// # Examples
///
/// ```
/// use pool_stealing::{Chunks, LockedInjector};
///
/// let mut chunks = Chunks::with_capacity(100);
/// (0..100).for_each(|n| chunks.push(n));
/// chunks.push_all(vec![100, 101]);
///
/// let injector = LockedInjector::new();
/// injector.push_chunks(chunks);
/// assert_eq!((injector.pop(), injector.pop()), (Some(0), Some(1)));
/// ```
pub struct Chunks<J> {
    /// The full chunks, none of which is empty.
    full: VecDeque<VecDeque<J>>,
    last: VecDeque<J>,
    count: usize,
    expected: usize,
}

impl<J> Chunks<J> {
    /// The maximum number of jobs of a chunk: some kilobytes.
    pub(crate) const SIZE: usize = {
        let fit = 8_192 / if size_of::<J>() == 0 { 1 } else { size_of::<J>() };
        if fit > 64 { 64 } else { fit + 1 }
    };

    /// Returns no jobs, with memory for `expected` ones as soon as they come. There may be more.
    #[must_use]
    pub const fn with_capacity(expected: usize) -> Self {
        Self { full: VecDeque::new(), last: VecDeque::new(), count: 0, expected }
    }

    /// Adds a job behind the others.
    #[inline]
    pub fn push(&mut self, job: J) {
        if self.last.len() == self.last.capacity() {
            self.make_room();
        }
        self.last.push_back(job);
        self.count += 1;
    }

    #[cold]
    fn make_room(&mut self) {
        if self.last.len() >= Self::SIZE {
            self.close_last();
        }
        let room = self.expected.saturating_sub(self.count).clamp(1, Self::SIZE);
        self.last.reserve(room);
    }

    /// Adds jobs behind the others, in the memory that they are in.
    pub fn push_all(&mut self, jobs: Vec<J>) {
        if !jobs.is_empty() {
            self.close_last();
            self.count += jobs.len();
            self.full.push_back(VecDeque::from(jobs));
        }
    }

    fn close_last(&mut self) {
        if !self.last.is_empty() {
            self.full.push_back(mem::take(&mut self.last));
        }
    }

    /// Returns the number of jobs, and the chunks.
    pub(crate) fn into_parts(mut self) -> (usize, VecDeque<VecDeque<J>>) {
        self.close_last();
        (self.count, self.full)
    }
}

impl<J> fmt::Debug for Chunks<J> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Chunks").field("len", &self.count).finish()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const SIZE: usize = Chunks::<u8>::SIZE;

    fn sizes(chunks: Chunks<u8>) -> (usize, Vec<usize>) {
        let (count, chunks) = chunks.into_parts();
        (count, chunks.iter().map(VecDeque::len).collect())
    }

    #[test]
    fn chunks_are_full_whatever_was_expected() {
        for expected in [0, 1, 2 * SIZE + 3, 1_000_000] {
            let mut chunks = Chunks::with_capacity(expected);
            (0..2 * SIZE + 3).for_each(|_| chunks.push(0));
            assert_eq!(sizes(chunks), (2 * SIZE + 3, vec![SIZE, SIZE, 3]), "{expected} expected");
        }
        assert_eq!(sizes(Chunks::with_capacity(9)), (0, vec![]));
    }

    #[test]
    fn what_comes_as_a_whole_stays_whole() {
        let mut chunks = Chunks::with_capacity(0);
        chunks.push_all(vec![]);
        chunks.push(0);
        chunks.push_all(vec![0; 1_000]);
        chunks.push(0);
        assert_eq!(sizes(chunks), (1_002, vec![1, 1_000, 1]));
    }

    #[test]
    fn few_jobs_take_little_memory_and_large_ones_come_in_small_chunks() {
        let mut chunks = Chunks::with_capacity(3);
        (0..3).for_each(|_| chunks.push(0_u8));
        assert!(chunks.last.capacity() < SIZE);
        assert_eq!(Chunks::<[u8; 100_000]>::SIZE, 1);
        assert_eq!(Chunks::<()>::SIZE, 64);
    }
}
