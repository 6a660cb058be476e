//! Stack jobs: a closure on the stack of its thread, which others may run. What it borrows outlives it,
//! because its thread waits.
#![allow(unsafe_code)]

use std::mem::{self, ManuallyDrop, MaybeUninit};
use std::ptr;
use std::thread;

use crate::panics::guarded;
use crate::sync::{Acquire, AtomicU64, Relaxed, Release, UnsafeCell};

/// A closure on the stack of the thread that waits for it, and later its result.
///
/// `repr(C)`, so that a pointer to the job is one to its header.
#[repr(C)]
pub(super) struct StackJob<B, T> {
    header: Header,
    /// There until it is run.
    closure: UnsafeCell<ManuallyDrop<B>>,
    /// There once the job has [`RAN`].
    result: UnsafeCell<MaybeUninit<thread::Result<T>>>,
}

/// The part of a stack job that does not depend on its types.
pub(super) struct Header {
    /// Ends the job, and runs the closure first if `true`. Returns whether the closure panicked.
    complete: unsafe fn(*const Header, bool) -> bool,
    /// One of the states below.
    state: AtomicU64,
}

/// Its closure has not been begun.
const PENDING: u64 = 0;
/// Another thread has it and will run it.
const STOLEN: u64 = 1;
/// No other thread will run it.
const UNRUN: u64 = 2;
/// It was run, and the result is there.
const RAN: u64 = 3;

/// The only right to run a stack job, perhaps on another thread. It is used, given back to the owner, or
/// dropped; a drop ends the job without running the closure.
pub(crate) struct StackJobRef(*const Header);

// SAFETY: another thread runs the closure and stores its result only if both are `Send`: see the bounds of
// `StackJob::new`. Of the header, it uses the state and the function.
unsafe impl Send for StackJobRef {}

impl StackJobRef {
    /// Makes the right to run a job.
    ///
    /// # Safety
    ///
    /// The job must stay where it is until it has ended, and there must be no other right to it.
    pub(super) unsafe fn new(job: *const Header) -> Self {
        Self(job)
    }

    /// Whether it is the right to this job.
    pub(super) fn is_to(&self, job: *const Header) -> bool {
        ptr::eq(self.0, job)
    }

    fn header(&self) -> &Header {
        // SAFETY: `new` demands that the job stays until it has ended, and only this right can end it.
        unsafe { &*self.0 }
    }

    /// Marks the job as out of the owner's reach. `Relaxed`: only a hint that it is time to share another.
    pub(super) fn stolen(self) -> Self {
        self.header().state.store(STOLEN, Relaxed);
        self
    }

    /// Runs the closure. Its panic goes to the owner; returns whether it panicked.
    pub(crate) fn run(self) -> bool {
        let this = ManuallyDrop::new(self);
        let complete = this.header().complete;
        // SAFETY: the job is ended once: a `StackJobRef` is not cloned, and this one is not dropped.
        unsafe { complete(this.0, true) }
    }
}

impl Drop for StackJobRef {
    fn drop(&mut self) {
        let complete = self.header().complete;
        // SAFETY: as in `run`, which does not get here.
        unsafe { complete(self.0, false) };
    }
}

impl Header {
    /// Whether another thread may yet steal the job, as far as its owner knows.
    #[inline]
    pub(super) fn is_pending(&self) -> bool {
        self.state.load(Relaxed) == PENDING
    }

    /// Whether no other thread will run it, and none has.
    pub(super) fn is_unrun(&self) -> bool {
        self.state.load(Acquire) == UNRUN
    }
}

impl<B: FnOnce() -> T + Send, T: Send> StackJob<B, T> {
    #[cfg_attr(debug_assertions, inline)]
    #[cfg_attr(not(debug_assertions), inline(always))]
    pub(super) fn new(closure: B) -> Self {
        let header = Header { complete: Self::complete, state: AtomicU64::new(PENDING) };
        Self {
            header,
            closure: UnsafeCell::new(ManuallyDrop::new(closure)),
            result: UnsafeCell::new(MaybeUninit::uninit()),
        }
    }

    pub(super) fn header(&self) -> *const Header {
        (&raw const *self).cast()
    }

    /// Ends the job, and runs its closure first if `run`. Returns whether the closure panicked.
    ///
    /// # Safety
    ///
    /// `this` must point to the header of such a job, which has not ended, and be the only right to it.
    unsafe fn complete(this: *const Header, run: bool) -> bool {
        // SAFETY: the caller vouches for the job, which lives until its state says that it has ended.
        let job = unsafe { &*this.cast::<Self>() };
        if !run {
            job.header.state.store(UNRUN, Release);
            return false;
        }
        // SAFETY: the owner touches neither of the two before the job has ended, and the only right to it
        // is used once.
        let closure = job.closure.with_mut(|closure| unsafe { ManuallyDrop::take(&mut *closure) });
        let result = guarded(closure);
        let threw = result.is_err();
        // SAFETY: as for the closure.
        job.result.with_mut(|slot| unsafe { (*slot).write(result) });
        // Release, for the owner's acquire; the owner may be gone right after. It is woken by other means,
        // which it does not own.
        job.header.state.store(RAN, Release);
        threw
    }

    /// Whether no other thread will touch the job any more.
    #[inline]
    pub(super) fn has_ended(&self) -> bool {
        self.header.state.load(Acquire) >= UNRUN
    }

    /// Returns what became of the closure.
    ///
    /// # Safety
    ///
    /// For the owner, once, after the job has ended.
    #[inline]
    pub(super) unsafe fn end(&self) -> Outcome<B, T> {
        if self.header.state.load(Acquire) == RAN {
            // SAFETY: the result was written before the state, and only the owner reads it.
            let result = self.result.with_mut(|slot| unsafe { (*slot).assume_init_read() });
            Outcome::Ran(result)
        } else {
            // SAFETY: only a run takes the closure, and there was none.
            Outcome::Unrun(unsafe { self.take() })
        }
    }

    /// Takes the closure.
    ///
    /// # Safety
    ///
    /// For the owner, once, if the closure was not run and never will be.
    #[inline]
    pub(super) unsafe fn take(&self) -> B {
        // SAFETY: the caller has the closure for itself.
        self.closure.with_mut(|closure| unsafe { ManuallyDrop::take(&mut *closure) })
    }
}

/// What became of a stack job's closure.
pub(crate) enum Outcome<B, T> {
    /// The closure, which was not run.
    Unrun(B),
    /// The result of the closure, which was run.
    Ran(thread::Result<T>),
}

/// Makes a stack job of `closure` and calls `meanwhile` with the right to run it, which must be used or
/// dropped when that returns. A panic in `meanwhile` aborts the process, since others may be using this
/// stack.
pub(crate) fn with_stack_job<A, B, T>(
    closure: B,
    meanwhile: impl FnOnce(StackJobRef) -> A,
) -> (A, Outcome<B, T>)
where
    B: FnOnce() -> T + Send,
    T: Send,
{
    let job = StackJob::new(closure);
    // From here on nothing may leave this function before the job has ended: `job` is on its stack.
    let stay = AbortOnUnwind;
    let first = meanwhile(StackJobRef((&raw const job).cast()));
    assert!(job.has_ended(), "the right to the job was used or dropped");
    mem::forget(stay);
    // SAFETY: the assertion above saw its end.
    (first, unsafe { job.end() })
}

/// Aborts the process on a panic that would unwind a stack that others use.
pub(super) struct AbortOnUnwind;

impl Drop for AbortOnUnwind {
    fn drop(&mut self) {
        std::process::abort();
    }
}
