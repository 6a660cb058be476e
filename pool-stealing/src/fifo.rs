//! The jobs behind a [`LockedInjector`](crate::LockedInjector)'s lock, first in, first out.

use std::collections::VecDeque;
use std::mem;

use crate::chunks::Chunks;
use crate::memory::{idle_room, sift, trim};

/// The jobs, the oldest first. None of these calls runs foreign code.
// The ring, which every push needs, lies next to the lock.
#[repr(C)]
pub(crate) struct ChunkedFifo<J> {
    /// The jobs that came one by one, after all chunks.
    ring: VecDeque<J>,
    /// The jobs that came together, and rings that were there when they came. None is empty.
    chunks: VecDeque<VecDeque<J>>,
}

impl<J> ChunkedFifo<J> {
    /// The share from which on a ring, if it is not very long, changes hands as it is, against an empty
    /// deque: moving its jobs one by one takes longer than submitters should wait for the lock. The other
    /// workers steal their part.
    const WHOLE: usize = Chunks::<J>::SIZE.div_ceil(8);

    /// The number of jobs of a full ring.
    pub(crate) const RING: usize = 4 * Chunks::<J>::SIZE;

    /// The number of jobs for which an empty ring keeps room: as much as some workers' deques, since there
    /// is one ring.
    const ROOM: usize = idle_room::<J>().saturating_mul(4);

    pub(crate) const fn new() -> Self {
        Self { ring: VecDeque::new(), chunks: VecDeque::new() }
    }

    #[inline]
    pub(crate) fn push(&mut self, job: J) {
        if self.ring.len() == Self::RING {
            self.set_ring_aside(VecDeque::with_capacity(Self::RING));
        }
        self.ring.push_back(job);
    }

    /// Makes a chunk of the ring, and a ring of `next`.
    #[cold]
    fn set_ring_aside(&mut self, next: VecDeque<J>) {
        let ring = mem::replace(&mut self.ring, next);
        self.chunks.push_back(ring);
    }

    pub(crate) fn pop(&mut self) -> Option<J> {
        let Some(chunk) = self.chunks.front_mut() else {
            let job = self.ring.pop_front();
            self.trim_ring();
            return job;
        };
        let job = chunk.pop_front();
        if chunk.is_empty() {
            self.next_chunk();
        }
        job
    }

    /// Takes the last job.
    pub(crate) fn pop_back(&mut self) -> Option<J> {
        if let Some(job) = self.ring.pop_back() {
            self.trim_ring();
            return Some(job);
        }
        let chunk = self.chunks.back_mut()?;
        let job = chunk.pop_back();
        if chunk.is_empty() {
            self.chunks.pop_back();
            self.trim_chunks();
        }
        job
    }

    /// Moves this share of the oldest jobs, or a whole chunk. Returns the number of moved jobs.
    pub(crate) fn move_share(&mut self, share: usize, to: &mut VecDeque<J>) -> usize {
        let Some(chunk) = self.chunks.front_mut() else {
            if to.is_empty() && share >= Self::WHOLE && self.ring.len() <= Chunks::<J>::SIZE {
                mem::swap(&mut self.ring, to);
                return to.len();
            }
            let moved = drain(&mut self.ring, share, to);
            self.trim_ring();
            return moved;
        };
        // A former ring may have more, and so may jobs that came as a whole.
        if chunk.len() > Chunks::<J>::SIZE {
            return drain(chunk, share, to);
        }
        let mut chunk = self.next_chunk();
        let count = chunk.len();
        // A large room goes no further: a worker would keep it.
        if to.is_empty() && chunk.capacity() <= Chunks::<J>::SIZE {
            *to = chunk;
        } else {
            to.append(&mut chunk);
        }
        count
    }

    /// Gives back the room of large jobs. That of small ones is not worth the look.
    #[inline]
    fn trim_ring(&mut self) {
        if Self::ROOM < Self::RING {
            trim(&mut self.ring, Self::ROOM);
        }
    }

    /// Takes the oldest chunk out.
    fn next_chunk(&mut self) -> VecDeque<J> {
        let chunk = self.chunks.pop_front().unwrap_or_default();
        self.trim_chunks();
        chunk
    }

    /// Gives back the memory of a burst that is over (C9).
    #[inline]
    fn trim_chunks(&mut self) {
        if self.chunks.is_empty() {
            self.chunks = VecDeque::new();
        }
    }

    /// Adds chunks behind everything that is there.
    pub(crate) fn append(&mut self, chunks: &mut VecDeque<VecDeque<J>>) {
        if !self.ring.is_empty() {
            self.set_ring_aside(VecDeque::new());
        }
        self.chunks.append(chunks);
    }

    /// Adds a chunk in front of everything that is there.
    pub(crate) fn prepend(&mut self, mut chunk: VecDeque<J>) {
        match self.chunks.front_mut() {
            // Else jobs that come back a few at a time would lie in as many chunks.
            Some(first) if first.len() + chunk.len() <= Chunks::<J>::SIZE => {
                chunk.append(first);
                *first = chunk;
            }
            _ => self.chunks.push_front(chunk),
        }
    }

    /// Takes out the jobs for which `keep` returns `false`. The others keep their order.
    pub(crate) fn retain(&mut self, keep: &mut impl FnMut(&mut J) -> bool) -> Vec<VecDeque<J>> {
        let mut removed = Vec::new();
        for mut chunk in mem::take(&mut self.chunks) {
            removed.push(sift(&mut chunk, 0, keep));
            match self.chunks.back_mut() {
                // Else there were as many chunks as before, with a job or two in each.
                Some(last) if last.len() + chunk.len() <= Chunks::<J>::SIZE => {
                    last.append(&mut chunk)
                }
                _ if chunk.is_empty() => {}
                _ => self.chunks.push_back(chunk),
            }
        }
        removed.push(sift(&mut self.ring, Self::ROOM, keep));
        removed
    }
}

/// Moves at most `count` jobs, and returns their number.
fn drain<J>(from: &mut VecDeque<J>, count: usize, to: &mut VecDeque<J>) -> usize {
    let count = count.min(from.len());
    to.extend(from.drain(..count));
    count
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_room_of_a_burst_is_given_back_however_it_is_drained() {
        const SIZE: usize = Chunks::<usize>::SIZE;

        let assert_small = |waiting: &ChunkedFifo<usize>| {
            assert!(waiting.ring.capacity() <= ChunkedFifo::<usize>::RING);
            assert_eq!(waiting.chunks.capacity(), 0);
        };
        let mut waiting = ChunkedFifo::new();
        (0..10_000).for_each(|n| waiting.push(n));
        (0..10_000).for_each(|n| assert_eq!(waiting.pop(), Some(n)));
        assert_eq!(waiting.pop(), None);
        assert_small(&waiting);

        (0..10_000).for_each(|n| waiting.push(n));
        waiting.append(&mut VecDeque::from([VecDeque::from([10_000])]));
        let (mut own, mut taken) = (VecDeque::new(), Vec::new());
        while waiting.move_share(SIZE, &mut own) > 0 {
            taken.extend(own.drain(..));
        }
        assert!(taken.into_iter().eq(0..=10_000));
        assert_small(&waiting);
        assert!(own.capacity() <= 2 * SIZE);

        (0..10_000).for_each(|n| waiting.push(n));
        waiting.append(&mut VecDeque::from([VecDeque::from([10_000])]));
        assert_eq!(waiting.retain(&mut |_| false).iter().map(VecDeque::len).sum::<usize>(), 10_001);
        assert_small(&waiting);
    }

    #[test]
    fn an_empty_ring_keeps_no_room_for_large_jobs() {
        let (mut waiting, mut own) = (ChunkedFifo::new(), VecDeque::new());
        (0..10).for_each(|_| waiting.push([0_u8; 20_000]));
        while waiting.pop().is_some() {}
        assert_eq!(waiting.ring.capacity(), 0, "popped");
        (0..3).for_each(|_| waiting.push([0; 20_000]));
        // One that is not empty does not get the ring as it is.
        own.push_back([0; 20_000]);
        while waiting.move_share(1, &mut own) > 0 {}
        assert_eq!((waiting.ring.capacity(), own.len()), (0, 4), "moved");
        (0..3).for_each(|_| waiting.push([0; 20_000]));
        waiting.retain(&mut |_| false);
        assert_eq!(waiting.ring.capacity(), 0, "removed");
    }

    #[test]
    fn chunks_of_which_little_is_left_are_joined() {
        let mut waiting = ChunkedFifo::new();
        let chunks = (0..1_000).map(|nth| (100 * nth..100 * nth + 64).collect());
        waiting.append(&mut chunks.collect());
        waiting.retain(&mut |n: &mut usize| n.is_multiple_of(50));
        assert_eq!(waiting.chunks.iter().map(VecDeque::len).sum::<usize>(), 2_000);
        let room: usize = waiting.chunks.iter().map(VecDeque::capacity).sum();
        assert!(
            waiting.chunks.len() <= 40 && room <= 4 * 2_000,
            "{}, {room}",
            waiting.chunks.len()
        );
        assert!(std::iter::from_fn(|| waiting.pop()).eq((0..100_000).step_by(50)));
    }
}
