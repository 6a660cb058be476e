//! The task cell of a job with a handle: the closure, then its outcome, in one place.
#![allow(unsafe_code)]

use std::mem;
use std::sync::Arc;
use std::time::Instant;

use crate::cancellation::CancellationToken;
use crate::error::JobError;
use crate::panics::drop_quietly;
use crate::parts::latch::Latch;
use crate::sync::{Acquire, AtomicBool, Relaxed, UnsafeCell};

/// A job's closure `F` and, later, its outcome. The right to what the cell holds is won by a
/// read-modify-write that only one thread can win:
///
/// | state | what the cell holds | the thread that may touch it |
/// |---|---|---|
/// | queued | the closure | none |
/// | taken | nothing yet | the thread with the [`RunRight`] |
/// | ended: the latch is set | the outcome | none |
/// | fetched | nothing | the thread that has taken from the latch, until [`TaskCell::fetch`] returns |
pub(crate) struct TaskCell<F, T> {
    /// Whether the closure was taken.
    taken: AtomicBool,
    /// Set when the outcome is there.
    latch: Latch,
    /// Boxed, as most jobs have none: it keeps their cells small.
    extras: Option<Box<Extras>>,
    content: UnsafeCell<Content<F, T>>,
}

/// What only some jobs have.
pub(crate) struct Extras {
    /// The moment from which on the job is not to be started.
    pub(crate) deadline: Option<Instant>,
    /// What the job is called.
    pub(crate) label: Option<&'static str>,
    /// What tells the running job that it was cancelled.
    pub(crate) token: Option<CancellationToken>,
}

enum Content<F, T> {
    Closure(F),
    Nothing,
    Outcome(Result<T, JobError>),
}

// SAFETY: the content is the only part that is not `Sync` by itself. As the table above says, no two
// threads touch it at the same time: every right to it is won by a read-modify-write that only one thread
// can win, with acquire, from one that gave it up with release. Closures and outcomes so travel between
// threads, which is what `Send` allows.
unsafe impl<F: Send, T: Send> Sync for TaskCell<F, T> {}

impl<F, T> TaskCell<F, T> {
    pub(crate) fn new(closure: F, extras: Option<Box<Extras>>) -> Self {
        Self {
            taken: AtomicBool::new(false),
            latch: Latch::default(),
            extras,
            content: UnsafeCell::new(Content::Closure(closure)),
        }
    }

    /// The latch that is set when the job has ended.
    pub(crate) fn latch(&self) -> &Latch {
        &self.latch
    }

    /// The moment from which on the job is not to be started.
    pub(crate) fn deadline(&self) -> Option<Instant> {
        self.extras.as_ref().and_then(|extras| extras.deadline)
    }

    /// What the job is called.
    pub(crate) fn label(&self) -> Option<&'static str> {
        self.extras.as_ref().and_then(|extras| extras.label)
    }

    /// What tells the running job that it was cancelled.
    pub(crate) fn token(&self) -> Option<&CancellationToken> {
        self.extras.as_ref().and_then(|extras| extras.token.as_ref())
    }

    /// Whether the job was not taken yet.
    pub(crate) fn is_queued(&self) -> bool {
        !self.taken.load(Relaxed)
    }

    /// Takes out what the cell holds.
    ///
    /// # Safety
    ///
    /// The calling thread must have just won the right to it.
    unsafe fn take_out(&self) -> Content<F, T> {
        // SAFETY: the caller has the right to the content.
        self.content.with_mut(|content| unsafe { mem::replace(&mut *content, Content::Nothing) })
    }

    /// Takes the closure, if it was not taken (C2).
    pub(crate) fn take(&self) -> Option<(F, RunRight<'_, F, T>)> {
        // Acquire: the cell was shared with release.
        if !self.is_queued() || self.taken.swap(true, Acquire) {
            return None;
        }
        // SAFETY: the swap above changed queued to taken, which gives this thread the right.
        match unsafe { self.take_out() } {
            Content::Closure(closure) => Some((closure, RunRight { cell: self, ended: false })),
            _ => unreachable!("a queued cell holds its closure"),
        }
    }

    /// Returns the closure of a job that was not accepted, to which no other thread has a right.
    pub(crate) fn into_closure(self: Arc<Self>) -> F {
        let Some((closure, right)) = self.take() else {
            unreachable!("a job that was not accepted is queued");
        };
        drop(right);
        closure
    }

    /// Returns the outcome, at the first call after it is there.
    pub(crate) fn fetch(&self) -> Option<Result<T, JobError>> {
        if !self.latch.take() {
            return None;
        }
        // SAFETY: the latch was set, which gave up the content, and `take` gave this thread the only right
        // to it.
        match unsafe { self.take_out() } {
            Content::Outcome(outcome) => Some(outcome),
            _ => unreachable!("a cell whose job has ended holds the outcome"),
        }
    }

    /// Drops the outcome, now or as soon as it is there, however many others hold the cell (C9): the handle
    /// is gone.
    pub(crate) fn detach(&self) {
        if self.latch.detach() {
            drop_quietly(self.fetch());
        }
    }
}

/// The right to end a job, and the duty.
pub(crate) struct RunRight<'a, F, T> {
    cell: &'a TaskCell<F, T>,
    ended: bool,
}

impl<F, T> RunRight<'_, F, T> {
    /// Publishes the outcome and wakes the thread that waits for it.
    pub(crate) fn end(mut self, outcome: Result<T, JobError>) {
        self.publish(outcome);
    }

    fn publish(&mut self, outcome: Result<T, JobError>) {
        self.ended = true;
        let cell = self.cell;
        // SAFETY: the job is taken since `take` made this right, which is neither cloned nor used again.
        // What is overwritten is `Nothing`.
        cell.content.with_mut(|content| unsafe { *content = Content::Outcome(outcome) });
        let setting = cell.latch.set();
        if setting.is_detached {
            drop_quietly(cell.fetch());
        }
        if setting.is_waited {
            cell.latch.wake();
        }
    }
}

/// Publishes that the job was returned, if the thread that took it was kept from ending it: no thread may
/// wait for ever.
impl<F, T> Drop for RunRight<'_, F, T> {
    fn drop(&mut self) {
        if !self.ended {
            self.publish(Err(JobError::Returned));
        }
    }
}
