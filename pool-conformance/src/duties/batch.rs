//! The check that a batch is taken as a whole, whatever its iterator is like.

use std::iter::once_with;
use std::panic::{AssertUnwindSafe, catch_unwind};

use pool_core::{PushError, WorkQueue};

use super::calls::{attached, drain, fill, sorted};
use crate::support::{panic_quietly, within_patience};

/// Each job of a batch is in the queue, or came back, or was left in the iterator.
///
/// # Panics
///
/// If the queue fails the check.
pub fn a_batch_is_taken_whole<Q: WorkQueue<usize>>(make: impl Fn() -> Q) {
    let queue = attached(&make);
    within_patience(move || comes_out_whole(&queue, 0..10_000, 10_000));
}

/// A batch is taken whole whatever the iterator's `size_hint` says: too little, too much, or more than
/// there is memory for.
///
/// # Panics
///
/// If the queue fails the check.
pub fn a_batch_is_taken_whole_whatever_its_size_hint<Q: WorkQueue<usize>>(make: impl Fn() -> Q) {
    const HINTS: [(usize, Option<usize>); 8] = [
        (0, Some(0)),
        (0, None),
        (1, Some(1)),
        (499, None),
        (501, Some(501)),
        (100_000, Some(0)),
        (usize::MAX, None),
        (usize::MAX, Some(usize::MAX)),
    ];
    for hint in HINTS {
        let queue = attached(&make);
        within_patience(move || {
            let batch = Hinting { jobs: 0..500, hint };
            let pushed = catch_unwind(AssertUnwindSafe(|| comes_out_whole(&queue, batch, 500)));
            if let Err(payload) = pushed {
                let panic = pool_core::Panic::new(payload);
                panic!("the size hint {hint:?} does harm: {panic}");
            }
        });
    }
}

/// An iterator with a made-up size hint.
struct Hinting {
    jobs: std::ops::Range<usize>,
    hint: (usize, Option<usize>),
}

impl Iterator for Hinting {
    type Item = usize;

    fn next(&mut self) -> Option<usize> {
        self.jobs.next()
    }

    fn size_hint(&self) -> (usize, Option<usize>) {
        self.hint
    }
}

/// Pushes the numbers below `count` as one batch.
fn comes_out_whole<Q: WorkQueue<usize>>(
    queue: &Q,
    mut batch: impl Iterator<Item = usize>,
    count: usize,
) {
    let refused = queue.push_batch(&mut batch).err().map(PushError::into_inner);
    // One by one: `collect` would believe the size hint.
    let mut left = Vec::new();
    batch.for_each(|job| left.push(job));
    assert!(refused.is_some() || left.is_empty(), "jobs are left, but none was refused");
    let all = sorted(drain(&mut queue.local(0)).chain(refused).chain(left));
    assert!(all.into_iter().eq(0..count), "jobs of the batch are lost or doubled");
}

/// An iterator that panics half-way harms no job but its own, and the queue goes on.
///
/// # Panics
///
/// If the queue fails the check.
pub fn a_batch_that_panics_harms_no_other_job<Q: WorkQueue<usize>>(make: impl Fn() -> Q) {
    let queue = attached(&make);
    within_patience(move || {
        let before = fill(&queue, 0..10);
        let mut batch = (10..20).chain(once_with(|| panic_quietly()));
        // A full queue stops before the panic.
        let push = || queue.push_batch(&mut batch).is_err();
        let stopped = catch_unwind(AssertUnwindSafe(push)).unwrap_or(true);
        assert!(stopped, "the iterator's panic is swallowed");
        let go_on = || {
            let after = fill(&queue, 20..30);
            (after, sorted(drain(&mut queue.local(0))))
        };
        let Ok((after, mut all)) = catch_unwind(AssertUnwindSafe(go_on)) else {
            panic!("unusable after a batch whose iterator panicked");
        };
        let count = all.len();
        all.dedup();
        assert_eq!(all.len(), count, "jobs doubled by a batch whose iterator panicked");
        // The batch's own jobs may be in the queue, or dropped by the panic.
        all.retain(|job| !(10..20).contains(job));
        let others = (0..before).chain(20..20 + after);
        assert!(all.into_iter().eq(others), "jobs lost by a batch whose iterator panicked");
    });
}
