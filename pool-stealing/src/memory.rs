//! The memory that a deque keeps.

use std::collections::VecDeque;
use std::mem;

/// The maximum number of jobs for which a drained deque keeps room: some kilobytes at most.
pub(crate) const fn idle_room<J>() -> usize {
    let fit = match size_of::<J>() {
        0 => return usize::MAX,
        size => 4_096 / size,
    };
    if fit > 64 { 64 } else { fit }
}

/// Gives back the room beyond `room` jobs, if the deque is empty.
#[inline]
pub(crate) fn trim<J>(jobs: &mut VecDeque<J>, room: usize) {
    if jobs.is_empty() && jobs.capacity() > room {
        jobs.shrink_to(room);
    }
}

/// Takes out the jobs for which `keep` returns `false`. The others keep their order, and room for `room`
/// jobs or for some times their number: the rest of the memory leaves with those that are removed.
pub(crate) fn sift<J>(
    jobs: &mut VecDeque<J>,
    room: usize,
    keep: &mut impl FnMut(&mut J) -> bool,
) -> VecDeque<J> {
    let mut kept = 0;
    for place in 0..jobs.len() {
        if keep(&mut jobs[place]) {
            jobs.swap(kept, place);
            kept += 1;
        }
    }
    if kept == jobs.len() {
        return VecDeque::new();
    }
    if jobs.capacity() <= room.max(4 * kept) {
        return jobs.split_off(kept);
    }
    let rest = jobs.drain(..kept).collect();
    mem::replace(jobs, rest)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn keeps_room_for_some_kilobytes_and_few_jobs() {
        assert_eq!(
            (idle_room::<u8>(), idle_room::<[u64; 8]>(), idle_room::<[u64; 9]>()),
            (64, 64, 56)
        );
        assert_eq!((idle_room::<[u8; 4_096]>(), idle_room::<[u8; 4_097]>()), (1, 0));
    }
}
