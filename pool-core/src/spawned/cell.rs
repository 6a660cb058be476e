//! The cell of a job with a handle: the closure, then its outcome, in one place.
#![allow(unsafe_code)]

use std::mem;
use std::ptr;
use std::sync::Arc;
use std::task::Waker;
use std::time::Instant;

use crate::accept::expiring::ExpiryKey;
use crate::error::JobError;
use crate::panics::{drop_quietly, guarded};
use crate::sync::{AcqRel, Acquire, AtomicU64, Mutex, Relaxed, UnsafeCell, lock};

/// The closure waits for somebody to run it or to drop it.
const QUEUED: u64 = 0;
/// Somebody has taken the closure and owes the outcome.
const TAKEN: u64 = 1;
/// The outcome is there.
const DONE: u64 = 2;
/// The outcome was fetched.
const EMPTY: u64 = 3;
const PHASE: u64 = 3;
/// There may be a waker to be woken at the end.
const WAITED: u64 = 4;
/// Nobody will fetch the outcome.
const DETACHED: u64 = 8;

/// A job's closure `F` and, later, its outcome. Each change of its phase is one read-modify-write of
/// one word, and so is the right to what the cell holds:
///
/// | phase | what the cell holds | who may touch it |
/// |---|---|---|
/// | queued | the closure | nobody |
/// | taken | nothing yet | whoever changed queued to taken, through [`Taken`] |
/// | done | the outcome | nobody |
/// | empty | nothing | whoever changed done to empty, until [`JobCell::fetch`] returns |
pub(crate) struct JobCell<F, T> {
    word: AtomicU64,
    /// Boxed, as most jobs have none: the cells of many jobs should not take more memory than they must.
    waker: Mutex<Option<Box<Waker>>>,
    /// The job is not to be started any more from this moment on. Boxed for the same reason.
    deadline: Option<Box<Instant>>,
    content: UnsafeCell<Content<F, T>>,
}

enum Content<F, T> {
    Closure(F),
    Nothing,
    Outcome(Result<T, JobError>),
}

// SAFETY: the content is the only part that is not `Sync` by itself. As the table above says, no two
// threads touch it at the same time: every right to it is won by a read-modify-write that only one
// thread can win, with acquire, from one that gave it up with release. Closures and outcomes so
// travel between threads, which is what `Send` allows.
unsafe impl<F: Send, T: Send> Sync for JobCell<F, T> {}

impl<F, T> JobCell<F, T> {
    pub(crate) fn new(closure: F, deadline: Option<Instant>) -> Self {
        Self {
            word: AtomicU64::new(QUEUED),
            waker: Mutex::new(None),
            deadline: deadline.map(Box::new),
            content: UnsafeCell::new(Content::Closure(closure)),
        }
    }

    /// Changes the phase, if it is `from`. Acquire: whoever gave up the right to the content has done
    /// so with release, or, if that was before the cell was shared, has shared it so.
    fn change(&self, from: u64, to: u64) -> bool {
        let mut word = self.word.load(Relaxed);
        while word & PHASE == from {
            match self.word.compare_exchange_weak(word, word & !PHASE | to, Acquire, Relaxed) {
                Ok(_) => return true,
                Err(now) => word = now,
            }
        }
        false
    }

    /// Takes out what the cell holds.
    ///
    /// # Safety
    ///
    /// Only for the one who has just changed queued to taken or done to empty.
    unsafe fn take_out(&self) -> Content<F, T> {
        // SAFETY: the caller has the right to the content.
        self.content.with_mut(|content| unsafe { mem::replace(&mut *content, Content::Nothing) })
    }

    /// Takes the closure, if nobody has (C2).
    pub(crate) fn take(&self) -> Option<(F, Taken<'_, F, T>)> {
        if !self.change(QUEUED, TAKEN) {
            return None;
        }
        // SAFETY: we have just changed queued to taken.
        match unsafe { self.take_out() } {
            Content::Closure(closure) => Some((closure, Taken { cell: self, finished: false })),
            _ => unreachable!("a queued cell holds its closure"),
        }
    }

    /// The closure of a job that was not accepted, and so is nobody else's.
    pub(crate) fn into_closure(self: Arc<Self>) -> F {
        let Some((closure, taken)) = self.take() else {
            unreachable!("a job that was not accepted is queued");
        };
        drop(taken);
        closure
    }

    /// The outcome, the first time that this is called after it is there.
    pub(crate) fn fetch(&self) -> Option<Result<T, JobError>> {
        if !self.change(DONE, EMPTY) {
            return None;
        }
        // SAFETY: we have just changed done to empty.
        match unsafe { self.take_out() } {
            Content::Outcome(outcome) => Some(outcome),
            _ => unreachable!("a cell that is done holds the outcome"),
        }
    }

    /// The handle is gone: the outcome is dropped, now or as soon as it is there, whoever else has a
    /// hold on the cell (C9).
    pub(crate) fn detach(&self) {
        // Before `publish` this shows there; after it the outcome shows here. Release and acquire are
        // those of the phase, which is in the same word.
        if self.word.fetch_or(DETACHED, AcqRel) & PHASE == DONE {
            drop_quietly(self.fetch());
        }
    }

    /// By what the job is found among those that expire, if it does.
    pub(crate) fn expiry(&self) -> Option<ExpiryKey> {
        self.deadline().map(|deadline| (deadline, ptr::from_ref(self).addr()))
    }

    /// From when on the job is not to be started any more.
    pub(crate) fn deadline(&self) -> Option<Instant> {
        self.deadline.as_deref().copied()
    }

    /// Whether nobody has taken the job.
    pub(crate) fn is_queued(&self) -> bool {
        self.word.load(Relaxed) & PHASE == QUEUED
    }

    /// Whether the job has ended. Acquire: whoever sees that sees what the job did.
    pub(crate) fn has_ended(&self) -> bool {
        self.word.load(Acquire) & PHASE >= DONE
    }

    /// Has this waker woken when the job ends, and no other. `true` if it has ended already.
    pub(crate) fn wake_at_end(&self, waker: &Waker) -> bool {
        let known = lock(&self.waker).as_ref().is_some_and(|known| known.will_wake(waker));
        if !known {
            // Cloned and dropped without the lock: both are foreign code.
            let waker = Box::new(waker.clone());
            let former = lock(&self.waker).replace(waker);
            drop(former);
        }
        // `finish` comes before this and shows here, or comes after it and sees the waker.
        self.word.fetch_or(WAITED, AcqRel) & PHASE >= DONE
    }

    /// Nobody wants to be woken any more.
    pub(crate) fn forget_waker(&self) {
        if self.word.load(Relaxed) & WAITED != 0 {
            let waker = lock(&self.waker).take();
            drop_quietly(waker);
        }
    }
}

/// The right to end a job, and the duty.
pub(crate) struct Taken<'a, F, T> {
    cell: &'a JobCell<F, T>,
    finished: bool,
}

impl<F, T> Taken<'_, F, T> {
    /// Makes the outcome known and wakes whoever waits for it.
    pub(crate) fn finish(mut self, outcome: Result<T, JobError>) {
        self.publish(outcome);
    }

    fn publish(&mut self, outcome: Result<T, JobError>) {
        self.finished = true;
        let cell = self.cell;
        // SAFETY: the phase is taken since this was made, and we are the one who took it: a
        // `Taken` is neither cloned nor used again after this. What is overwritten is `Nothing`.
        cell.content.with_mut(|content| unsafe { *content = Content::Outcome(outcome) });
        // Release, for the content; acquire, for the waker.
        let before = cell.word.swap(DONE, AcqRel);
        if before & DETACHED != 0 {
            drop_quietly(cell.fetch());
        }
        if before & WAITED != 0 {
            let waker = lock(&cell.waker).take();
            // Foreign code.
            if let Some(waker) = waker {
                let _ = guarded(|| waker.wake()).map_err(drop_quietly);
            }
        }
    }
}

/// Whoever took the job was kept from ending it: nobody shall wait for it for ever.
impl<F, T> Drop for Taken<'_, F, T> {
    fn drop(&mut self) {
        if !self.finished {
            self.publish(Err(JobError::Returned));
        }
    }
}
