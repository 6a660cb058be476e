//! What waits behind a [`LockedInjector`](super::LockedInjector)'s lock.

use std::collections::VecDeque;
use std::mem;

use super::Packs;
use crate::deque::{idle_room, sift, trim};

/// Jobs, the oldest first. None of these calls runs code of others.
// The ring, which every push needs, lies next to the lock.
#[repr(C)]
pub(super) struct Waiting<J> {
    /// Those that came one by one, after all packs.
    ring: VecDeque<J>,
    /// Those that came together, and rings that were there when they came. None is empty.
    packs: VecDeque<VecDeque<J>>,
}

impl<J> Waiting<J> {
    /// A ring that holds so many jobs for each worker, but not very many, changes hands as it is,
    /// against an empty deque: to move them one by one takes longer than submitters should wait for the
    /// lock. The others steal their part.
    const WHOLE: usize = Packs::<J>::SIZE.div_ceil(8);

    /// A ring that holds so many is full.
    pub(super) const RING: usize = 4 * Packs::<J>::SIZE;

    /// An empty ring keeps room for so many: as much as some workers' deques, since there is one.
    const ROOM: usize = idle_room::<J>().saturating_mul(4);

    pub(super) const fn new() -> Self {
        Self { ring: VecDeque::new(), packs: VecDeque::new() }
    }

    #[inline]
    pub(super) fn push(&mut self, job: J) {
        if self.ring.len() == Self::RING {
            self.set_ring_aside(VecDeque::with_capacity(Self::RING));
        }
        self.ring.push_back(job);
    }

    /// The ring goes on as a pack, and this one is the ring.
    #[cold]
    fn set_ring_aside(&mut self, next: VecDeque<J>) {
        let ring = mem::replace(&mut self.ring, next);
        self.packs.push_back(ring);
    }

    pub(super) fn pop(&mut self) -> Option<J> {
        let Some(pack) = self.packs.front_mut() else {
            let job = self.ring.pop_front();
            self.trim_ring();
            return job;
        };
        let job = pack.pop_front();
        if pack.is_empty() {
            self.next_pack();
        }
        job
    }

    /// Takes the last job.
    pub(super) fn pop_back(&mut self) -> Option<J> {
        if let Some(job) = self.ring.pop_back() {
            self.trim_ring();
            return Some(job);
        }
        let pack = self.packs.back_mut()?;
        let job = pack.pop_back();
        if pack.is_empty() {
            self.packs.pop_back();
            self.trim_packs();
        }
        job
    }

    /// Moves this share of the oldest jobs, or a whole pack. How many were moved.
    pub(super) fn move_share(&mut self, share: usize, to: &mut VecDeque<J>) -> usize {
        let Some(pack) = self.packs.front_mut() else {
            if to.is_empty() && share >= Self::WHOLE && self.ring.len() <= Packs::<J>::SIZE {
                mem::swap(&mut self.ring, to);
                return to.len();
            }
            let moved = drain(&mut self.ring, share, to);
            self.trim_ring();
            return moved;
        };
        // What was a ring may have more, and what came as a whole.
        if pack.len() > Packs::<J>::SIZE {
            return drain(pack, share, to);
        }
        let mut pack = self.next_pack();
        let count = pack.len();
        // The room of what was long goes no further: a worker would keep it.
        if to.is_empty() && pack.capacity() <= Packs::<J>::SIZE {
            *to = pack;
        } else {
            to.append(&mut pack);
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

    /// Takes the oldest pack out.
    fn next_pack(&mut self) -> VecDeque<J> {
        let pack = self.packs.pop_front().unwrap_or_default();
        self.trim_packs();
        pack
    }

    /// Gives back the memory of a burst that is over (C9).
    #[inline]
    fn trim_packs(&mut self) {
        if self.packs.is_empty() {
            self.packs = VecDeque::new();
        }
    }

    /// Adds packs behind everything that is there.
    pub(super) fn append(&mut self, packs: &mut VecDeque<VecDeque<J>>) {
        if !self.ring.is_empty() {
            self.set_ring_aside(VecDeque::new());
        }
        self.packs.append(packs);
    }

    /// Adds packs in front of everything that is there.
    pub(super) fn prepend(&mut self, mut packs: VecDeque<VecDeque<J>>) {
        while let Some(mut pack) = packs.pop_back() {
            match self.packs.front_mut() {
                // Else what comes back a few at a time would lie in as many packs.
                Some(first) if first.len() + pack.len() <= Packs::<J>::SIZE => {
                    pack.append(first);
                    *first = pack;
                }
                _ => self.packs.push_front(pack),
            }
        }
    }

    /// Takes the jobs out that `keep` does not want to keep. The others keep their order.
    pub(super) fn retain(&mut self, keep: &mut impl FnMut(&mut J) -> bool) -> Vec<VecDeque<J>> {
        let mut removed = Vec::new();
        for mut pack in mem::take(&mut self.packs) {
            removed.push(sift(&mut pack, 0, keep));
            match self.packs.back_mut() {
                // Else there were as many packs as before, with a job or two in each.
                Some(last) if last.len() + pack.len() <= Packs::<J>::SIZE => last.append(&mut pack),
                _ if pack.is_empty() => {}
                _ => self.packs.push_back(pack),
            }
        }
        removed.push(sift(&mut self.ring, Self::ROOM, keep));
        removed
    }
}

/// Moves at most so many jobs; how many that was.
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
        const SIZE: usize = Packs::<usize>::SIZE;

        let assert_small = |waiting: &Waiting<usize>| {
            assert!(waiting.ring.capacity() <= Waiting::<usize>::RING);
            assert_eq!(waiting.packs.capacity(), 0);
        };
        let mut waiting = Waiting::new();
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
        let (mut waiting, mut own) = (Waiting::new(), VecDeque::new());
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
    fn packs_of_which_little_is_left_are_joined() {
        let mut waiting = Waiting::new();
        let packs = (0..1_000).map(|nth| (100 * nth..100 * nth + 64).collect());
        waiting.append(&mut packs.collect());
        waiting.retain(&mut |n: &mut usize| n.is_multiple_of(50));
        assert_eq!(waiting.packs.iter().map(VecDeque::len).sum::<usize>(), 2_000);
        let room: usize = waiting.packs.iter().map(VecDeque::capacity).sum();
        assert!(waiting.packs.len() <= 40 && room <= 4 * 2_000, "{}, {room}", waiting.packs.len());
        assert!(std::iter::from_fn(|| waiting.pop()).eq((0..100_000).step_by(50)));
    }
}
