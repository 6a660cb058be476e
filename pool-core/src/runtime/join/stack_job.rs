//! A stack job: a closure that stays on the stack of its thread while others may run it. What it borrows
//! outlives it, because its thread waits.
#![allow(unsafe_code)]

use std::cell::Cell;
use std::mem::{self, ManuallyDrop, MaybeUninit};
use std::ptr;
use std::thread;

use crate::panics::guarded;
use crate::sync::{Acquire, AtomicU64, Relaxed, Release, UnsafeCell};

/// A closure on the stack of the thread that waits for it, and later what it returned.
///
/// `repr(C)`, so that a pointer to the job is one to its header.
#[repr(C)]
pub(super) struct StackJob<B, T> {
    header: Header,
    /// There until somebody runs it.
    closure: UnsafeCell<ManuallyDrop<B>>,
    /// There once the job has [`RAN`].
    result: UnsafeCell<MaybeUninit<thread::Result<T>>>,
}

/// What can be done with a job without knowing what it is.
pub(super) struct Header {
    /// Runs the closure if told so, and ends the job. Whether the closure threw.
    settle: unsafe fn(*const Header, bool) -> bool,
    /// How the job stands.
    state: AtomicU64,
    /// Its neighbours in its thread's [`PendingJoins`]; used by that thread alone.
    pub(super) older: Cell<*const Header>,
    pub(super) newer: Cell<*const Header>,
}

/// Nobody has begun to run the closure.
const PENDING: u64 = 0;
/// Somebody else has it and will run it.
const STOLEN: u64 = 1;
/// It will not be run by others.
const UNRUN: u64 = 2;
/// It was run, and the result is there.
const RAN: u64 = 3;

/// The one right to run a stack job, perhaps on another thread. It is used, given back to the owner, or
/// dropped, and then the closure is not run.
pub(crate) struct StackJobRef(*const Header);

// SAFETY: a closure is only run, and its result only fetched, by another thread if both are `Send`:
// see the bounds of `StackJob`'s makers. Of the header, others use the state and the function.
unsafe impl Send for StackJobRef {}

impl StackJobRef {
    /// # Safety
    ///
    /// The job must stay where it is until it has ended, and nobody else may have the right to it.
    pub(super) unsafe fn new(job: *const Header) -> Self {
        Self(job)
    }

    /// Whether it is the right to this job.
    pub(super) fn is_to(&self, job: *const Header) -> bool {
        ptr::eq(self.0, job)
    }

    fn header(&self) -> &Header {
        // SAFETY: the job is there until it is ended, which only this right to it can do.
        unsafe { &*self.0 }
    }

    /// Lets the owner know that the job is out of its reach. `Relaxed`: a hint that it is time to share
    /// another.
    pub(super) fn stolen(self) -> Self {
        self.header().state.store(STOLEN, Relaxed);
        self
    }

    /// Runs the closure. What it throws goes to the owner; whether it threw.
    pub(crate) fn run(self) -> bool {
        let this = ManuallyDrop::new(self);
        let settle = this.header().settle;
        // SAFETY: the job is ended once: a `StackJobRef` is not cloned, and this one is not dropped.
        unsafe { settle(this.0, true) }
    }
}

impl Drop for StackJobRef {
    fn drop(&mut self) {
        let settle = self.header().settle;
        // SAFETY: as in `run`, which does not get here.
        unsafe { settle(self.0, false) };
    }
}

impl Header {
    /// Whether another thread may yet steal the job, as far as its owner knows.
    #[inline]
    pub(super) fn is_pending(&self) -> bool {
        self.state.load(Relaxed) == PENDING
    }
}

impl<B: FnOnce() -> T + Send, T: Send> StackJob<B, T> {
    #[inline]
    pub(super) fn new(closure: B) -> Self {
        let header = Header {
            settle: Self::settle,
            state: AtomicU64::new(PENDING),
            older: Cell::new(ptr::null()),
            newer: Cell::new(ptr::null()),
        };
        Self {
            header,
            closure: UnsafeCell::new(ManuallyDrop::new(closure)),
            result: UnsafeCell::new(MaybeUninit::uninit()),
        }
    }

    /// # Safety
    ///
    /// `this` must point to the header of such a job, which nobody has ended, and be the only right to
    /// it.
    unsafe fn settle(this: *const Header, run: bool) -> bool {
        // SAFETY: the caller vouches for the job. It lives until its state says that it has ended.
        let job = unsafe { &*this.cast::<Self>() };
        if !run {
            job.header.state.store(UNRUN, Release);
            return false;
        }
        // SAFETY: the owner touches neither of the two before the job has ended, and the only right to it is
        // used once.
        let closure = job.closure.with_mut(|closure| unsafe { ManuallyDrop::take(&mut *closure) });
        let result = guarded(closure);
        let threw = result.is_err();
        // SAFETY: as before.
        job.result.with_mut(|slot| unsafe { (*slot).write(result) });
        // Release, against the acquire of the owner, who may be gone right after. It is told by
        // other means, which it does not own, that it is worth a look.
        job.header.state.store(RAN, Release);
        threw
    }

    /// Whether nobody else will touch this any more.
    #[inline]
    pub(super) fn has_ended(&self) -> bool {
        self.header.state.load(Acquire) >= UNRUN
    }

    /// What became of the closure.
    ///
    /// # Safety
    ///
    /// For the owner, once, after the job has ended.
    #[inline]
    pub(super) unsafe fn end(&self) -> Outcome<B, T> {
        if self.header.state.load(Acquire) == RAN {
            // SAFETY: the result was written before the state was, and nobody else reads it.
            let result = self.result.with_mut(|slot| unsafe { (*slot).assume_init_read() });
            Outcome::Ran(result)
        } else {
            // SAFETY: only running it takes the closure, which did not happen.
            Outcome::Unrun(unsafe { self.take() })
        }
    }

    /// # Safety
    ///
    /// For the owner, once, when nobody has run the closure nor will.
    #[inline]
    pub(super) unsafe fn take(&self) -> B {
        // SAFETY: the caller has the closure for itself.
        self.closure.with_mut(|closure| unsafe { ManuallyDrop::take(&mut *closure) })
    }
}

/// What became of a stack job's closure.
pub(crate) enum Outcome<B, T> {
    /// Nobody has run it.
    Unrun(B),
    /// Somebody has.
    Ran(thread::Result<T>),
}

/// Makes a stack job of `closure` and calls `meanwhile` with the right to it, which must be used or dropped
/// when that returns. A panic in `meanwhile` ends the process, since others may be using this stack.
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
    // SAFETY: it has ended.
    (first, unsafe { job.end() })
}

/// Keeps a panic from leaving a stack that others use.
pub(super) struct AbortOnUnwind;

impl Drop for AbortOnUnwind {
    fn drop(&mut self) {
        std::process::abort();
    }
}
