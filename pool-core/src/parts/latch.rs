//! The latch: set once; probed, polled, or waited on.

use std::task::Waker;

use crate::panics::{drop_quietly, wake_quietly};
use crate::sync::{AcqRel, Acquire, AtomicU64, Mutex, Relaxed, lock};

/// Set: the value is there.
const SET: u64 = 1;
/// The value was taken.
const TAKEN: u64 = 2;
/// There may be a waker to be woken when it is set.
const WAITED: u64 = 4;
/// No one will take the value.
const DETACHED: u64 = 8;

/// A latch that guards one value, which lies beside it: the value is there once the latch is set.
///
/// It can be probed ([`is_set`](Self::is_set)), polled by a future, or waited on by a thread, whose
/// [`Parker`](crate::parts::parker::Parker) is a waker, too. The state is one word, so each decision is one
/// read-modify-write.
#[derive(Debug, Default)]
pub(crate) struct Latch {
    word: AtomicU64,
    /// Boxed, as most latches have none: it keeps them small.
    waker: Mutex<Option<Box<Waker>>>,
}

impl Latch {
    /// Whether it is set. Acquire: a thread that sees it set sees what came before.
    #[inline]
    pub(crate) fn is_set(&self) -> bool {
        self.word.load(Acquire) & SET != 0
    }

    /// Sets it, with release for the value. The caller then drops the value if it is detached, and
    /// [wakes](Self::wake) the waiter if there is one.
    #[inline]
    #[must_use]
    pub(crate) fn set(&self) -> Setting {
        // Acquire, for the waker. Nothing can have been taken yet.
        let before = self.word.swap(SET, AcqRel);
        Setting { is_detached: before & DETACHED != 0, is_waited: before & WAITED != 0 }
    }

    /// Wakes the waiter.
    #[cold]
    pub(crate) fn wake(&self) {
        let waker = lock(&self.waker).take();
        if let Some(waker) = waker {
            wake_quietly(*waker);
        }
    }

    /// Wins the right to take the value, for the first call after the latch was set. Acquire, for the
    /// release of `set`.
    #[inline]
    #[must_use]
    pub(crate) fn take(&self) -> bool {
        self.is_set() && self.word.fetch_or(TAKEN, Acquire) & TAKEN == 0
    }

    /// Declares that no one will take the value. Returns whether the latch is set; then the caller drops
    /// the value, if it can [take](Self::take) it.
    #[inline]
    #[must_use]
    pub(crate) fn detach(&self) -> bool {
        // Either `set` comes later and sees this, or it came before, and this sees it with the value.
        self.word.fetch_or(DETACHED, AcqRel) & SET != 0
    }

    /// Has this waker woken when the latch is set, and no other. Returns `true` if it is set already.
    pub(crate) fn wake_when_set(&self, waker: &Waker) -> bool {
        let known = lock(&self.waker).as_ref().is_some_and(|known| known.will_wake(waker));
        if !known {
            // Cloned and dropped without the lock: both are foreign code.
            let waker = Box::new(waker.clone());
            let former = lock(&self.waker).replace(waker);
            drop(former);
        }
        // Either `set` came before and shows here, or it comes later and sees the waker.
        self.word.fetch_or(WAITED, AcqRel) & SET != 0
    }

    /// Drops the waker, which is not to be woken any more.
    #[inline]
    pub(crate) fn forget_waker(&self) {
        if self.word.load(Relaxed) & WAITED != 0 {
            let waker = lock(&self.waker).take();
            drop_quietly(waker);
        }
    }
}

/// What is left to do for the thread that set a latch.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Setting {
    pub(crate) is_detached: bool,
    pub(crate) is_waited: bool,
}

#[cfg(all(test, not(any(loom, shuttle))))]
mod tests {
    use super::*;
    use crate::parts::parker::Parker;

    #[test]
    fn what_it_guards_is_taken_once_and_not_before_it_is_set() {
        let latch = Latch::default();
        assert!(!latch.is_set() && !latch.take());
        let setting = latch.set();
        assert!(!setting.is_detached && !setting.is_waited);
        assert!(latch.is_set() && latch.take());
        assert!(!latch.take());
    }

    #[test]
    fn the_one_who_waits_is_woken() {
        let (latch, parker) = (Latch::default(), Parker::new());
        assert!(!latch.wake_when_set(&parker.waker()));
        assert!(latch.set().is_waited);
        latch.wake();
        parker.park(None);
        assert!(latch.wake_when_set(&parker.waker()), "it is set");
    }

    #[test]
    fn a_value_that_nobody_takes_is_the_setter_s() {
        let latch = Latch::default();
        assert!(!latch.detach());
        assert!(latch.set().is_detached);
        assert!(latch.detach(), "it is set");
    }
}
